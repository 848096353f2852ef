//! Compiles the init image: one call of `rustc` on `src/image/main.rs`, for the machine that the crate is built for.
//!
//! The image is a program of its own (`no_std`, static, without any start-up code), so it cannot be a module of this
//! crate, and a `cargo` inside of `cargo` would need a lock, a network and a second target folder.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let source = PathBuf::from("src/image/main.rs");
    println!("cargo::rerun-if-changed=src/image");
    for shared in ["src/linux.rs", "src/step", "src/wire"] {
        println!("cargo::rerun-if-changed={shared}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ORLOP_INIT_LINKER");

    let image = PathBuf::from(variable("OUT_DIR")).join("orlop-init");
    let mut reasons = String::new();
    for target in targets() {
        for linker in linkers() {
            match compile(&source, &image, &target, &linker) {
                Ok(()) => {
                    println!("cargo::rustc-env=ORLOP_INIT_IMAGE={}", image.display());
                    return;
                }
                Err(reason) => reasons.push_str(&reason),
            }
        }
    }
    println!(
        "cargo::error=the init image could not be compiled: {}",
        reasons.replace('\n', " | ")
    );
}

/// The image has no libc, so it is the same for musl and for glibc: the other one's `core` will do where this one's is
/// not among rustc's own libraries (cargo's `-Z build-std` compiles `core` where this script cannot see it).
fn targets() -> Vec<String> {
    let target = variable("TARGET").to_string_lossy().into_owned();
    match target.strip_suffix("-musl") {
        Some(machine) => vec![target.clone(), format!("{machine}-gnu")],
        None => vec![target],
    }
}

/// A way to link: the program, and the flavour of its command line.
struct Linker {
    program: OsString,
    flavor: &'static str,
}

/// The toolchain's own linker needs nothing of the system; the system's C compiler is there where the toolchain has
/// none.
fn linkers() -> Vec<Linker> {
    if let Some(program) = env::var_os("ORLOP_INIT_LINKER") {
        return vec![Linker {
            program,
            flavor: "ld.lld",
        }];
    }
    vec![
        Linker {
            program: "rust-lld".into(),
            flavor: "ld.lld",
        },
        Linker {
            program: env::var_os("CC").unwrap_or_else(|| "cc".into()),
            flavor: "gcc",
        },
    ]
}

fn compile(source: &Path, image: &Path, target: &str, linker: &Linker) -> Result<(), String> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc
        .arg(source)
        .args([
            "--crate-name",
            "orlop_init_image",
            "--crate-type",
            "bin",
            "--edition",
            "2024",
        ])
        .args(["--target", target])
        .args([
            "-C",
            "opt-level=s",
            "-C",
            "panic=abort",
            "-C",
            "lto=fat",
            "-C",
            "codegen-units=1",
            "-C",
            "strip=symbols",
        ])
        .args([
            "-C",
            "relocation-model=static",
            "-C",
            "target-feature=+crt-static",
            "-C",
            "default-linker-libraries=no",
        ])
        // One page for the headers and the code, aligned in the file as in memory, so that the kernel maps few pages.
        .args(["-C", "force-unwind-tables=no"])
        .arg("-C")
        .arg({
            let mut option = OsString::from("linker=");
            option.push(&linker.program);
            option
        })
        .args(["-C", &format!("linker-flavor={}", linker.flavor)]);
    if target.ends_with("-musl") {
        // Not rustc's own crt1.o and libc.a. (Other targets have none, and some refuse the option.)
        rustc.args(["-C", "link-self-contained=no"]);
    }
    let options: &[&str] = match linker.flavor {
        "gcc" => &[
            "-nostartfiles",
            "-nostdlib",
            "-static",
            "-no-pie",
            "-Wl,-z,noexecstack,-z,norelro,--build-id=none,--gc-sections,--no-eh-frame-hdr",
            "-Wl,-T,src/image/without_unwinding.ld",
        ],
        _ => &[
            "-static",
            "-znoexecstack",
            "-znorelro",
            "--build-id=none",
            "--gc-sections",
            "-zmax-page-size=4096",
            "--no-eh-frame-hdr",
            "-Tsrc/image/without_unwinding.ld",
        ],
    };
    for option in options {
        rustc.args(["-C", &format!("link-arg={option}")]);
    }
    rustc.arg("-o").arg(image);
    let output = rustc.output().map_err(|error| format!("{rustc:?}: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn variable(name: &str) -> OsString {
    env::var_os(name).unwrap_or_default()
}
