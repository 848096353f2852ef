//! Without a Rust that is new enough, `make` and `test.sh` say which one is needed and how to get it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with the programs that every machine has, and with those of these names and versions that a test makes up.
struct Programs(PathBuf);

impl Programs {
    fn new(test: &str, made_up: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("orlop-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        for name in ["sh", "make", "cat", "dirname", "sed", "git", "id"] {
            let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(name));
            let there = found.iter().find(|path| path.exists());
            symlink(
                there.unwrap_or_else(|| panic!("{name} is not installed")),
                folder.join(name),
            )
            .unwrap();
        }
        for (name, version) in made_up {
            let program = folder.join(name);
            fs::write(&program, format!("#!/bin/sh\necho '{version}'\n")).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(folder)
    }

    /// Runs a command in the project's folder: whether it succeeds, and all that it prints.
    fn run(&self, words: &[&str]) -> (bool, String) {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let run = Command::new(words[0])
            .args(&words[1..])
            .current_dir(project)
            .env_clear()
            .env("PATH", &self.0)
            .output()
            .unwrap();
        let said = [run.stdout, run.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (run.status.success(), said.concat())
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// It fails, says these words and how to get Rust, and shows no error of another program.
fn assert_told(told: (bool, String), words: &str) {
    let (succeeded, said) = told;
    assert!(!succeeded, "{said}");
    let needed = format!("orlop needs Rust {} or newer", env!("CARGO_PKG_RUST_VERSION"));
    for part in [&needed, words, "rustup", "apt-get install cargo-web rustc-web"] {
        assert!(said.contains(part), "{part:?} is missing: {said}");
    }
    for part in ["not found", "error:", "No such file"] {
        assert!(!said.contains(part), "{part:?} is there: {said}");
    }
}

#[test]
fn without_cargo_make_tells_how_to_get_it() {
    let programs = Programs::new("no-cargo", &[]);
    for target in ["build", "try"] {
        assert_told(programs.run(&["make", target]), "there is no cargo");
    }
    assert_told(programs.run(&["./test.sh", "lints"]), "there is no cargo");
    assert!(programs.run(&["./test.sh", "--help"]).0);
}

#[test]
fn with_a_cargo_or_rustc_that_is_too_old_make_names_it() {
    for (number, cargo, rustc, words) in [
        (0, "cargo 1.65.0", "rustc 1.63.0", "this cargo is 1.65.0"),
        (
            1,
            "cargo 1.94.1 (abc 2026-02-01)",
            "rustc 1.94.1",
            "this cargo is 1.94.1",
        ),
        (2, "cargo 0.66.0", "rustc 1.99.0", "this cargo is 0.66.0"),
        (
            3,
            "cargo 1.99.0",
            "rustc 1.63.0 (built from a source tarball)",
            "this rustc is 1.63.0",
        ),
    ] {
        let programs = Programs::new(&format!("old-{number}"), &[("cargo", cargo), ("rustc", rustc)]);
        assert_told(programs.run(&["make"]), words);
        assert_told(programs.run(&["./test.sh", "lints"]), words);
    }
}

#[test]
fn a_cargo_that_does_not_work_says_why_itself() {
    let programs = Programs::new("broken", &[]);
    let cargo = programs.0.join("cargo");
    fs::write(
        &cargo,
        "#!/bin/sh\necho 'rustup could not choose a version' >&2\nexit 1\n",
    )
    .unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    assert_told(
        programs.run(&["make"]),
        "cargo does not work: rustup could not choose a version",
    );
}

#[test]
fn versions_that_are_new_enough_are_taken() {
    for (number, version) in ["1.95.0", "1.96.0-nightly (abc 2026-05-01)", "1.100.0", "2.0.0"]
        .iter()
        .enumerate()
    {
        let made_up = [
            ("cargo", format!("cargo {version}")),
            ("rustc", format!("rustc {version}")),
        ];
        let made_up = made_up.each_ref().map(|(name, version)| (*name, version.as_str()));
        let programs = Programs::new(&format!("new-{number}"), &made_up);
        let (succeeded, said) = programs.run(&["tools/check-rust.sh"]);
        assert!(succeeded && said.is_empty(), "{version}: {said}");
    }
}
