//! Conditions on arguments, as instructions.

use super::assemble::{Assembler, Target, Test};
use crate::bundle::{SeccompOperator, SyscallArg};

/// The two halves of a 64-bit number; the upper one is `None` where arguments have 32 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Halves {
    upper: Option<u32>,
    lower: u32,
}

impl Halves {
    #[expect(clippy::cast_possible_truncation, reason = "the halves are taken apart here")]
    const fn new(value: u64, wide: bool) -> Self {
        Self {
            upper: if wide { Some((value >> 32) as u32) } else { None },
            lower: value as u32,
        }
    }
}

/// Where an argument's lower half is in `struct seccomp_data`; the upper one is 4 bytes on (all machines here are
/// little-endian).
pub(super) fn offset(argument: &SyscallArg) -> u32 {
    16 + 8 * u32::from(argument.index.get().unsigned_abs())
}

/// Goes to `yes` if the argument is as asked, otherwise to `no`.
///
/// Where arguments have 32 bits, only the lower halves of the numbers are looked at, as libseccomp does: so -1 means
/// the same everywhere.
pub(super) fn compare(code: &mut Assembler, argument: &SyscallArg, wide: bool, yes: Target, no: Target) -> Target {
    let value = Halves::new(argument.value, wide);
    let at = offset(argument);
    match argument.op {
        SeccompOperator::Equal => equal(code, at, value, yes, no),
        SeccompOperator::NotEqual => equal(code, at, value, no, yes),
        SeccompOperator::Greater => above(code, at, value, Test::Greater, yes, no),
        SeccompOperator::LessOrEqual => above(code, at, value, Test::Greater, no, yes),
        SeccompOperator::GreaterOrEqual => above(code, at, value, Test::GreaterOrEqual, yes, no),
        SeccompOperator::Less => above(code, at, value, Test::GreaterOrEqual, no, yes),
        SeccompOperator::MaskedEqual => {
            // man 3 seccomp_rule_add: the masked argument is compared with the masked datum.
            let wanted = Halves::new(argument.value_two.unwrap_or_default() & argument.value, wide);
            let lower = masked(code, at, value.lower, wanted.lower, yes, no);
            match (value.upper, wanted.upper) {
                (Some(mask), Some(wanted)) => masked(code, at + 4, mask, wanted, lower, no),
                _ => lower,
            }
        }
    }
}

/// What [`any_of`] can do in one go: equality of one argument, with this upper half.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct OneOf {
    at: u32,
    upper: Option<u32>,
}

impl OneOf {
    /// Where the condition can be one of several.
    pub(super) fn new(argument: &SyscallArg, wide: bool) -> Option<Self> {
        (argument.op == SeccompOperator::Equal).then(|| Self {
            at: offset(argument),
            upper: Halves::new(argument.value, wide).upper,
        })
    }
}

/// Goes where the first of the numbers that the argument equals says, otherwise to `no`. The numbers come last one
/// first.
pub(super) fn any_of(code: &mut Assembler, common: OneOf, reversed: &[(u64, Target)], no: Target) -> Target {
    let mut next = no;
    for (value, yes) in reversed {
        next = code.branch(Test::Equal, Halves::new(*value, false).lower, *yes, next);
    }
    let lower = load(code, common.at, next);
    match common.upper {
        None => lower,
        Some(upper) => {
            let branch = code.branch(Test::Equal, upper, lower, no);
            load(code, common.at + 4, branch)
        }
    }
}

/// Loads a word and goes on at the target.
pub(super) fn load(code: &mut Assembler, offset: u32, then: Target) -> Target {
    code.fall_into(then);
    code.load(offset)
}

fn equal(code: &mut Assembler, at: u32, value: Halves, yes: Target, no: Target) -> Target {
    let branch = code.branch(Test::Equal, value.lower, yes, no);
    let lower = load(code, at, branch);
    match value.upper {
        None => lower,
        Some(upper) => {
            let branch = code.branch(Test::Equal, upper, lower, no);
            load(code, at + 4, branch)
        }
    }
}

/// Greater, or greater or equal: a greater upper half decides, an equal one leaves it to the lower.
fn above(code: &mut Assembler, at: u32, value: Halves, test: Test, yes: Target, no: Target) -> Target {
    let branch = code.branch(test, value.lower, yes, no);
    let lower = load(code, at, branch);
    match value.upper {
        None => lower,
        Some(upper) => {
            let same = code.branch(Test::Equal, upper, lower, no);
            let greater = code.branch(Test::Greater, upper, yes, same);
            load(code, at + 4, greater)
        }
    }
}

/// One half of a masked comparison.
fn masked(code: &mut Assembler, at: u32, mask: u32, wanted: u32, yes: Target, no: Target) -> Target {
    if mask == 0 {
        return yes;
    }
    let branch = code.branch(Test::Equal, wanted, yes, no);
    if mask == u32::MAX {
        return load(code, at, branch);
    }
    code.fall_into(branch);
    let and = code.and(mask);
    load(code, at, and)
}
