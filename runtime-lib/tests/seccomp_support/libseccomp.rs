//! The same profile as libseccomp compiles it, when it is asked as runc asks it.

use super::{alternatives, value};
use libseccomp::error::SeccompError;
use libseccomp::{ScmpAction, ScmpArgCompare, ScmpCompareOp, ScmpFilterContext, ScmpSyscall};
use orlop::bundle::{Seccomp, SeccompAction, SeccompOperator, SyscallRule};
use orlop::seccomp::{Instruction, Native};
use std::io::Read;

use super::interpreter::{Call, run};
use super::numbers::Abi;

pub fn compile(profile: &Seccomp, native: Native) -> Result<Vec<Instruction>, SeccompError> {
    let listed = |(at, abi): (usize, &Abi)| (at == 0 || profile.architectures.contains(&abi.word())).then_some(*abi);
    let abis: Vec<Abi> = Abi::of(native).iter().enumerate().filter_map(listed).collect();
    compile_for(profile, &abis)
}

/// For these architectures and no others. The tests run on x86_64, which libseccomp has in each new filter.
fn compile_for(profile: &Seccomp, abis: &[Abi]) -> Result<Vec<Instruction>, SeccompError> {
    let mut filter = ScmpFilterContext::new(action(profile.default_action, profile.default_errno_ret))?;
    for abi in abis {
        filter.add_arch(abi.libseccomp())?;
    }
    if !abis.contains(&Abi::X86_64) {
        filter.remove_arch(libseccomp::ScmpArch::X8664)?;
    }
    let default = value(profile.default_action, profile.default_errno_ret);
    for rule in &profile.syscalls {
        if value(rule.action, rule.errno_ret) == default {
            continue;
        }
        for name in &rule.names {
            let Ok(call) = ScmpSyscall::from_name(name) else {
                continue;
            };
            for conditions in alternatives(rule) {
                let conditions: Vec<ScmpArgCompare> = conditions
                    .iter()
                    .map(|condition| {
                        let masked = condition.op == SeccompOperator::MaskedEqual;
                        let datum = if masked {
                            condition.value_two.unwrap_or(0)
                        } else {
                            condition.value
                        };
                        ScmpArgCompare::new(
                            u32::try_from(condition.index.get()).unwrap(),
                            operator(condition.op, condition.value),
                            datum,
                        )
                    })
                    .collect();
                filter.add_rule_conditional(action(rule.action, rule.errno_ret), call, &conditions)?;
            }
        }
    }
    let (mut reader, writer) = std::io::pipe().unwrap();
    let bytes = std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let exported = filter.export_bpf(&writer);
        drop(writer);
        exported.map(|()| reading.join().unwrap())
    })?;
    Ok(bytes
        .chunks_exact(8)
        .map(|bytes| Instruction {
            code: u16::from_ne_bytes([bytes[0], bytes[1]]),
            jt: bytes[2],
            jf: bytes[3],
            k: u32::from_ne_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        })
        .collect())
}

/// What happens to a call if libseccomp is asked about each rule alone, and the first that matches decides; one
/// without conditions before all others. Needs no merging of rules, in which libseccomp 2.5.4 goes wrong at times.
pub fn one_rule_at_a_time(profile: &Seccomp, abi: Abi, call: &Call) -> u32 {
    let default = value(profile.default_action, profile.default_errno_ret);
    let mut rules: Vec<SyscallRule> = Vec::new();
    for rule in &profile.syscalls {
        let names = rule
            .names
            .iter()
            .filter(|name| abi.number(name) == Some(call.number))
            .cloned()
            .collect();
        let rule = SyscallRule { names, ..rule.clone() };
        if !rule.names.is_empty() && value(rule.action, rule.errno_ret) != default {
            rules.extend(
                alternatives(&rule)
                    .into_iter()
                    .map(|args| SyscallRule { args, ..rule.clone() }),
            );
        }
    }
    rules.sort_by_key(|rule| !rule.args.is_empty());
    for rule in rules {
        let expected = value(rule.action, rule.errno_ret);
        let alone = compile_for(
            &Seccomp {
                syscalls: vec![rule],
                ..profile.clone()
            },
            &[abi],
        )
        .unwrap();
        if run(&alone, call).value == expected {
            return expected;
        }
    }
    default
}

fn action(action: SeccompAction, errno: Option<u32>) -> ScmpAction {
    let errno = errno.unwrap_or(1);
    match action {
        SeccompAction::Kill | SeccompAction::KillThread => ScmpAction::KillThread,
        SeccompAction::KillProcess => ScmpAction::KillProcess,
        SeccompAction::Trap => ScmpAction::Trap,
        SeccompAction::Errno => ScmpAction::Errno(i32::try_from(errno).unwrap()),
        SeccompAction::Trace => ScmpAction::Trace(u16::try_from(errno).unwrap()),
        SeccompAction::Allow => ScmpAction::Allow,
        SeccompAction::Log => ScmpAction::Log,
        SeccompAction::Notify => ScmpAction::Notify,
    }
}

const fn operator(operator: SeccompOperator, mask: u64) -> ScmpCompareOp {
    match operator {
        SeccompOperator::NotEqual => ScmpCompareOp::NotEqual,
        SeccompOperator::Less => ScmpCompareOp::Less,
        SeccompOperator::LessOrEqual => ScmpCompareOp::LessOrEqual,
        SeccompOperator::Equal => ScmpCompareOp::Equal,
        SeccompOperator::GreaterOrEqual => ScmpCompareOp::GreaterEqual,
        SeccompOperator::Greater => ScmpCompareOp::Greater,
        SeccompOperator::MaskedEqual => ScmpCompareOp::MaskedEqual(mask),
    }
}
