use crate::assert_is_a_sentence;
use crate::interpreter::{Call, run, validate};
use orlop::bundle::Seccomp;
use orlop::seccomp::{Native, Program, compile};
use serde_json::Value;

/// A profile, or a `config.json` with one: a program that the kernel would take and that ends for every call, or
/// errors with their places.
pub fn seccomp(input: &[u8]) {
    let Ok(mut document) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    let profile = document
        .pointer_mut("/linux/seccomp")
        .map(Value::take)
        .unwrap_or(document);
    let Ok(profile) = serde_json::from_value::<Seccomp>(profile) else {
        return;
    };
    for native in [Native::X86_64, Native::Aarch64, Native::Riscv64] {
        match compile(&profile, native) {
            Ok(program) => check(&program),
            Err(problems) => {
                assert!(!problems.all().is_empty(), "refused, and no reason");
                for problem in problems.all() {
                    assert!(!problem.path.as_str().is_empty(), "{problem}: no place in the config");
                    assert_is_a_sentence(&problem.to_string());
                }
            }
        }
    }
}

fn check(program: &Program) {
    validate(&program.instructions);
    assert_eq!(program.to_bytes().len(), program.instructions.len() * 8);
    for warning in &program.warnings {
        assert_is_a_sentence(&warning.to_string());
    }
    const MACHINES: [u32; 6] = [0xc000_003e, 0x4000_0003, 0xc000_00b7, 0x4000_0028, 0xc000_00f3, 0];
    const NUMBERS: [u32; 12] = [
        0,
        1,
        38,
        59,
        102,
        117,
        221,
        435,
        0x0f_0005,
        0x4000_0000,
        0x4000_020a,
        u32::MAX,
    ];
    const ARGUMENTS: [[u64; 6]; 3] = [[0; 6], [1, 2, 3, 4, 5, 6], [u64::MAX; 6]];
    for arch in MACHINES {
        for number in NUMBERS {
            for args in ARGUMENTS {
                let verdict = run(&program.instructions, &Call { arch, number, args }).value;
                assert!(is_action(verdict), "{verdict:#x} is no answer that seccomp knows");
                if arch == 0 {
                    assert_eq!(verdict, 0, "a machine that is none kills the thread");
                }
            }
        }
    }
}

/// Whether `linux/seccomp.h` has it: an action, and data for those that take some.
fn is_action(verdict: u32) -> bool {
    match verdict >> 16 {
        0x0005 => verdict & 0xffff < 4096,
        0x7ff0 => true,
        0x0000 | 0x8000 | 0x0003 | 0x7fc0 | 0x7ffc | 0x7fff => verdict & 0xffff == 0,
        _ => false,
    }
}
