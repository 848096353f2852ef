//! What a program may do to init, which loads it and then executes the container's process.

use super::action::may_end;
use super::names::Call;
use super::walk::{Word, reaches};
use crate::seccomp::Native;

/// Which calls init makes behind the filter: the one that ends it as init, and those that tell why that has failed.
const CALLS: [&str; 4] = ["execve", "sendmsg", "close", "exit_group"];

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

/// Whether the program, as bytes of `struct sock_filter`s, may end init with SIGSYS at its execve or right behind. One
/// that is not of this library's making may; where there is none, nothing may.
pub(crate) fn may_end_init(program: &[u8], native: Native) -> bool {
    let Some(&abi) = native.abis().first() else {
        return true;
    };
    let (instructions, rest) = program.as_chunks::<8>();
    let numbers = CALLS.iter().map(|name| Call::find(name)?.slot(abi));
    !rest.is_empty()
        || !instructions.is_empty()
            && numbers.map(|slot| u32::try_from(slot?).ok()).any(|number| {
                number.is_none_or(|number| {
                    reaches(
                        instructions,
                        |offset| match offset {
                            NUMBER => Word::Is(number),
                            ARCHITECTURE => Word::Is(abi.audit()),
                            _ => Word::Any,
                        },
                        may_end,
                    )
                })
            })
}

#[cfg(test)]
mod tests {
    use super::may_end_init;
    use crate::bundle::Seccomp;
    use crate::seccomp::{Native, compile};

    fn ends(profile: serde_json::Value) -> bool {
        let profile: Seccomp = serde_json::from_value(profile).unwrap();
        may_end_init(&compile(&profile, Native::CURRENT).unwrap().to_bytes(), Native::CURRENT)
    }

    fn with_rule(action: &str, name: &str, args: serde_json::Value) -> serde_json::Value {
        let rule = serde_json::json!({"names": [name], "action": action, "args": args});
        serde_json::json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
    }

    #[test]
    fn a_rule_that_kills_another_call_does_not_end_init() {
        assert!(!ends(with_rule(
            "SCMP_ACT_KILL_PROCESS",
            "mkdir",
            serde_json::json!([])
        )));
        assert!(!ends(with_rule("SCMP_ACT_KILL", "execveat", serde_json::json!([]))));
        assert!(!ends(with_rule("SCMP_ACT_ERRNO", "execve", serde_json::json!([]))));
    }

    #[test]
    fn a_rule_that_kills_execve_ends_init() {
        for action in ["SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"] {
            assert!(ends(with_rule(action, "execve", serde_json::json!([]))), "{action}");
        }
        let by_argument = serde_json::json!([{"index": 2, "value": 0, "op": "SCMP_CMP_NE"}]);
        assert!(ends(with_rule("SCMP_ACT_KILL", "execve", by_argument)));
    }

    #[test]
    fn a_default_that_kills_ends_init_unless_its_calls_are_allowed() {
        let with = |names: &[&str]| {
            let rule = serde_json::json!({"names": names, "action": "SCMP_ACT_ALLOW"});
            serde_json::json!({"defaultAction": "SCMP_ACT_KILL", "syscalls": [rule]})
        };
        assert!(ends(with(&["read"])));
        assert!(ends(with(&["execve"])));
        assert!(!ends(with(&super::CALLS)));
    }

    #[test]
    fn a_program_that_is_none_may_do_anything() {
        assert!(may_end_init(&[0; 8], Native::CURRENT));
        assert!(may_end_init(&[0; 7], Native::CURRENT));
        assert!(!may_end_init(&[], Native::CURRENT));
    }
}
