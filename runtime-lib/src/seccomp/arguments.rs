//! Conditions on arguments, as instructions.

use super::assemble::{Assembler, Target, Test};
use crate::bundle::{SeccompOperator, SyscallArg};

/// The two halves of a 64-bit number; the upper one is `None` where arguments have 32 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Halves {
    pub(super) upper: Option<u32>,
    pub(super) lower: u32,
}

impl Halves {
    #[expect(clippy::cast_possible_truncation, reason = "the halves are taken apart here")]
    pub(super) const fn new(value: u64, wide: bool) -> Self {
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

/// Goes to `yes` if the argument is as asked, otherwise to `no`; for conditions on a whole argument, which are no
/// equality.
///
/// Where arguments have 32 bits, only the lower halves of the numbers are looked at, as libseccomp does: so -1 means
/// the same everywhere.
pub(super) fn compare(code: &mut Assembler, argument: &SyscallArg, wide: bool, yes: Target, no: Target) -> Target {
    let at = offset(argument);
    let branch = lower_half(code, argument, yes, no);
    let lower = load(code, at, branch);
    let Some(upper) = Halves::new(argument.value, wide).upper else {
        return lower;
    };
    let (above, below) = by_upper_half(argument.op);
    let to = |holds| if holds { yes } else { no };
    upper_half(code, at, upper, lower, [to(above), to(below)])
}

/// Whether the condition holds if the upper half of the argument is above the condition's, and whether if it is below.
pub(super) const fn by_upper_half(op: SeccompOperator) -> (bool, bool) {
    match op {
        SeccompOperator::NotEqual => (true, true),
        SeccompOperator::Greater | SeccompOperator::GreaterOrEqual => (true, false),
        SeccompOperator::Less | SeccompOperator::LessOrEqual => (false, true),
        SeccompOperator::Equal | SeccompOperator::MaskedEqual => (false, false),
    }
}

/// Loads an argument's upper half: an equal one leaves it to the lower, one above or below leads elsewhere.
pub(super) fn upper_half(
    code: &mut Assembler,
    at: u32,
    upper: u32,
    lower: Target,
    [above, below]: [Target; 2],
) -> Target {
    let mut next = code.branch(Test::Equal, upper, lower, below);
    if above != below {
        next = code.branch(Test::Greater, upper, above, next);
    }
    load(code, at + 4, next)
}

/// The comparison of a lower half in the accumulator, where the upper one is equal or there is none.
pub(super) fn lower_half(code: &mut Assembler, argument: &SyscallArg, yes: Target, no: Target) -> Target {
    let lower = Halves::new(argument.value, false).lower;
    match argument.op {
        SeccompOperator::Equal | SeccompOperator::MaskedEqual => code.branch(Test::Equal, lower, yes, no),
        SeccompOperator::NotEqual => code.branch(Test::Equal, lower, no, yes),
        SeccompOperator::Greater => code.branch(Test::Greater, lower, yes, no),
        SeccompOperator::LessOrEqual => code.branch(Test::Greater, lower, no, yes),
        SeccompOperator::GreaterOrEqual => code.branch(Test::GreaterOrEqual, lower, yes, no),
        SeccompOperator::Less => code.branch(Test::GreaterOrEqual, lower, no, yes),
    }
}

/// Loads a word and goes on at the target.
pub(super) fn load(code: &mut Assembler, offset: u32, then: Target) -> Target {
    code.fall_into(then);
    code.load(offset)
}
