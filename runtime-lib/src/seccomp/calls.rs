//! What a profile says of each system call of each ABI.

use super::abi::{Abi, Native};
use super::action;
use super::check::{path, rule_path};
use super::names::{Call, Multiplexer, ORDINARY, SPAN};
use crate::bundle::{Quoted, Seccomp, SyscallArg, SyscallRule};
use crate::nearest::meant;
use crate::problem::{JsonPath, Problems};

/// What happens to one system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No rule names it: the default action.
    Unnamed,
    /// A rule without conditions names it: this value is returned.
    Value(u32),
    /// Rules with conditions name it: this link is the last of them.
    Conditional(u16),
}

/// A rule's conditions on a system call; the rules before it are found through `previous`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link<'a> {
    pub(super) previous: Option<u16>,
    /// All must hold.
    pub(super) conditions: &'a [SyscallArg],
    pub(super) value: u32,
}

/// The calls of one ABI. Where a verdict is kept, zero is none, and this bit marks a link's number, otherwise it is a
/// value's.
pub(super) struct Calls {
    pub(super) abi: Abi,
    verdicts: [u16; SPAN],
    /// The highest slot that any rule names, whatever its action, ARM's private calls apart.
    pub(super) highest: Option<usize>,
    /// The highest slot of a private call of ARM that any rule names.
    pub(super) highest_private: Option<usize>,
}

const LINK: u16 = 0x8000;

/// What rules say of calls that come through a multiplexer of x86, by the number within; the flag tells whether the
/// rule has no conditions.
///
/// Their arguments are in memory, where a filter cannot look. So a rule's conditions are taken as met; of several such
/// rules the one that lets most through counts. (libseccomp drops the condition on the first argument and compares the
/// others with registers that the caller is free to set: the same in effect.)
pub(super) type Inner = [Option<(u32, bool)>; 32];

/// What the whole profile says.
pub(super) struct Rules<'a> {
    /// The values that calls end with, the default's first.
    values: Vec<u32>,
    pub(super) calls: Vec<Calls>,
    links: Vec<Link<'a>>,
    pub(super) socketcall: Inner,
    pub(super) ipc: Inner,
    /// The places of names that no call has.
    pub(super) unknown: Vec<JsonPath>,
}

impl<'a> Rules<'a> {
    /// Goes through the rules. How they are combined is told at [`super::compile`].
    pub(super) fn read(profile: &'a Seccomp, native: Native, problems: &mut Problems) -> Self {
        let mut rules = Self {
            values: vec![action::value(profile.default_action, profile.default_errno_ret)],
            calls: Vec::with_capacity(native.abis().len()),
            links: Vec::new(),
            socketcall: [None; 32],
            ipc: [None; 32],
            unknown: Vec::new(),
        };
        for (at, abi) in native.abis().iter().enumerate() {
            if at == 0 || profile.architectures.contains(&abi.word()) {
                rules.calls.push(Calls {
                    abi: *abi,
                    verdicts: [0; SPAN],
                    highest: None,
                    highest_private: None,
                });
            }
        }
        for (number, rule) in profile.syscalls.iter().enumerate() {
            let value = action::value(rule.action, rule.errno_ret);
            let Some(value_number) = rules.number(value) else {
                problems.error(
                    rule_path(number).member("action"),
                    "the profile has too many different actions",
                );
                break;
            };
            // A rule's conditions are put down once for all its calls and their ABIs, where the rules before it are
            // the same.
            let mut shared = None;
            for (at, name) in rule.names.iter().enumerate() {
                let Some(call) = Call::find(name) else {
                    rules.unknown.push(rule_path(number).member("names").index(at));
                    unknown_name(number, at, name, problems);
                    continue;
                };
                if rules.add(call, rule, value, value_number, &mut shared) {
                    problems.warning(
                        rule_path(number).member("names").index(at),
                        format!("{} has rules with different actions; of those without args the first one overrides all others", &**name),
                    );
                }
            }
            if rules.links.len() >= usize::from(LINK) {
                problems.error(path().member("syscalls"), "too many conditions");
                break;
            }
        }
        rules.warn_of_dropped(profile, problems);
        rules
    }

    /// The default action's value.
    pub(super) fn default(&self) -> u32 {
        self.values.first().copied().unwrap_or(action::KILL_THREAD)
    }

    /// What happens to the call in a slot.
    pub(super) fn verdict(&self, calls: &Calls, slot: usize) -> Verdict {
        match calls.verdicts[slot] {
            0 => Verdict::Unnamed,
            link if link & LINK != 0 => Verdict::Conditional(link & !LINK),
            number => Verdict::Value(self.values.get(usize::from(number)).copied().unwrap_or_default()),
        }
    }

    /// The rules with conditions that end with this one, from the last one on.
    pub(super) fn backwards(&self, last: u16) -> impl Iterator<Item = &Link<'a>> {
        backwards(&self.links, last)
    }

    fn number(&mut self, value: u32) -> Option<u16> {
        let known = self.values.iter().position(|known| *known == value);
        let number = known.unwrap_or(self.values.len());
        if known.is_none() {
            self.values.push(value);
        }
        u16::try_from(number).ok().filter(|number| number & LINK == 0)
    }

    /// Notes a rule for a call. Says whether it overrides, or is overridden by, one with another action.
    fn add(
        &mut self,
        call: Call,
        rule: &'a SyscallRule,
        value: u32,
        value_number: u16,
        shared: &mut Option<(Option<u16>, u16)>,
    ) -> bool {
        let mut overridden = false;
        for calls in &mut self.calls {
            let Some(slot) = call.slot(calls.abi) else { continue };
            let highest = if slot < ORDINARY {
                &mut calls.highest
            } else {
                &mut calls.highest_private
            };
            *highest = (*highest).max(Some(slot));
            if value_number == 0 {
                continue;
            }
            let verdict = &mut calls.verdicts[slot];
            let is_conditional = *verdict & LINK != 0;
            if *verdict != 0 && !is_conditional {
                overridden |= *verdict != value_number;
            } else if rule.args.is_empty() {
                overridden |=
                    is_conditional && backwards(&self.links, *verdict & !LINK).any(|link| link.value != value);
                *verdict = value_number;
            } else {
                let previous = is_conditional.then_some(*verdict & !LINK);
                let last = match *shared {
                    Some((from, last)) if from == previous => last,
                    _ => append(&mut self.links, previous, &rule.args, value),
                };
                *shared = Some((previous, last));
                *verdict = last | LINK;
            }
        }
        if value_number != 0 && self.calls.iter().any(|calls| calls.abi == Abi::X86) {
            self.add_inner(call, value, rule.args.is_empty());
        }
        overridden
    }

    fn add_inner(&mut self, call: Call, value: u32, unconditional: bool) {
        let (inner, number) = match call.multiplexed() {
            None => return,
            Some((Multiplexer::Socketcall, number)) => (&mut self.socketcall, number),
            Some((Multiplexer::Ipc, number)) => (&mut self.ipc, number),
        };
        if let Some(known) = inner.get_mut(usize::from(number)) {
            match *known {
                Some((_, true)) => {}
                Some((other, false)) if !unconditional && action::leniency(other) >= action::leniency(value) => {}
                _ => *known = Some((value, unconditional)),
            }
        }
    }

    /// A rule with the default action changes nothing, not even where another rule for the same call says otherwise.
    fn warn_of_dropped(&self, profile: &Seccomp, problems: &mut Problems) {
        for (number, rule) in profile.syscalls.iter().enumerate() {
            if action::value(rule.action, rule.errno_ret) != self.default() {
                continue;
            }
            for (at, name) in rule.names.iter().enumerate() {
                let Some(call) = Call::find(name) else { continue };
                let decided_elsewhere =
                    |calls: &Calls| call.slot(calls.abi).is_some_and(|slot| calls.verdicts[slot] != 0);
                if self.calls.iter().any(decided_elsewhere) {
                    problems.warning(
                        rule_path(number).member("names").index(at),
                        format!(
                            "ignored: the action is the default one, and another rule decides about {}",
                            &**name
                        ),
                    );
                }
            }
        }
    }
}

/// A link and those before it, from the last one on.
fn backwards<'l, 'a>(links: &'l [Link<'a>], last: u16) -> impl Iterator<Item = &'l Link<'a>> {
    std::iter::successors(links.get(usize::from(last)), |link| {
        links.get(usize::from(link.previous?))
    })
}

/// Appends a rule's conditions to those of a call. Where two of them are on the same argument, each is a rule of its
/// own, as in runc.
fn append<'a>(links: &mut Vec<Link<'a>>, previous: Option<u16>, conditions: &'a [SyscallArg], value: u32) -> u16 {
    let same_argument =
        |(at, condition): (usize, &SyscallArg)| conditions[..at].iter().any(|other| other.index == condition.index);
    // More than six conditions have two on the same argument; so few are compared.
    let twice = conditions.len() > 6 || conditions.iter().enumerate().any(same_argument);
    let mut last = previous;
    for conditions in conditions.chunks(if twice { 1 } else { conditions.len() }) {
        let number = u16::try_from(links.len()).unwrap_or(u16::MAX) & !LINK;
        links.push(Link {
            previous: last,
            conditions,
            value,
        });
        last = Some(number);
    }
    last.unwrap_or_default()
}

fn unknown_name(rule: usize, at: usize, name: &str, problems: &mut Problems) {
    let path = rule_path(rule).member("names").index(at);
    if name.is_empty() {
        problems.error(path, "a system call's name cannot be empty");
    } else {
        // Profiles may name calls of kernels to come: after a few it is clear that they are no slips.
        let is_one_of_few = problems.all().len() < 16;
        let hint = if is_one_of_few {
            meant(name, Call::names())
        } else {
            String::new()
        };
        problems.warning(path, format!("ignored: no system call is named {}{hint}", Quoted(name)));
    }
}
