//! What several rules compare is compared once: large profiles fit in what the kernel takes where libseccomp's do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod seccomp_support;

use orlop::bundle::Seccomp;
use orlop::seccomp::{Native, Program, compile};
use seccomp_support::interpreter::{self, run};
use seccomp_support::random::{Random, calls};
use seccomp_support::{corpus, libseccomp, model, profile};
use serde_json::{Value, json};

/// A profile of many rules for `ioctl`, for three architectures; each rule's conditions are `index, op, value` and the
/// mask's datum.
fn many(count: u64, conditions: impl Fn(u64) -> Vec<(u64, &'static str, u64, u64)>) -> Seccomp {
    let rule = |number| {
        let args: Vec<Value> = conditions(number)
            .into_iter()
            .map(|(index, op, value, two)| {
                json!({"index": index, "op": format!("SCMP_CMP_{op}"), "value": value, "valueTwo": two})
            })
            .collect();
        json!({"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": args})
    };
    let rules: Vec<Value> = (0..count).map(rule).collect();
    let whole = json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": rules,
    });
    profile(&whole.to_string())
}

fn compiled(profile: &Seccomp, what: &str) -> Program {
    compile(profile, Native::X86_64).unwrap_or_else(|problems| panic!("{what}: {problems:?}"))
}

/// Profiles that libseccomp gets into 4,096 instructions, with a word for each.
fn large_profiles() -> Vec<(&'static str, Seccomp)> {
    let mixed = |number: u64| number.wrapping_mul(0x9e37_79b9) & 0xffff_ffff;
    vec![
        (
            "two arguments",
            many(400, |n| vec![(0, "EQ", n, 0), (1, "EQ", mixed(n), 0)]),
        ),
        (
            "the second first",
            many(400, |n| vec![(3, "EQ", mixed(n), 0), (1, "EQ", n, 0)]),
        ),
        (
            "one first argument",
            many(400, |n| vec![(0, "EQ", 7, 0), (1, "EQ", n, 0)]),
        ),
        (
            "few first arguments in turns",
            many(400, |n| vec![(0, "EQ", n % 7, 0), (1, "EQ", n, 0)]),
        ),
        (
            "few second arguments",
            many(400, |n| vec![(0, "EQ", n, 0), (1, "EQ", n % 7, 0)]),
        ),
        (
            "three arguments",
            many(300, |n| {
                vec![(0, "EQ", n % 5, 0), (1, "EQ", n, 0), (2, "EQ", mixed(n), 0)]
            }),
        ),
        (
            "wide numbers",
            many(200, |n| vec![(0, "EQ", n << 32, 0), (1, "EQ", mixed(n) << 8, 0)]),
        ),
        (
            "masks",
            many(400, |n| vec![(0, "MASKED_EQ", 0xff00, n << 8), (1, "EQ", n, 0)]),
        ),
        (
            "one mask",
            many(400, |n| vec![(1, "EQ", n, 0), (0, "MASKED_EQ", 0xff, 3)]),
        ),
        (
            "above and equal",
            many(300, |n| vec![(0, "GT", 100, 0), (1, "EQ", n, 0)]),
        ),
        (
            "equal and above",
            many(300, |n| vec![(0, "EQ", n, 0), (1, "GE", mixed(n), 0)]),
        ),
        ("one argument above", many(400, |n| vec![(0, "GT", mixed(n), 0)])),
        ("one argument", many(1000, |n| vec![(2, "EQ", n, 0)])),
    ]
}

#[test]
fn large_profiles_fit_where_those_of_libseccomp_do() {
    for (what, profile) in large_profiles() {
        let ours = compiled(&profile, what).instructions;
        let theirs = libseccomp::compile(&profile, Native::X86_64).unwrap();
        println!("{what}: {} instructions, libseccomp {}", ours.len(), theirs.len());
        assert_eq!(
            interpreter::validate(&ours),
            0,
            "{what}: instructions that nothing reaches"
        );
        // What brings a far target near costs us some instructions more.
        let bound = theirs.len() + theirs.len() / 64;
        assert!(
            ours.len() <= bound,
            "{what}: {} instructions, libseccomp {}",
            ours.len(),
            theirs.len()
        );
    }
}

#[test]
fn large_profiles_do_as_the_model_says() {
    for (what, profile) in large_profiles() {
        let ours = compiled(&profile, what).instructions;
        let mut random = Random::new(7_000_000);
        let mut cases = 0;
        calls(&mut random, &profile, Native::X86_64, 300, |abi, call| {
            let expected = model::evaluate(&profile, Native::X86_64, call);
            assert_eq!(run(&ours, call).value, expected, "{what}: {abi:?} {call:x?}");
            cases += 1;
        });
        // A rule's own arguments: what is drawn at random rarely has two that belong together.
        for rule in profile.syscalls.iter() {
            for (abi, number) in [(0xc000_003e, 16), (0x4000_0003, 54), (0xc000_003e, 0x4000_0202)] {
                for change in 0..6 {
                    let mut args = [0; 6];
                    for (at, arg) in rule.args.iter().enumerate() {
                        let index = usize::try_from(arg.index.get()).unwrap();
                        args[index] = arg.value_two.filter(|two| *two != 0).unwrap_or(arg.value);
                        args[index] = match change {
                            1 if at == 0 => args[index].wrapping_add(1),
                            2 if at == 1 => args[index].wrapping_add(1),
                            3 if at == 0 => args[index] ^ (1 << 40),
                            4 if at == 1 => args[index] ^ (1 << 40),
                            5 => args[index].wrapping_sub(1),
                            _ => args[index],
                        };
                    }
                    let call = interpreter::Call {
                        arch: abi,
                        number,
                        args,
                    };
                    let expected = model::evaluate(&profile, Native::X86_64, &call);
                    assert_eq!(run(&ours, &call).value, expected, "{what}: {call:x?}");
                    cases += 1;
                }
            }
        }
        println!("{what}: {cases} cases");
    }
}

#[test]
fn engines_profiles_stay_short() {
    let lengths: Vec<(String, usize)> = corpus()
        .into_iter()
        .map(|(name, profile)| {
            let length = compiled(&profile, &name).instructions.len();
            (name, length)
        })
        .collect();
    println!("{lengths:?}");
    for (name, length) in &lengths {
        assert!(*length <= 251, "{name}: {length} instructions");
    }
}
