//! What the tests of the seccomp compiler share.

#![allow(dead_code, unreachable_pub, reason = "not each test needs all of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

pub mod interpreter;
pub mod libseccomp;
pub mod model;
pub mod numbers;
pub mod random;
pub mod seccompiler;

use interpreter::Call;
use numbers::Abi;
use orlop::bundle::{Seccomp, SeccompAction, SeccompOperator, SyscallArg, SyscallRule};
use orlop::seccomp::{Native, Program, compile};
use std::collections::BTreeMap;
use std::path::Path;

pub const ALLOW: u32 = 0x7fff_0000;
pub const KILL_THREAD: u32 = 0;

pub const fn errno(number: u32) -> u32 {
    0x0005_0000 | number
}

pub fn profile(json: &str) -> Seccomp {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

pub fn program(profile: &Seccomp, native: Native) -> Program {
    let program = compile(profile, native).unwrap_or_else(|problems| panic!("{problems:?}"));
    interpreter::validate(&program.instructions);
    program
}

/// What the program for x86_64 does with a call.
pub fn verdict(program: &Program, abi: Abi, number: u32, args: [u64; 6]) -> u32 {
    interpreter::run(
        &program.instructions,
        &Call {
            arch: abi.audit(),
            number: number | abi.mark(),
            args,
        },
    )
    .value
}

/// The seccomp profiles of configs that engines wrote, each once, with the name of a config that has it.
pub fn corpus() -> Vec<(String, Seccomp)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/engines");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}")) {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let config: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if let Some(profile) = config.pointer("/linux/seccomp") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let known = found.entry(profile.to_string()).or_insert_with(|| name.clone());
            if name.ends_with("-plain") || name < *known && !known.ends_with("-plain") {
                *known = name;
            }
        }
    }
    assert!(
        found.len() >= 4,
        "the corpus has docker's, podman's and containerd's profiles"
    );
    found.into_iter().map(|(json, name)| (name, profile(&json))).collect()
}

/// The value a filter returns for an action, as `linux/seccomp.h` has it.
pub fn value(action: SeccompAction, errno_ret: Option<u32>) -> u32 {
    let data = errno_ret.unwrap_or(1);
    match action {
        SeccompAction::Kill | SeccompAction::KillThread => KILL_THREAD,
        SeccompAction::KillProcess => 0x8000_0000,
        SeccompAction::Trap => 0x0003_0000,
        SeccompAction::Errno => errno(data),
        SeccompAction::Trace => 0x7ff0_0000 | data,
        SeccompAction::Allow => ALLOW,
        SeccompAction::Log => 0x7ffc_0000,
        SeccompAction::Notify => 0x7fc0_0000,
    }
}

/// The conditions of a rule: each inner list must hold whole, any of them is enough.
pub fn alternatives(rule: &SyscallRule) -> Vec<Vec<SyscallArg>> {
    let twice = (0..6).any(|index| rule.args.iter().filter(|arg| arg.index.get() == index).count() > 1);
    if twice {
        rule.args.iter().map(|arg| vec![*arg]).collect()
    } else {
        vec![rule.args.clone()]
    }
}

/// Whether an argument is as a condition asks.
pub fn holds(condition: &SyscallArg, argument: u64, wide: bool) -> bool {
    let width = if wide { u64::MAX } else { u64::from(u32::MAX) };
    let (argument, value, two) = (
        argument & width,
        condition.value & width,
        condition.value_two.unwrap_or(0) & width,
    );
    match condition.op {
        SeccompOperator::NotEqual => argument != value,
        SeccompOperator::Less => argument < value,
        SeccompOperator::LessOrEqual => argument <= value,
        SeccompOperator::Equal => argument == value,
        SeccompOperator::GreaterOrEqual => argument >= value,
        SeccompOperator::Greater => argument > value,
        SeccompOperator::MaskedEqual => argument & value == two & value,
    }
}
