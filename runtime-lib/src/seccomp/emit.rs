//! From what the profile says of each call to instructions.

use super::abi::{Abi, X32_BIT};
use super::action;
use super::arguments::load;
use super::assemble::{Assembler, Target, Test};
use super::calls::{Calls, Inner, Rules, Verdict};
use super::decide::{Case, Decision, Known};
use super::names::{ARM_PRIVATE, Multiplexer, ORDINARY};
use super::program::Instruction;
use super::tree::{Range, append, dispatch};
use std::ops::RangeInclusive;

/// `offsetof(struct seccomp_data, nr)`
const NUMBER: u32 = 0;
/// `offsetof(struct seccomp_data, arch)`
const ARCHITECTURE: u32 = 4;
/// The lower half of the first argument.
const FIRST_ARGUMENT: u32 = 16;

/// The whole program. `unknown` is what a call newer than all that the profile names ends with, if not with the
/// default.
pub(super) fn emit(rules: &Rules<'_>, unknown: Option<u32>) -> Vec<Instruction> {
    let mut emitter = Emitter {
        code: Assembler::with_capacity(640),
        rules,
        unknown,
        ranges: Vec::with_capacity(256),
        conditions: Vec::new(),
        known: Known::default(),
    };
    emitter.program();
    emitter.code.finish()
}

struct Emitter<'a> {
    code: Assembler,
    rules: &'a Rules<'a>,
    unknown: Option<u32>,
    ranges: Vec<Range>,
    /// Conditions that were put down: the last link of them, whether arguments had 64 bits, and where they are.
    conditions: Vec<(u16, bool, Target)>,
    known: Known,
}

impl Emitter<'_> {
    /// The part of the machine's own ABI comes last here, so it is the nearest to the program's start.
    fn program(&mut self) {
        let rules = self.rules;
        let bad = Target::Return(action::KILL_THREAD);
        let mut otherwise = bad;
        let mut x32 = None;
        for calls in rules.calls.iter().rev() {
            let numbers = self.numbers(calls);
            let by_number = match calls.abi {
                // Reached through x86_64, which has the same architecture in the kernel's eyes.
                Abi::X32 => {
                    x32 = Some(numbers);
                    continue;
                }
                Abi::X86_64 => {
                    // A tracer skips a call by making its number -1: that is no call of x32.
                    let beyond = match x32 {
                        Some(x32) => x32,
                        None => self
                            .code
                            .branch(Test::Equal, u32::MAX, Target::Return(rules.default()), bad),
                    };
                    self.code.branch(Test::GreaterOrEqual, X32_BIT, beyond, numbers)
                }
                _ => numbers,
            };
            let entry = load(&mut self.code, NUMBER, by_number);
            otherwise = self.code.branch(Test::Equal, calls.abi.audit(), entry, otherwise);
        }
        load(&mut self.code, ARCHITECTURE, otherwise);
    }

    /// Decides about the call whose number is in the accumulator.
    fn numbers(&mut self, calls: &Calls) -> Target {
        let default = Target::Return(self.rules.default());
        // As runc has it, a profile that names nothing above number 0 knows no calls, so none is newer.
        let highest = calls.highest.filter(|highest| *highest > 0);
        let beyond = match (self.unknown, highest) {
            (Some(value), Some(_)) => Target::Return(value),
            _ => default,
        };
        let mut ranges = std::mem::take(&mut self.ranges);
        ranges.clear();
        self.append_slots(
            &mut ranges,
            calls,
            0..=calls.highest.unwrap_or(0),
            calls.abi.first_number(),
        );
        let next = number_after(calls.abi.first_number(), calls.highest.unwrap_or(0));
        append(&mut ranges, next, beyond);
        if let Some(highest) = calls.highest_private {
            self.append_slots(&mut ranges, calls, ORDINARY..=highest, ARM_PRIVATE);
            append(&mut ranges, number_after(ARM_PRIVATE, highest - ORDINARY), beyond);
        }
        let target = dispatch(&mut self.code, &ranges);
        self.ranges = ranges;
        target
    }

    fn append_slots(&mut self, ranges: &mut Vec<Range>, calls: &Calls, slots: RangeInclusive<usize>, first: u32) {
        let multiplexes =
            |slot| calls.abi == Abi::X86 && (slot == Multiplexer::Socketcall.slot() || slot == Multiplexer::Ipc.slot());
        let mut last = None;
        for (number, slot) in (first..).zip(slots) {
            let verdict = self.rules.verdict(calls, slot);
            if multiplexes(slot) {
                let target = self.multiplexer(verdict, slot);
                append(ranges, number, target);
                last = None;
            } else if last != Some(verdict) {
                let target = self.target(verdict, calls.abi.is_wide());
                append(ranges, number, target);
                last = Some(verdict);
            }
        }
    }

    fn target(&mut self, verdict: Verdict, wide: bool) -> Target {
        match verdict {
            Verdict::Unnamed => Target::Return(self.rules.default()),
            Verdict::Value(value) => Target::Return(value),
            Verdict::Conditional(last) => {
                let known = self
                    .conditions
                    .iter()
                    .find(|(known, width, _)| *known == last && *width == wide);
                if let Some((_, _, target)) = known {
                    return *target;
                }
                let target = self.chain(last, wide, Target::Return(self.rules.default()));
                self.conditions.push((last, wide, target));
                target
            }
        }
    }

    /// The target of `socketcall(2)` or `ipc(2)` of x86: first the rules for itself, then those for the calls within.
    fn multiplexer(&mut self, verdict: Verdict, slot: usize) -> Target {
        let rules = self.rules;
        let inner = if slot == Multiplexer::Ipc.slot() {
            &rules.ipc
        } else {
            &rules.socketcall
        };
        if matches!(verdict, Verdict::Value(_)) || inner.iter().all(Option::is_none) {
            return self.target(verdict, false);
        }
        // Of ipc's number the upper half is a version, which the kernel cuts off before it looks at the call.
        let mask = (slot == Multiplexer::Ipc.slot()).then_some(0xffff);
        let inner = self.inner(inner, mask);
        if let Verdict::Conditional(last) = verdict {
            self.chain(last, false, inner)
        } else {
            inner
        }
    }

    /// Decides about a call that comes through a multiplexer.
    fn inner(&mut self, inner: &Inner, mask: Option<u32>) -> Target {
        let default = self.rules.default();
        let mut ranges = Vec::with_capacity(inner.len() + 1);
        let mut number = 0;
        for value in inner {
            append(
                &mut ranges,
                number,
                Target::Return(value.map_or(default, |(value, _)| value)),
            );
            number += 1;
        }
        append(&mut ranges, number, Target::Return(default));
        let mut target = dispatch(&mut self.code, &ranges);
        if let Some(mask) = mask {
            self.code.fall_into(target);
            target = self.code.and(mask);
        }
        load(&mut self.code, FIRST_ARGUMENT, target)
    }

    /// The rules with conditions for one call: the first that holds decides.
    fn chain(&mut self, last: u16, wide: bool, otherwise: Target) -> Target {
        let links = self.rules.backwards(last);
        let mut cases: Vec<Case> = links.map(|link| Case::new(link.conditions, link.value, wide)).collect();
        cases.reverse();
        let mut decision = Decision {
            code: &mut self.code,
            known: &mut self.known,
            wide,
        };
        decision.first_that_holds(cases, otherwise)
    }
}

fn number_after(first: u32, slot: usize) -> u32 {
    u32::try_from(slot).map_or(u32::MAX, |slot| first + slot + 1)
}
