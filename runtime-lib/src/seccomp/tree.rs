//! Ranges of numbers, found by a balanced tree of comparisons.

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

/// Goes to the target of the range that the accumulator is in. The ranges are in order; the first one takes all below it too.
pub(super) fn dispatch(code: &mut Assembler, ranges: &[Range]) -> Target {
    let leaves = leaves(ranges);
    if leaves.is_empty() {
        return Target::Return(0);
    }
    subtree(code, &leaves)
}

/// A lone number costs one JEQ within a leaf, where a range of its own would cost two JGE; but they are tried one after the other.
const LONE: usize = 3;

/// Numbers that go to one target, but for some lone ones.
#[derive(Clone, Copy)]
struct Leaf {
    start: u32,
    target: Target,
    lone: [(u32, Target); LONE],
    lone_count: usize,
}

fn leaves(ranges: &[Range]) -> Vec<Leaf> {
    let mut leaves = Vec::with_capacity(ranges.len());
    let mut rest = ranges;
    while let Some((first, mut after)) = rest.split_first() {
        let mut leaf = Leaf {
            start: first.start,
            target: first.target,
            lone: [(0, first.target); LONE],
            lone_count: 0,
        };
        while leaf.lone_count < LONE
            && let [lone, again, ..] = after
            && again.target == first.target
            && again.start == lone.start + 1
        {
            leaf.lone[leaf.lone_count] = (lone.start, lone.target);
            leaf.lone_count += 1;
            after = &after[2..];
        }
        leaves.push(leaf);
        rest = after;
    }
    leaves
}

fn subtree(code: &mut Assembler, leaves: &[Leaf]) -> Target {
    if let [leaf] = leaves {
        return leaf.lone[..leaf.lone_count]
            .iter()
            .rev()
            .fold(leaf.target, |otherwise, (number, target)| {
                code.branch(Test::Equal, *number, *target, otherwise)
            });
    }
    let (below, above) = leaves.split_at(leaves.len() / 2);
    let above_target = subtree(code, above);
    let below_target = subtree(code, below);
    code.branch(Test::GreaterOrEqual, above[0].start, above_target, below_target)
}
