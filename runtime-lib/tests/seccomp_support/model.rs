//! What a profile means, evaluated rule by rule for one call, in the words of `orlop::seccomp::compile`.

use super::interpreter::Call;
use super::numbers::{Abi, inner};
use super::{KILL_THREAD, alternatives, errno, holds, value};
use orlop::bundle::{Seccomp, SeccompAction, SyscallRule};
use orlop::seccomp::Native;

const NO_SUCH_CALL: u32 = errno(38);
const ARM_PRIVATE: u32 = 0x0f_0000;

pub fn evaluate(profile: &Seccomp, native: Native, call: &Call) -> u32 {
    let default = value(profile.default_action, profile.default_errno_ret);
    let listed = |abi: Abi| abi == Abi::of(native)[0] || profile.architectures.contains(&abi.word());
    let known = |abi: &&Abi| {
        abi.audit() == call.arch
            && match abi {
                Abi::X86_64 => call.number < Abi::X32.mark(),
                Abi::X32 => call.number >= Abi::X32.mark(),
                _ => true,
            }
    };
    let Some(abi) = Abi::of(native).iter().copied().find(|abi| known(&abi)) else {
        return KILL_THREAD;
    };
    if !listed(abi) {
        return if abi == Abi::X32 && call.number == u32::MAX {
            default
        } else {
            KILL_THREAD
        };
    }

    let direct: Vec<&SyscallRule> = profile
        .syscalls
        .iter()
        .filter(|rule| names(rule).any(|name| abi.number(name) == Some(call.number)))
        .collect();
    let effective = |rule: &&&SyscallRule| value(rule.action, rule.errno_ret) != default;
    let unconditional = direct.iter().filter(effective).find(|rule| rule.args.is_empty());
    if let Some(rule) = unconditional {
        return value(rule.action, rule.errno_ret);
    }
    let matches = |conditions: &Vec<_>| {
        conditions.iter().all(|condition: &orlop::bundle::SyscallArg| {
            holds(
                condition,
                call.args[usize::try_from(condition.index.get()).unwrap()],
                abi.is_wide(),
            )
        })
    };
    if let Some(rule) = direct
        .iter()
        .filter(effective)
        .find(|rule| alternatives(rule).iter().any(matches))
    {
        return value(rule.action, rule.errno_ret);
    }
    if abi == Abi::X86
        && let Some(value) = multiplexed(profile, default, call)
    {
        return value;
    }
    if direct.is_empty() && is_newer(profile, abi, call.number) {
        NO_SUCH_CALL
    } else {
        default
    }
}

fn multiplexed(profile: &Seccomp, default: u32, call: &Call) -> Option<u32> {
    let number = u32::try_from(call.args[0] & if call.number == 117 { 0xffff } else { 0xffff_ffff }).unwrap();
    let rules: Vec<&SyscallRule> = profile
        .syscalls
        .iter()
        .filter(|rule| value(rule.action, rule.errno_ret) != default)
        .filter(|rule| names(rule).any(|name| inner(name) == Some((call.number, number))))
        .collect();
    let most_permissive = || {
        let values = rules.iter().map(|rule| value(rule.action, rule.errno_ret));
        // The kernel's order: KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, NOTIFY, TRACE, LOG, ALLOW. The first of equals stays.
        values.rev().max_by_key(|value| (value & 0xffff_0000).cast_signed())
    };
    let unconditional = rules.iter().find(|rule| rule.args.is_empty());
    unconditional
        .map(|rule| value(rule.action, rule.errno_ret))
        .or_else(most_permissive)
}

/// Whether a call has a number above all that the profile names. The private calls of arm are a row of their own.
pub fn is_newer(profile: &Seccomp, abi: Abi, number: u32) -> bool {
    if matches!(
        profile.default_action,
        SeccompAction::Allow | SeccompAction::Log | SeccompAction::Trace
    ) {
        return false;
    }
    let is_private = |number: u32| abi == Abi::Arm && number >= ARM_PRIVATE;
    let numbers: Vec<u32> = profile
        .syscalls
        .iter()
        .flat_map(names)
        .filter_map(|name| abi.number(name))
        .collect();
    let highest = |private| {
        numbers
            .iter()
            .copied()
            .filter(|number| is_private(*number) == private)
            .max()
    };
    highest(false).is_some_and(|highest| highest & !abi.mark() > 0)
        && highest(is_private(number)).is_none_or(|highest| number > highest)
}

fn names(rule: &SyscallRule) -> impl Iterator<Item = &str> {
    rule.names.iter().map(|name| &**name)
}
