//! The table of system calls' numbers against libseccomp's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod seccomp_support;

use orlop::seccomp::Native;
use seccomp_support::numbers::Abi;
use seccomp_support::{ALLOW, errno, profile, program, verdict};
use std::collections::BTreeSet;

/// Where libseccomp 2.5.4 differs: the kernel's own `asm/unistd_x32.h` has a number for this call, libseccomp has
/// none.
const EXCEPTIONS: [(Abi, &str); 1] = [(Abi::X32, "map_shadow_stack")];

#[test]
fn numbers_are_those_of_libseccomp() {
    let mut differences = BTreeSet::new();
    let mut compared = 0;
    for native in [Native::X86_64, Native::Aarch64, Native::Riscv64] {
        let names: BTreeSet<&str> = Abi::of(native).iter().flat_map(|abi| abi.names()).collect();
        for name in names {
            let words: Vec<String> = Abi::of(native)
                .iter()
                .map(|abi| format!("{:?}", abi.word().as_str()))
                .collect();
            let refuses = program(
                &profile(&format!(
                    r#"{{"defaultAction":"SCMP_ACT_ALLOW","architectures":[{}],
                        "syscalls":[{{"names":[{name:?}],"action":"SCMP_ACT_ERRNO","errnoRet":7}}]}}"#,
                    words.join(",")
                )),
                native,
            );
            assert!(refuses.warnings.is_empty(), "{:?}", refuses.warnings);
            for abi in Abi::of(native) {
                let refused: Vec<u32> = (0..700)
                    .chain(0x0f_0000..0x0f_0010)
                    .map(|number| number | abi.mark())
                    .filter(|number| match verdict(&refuses, *abi, *number, [99; 6]) {
                        ALLOW => false,
                        value => value == errno(7) || panic!("{value:#x}"),
                    })
                    .collect();
                if refused != Vec::from_iter(abi.number(name)) && !EXCEPTIONS.contains(&(*abi, name)) {
                    differences.insert(format!(
                        "{abi:?} {name}: {refused:?}, libseccomp {:?}",
                        abi.number(name)
                    ));
                }
                compared += 1;
            }
        }
    }
    println!("{compared} pairs of name and architecture compared");
    assert!(differences.is_empty(), "{differences:#?}");
}
