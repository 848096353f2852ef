//! `linux.seccomp`, word by word: actions, operators, flags, architectures, and what is not allowed
//! (config-linux.md#seccomp).

use serde_json::{Value, json};

use super::seccomp_filters::ENOUGH;
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

const NO_FLAGS: Known = ("runc", "1.1", "does not know flags");

pub(crate) const TESTS: &[Test] = &[
    test!(allowing_action_lets_through),
    test!(errno_action_refuses),
    test!(kill_action_kills),
    test!(kill_process_action_kills),
    test!(kill_thread_action_kills),
    test!(trap_action_sends_a_signal),
    test!(trace_action_without_a_tracer_gives_enosys),
    test!(log_action_lets_through),
    test!(every_action_can_be_the_default),
    test!(equal_operator_holds),
    test!(not_equal_operator_holds),
    test!(less_operator_holds),
    test!(less_or_equal_operator_holds),
    test!(greater_operator_holds),
    test!(greater_or_equal_operator_holds),
    test!(masked_equal_operator_holds),
    test!(every_argument_can_be_compared),
    test!(argument_beyond_the_sixth_is_refused),
    test!(tsync_flag_is_taken, NO_FLAGS),
    test!(log_flag_is_taken, NO_FLAGS),
    test!(spec_allow_flag_is_taken, NO_FLAGS),
    test!(unknown_flag_is_refused),
    test!(architectures_of_the_machines_family_are_taken),
    test!(architecture_of_another_machine_is_no_error),
    test!(missing_architectures_mean_the_machines_own),
    test!(
        errno_of_a_rule_whose_action_has_none_is_refused,
        ("runc", "1.1", "ignores it")
    ),
    test!(
        default_errno_of_an_action_that_has_none_is_refused,
        ("runc", "1.1", "ignores it")
    ),
    test!(
        rule_without_names_is_refused,
        ("runc", "1.1", "ignores the rule"),
        ("crun", "1.8", "ignores the rule")
    ),
    test!(rule_without_an_action_is_refused),
    test!(profile_without_a_default_action_is_refused),
    test!(
        metadata_without_an_agents_path_is_refused,
        ("runc", "1.1", "ignores it"),
        ("crun", "1.8", "ignores it")
    ),
    test!(
        agents_path_without_notifications_is_ignored,
        ("crun", "1.8", "connects all the same")
    ),
    test!(unknown_operator_is_an_error),
    test!(own_architecture_is_filtered_though_it_is_not_listed),
    test!(rules_of_one_call_are_alternatives),
    test!(comparisons_of_one_argument_in_a_rule_are_alternatives),
    test!(errno_of_zero_makes_the_call_succeed),
];

const SYNC: i64 = libc::SYS_sync;

/// A bundle whose process calls `sync`, with a rule for that.
fn ruled(t: &Trial<'_>, rule: Value) -> Result<Bundle, Failure> {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]});
    Ok(t.bundle()?
        .set("/linux/seccomp", profile)
        .probe(&format!("syscall {SYNC}")))
}

fn with_action(t: &Trial<'_>, action: &str) -> Result<Bundle, Failure> {
    ruled(t, json!({"names": ["sync"], "action": action}))
}

fn errno(t: &Trial<'_>, action: &str) -> Result<Value, Failure> {
    Ok(t.see_one(&with_action(t, action)?)?["errno"].clone())
}

fn ends_by_a_signal(t: &Trial<'_>, action: &str) -> Verdict {
    same(action, &t.run(&with_action(t, action)?)?.code, 128 + libc::SIGSYS)
}

fn allowing_action_lets_through(t: &Trial<'_>) -> Verdict {
    let bundle = with_action(t, "SCMP_ACT_ERRNO")?.set(
        "/linux/seccomp",
        json!({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ENOUGH, "action": "SCMP_ACT_ALLOW"}]}),
    );
    let bundle = bundle.probe(&format!("syscall {} , syscall {SYNC}", libc::SYS_getppid));
    let said = t.see(&bundle)?;
    same("getppid", &said[0]["errno"], json!(null))?;
    same("sync", &said[1]["errno"], libc::EPERM)
}

fn errno_action_refuses(t: &Trial<'_>) -> Verdict {
    same("errno", &errno(t, "SCMP_ACT_ERRNO")?, libc::EPERM)
}

fn kill_action_kills(t: &Trial<'_>) -> Verdict {
    ends_by_a_signal(t, "SCMP_ACT_KILL")
}

fn kill_process_action_kills(t: &Trial<'_>) -> Verdict {
    ends_by_a_signal(t, "SCMP_ACT_KILL_PROCESS")
}

fn kill_thread_action_kills(t: &Trial<'_>) -> Verdict {
    ends_by_a_signal(t, "SCMP_ACT_KILL_THREAD")
}

fn trap_action_sends_a_signal(t: &Trial<'_>) -> Verdict {
    ends_by_a_signal(t, "SCMP_ACT_TRAP")
}

fn trace_action_without_a_tracer_gives_enosys(t: &Trial<'_>) -> Verdict {
    same("errno", &errno(t, "SCMP_ACT_TRACE")?, libc::ENOSYS)
}

fn log_action_lets_through(t: &Trial<'_>) -> Verdict {
    same("errno", &errno(t, "SCMP_ACT_LOG")?, json!(null))
}

fn every_action_can_be_the_default(t: &Trial<'_>) -> Verdict {
    for (action, wanted) in [
        ("SCMP_ACT_ALLOW", 0),
        ("SCMP_ACT_LOG", 0),
        ("SCMP_ACT_KILL", 128 + libc::SIGSYS),
        ("SCMP_ACT_KILL_THREAD", 128 + libc::SIGSYS),
        ("SCMP_ACT_KILL_PROCESS", 128 + libc::SIGSYS),
        ("SCMP_ACT_TRAP", 128 + libc::SIGSYS),
    ] {
        let rule = json!({"names": ENOUGH, "action": "SCMP_ACT_ALLOW"});
        let mut profile = json!({"defaultAction": action, "syscalls": [rule]});
        if wanted == 0 {
            profile["syscalls"][0]["action"] = json!("SCMP_ACT_ERRNO");
            profile["syscalls"][0]["names"] = json!(["uselib"]);
        }
        let bundle = t.bundle()?.set("/linux/seccomp", profile);
        same(action, &t.run(&bundle.probe(&format!("syscall {SYNC}")))?.code, wanted)?;
    }
    Ok(())
}

/// Whether the call is refused for 10 below, at and above the compared number.
fn hits(t: &Trial<'_>, operator: &str) -> Result<[bool; 3], Failure> {
    let args = json!([{"index": 0, "value": 10, "op": operator}]);
    let rule = json!({"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 88, "args": args});
    let call = libc::SYS_personality;
    let bundle = ruled(t, rule)?.probe(&format!("syscall {call} 9 , syscall {call} 10 , syscall {call} 11"));
    let said = t.see(&bundle)?;
    Ok([0, 1, 2].map(|index: usize| said[index]["errno"] == 88))
}

fn equal_operator_holds(t: &Trial<'_>) -> Verdict {
    same("hits", &hits(t, "SCMP_CMP_EQ")?, [false, true, false])
}

fn not_equal_operator_holds(t: &Trial<'_>) -> Verdict {
    same("hits", &hits(t, "SCMP_CMP_NE")?, [true, false, true])
}

fn less_operator_holds(t: &Trial<'_>) -> Verdict {
    same("hits", &hits(t, "SCMP_CMP_LT")?, [true, false, false])
}

fn less_or_equal_operator_holds(t: &Trial<'_>) -> Verdict {
    same("hits", &hits(t, "SCMP_CMP_LE")?, [true, true, false])
}

fn greater_operator_holds(t: &Trial<'_>) -> Verdict {
    same("hits", &hits(t, "SCMP_CMP_GT")?, [false, false, true])
}

fn greater_or_equal_operator_holds(t: &Trial<'_>) -> Verdict {
    same("hits", &hits(t, "SCMP_CMP_GE")?, [false, true, true])
}

fn masked_equal_operator_holds(t: &Trial<'_>) -> Verdict {
    // valueTwo is compared with what is left of the argument under the mask `value`.
    let args = json!([{"index": 0, "value": 0xf0, "valueTwo": 0x50, "op": "SCMP_CMP_MASKED_EQ"}]);
    let rule = json!({"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 88, "args": args});
    let call = libc::SYS_personality;
    let said = t.see(&ruled(t, rule)?.probe(&format!("syscall {call} {} , syscall {call} {}", 0x15a, 0x16a)))?;
    same("equal", &said[0]["errno"], 88)?;
    ensure(said[1]["errno"] != 88, || "unequal, and refused".into())
}

fn every_argument_can_be_compared(t: &Trial<'_>) -> Verdict {
    for index in 0..6 {
        let args = json!([{"index": index, "value": 7, "op": "SCMP_CMP_EQ"}]);
        let rule = json!({"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 88, "args": args});
        let words = |value: u32| {
            let mut all = [0; 6];
            all[index] = value;
            all.map(|one: u32| one.to_string()).join(" ")
        };
        let call = libc::SYS_getppid;
        let actions = format!("syscall {call} {} , syscall {call} {}", words(7), words(8));
        let said = t.see(&ruled(t, rule)?.probe(&actions))?;
        same("equal", &said[0]["errno"], 88)?;
        same("unequal", &said[1]["errno"], json!(null))?;
    }
    Ok(())
}

fn argument_beyond_the_sixth_is_refused(t: &Trial<'_>) -> Verdict {
    let args = json!([{"index": 6, "value": 7, "op": "SCMP_CMP_EQ"}]);
    t.refused(
        &ruled(t, json!({"names": ["sync"], "action": "SCMP_ACT_ERRNO", "args": args}))?,
        &[],
    )
}

fn flag(t: &Trial<'_>, flag: &str) -> Result<Bundle, Failure> {
    Ok(with_action(t, "SCMP_ACT_ERRNO")?.set("/linux/seccomp/flags", json!([flag])))
}

fn flag_is_taken(t: &Trial<'_>, name: &str) -> Verdict {
    same("errno", &t.see_one(&flag(t, name)?)?["errno"], libc::EPERM)
}

fn tsync_flag_is_taken(t: &Trial<'_>) -> Verdict {
    flag_is_taken(t, "SECCOMP_FILTER_FLAG_TSYNC")
}

fn log_flag_is_taken(t: &Trial<'_>) -> Verdict {
    flag_is_taken(t, "SECCOMP_FILTER_FLAG_LOG")
}

fn spec_allow_flag_is_taken(t: &Trial<'_>) -> Verdict {
    flag_is_taken(t, "SECCOMP_FILTER_FLAG_SPEC_ALLOW")
}

fn unknown_flag_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&flag(t, "SECCOMP_FILTER_FLAG_DANCE")?, &[])
}

fn architectures_of_the_machines_family_are_taken(t: &Trial<'_>) -> Verdict {
    let family = match std::env::consts::ARCH {
        "x86_64" => json!(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
        "aarch64" => json!(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]),
        other => return Err(Failure::Skip(format!("no list for {other}"))),
    };
    let bundle = with_action(t, "SCMP_ACT_ERRNO")?.set("/linux/seccomp/architectures", family);
    same("errno", &t.see_one(&bundle)?["errno"], libc::EPERM)
}

fn architecture_of_another_machine_is_no_error(t: &Trial<'_>) -> Verdict {
    let (own, other) = match std::env::consts::ARCH {
        "x86_64" => ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"),
        "aarch64" => ("SCMP_ARCH_AARCH64", "SCMP_ARCH_X86_64"),
        other => return Err(Failure::Skip(format!("no pair for {other}"))),
    };
    let bundle = with_action(t, "SCMP_ACT_ERRNO")?.set("/linux/seccomp/architectures", json!([own, other]));
    same("errno", &t.see_one(&bundle)?["errno"], libc::EPERM)
}

fn missing_architectures_mean_the_machines_own(t: &Trial<'_>) -> Verdict {
    same("errno", &errno(t, "SCMP_ACT_ERRNO")?, libc::EPERM)
}

fn errno_of_a_rule_whose_action_has_none_is_refused(t: &Trial<'_>) -> Verdict {
    for action in ["SCMP_ACT_KILL", "SCMP_ACT_LOG", "SCMP_ACT_TRAP"] {
        t.refused(
            &ruled(t, json!({"names": ["uselib"], "action": action, "errnoRet": 5}))?,
            &[],
        )?;
    }
    Ok(())
}

fn default_errno_of_an_action_that_has_none_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = with_action(t, "SCMP_ACT_ERRNO")?.set("/linux/seccomp/defaultErrnoRet", json!(5));
    t.refused(&bundle, &[])
}

fn rule_without_names_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&ruled(t, json!({"names": [], "action": "SCMP_ACT_ERRNO"}))?, &[])
}

fn rule_without_an_action_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&ruled(t, json!({"names": ["sync"]}))?, &[])
}

fn profile_without_a_default_action_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = with_action(t, "SCMP_ACT_ERRNO")?.remove("/linux/seccomp", "defaultAction");
    t.refused(&bundle, &[])
}

fn metadata_without_an_agents_path_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = with_action(t, "SCMP_ACT_ERRNO")?.set("/linux/seccomp/listenerMetadata", json!("x"));
    t.refused(&bundle, &[])
}

fn agents_path_without_notifications_is_ignored(t: &Trial<'_>) -> Verdict {
    let bundle = with_action(t, "SCMP_ACT_ERRNO")?.set("/linux/seccomp/listenerPath", json!("/no/such/agent"));
    same("errno", &t.see_one(&bundle)?["errno"], libc::EPERM)
}

fn unknown_operator_is_an_error(t: &Trial<'_>) -> Verdict {
    let args = json!([{"index": 0, "value": 7, "op": "SCMP_CMP_ISH"}]);
    t.refused(
        &ruled(t, json!({"names": ["sync"], "action": "SCMP_ACT_ERRNO", "args": args}))?,
        &[],
    )
}

fn own_architecture_is_filtered_though_it_is_not_listed(t: &Trial<'_>) -> Verdict {
    let other = match std::env::consts::ARCH {
        "x86_64" => "SCMP_ARCH_X86",
        "aarch64" => "SCMP_ARCH_ARM",
        other => return Err(Failure::Skip(format!("no pair for {other}"))),
    };
    let bundle = with_action(t, "SCMP_ACT_ERRNO")?.set("/linux/seccomp/architectures", json!([other]));
    same("errno", &t.see_one(&bundle)?["errno"], libc::EPERM)
}

fn rules_of_one_call_are_alternatives(t: &Trial<'_>) -> Verdict {
    let rule = |value: u32, errno: u32| {
        json!({"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno,
            "args": [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"}]})
    };
    let bundle = ruled(t, rule(41, 71))?.set("/linux/seccomp/syscalls/-", rule(42, 72));
    let call = libc::SYS_personality;
    let said = t.see(&bundle.probe(&format!("syscall {call} 41 , syscall {call} 42 , syscall {call} 43")))?;
    same("first", &said[0]["errno"], 71)?;
    same("second", &said[1]["errno"], 72)?;
    ensure(said[2]["errno"] != 71 && said[2]["errno"] != 72, || said[2].to_string())
}

fn comparisons_of_one_argument_in_a_rule_are_alternatives(t: &Trial<'_>) -> Verdict {
    // Docker's default profile has such rules for `personality`, and libseccomp knows no other meaning.
    let args = json!([
        {"index": 0, "value": 41, "op": "SCMP_CMP_EQ"},
        {"index": 0, "value": 42, "op": "SCMP_CMP_EQ"}
    ]);
    let rule = json!({"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 88, "args": args});
    let call = libc::SYS_personality;
    let bundle = ruled(t, rule)?.probe(&format!("syscall {call} 41 , syscall {call} 42 , syscall {call} 43"));
    let said = t.see(&bundle)?;
    same("first", &said[0]["errno"], 88)?;
    same("second", &said[1]["errno"], 88)?;
    ensure(said[2]["errno"] != 88, || "neither, and refused".into())
}

fn errno_of_zero_makes_the_call_succeed(t: &Trial<'_>) -> Verdict {
    let rule = json!({"names": ["sethostname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0});
    let said = t.see(&ruled(t, rule)?.probe("sethostname changed , report"))?;
    same("errno", &said[0]["errno"], json!(null))?;
    same("hostname", &said[1]["hostname"], "conformance")
}
