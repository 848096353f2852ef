//! What a profile means, and which are refused: one sentence of the documentation at a time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod seccomp_support;

use orlop::bundle::Seccomp;
use orlop::seccomp::{Native, Program, compile};
use orlop::{Problem, Severity};
use seccomp_support::interpreter::{Call, run};
use seccomp_support::numbers::Abi;
use seccomp_support::{ALLOW, KILL_THREAD, errno, profile, program, verdict};

const EPERM: u32 = errno(1);
const ENOSYS: u32 = errno(38);
const NONE: [u64; 6] = [0; 6];

fn x86_64(json: &str) -> Program {
    program(&profile(json), Native::X86_64)
}

fn on(program: &Program, name: &str, args: &[u64]) -> u32 {
    let mut all = NONE;
    all[..args.len()].copy_from_slice(args);
    verdict(program, Abi::X86_64, Abi::X86_64.number(name).unwrap(), all)
}

fn problems(json: &str) -> Vec<Problem> {
    compile(&profile(json), Native::X86_64).expect_err("is refused").into()
}

fn only_problem(json: &str) -> String {
    let problems = problems(json);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].severity, Severity::Error);
    problems[0].to_string()
}

#[test]
fn each_action_becomes_the_kernels_value() {
    for (action, errno_ret, value) in [
        ("SCMP_ACT_KILL", "", 0),
        ("SCMP_ACT_KILL_THREAD", "", 0),
        ("SCMP_ACT_KILL_PROCESS", "", 0x8000_0000),
        ("SCMP_ACT_TRAP", "", 0x0003_0000),
        ("SCMP_ACT_ERRNO", "", 0x0005_0001),
        ("SCMP_ACT_ERRNO", r#","errnoRet":0"#, 0x0005_0000),
        ("SCMP_ACT_ERRNO", r#","errnoRet":4095"#, 0x0005_0fff),
        ("SCMP_ACT_TRACE", "", 0x7ff0_0001),
        ("SCMP_ACT_TRACE", r#","errnoRet":65535"#, 0x7ff0_ffff),
        ("SCMP_ACT_LOG", "", 0x7ffc_0000),
        ("SCMP_ACT_NOTIFY", "", 0x7fc0_0000),
    ] {
        let program = x86_64(&format!(
            r#"{{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/agent",
                "syscalls":[{{"names":["mkdir"],"action":"{action}"{errno_ret}}}]}}"#
        ));
        assert_eq!(on(&program, "mkdir", &[]), value);
        assert_eq!(on(&program, "rmdir", &[]), ALLOW);
        assert_eq!(program.needs_listener, action == "SCMP_ACT_NOTIFY");
    }
}

#[test]
fn the_default_action_has_its_errno() {
    let program = x86_64(
        r#"{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":5,"syscalls":[{"names":["read","rmdir"],"action":"SCMP_ACT_ALLOW"}]}"#,
    );
    assert_eq!(on(&program, "mkdir", &[]), errno(5));
}

#[test]
fn calls_newer_than_the_profile_do_not_exist() {
    let json = r#"{"defaultAction":"DEFAULT","architectures":["SCMP_ARCH_X32","SCMP_ARCH_X86"],
        "syscalls":[{"names":["read","openat2"],"action":"SCMP_ACT_KILL_PROCESS"}]}"#;
    for refusing in ["SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_TRAP"] {
        let program = x86_64(&json.replace("DEFAULT", refusing));
        for abi in [Abi::X86_64, Abi::X32, Abi::X86] {
            assert_ne!(
                verdict(&program, abi, 436, NONE),
                ENOSYS,
                "close_range is older than openat2"
            );
            assert_eq!(verdict(&program, abi, 438, NONE), ENOSYS);
            assert_eq!(verdict(&program, abi, 0x3fff_ffff, NONE), ENOSYS);
        }
    }
    for permitting in ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"] {
        assert_ne!(
            verdict(&x86_64(&json.replace("DEFAULT", permitting)), Abi::X86_64, 438, NONE),
            ENOSYS
        );
    }
}

#[test]
fn a_profile_that_names_no_call_knows_none_that_is_newer() {
    for rules in ["[]", r#"[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]"#] {
        let program = x86_64(&format!(r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":{rules}}}"#));
        assert_eq!(verdict(&program, Abi::X86_64, 900, NONE), EPERM);
    }
    let nothing = x86_64(r#"{"defaultAction":"SCMP_ACT_KILL"}"#);
    assert_eq!(verdict(&nothing, Abi::X86_64, 0, NONE), KILL_THREAD);
}

#[test]
fn architectures_that_are_not_listed_kill() {
    let program =
        x86_64(r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]}"#);
    assert_eq!(verdict(&program, Abi::X86_64, 1, NONE), ALLOW);
    assert_eq!(verdict(&program, Abi::X32, 1, NONE), KILL_THREAD);
    assert_eq!(verdict(&program, Abi::X86, 1, NONE), KILL_THREAD);
    assert_eq!(verdict(&program, Abi::Aarch64, 1, NONE), KILL_THREAD);
    assert_eq!(
        verdict(&program, Abi::X86_64, u32::MAX, NONE),
        ALLOW,
        "a tracer's -1 is no call of x32"
    );
}

#[test]
fn the_machines_own_calls_are_filtered_though_the_profile_lists_others() {
    for architectures in [
        "[]",
        "null",
        r#"["SCMP_ARCH_X86"]"#,
        r#"["SCMP_ARCH_S390X"]"#,
        r#"["SCMP_ARCH_NATIVE"]"#,
    ] {
        let program = x86_64(&format!(
            r#"{{"defaultAction":"SCMP_ACT_ALLOW","architectures":{architectures},
                "syscalls":[{{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}}]}}"#
        ));
        assert_eq!(on(&program, "mkdir", &[]), EPERM);
        assert_eq!(on(&program, "rmdir", &[]), ALLOW);
    }
}

#[test]
fn aarch64_and_arm_are_in_one_program() {
    let profile = profile(
        r#"{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_ARM"],
            "syscalls":[{"names":["openat","cacheflush","clone3"],"action":"SCMP_ACT_ALLOW"}]}"#,
    );
    let program = program(&profile, Native::Aarch64);
    assert_eq!(verdict(&program, Abi::Aarch64, 56, NONE), ALLOW);
    assert_eq!(verdict(&program, Abi::Aarch64, 57, NONE), EPERM);
    assert_eq!(verdict(&program, Abi::Arm, 322, NONE), ALLOW);
    assert_eq!(
        verdict(&program, Abi::Arm, 0x0f_0002, NONE),
        ALLOW,
        "cacheflush is a private call of arm"
    );
    assert_eq!(verdict(&program, Abi::Arm, 0x0f_0001, NONE), EPERM);
    assert_eq!(
        verdict(&program, Abi::Arm, 436, NONE),
        ENOSYS,
        "though private calls have higher numbers"
    );
    assert_eq!(verdict(&program, Abi::X86_64, 1, NONE), KILL_THREAD);
}

#[test]
fn rules_without_args_override_those_with_and_the_first_one_counts() {
    let program = x86_64(
        r#"{"defaultAction":"SCMP_ACT_KILL","syscalls":[
            {"names":["clone"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},
            {"names":["clone"],"action":"SCMP_ACT_ALLOW"},
            {"names":["clone"],"action":"SCMP_ACT_TRAP"},
            {"names":["clone"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]}]}"#,
    );
    for argument in 0..4 {
        assert_eq!(on(&program, "clone", &[argument]), ALLOW);
    }
    let told: Vec<String> = program
        .warnings
        .iter()
        .map(|warning| warning.path.to_string())
        .collect();
    let syscalls = |number| format!("linux.seccomp.syscalls[{number}].names[0]");
    assert_eq!(told, [syscalls(1), syscalls(2), syscalls(3)], "{:?}", program.warnings);
}

#[test]
fn of_rules_with_args_the_first_that_matches_decides() {
    let program = x86_64(
        r#"{"defaultAction":"SCMP_ACT_KILL","syscalls":[
            {"names":["clone"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":10,"op":"SCMP_CMP_LT"}]},
            {"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":20,"op":"SCMP_CMP_LT"}]}]}"#,
    );
    assert_eq!(
        [9, 10, 19, 20].map(|argument| on(&program, "clone", &[argument])),
        [EPERM, ALLOW, ALLOW, KILL_THREAD]
    );
    assert!(program.warnings.is_empty());
}

#[test]
fn a_rule_with_the_default_action_is_dropped_and_the_user_told() {
    let program = x86_64(
        r#"{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
            {"names":["mount","clone"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},
            {"names":["clone"],"action":"SCMP_ACT_ALLOW"}]}"#,
    );
    assert_eq!(on(&program, "clone", &[1]), ALLOW);
    let [warning] = &program.warnings[..] else {
        panic!("{:?}", program.warnings)
    };
    assert_eq!(
        warning.to_string(),
        "linux.seccomp.syscalls[0].names[1]: ignored: the action is the default one, and another rule decides about clone"
    );
}

#[test]
fn args_must_all_match_unless_two_are_on_the_same_argument() {
    let rule = |args: &str| {
        x86_64(&format!(
            r#"{{"defaultAction":"SCMP_ACT_KILL","syscalls":[{{"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[{args}]}}]}}"#
        ))
    };
    let both = rule(r#"{"index":0,"value":1,"op":"SCMP_CMP_EQ"},{"index":1,"value":2,"op":"SCMP_CMP_EQ"}"#);
    assert_eq!(
        [[1, 2], [1, 3], [0, 2]].map(|args| on(&both, "clone", &args)),
        [ALLOW, KILL_THREAD, KILL_THREAD]
    );
    let either = rule(
        r#"{"index":0,"value":1,"op":"SCMP_CMP_EQ"},{"index":0,"value":2,"op":"SCMP_CMP_EQ"},{"index":1,"value":7,"op":"SCMP_CMP_EQ"}"#,
    );
    assert_eq!(
        [[1, 0], [2, 0], [0, 7], [3, 8]].map(|args| on(&either, "clone", &args)),
        [ALLOW, ALLOW, ALLOW, KILL_THREAD]
    );
}

#[test]
fn arguments_have_64_bits_on_x86_64_and_32_on_x86_and_x32() {
    let program = x86_64(
        r#"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"],"syscalls":[
            {"names":["personality"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":18446744073709551615,"op":"SCMP_CMP_EQ"}]}]}"#,
    );
    let on = |abi: Abi, argument| {
        verdict(
            &program,
            abi,
            abi.number("personality").unwrap(),
            [argument, 0, 0, 0, 0, 0],
        )
    };
    assert_eq!(
        [on(Abi::X86_64, u64::MAX), on(Abi::X86_64, 0xffff_ffff)],
        [EPERM, ALLOW]
    );
    assert_eq!([on(Abi::X86, 0xffff_ffff), on(Abi::X32, 0xffff_ffff)], [EPERM, EPERM]);
}

#[test]
fn calls_within_socketcall_and_ipc_have_the_rules_of_their_names() {
    let program = x86_64(
        r#"{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86"],"syscalls":[
            {"names":["connect","accept","shmat","openat2"],"action":"SCMP_ACT_ALLOW"},
            {"names":["socket"],"action":"SCMP_ACT_TRAP","args":[{"index":1,"value":3,"op":"SCMP_CMP_EQ"}]},
            {"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":40,"op":"SCMP_CMP_NE"}]}]}"#,
    );
    let socketcall = |number| verdict(&program, Abi::X86, 102, [number, 9, 9, 9, 9, 9]);
    assert_eq!(
        [socketcall(3), socketcall(5), socketcall(2), socketcall(0)],
        [ALLOW, ALLOW, EPERM, EPERM]
    );
    assert_eq!(
        socketcall(1),
        ALLOW,
        "its arguments are out of sight, so the most permissive rule counts"
    );
    let ipc = |number| verdict(&program, Abi::X86, 117, [number, 9, 9, 9, 9, 9]);
    assert_eq!(
        [ipc(21), ipc(22), ipc(0x1_0015)],
        [ALLOW, EPERM, ALLOW],
        "a version in the upper half changes nothing"
    );
    assert_eq!(
        verdict(&program, Abi::X86, 359, [40, 3, 0, 0, 0, 0]),
        0x0003_0000,
        "socket itself has its arguments"
    );
}

#[test]
fn a_rule_for_socketcall_itself_overrides_those_for_the_calls_within() {
    let program = x86_64(
        r#"{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86"],"syscalls":[
            {"names":["connect"],"action":"SCMP_ACT_TRAP"},
            {"names":["socketcall","openat2"],"action":"SCMP_ACT_ALLOW"}]}"#,
    );
    assert_eq!(verdict(&program, Abi::X86, 102, [3, 0, 0, 0, 0, 0]), ALLOW);
}

#[test]
fn unknown_names_are_ignored_with_a_warning_and_those_of_other_architectures_without() {
    let program = x86_64(
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
            {"names":["s390_pci_mmio_read","mkdir","frobnicate"],"action":"SCMP_ACT_ERRNO"}]}"#,
    );
    assert_eq!(on(&program, "mkdir", &[]), EPERM);
    let [warning] = &program.warnings[..] else {
        panic!("{:?}", program.warnings)
    };
    assert_eq!(warning.severity, Severity::Warning);
    assert_eq!(
        warning.to_string(),
        r#"linux.seccomp.syscalls[0].names[2]: ignored: no system call is named "frobnicate""#
    );
}

#[test]
fn flags_are_those_of_the_kernel() {
    let flags = |flags: &str, action: &str| {
        x86_64(&format!(
            r#"{{"defaultAction":"SCMP_ACT_ALLOW","flags":[{flags}],"listenerPath":"/run/agent",
                "syscalls":[{{"names":["mkdir"],"action":"{action}"}}]}}"#
        ))
        .flags
    };
    assert_eq!(flags("", "SCMP_ACT_ERRNO"), 0);
    let all = r#""SECCOMP_FILTER_FLAG_TSYNC","SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_SPEC_ALLOW""#;
    assert_eq!(flags(all, "SCMP_ACT_ERRNO"), 0b111);
    let wait = format!(r#"{all},"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV""#);
    assert_eq!(
        flags(&wait, "SCMP_ACT_NOTIFY"),
        0b10_1110,
        "with a listener the kernel takes no TSYNC"
    );
}

#[test]
fn what_the_spec_forbids_is_refused_with_its_path() {
    let rule = |rule: &str| {
        only_problem(&format!(
            r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{{"names":["mkdir"],"action":"SCMP_ACT_ALLOW"}},{rule}]}}"#
        ))
    };
    assert_eq!(
        rule(r#"{"names":["rmdir"],"action":"SCMP_ACT_ALLOW","errnoRet":1}"#),
        "linux.seccomp.syscalls[1].errnoRet: SCMP_ACT_ALLOW takes no errno"
    );
    assert_eq!(
        rule(r#"{"names":["rmdir"],"action":"SCMP_ACT_ERRNO","errnoRet":4096}"#),
        "linux.seccomp.syscalls[1].errnoRet: 4096 is too large: at most 4095 for SCMP_ACT_ERRNO"
    );
    assert_eq!(
        rule(r#"{"names":[],"action":"SCMP_ACT_ALLOW"}"#),
        "linux.seccomp.syscalls[1].names: at least one name is needed"
    );
    assert_eq!(
        rule(r#"{"names":null,"action":"SCMP_ACT_ALLOW"}"#),
        "linux.seccomp.syscalls[1].names: at least one name is needed"
    );
    assert_eq!(
        rule(r#"{"names":[""],"action":"SCMP_ACT_ALLOW"}"#),
        "linux.seccomp.syscalls[1].names[0]: a system call's name cannot be empty"
    );
    assert_eq!(
        rule(r#"{"names":["rmdir"],"action":"SCMP_ACT_NOTIFY"}"#),
        "linux.seccomp.syscalls[1].action: SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath"
    );
    assert_eq!(
        only_problem(r#"{"defaultAction":"SCMP_ACT_KILL","defaultErrnoRet":1}"#),
        "linux.seccomp.defaultErrnoRet: SCMP_ACT_KILL takes no errno"
    );
    assert_eq!(
        only_problem(r#"{"defaultAction":"SCMP_ACT_ALLOW","listenerMetadata":"x"}"#),
        "linux.seccomp.listenerMetadata: cannot be set without linux.seccomp.listenerPath"
    );
}

#[test]
fn what_could_not_work_is_refused_with_its_path() {
    assert_eq!(
        only_problem(
            r#"{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/agent",
                "syscalls":[{"names":["read","write"],"action":"SCMP_ACT_NOTIFY"}]}"#
        ),
        "linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY cannot be used for the write syscall"
    );
    assert_eq!(
        problems(r#"{"defaultAction":"SCMP_ACT_NOTIFY","listenerPath":"/run/agent"}"#)[0].to_string(),
        "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action"
    );
    assert_eq!(
        only_problem(r#"{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}"#),
        "linux.seccomp.flags[0]: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs a rule with SCMP_ACT_NOTIFY"
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let faults = problems(
        r#"{"defaultAction":"SCMP_ACT_KILL","defaultErrnoRet":1,"syscalls":[
            {"names":[],"action":"SCMP_ACT_ALLOW","errnoRet":1},{"names":["frobnicate"],"action":"SCMP_ACT_TRAP"}]}"#,
    );
    assert_eq!(faults.len(), 4, "{faults:?}");
}

#[test]
fn unknown_words_and_wrong_numbers_do_not_parse() {
    for (json, word) in [
        (r#"{"defaultAction":"SCMP_ACT_FOO"}"#, "SCMP_ACT_FOO"),
        (r#"{}"#, "defaultAction"),
        (
            r#"{"defaultAction":"SCMP_ACT_KILL","architectures":["SCMP_ARCH_Z80"]}"#,
            "SCMP_ARCH_Z80",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_KILL","flags":["SECCOMP_FILTER_FLAG_NEW_LISTENER"]}"#,
            "NEW_LISTENER",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["read"]}]}"#,
            "action",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":6,"value":0,"op":"SCMP_CMP_EQ"}]}]}"#,
            "6",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":-1,"value":0,"op":"SCMP_CMP_EQ"}]}]}"#,
            "-1",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":0,"value":0,"op":"SCMP_CMP_XX"}]}]}"#,
            "SCMP_CMP_XX",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":0,"op":"SCMP_CMP_EQ"}]}]}"#,
            "value",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":0,"value":-1,"op":"SCMP_CMP_EQ"}]}]}"#,
            "-1",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":0,"value":1.5,"op":"SCMP_CMP_EQ"}]}]}"#,
            "1.5",
        ),
    ] {
        let error = serde_json::from_str::<Seccomp>(json).expect_err(json).to_string();
        assert!(error.contains(word) && error.len() < 200, "{json}: {error}");
    }
    let nulls = profile(
        r#"{"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":null,"architectures":null,"flags":null,"listenerPath":null,"listenerMetadata":null,
            "syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","errnoRet":null,"args":null}]}"#,
    );
    assert_eq!(on(&program(&nulls, Native::X86_64), "mkdir", &[]), EPERM);
}

#[test]
fn a_program_that_the_kernel_would_not_take_is_refused() {
    let rules = |count: usize| {
        let rule = |value| {
            format!(
                r#"{{"names":["ioctl"],"action":"SCMP_ACT_ERRNO","errnoRet":2,"args":[{{"index":0,"value":{value},"op":"SCMP_CMP_GT"}}]}}"#
            )
        };
        let rules: Vec<String> = (0..count).map(rule).collect();
        profile(&format!(
            r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{}]}}"#,
            rules.join(",")
        ))
    };
    let long = program(&rules(4000), Native::X86_64);
    assert!(long.instructions.len() > 4000);
    for count in [4100, 40_000] {
        let problem = compile(&rules(count), Native::X86_64)
            .expect_err("is refused")
            .into_warnings()
            .unwrap_err();
        assert_eq!(problem.path.as_str(), "linux.seccomp.syscalls");
    }
}

#[test]
fn the_bytes_are_those_of_sock_filter() {
    let program =
        x86_64(r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]}"#);
    let bytes = program.to_bytes();
    assert_eq!(bytes.len(), 8 * program.instructions.len());
    for (bytes, instruction) in bytes.chunks_exact(8).zip(&program.instructions) {
        assert_eq!(bytes[..2], instruction.code.to_ne_bytes());
        assert_eq!(bytes[2..4], [instruction.jt, instruction.jf]);
        assert_eq!(bytes[4..], instruction.k.to_ne_bytes());
    }
}

#[test]
fn the_newest_calls_are_known() {
    let newest = [
        ("cachestat", 451),
        ("mseal", 462),
        ("setxattrat", 463),
        ("open_tree_attr", 467),
        ("file_setattr", 469),
        ("uretprobe", 335),
    ];
    for (name, number) in newest {
        let program = x86_64(&format!(
            r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{{"names":["{name}"],"action":"SCMP_ACT_ERRNO"}}]}}"#
        ));
        let refused: Vec<u32> = (0..600)
            .filter(|number| {
                run(
                    &program.instructions,
                    &Call {
                        arch: Abi::X86_64.audit(),
                        number: *number,
                        args: NONE,
                    },
                )
                .value
                    != ALLOW
            })
            .collect();
        assert_eq!(refused, [number], "{name}");
    }
}
