//! From what the profile says of each call to instructions.

use super::abi::{Abi, X32_BIT};
use super::action;
use super::arguments::{OneOf, any_of, compare, load};
use super::assemble::{Assembler, Target, Test};
use super::calls::{Calls, Inner, Link, Rules, Verdict};
use super::names::{ARM_PRIVATE, Multiplexer, ORDINARY};
use super::program::Instruction;
use super::tree::{Range, append, dispatch};

/// `offsetof(struct seccomp_data, nr)`
const NUMBER: u32 = 0;
/// `offsetof(struct seccomp_data, arch)`
const ARCHITECTURE: u32 = 4;
/// The lower half of the first argument.
const FIRST_ARGUMENT: u32 = 16;

/// The whole program. `unknown` is what a call newer than all that the profile names ends with, if not with the default.
pub(super) fn emit(rules: &Rules<'_>, unknown: Option<u32>) -> Vec<Instruction> {
    let mut emitter = Emitter {
        code: Assembler::with_capacity(640),
        rules,
        unknown,
        ranges: Vec::with_capacity(256),
        conditions: Vec::new(),
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
        let first = calls.abi.first_number();
        // As runc has it, a profile that names nothing above number 0 knows no calls, so none is newer.
        let highest = calls.highest.filter(|highest| *highest > 0);
        let beyond = match (self.unknown, highest) {
            (Some(value), Some(_)) => Target::Return(value),
            _ => default,
        };
        let mut ranges = std::mem::take(&mut self.ranges);
        ranges.clear();
        let mut number = first;
        for slot in 0..=calls.highest.unwrap_or(0) {
            let target = self.target(calls, slot);
            append(&mut ranges, number, target);
            number += 1;
        }
        append(&mut ranges, number, beyond);
        if let Some(highest) = calls.highest_private {
            number = ARM_PRIVATE;
            for slot in ORDINARY..=highest {
                let target = self.target(calls, slot);
                append(&mut ranges, number, target);
                number += 1;
            }
            append(&mut ranges, number, beyond);
        }
        let target = dispatch(&mut self.code, &ranges);
        self.ranges = ranges;
        target
    }

    fn target(&mut self, calls: &Calls, slot: usize) -> Target {
        let rules = self.rules;
        let verdict = rules.verdict(calls, slot);
        if let Verdict::Value(value) = verdict {
            return Target::Return(value);
        }
        let mut otherwise = Target::Return(rules.default());
        let mut shared = true;
        if calls.abi == Abi::X86 {
            let (inner, mask) = match slot {
                slot if slot == Multiplexer::Socketcall.slot() => (&rules.socketcall, None),
                // The upper half is a version, which the kernel cuts off before it looks at the call.
                slot if slot == Multiplexer::Ipc.slot() => (&rules.ipc, Some(0xffff)),
                _ => (&[None; 32], None),
            };
            if inner.iter().any(Option::is_some) {
                otherwise = self.inner(inner, mask);
                shared = false;
            }
        }
        match verdict {
            Verdict::Conditional(last) if shared => self.shared_chain(last, calls.abi.is_wide()),
            Verdict::Conditional(last) => self.chain(last, calls.abi.is_wide(), otherwise),
            _ => otherwise,
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

    fn shared_chain(&mut self, last: u16, wide: bool) -> Target {
        if let Some((_, _, target)) = self
            .conditions
            .iter()
            .find(|(known, width, _)| *known == last && *width == wide)
        {
            return *target;
        }
        let target = self.chain(last, wide, Target::Return(self.rules.default()));
        self.conditions.push((last, wide, target));
        target
    }

    /// The rules with conditions for one call: the first that holds decides. Put down from the last one on, as all here.
    fn chain(&mut self, last: u16, wide: bool, otherwise: Target) -> Target {
        let mut next = otherwise;
        let mut links = self.rules.backwards(last).peekable();
        let mut run = Vec::new();
        while let Some(link) = links.next() {
            let Some(common) = one_of(link, wide) else {
                next = all_of(&mut self.code, link, wide, next);
                continue;
            };
            run.clear();
            run.push((link.conditions[0].value, Target::Return(link.value)));
            while let Some(link) = links.next_if(|link| one_of(link, wide) == Some(common)) {
                run.push((link.conditions[0].value, Target::Return(link.value)));
            }
            next = any_of(&mut self.code, common, &run, next);
        }
        next
    }
}

fn one_of(link: &Link<'_>, wide: bool) -> Option<OneOf> {
    if let [condition] = link.conditions {
        OneOf::new(condition, wide)
    } else {
        None
    }
}

fn all_of(code: &mut Assembler, link: &Link<'_>, wide: bool, otherwise: Target) -> Target {
    let conditions = link.conditions.iter().rev();
    conditions.fold(Target::Return(link.value), |then, condition| {
        compare(code, condition, wide, then, otherwise)
    })
}
