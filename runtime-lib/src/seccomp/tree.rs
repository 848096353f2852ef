//! Ranges of numbers, found by a balanced tree of comparisons.

use super::action;
use super::assemble::{Assembler, Target, Test};

/// All numbers from `start` to before the next range's start go to one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) target: Target,
}

/// Appends a range; one with the target of the last one is a part of it.
pub(super) fn append(ranges: &mut Vec<Range>, start: u32, target: Target) {
    if ranges.last().is_none_or(|last| last.target != target) {
        ranges.push(Range { start, target });
    }
}

/// Goes to the target of the range that the accumulator is in. The ranges are in order; the first one takes all below
/// it too.
pub(super) fn dispatch(code: &mut Assembler, ranges: &[Range]) -> Target {
    let leaves = leaves(ranges);
    if leaves.is_empty() {
        Target::Return(action::KILL_THREAD)
    } else {
        subtree(code, ranges, &leaves)
    }
}

/// A lone number costs one JEQ within a leaf, where a range of its own would cost two JGE; but they are tried one
/// after the other.
const LONE: usize = 3;

/// Where in the list of ranges a leaf begins: a range, then lone numbers, each with more of that range behind it.
type Leaf = u16;

fn leaves(ranges: &[Range]) -> Vec<Leaf> {
    let mut leaves = Vec::with_capacity(ranges.len());
    let mut at = 0;
    while at < ranges.len() {
        // There are fewer than 700 numbers.
        leaves.push(Leaf::try_from(at).unwrap_or(Leaf::MAX));
        at += 1 + 2 * lone_numbers(&ranges[at..]);
    }
    leaves
}

/// How many lone numbers interrupt the first of the ranges, as far as they are in one leaf with it.
fn lone_numbers(ranges: &[Range]) -> usize {
    let is_lone = |pair: &&[Range]| pair[1].target == ranges[0].target && pair[1].start == pair[0].start + 1;
    ranges[1..].chunks_exact(2).take(LONE).take_while(is_lone).count()
}

fn subtree(code: &mut Assembler, ranges: &[Range], leaves: &[Leaf]) -> Target {
    if let [leaf] = leaves {
        let ranges = &ranges[usize::from(*leaf)..];
        let lone = ranges[1..].iter().step_by(2).take(lone_numbers(ranges));
        return lone.rev().fold(ranges[0].target, |otherwise, range| {
            code.branch(Test::Equal, range.start, range.target, otherwise)
        });
    }
    let (below, above) = leaves.split_at(leaves.len() / 2);
    let start = ranges[usize::from(above[0])].start;
    let above = subtree(code, ranges, above);
    let below = subtree(code, ranges, below);
    code.branch(Test::GreaterOrEqual, start, above, below)
}
