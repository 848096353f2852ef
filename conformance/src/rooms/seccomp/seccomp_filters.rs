//! `linux.seccomp`: what a filter lets through and what not.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(filter_is_loaded),
    test!(denied_call_gets_eperm),
    test!(denied_call_gets_the_errno_of_its_rule),
    test!(default_errno_is_used),
    test!(
        unknown_call_newer_than_the_profile_gets_enosys,
        ("crun", "1.8", "gives the default action's errno")
    ),
    test!(argument_comparison_holds),
    test!(masked_comparison_holds),
    test!(all_comparisons_of_a_rule_must_hold),
    test!(killing_action_kills),
    test!(several_actions_in_one_profile_hold),
    test!(unknown_call_in_the_profile_is_no_error),
    test!(unknown_action_is_refused),
    test!(unknown_architecture_is_refused),
    test!(unknown_operator_is_refused, ("crun", "1.8", "does not name it")),
    test!(
        filter_without_no_new_privileges_works,
        ("runc", "1.1", "panics with empty capability sets")
    ),
    test!(allow_list_that_is_just_enough_works),
    test!(filter_also_holds_for_an_ordinary_user),
    test!(
        filter_that_allows_neither_execve_nor_words_is_named,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
];

const GETPID: i64 = libc::SYS_getpid;

fn filtered(bundle: Bundle, profile: Value) -> Bundle {
    bundle.set("/linux/seccomp", profile)
}

fn denying(rule: Value) -> Value {
    json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [rule]})
}

fn filter_is_loaded(t: &Trial<'_>) -> Verdict {
    let profile = denying(json!({"names": ["getppid"], "action": "SCMP_ACT_ERRNO"}));
    same(
        "Seccomp",
        &t.see_one(&filtered(t.bundle()?, profile))?["status"]["Seccomp"],
        "2",
    )
}

fn denied_call_gets_eperm(t: &Trial<'_>) -> Verdict {
    let profile = denying(json!({"names": ["getpid"], "action": "SCMP_ACT_ERRNO"}));
    let bundle = filtered(t.bundle()?, profile).probe(&format!("syscall {GETPID}"));
    same("errno", &t.see_one(&bundle)?["errno"], libc::EPERM)
}

fn denied_call_gets_the_errno_of_its_rule(t: &Trial<'_>) -> Verdict {
    let profile = denying(json!({"names": ["getpid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}));
    let bundle = filtered(t.bundle()?, profile).probe(&format!("syscall {GETPID}"));
    same("errno", &t.see_one(&bundle)?["errno"], 95)
}

/// Names of all that runtimes and the probe need, so that the default action shows on the rest.
pub(super) const ENOUGH: &[&str] = &[
    "access",
    "arch_prctl",
    "brk",
    "capget",
    "capset",
    "chdir",
    "clone",
    "clone3",
    "close",
    "close_range",
    "dup3",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fchdir",
    "fchown",
    "fcntl",
    "fstat",
    "fstatfs",
    "futex",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "gettid",
    "getuid",
    "ioctl",
    "keyctl",
    "lseek",
    "lstat",
    "madvise",
    "mmap",
    "mprotect",
    "munmap",
    "nanosleep",
    "clock_nanosleep",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pipe2",
    "poll",
    "ppoll",
    "prctl",
    "prlimit64",
    "pread64",
    "read",
    "readlink",
    "readlinkat",
    "recvfrom",
    "recvmsg",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "seccomp",
    "sendmsg",
    "sendto",
    "set_robust_list",
    "set_tid_address",
    "setgid",
    "setgroups",
    "setresgid",
    "setresuid",
    "setsid",
    "setuid",
    "sigaltstack",
    "socket",
    "stat",
    "statfs",
    "statx",
    "tgkill",
    "uname",
    "umask",
    "wait4",
    "waitid",
    "write",
    "writev",
];

fn allowing(extra: Value) -> Value {
    let mut profile = json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": ENOUGH, "action": "SCMP_ACT_ALLOW"}]
    });
    if let (Some(profile), Some(extra)) = (profile.as_object_mut(), extra.as_object()) {
        profile.extend(extra.clone());
    }
    profile
}

fn allow_list_that_is_just_enough_works(t: &Trial<'_>) -> Verdict {
    let bundle =
        filtered(t.bundle()?, allowing(json!({}))).probe(&format!("syscall {} , syscall {GETPID}", libc::SYS_sync));
    let said = t.see(&bundle)?;
    same("sync", &said[0]["errno"], libc::EPERM)?;
    same("getpid", &said[1]["value"], 1)
}

fn default_errno_is_used(t: &Trial<'_>) -> Verdict {
    let bundle = filtered(t.bundle()?, allowing(json!({"defaultErrnoRet": 77})));
    same(
        "errno",
        &t.see_one(&bundle.probe(&format!("syscall {}", libc::SYS_sync)))?["errno"],
        77,
    )
}

fn unknown_call_newer_than_the_profile_gets_enosys(t: &Trial<'_>) -> Verdict {
    let bundle = filtered(t.bundle()?, allowing(json!({}))).probe("syscall 9999");
    same("errno", &t.see_one(&bundle)?["errno"], libc::ENOSYS)
}

fn comparing(t: &Trial<'_>, args: Value, actions: &str) -> Result<Vec<Value>, Failure> {
    let rule = json!({"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 88, "args": args});
    t.see(&filtered(t.bundle()?, denying(rule)).probe(actions))
}

fn argument_comparison_holds(t: &Trial<'_>) -> Verdict {
    let call = libc::SYS_personality;
    for (operator, denied) in [
        ("SCMP_CMP_EQ", [false, true, false]),
        ("SCMP_CMP_NE", [true, false, true]),
        ("SCMP_CMP_LT", [true, false, false]),
        ("SCMP_CMP_LE", [true, true, false]),
        ("SCMP_CMP_GT", [false, false, true]),
        ("SCMP_CMP_GE", [false, true, true]),
    ] {
        // The number is beyond 32 bits; the kernel cuts it, the filter must not.
        let value = (1_u64 << 40) + 10;
        let args = json!([{"index": 0, "value": value, "op": operator}]);
        let actions = format!(
            "syscall {call} {} , syscall {call} {value} , syscall {call} {}",
            value - 1,
            value + 1
        );
        let seen = comparing(t, args, &actions)?;
        let hit = |index: usize| seen[index]["errno"] == 88;
        same(operator, &[hit(0), hit(1), hit(2)], denied)?;
    }
    Ok(())
}

fn masked_comparison_holds(t: &Trial<'_>) -> Verdict {
    let call = libc::SYS_personality;
    let args = json!([{"index": 0, "value": 0xf0, "valueTwo": 0x50, "op": "SCMP_CMP_MASKED_EQ"}]);
    let seen = comparing(
        t,
        args,
        &format!("syscall {call} {} , syscall {call} {}", 0x1050, 0x1060),
    )?;
    same("equal under the mask", &seen[0]["errno"], 88)?;
    ensure(seen[1]["errno"] != 88, || "unequal under the mask, and denied".into())
}

fn all_comparisons_of_a_rule_must_hold(t: &Trial<'_>) -> Verdict {
    let call = libc::SYS_personality;
    let args = json!([
        {"index": 0, "value": 7, "op": "SCMP_CMP_EQ"},
        {"index": 1, "value": 9, "op": "SCMP_CMP_EQ"}
    ]);
    let seen = comparing(t, args, &format!("syscall {call} 7 9 , syscall {call} 7 8"))?;
    same("both hold", &seen[0]["errno"], 88)?;
    ensure(seen[1]["errno"] != 88, || "one holds, and denied".into())
}

fn killing_action_kills(t: &Trial<'_>) -> Verdict {
    for action in ["SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL"] {
        let profile = denying(json!({"names": ["sync"], "action": action}));
        let bundle = filtered(t.bundle()?, profile).probe(&format!("syscall {}", libc::SYS_sync));
        same(action, &t.run(&bundle)?.code, 128 + libc::SIGSYS)?;
    }
    Ok(())
}

fn several_actions_in_one_profile_hold(t: &Trial<'_>) -> Verdict {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["sync"], "action": "SCMP_ACT_ERRNO", "errnoRet": 11},
        {"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 12},
        {"names": ["getsid"], "action": "SCMP_ACT_LOG"},
    ]});
    let actions = [libc::SYS_sync, libc::SYS_getpgid, libc::SYS_getsid].map(|call| format!("syscall {call}"));
    let said = t.see(&filtered(t.bundle()?, profile).probe(&actions.join(" , ")))?;
    same("first", &said[0]["errno"], 11)?;
    same("second", &said[1]["errno"], 12)?;
    same("third", &said[2]["errno"], json!(null))
}

fn unknown_call_in_the_profile_is_no_error(t: &Trial<'_>) -> Verdict {
    let profile = denying(json!({"names": ["no_such_call", "getpid"], "action": "SCMP_ACT_ERRNO"}));
    let bundle = filtered(t.bundle()?, profile).probe(&format!("syscall {GETPID}"));
    same("errno", &t.see_one(&bundle)?["errno"], libc::EPERM)
}

fn unknown_action_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &filtered(
            t.bundle()?,
            denying(json!({"names": ["getpid"], "action": "SCMP_ACT_DANCE"})),
        ),
        &["SCMP_ACT_DANCE"],
    )
}

fn unknown_architecture_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = filtered(t.bundle()?, allowing(json!({"architectures": ["SCMP_ARCH_PDP11"]})));
    t.refused(&bundle, &["PDP11"])
}

fn unknown_operator_is_refused(t: &Trial<'_>) -> Verdict {
    let rule = json!({"names": ["getpid"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_ISH"}]});
    t.refused(&filtered(t.bundle()?, denying(rule)), &["SCMP_CMP_ISH"])
}

fn filter_without_no_new_privileges_works(t: &Trial<'_>) -> Verdict {
    let profile = denying(json!({"names": ["getppid"], "action": "SCMP_ACT_ERRNO"}));
    for capabilities in [&["CAP_KILL"] as &[&str], &[]] {
        let bundle = filtered(t.bundle()?, profile.clone()).set("/process/noNewPrivileges", json!(false));
        let report = t.see_one(&bundle.capabilities(capabilities))?;
        same("Seccomp", &report["status"]["Seccomp"], "2")?;
        same("no_new_privs", &report["no_new_privs"], 0)?;
    }
    Ok(())
}

fn filter_also_holds_for_an_ordinary_user(t: &Trial<'_>) -> Verdict {
    let profile = denying(json!({"names": ["getppid"], "action": "SCMP_ACT_ERRNO"}));
    let report = t.see_one(&filtered(t.bundle()?, profile).user(1000, 1000))?;
    same("Seccomp", &report["status"]["Seccomp"], "2")?;
    same("CapEff", &report["status"]["CapEff"], "0000000000000000")
}

fn filter_that_allows_neither_execve_nor_words_is_named(t: &Trial<'_>) -> Verdict {
    for names in [json!(["nanosleep"]), json!(["exit_group"])] {
        let profile =
            json!({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"}]});
        t.refused(&t.bundle()?.set("/linux/seccomp", profile), &["linux.seccomp"])?;
    }
    Ok(())
}
