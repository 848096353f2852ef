//! The same profile as seccompiler compiles it, if it has one action besides the default one, and is for one
//! architecture.

use super::numbers::Abi;
use super::{alternatives, value};
use orlop::bundle::{Seccomp, SeccompAction, SeccompOperator, SyscallArg};
use orlop::seccomp::{Instruction, Native};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction as Action, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;

/// `None` if the program would be too long: there is no tree in seccompiler's.
pub fn compile(profile: &Seccomp, native: Native) -> Option<Vec<Instruction>> {
    let abi = Abi::of(native)[0];
    let mut rules: BTreeMap<i64, Option<Vec<SeccompRule>>> = BTreeMap::new();
    for rule in &profile.syscalls {
        for number in rule.names.iter().filter_map(|name| abi.number(name)) {
            let known = rules.entry(i64::from(number)).or_insert_with(|| Some(Vec::new()));
            match known {
                // One without conditions is there: it overrides all.
                None => {}
                _ if rule.args.is_empty() => *known = None,
                Some(known) => known.extend(
                    alternatives(rule)
                        .iter()
                        .map(|args| SeccompRule::new(args.iter().map(condition).collect()).unwrap()),
                ),
            }
        }
    }
    let rules = rules
        .into_iter()
        .map(|(number, rules)| (number, rules.unwrap_or_default()))
        .collect();
    let default = action(profile.default_action, profile.default_errno_ret);
    let matched = profile
        .syscalls
        .first()
        .map_or(Action::Trap, |rule| action(rule.action, rule.errno_ret));
    let target = match native {
        Native::X86_64 => TargetArch::x86_64,
        Native::Aarch64 => TargetArch::aarch64,
        Native::Riscv64 => TargetArch::riscv64,
    };
    let program = BpfProgram::try_from(SeccompFilter::new(rules, default, matched, target).unwrap());
    if matches!(program, Err(BackendError::FilterTooLarge(_))) {
        return None;
    }
    Some(
        program
            .unwrap()
            .iter()
            .map(|filter| Instruction {
                code: filter.code,
                jt: filter.jt,
                jf: filter.jf,
                k: filter.k,
            })
            .collect(),
    )
}

/// A program of ours as seccompiler takes it to load it.
pub fn loadable(program: &[Instruction]) -> BpfProgram {
    let filter = |instruction: &Instruction| seccompiler::sock_filter {
        code: instruction.code,
        jt: instruction.jt,
        jf: instruction.jf,
        k: instruction.k,
    };
    program.iter().map(filter).collect()
}

fn action(action: SeccompAction, errno: Option<u32>) -> Action {
    let data = value(action, errno) & 0xffff;
    match action {
        SeccompAction::Allow => Action::Allow,
        SeccompAction::Errno => Action::Errno(data),
        other => panic!("not used with seccompiler: {other}"),
    }
}

fn condition(arg: &SyscallArg) -> SeccompCondition {
    let (operator, value) = match arg.op {
        SeccompOperator::NotEqual => (SeccompCmpOp::Ne, arg.value),
        SeccompOperator::Less => (SeccompCmpOp::Lt, arg.value),
        SeccompOperator::LessOrEqual => (SeccompCmpOp::Le, arg.value),
        SeccompOperator::Equal => (SeccompCmpOp::Eq, arg.value),
        SeccompOperator::GreaterOrEqual => (SeccompCmpOp::Ge, arg.value),
        SeccompOperator::Greater => (SeccompCmpOp::Gt, arg.value),
        SeccompOperator::MaskedEqual => (SeccompCmpOp::MaskedEq(arg.value), arg.value_two.unwrap_or(0)),
    };
    let index = u8::try_from(arg.index.get()).unwrap();
    SeccompCondition::new(index, SeccompCmpArgLen::Qword, operator, value).unwrap()
}
