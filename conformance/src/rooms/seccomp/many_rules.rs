//! Profiles with so many rules that they only fit in what the kernel takes if what the rules share is compared once.

use serde_json::{Value, json};

use crate::failure::{Verdict, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(rules_of_two_arguments_on_one_call_and_three_architectures_fit),
    test!(rules_with_one_first_argument_fit),
    test!(
        rules_with_a_mask_and_a_number_fit,
        ("runc", "1.1", "makes a filter that the kernel refuses"),
        ("crun", "1.8", "makes a filter that the kernel refuses")
    ),
];

const CALL: i64 = libc::SYS_personality;
const RULES: u64 = 400;

/// The probe's calls under a profile that denies `personality` with errno 88 for the arguments of each rule.
fn denied(
    t: &Trial<'_>,
    args: impl Fn(u64) -> Value,
    calls: &[[u64; 2]],
) -> Result<Vec<bool>, crate::failure::Failure> {
    let rule =
        |number| json!({"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 88, "args": args(number)});
    let rules: Vec<Value> = (0..RULES).map(rule).collect();
    let profile = json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": rules,
    });
    let actions: Vec<String> = calls
        .iter()
        .map(|[first, second]| format!("syscall {CALL} {first} {second}"))
        .collect();
    let bundle = t.bundle()?.set("/linux/seccomp", profile).probe(&actions.join(" , "));
    Ok(t.see(&bundle)?.iter().map(|line| line["errno"] == 88).collect())
}

/// Numbers that differ, all far above the personalities that there are.
const fn second(number: u64) -> u64 {
    0x1000 + (number * 7919) % 65_537
}

fn rules_of_two_arguments_on_one_call_and_three_architectures_fit(t: &Trial<'_>) -> Verdict {
    let first = |number| 0x4000_0000 + number;
    let args = |number| {
        json!([
            {"index": 0, "value": first(number), "op": "SCMP_CMP_EQ"},
            {"index": 1, "value": second(number), "op": "SCMP_CMP_EQ"}
        ])
    };
    let wide = 1 << 40;
    let calls = [
        [first(0), second(0)],
        [first(399), second(399)],
        [first(200), second(200)],
        [first(200), second(201)],
        [first(400), second(399)],
        [first(7) + wide, second(7)],
        [first(7), second(7) + wide],
    ];
    let expected = vec![true, true, true, false, false, false, false];
    same("denied", &denied(t, args, &calls)?, expected)
}

fn rules_with_one_first_argument_fit(t: &Trial<'_>) -> Verdict {
    let args = |number| {
        json!([
            {"index": 1, "value": second(number), "op": "SCMP_CMP_EQ"},
            {"index": 0, "value": 0x4000_0000, "op": "SCMP_CMP_GE"}
        ])
    };
    let calls = [
        [0x4000_0000, second(0)],
        [0x5000_0000, second(399)],
        [0x3fff_ffff, second(399)],
        [0x4000_0000, 5],
    ];
    same("denied", &denied(t, args, &calls)?, vec![true, true, false, false])
}

fn rules_with_a_mask_and_a_number_fit(t: &Trial<'_>) -> Verdict {
    let args = |number: u64| {
        json!([
            {"index": 0, "value": 0xff_ff00, "valueTwo": number << 8, "op": "SCMP_CMP_MASKED_EQ"},
            {"index": 1, "value": second(number), "op": "SCMP_CMP_EQ"}
        ])
    };
    let calls = [
        [0x4000_0012, second(0)],
        [0x4000_0012 + (399 << 8), second(399)],
        [0x4000_0012 + (398 << 8), second(399)],
        [0x4000_0012 + (400 << 8), second(400)],
    ];
    same("denied", &denied(t, args, &calls)?, vec![true, true, false, false])
}
