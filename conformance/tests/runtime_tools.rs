//! `conformance runtime-tools` from outside, on a suite of shell scripts and a runtime that is one, too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A script cannot be run while another test forks with the script still open: one test at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Its containers are files in `$FAKE_STATE`.
const FAKE_RUNTIME: &str = r#"#!/bin/sh
case "$1" in
--version) echo "fakerun 1.2.3" ;;
create) : >"$FAKE_STATE/$2" ;;
delete) rm "$FAKE_STATE/$3" ;;
list)
    [ "$3" = json ] || exit 1
    separator='['
    for state in "$FAKE_STATE"/*; do
        [ -e "$state" ] || continue
        printf '%s{"id":"%s"}' "$separator" "${state##*/}"
        separator=,
    done
    [ "$separator" = , ] && echo ']' || echo null
    ;;
esac
"#;

/// A suite in a folder of its own.
struct Suite {
    dir: PathBuf,
    /// An argument that only processes of this suite have.
    mark: String,
    _turn: MutexGuard<'static, ()>,
}

impl Suite {
    fn new(name: &str) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("state")).unwrap();
        let suite = Self {
            dir,
            mark: format!("{}.{}", 900_000 + name.len(), std::process::id()),
            _turn: turn,
        };
        suite.script("fakerun", FAKE_RUNTIME);
        suite.script("runtimetest", "#!/bin/sh\n");
        fs::write(suite.dir.join(archive()), "").unwrap();
        suite
    }

    fn script(&self, path: &str, text: &str) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text.replace("MARK", &self.mark)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A test program.
    fn test(&self, name: &str, text: &str) {
        self.script(&format!("validation/{name}/{name}.t"), &format!("#!/bin/sh\n{text}"));
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        command
            .arg("runtime-tools")
            .arg("--suite")
            .arg(&self.dir)
            .arg("--runtime")
            .arg(self.dir.join("fakerun"))
            .args(words)
            .env("FAKE_STATE", self.dir.join("state"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) -> Seen {
        Seen::new(self.command(words).output().unwrap())
    }

    /// How many processes have the mark.
    fn processes(&self) -> usize {
        let commands = fs::read_dir("/proc").unwrap().flatten();
        let commands = commands.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        commands
            .filter(|words| String::from_utf8_lossy(words).contains(&self.mark))
            .count()
    }

    fn containers(&self) -> usize {
        fs::read_dir(self.dir.join("state")).unwrap().count()
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// What a run of the harness said.
#[derive(Debug)]
struct Seen {
    well: bool,
    out: String,
    err: String,
}

impl Seen {
    fn new(output: Output) -> Self {
        Self {
            well: output.status.success(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The line of a file, without its time.
    fn line(&self, name: &str) -> &str {
        let start = format!("fakerun 1.2.3 validation/{name}/{name}.t ... ");
        let line = self.out.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no line for {name}: {self:?}"))
    }
}

fn archive() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("rootfs-{architecture}.tar.gz")
}

/// The harness needs a mount namespace of its own.
fn may_run() -> bool {
    let allowed = Command::new("unshare").args(["--mount", "true"]).output();
    let may = rustix::process::geteuid().is_root() && allowed.is_ok_and(|output| output.status.success());
    if !may {
        println!("skipped: root is needed, and a mount namespace");
    }
    may
}

/// A file for each way to end.
fn fill_with_every_kind(suite: &Suite) {
    suite.test(
        "pass",
        r#"[ -f runtimetest ] && [ -x "$RUNTIME" ] && ! read -r word || exit 9
echo 'TAP version 13'; echo 'ok 1 - one'; echo 'ok 2 # SKIP no disk'; echo 'not ok 3 # TODO later'; echo 1..3"#,
    );
    suite.test(
        "fail",
        r#"printf 'TAP version 13\n1..2\nok 1 - one\nnot ok 2 - two\n  ---\n  error: no such mount\n  ...\n'
echo 'from stderr' >&2; exit 1"#,
    );
    suite.test("quietly", "echo 'not ok 1 - exit status is 0'; echo 1..1");
    suite.test("silent", "echo 'container does not exist' >&2; exit 1");
    suite.test("skip", "echo 'TAP version 13'; echo '1..0 # SKIP needs a disk'");
    suite.test(
        "leave",
        r#""$RUNTIME" create left-by-leave; mkdir "$TMPDIR/ocitest1"
setsid sleep MARK &
echo 'ok 1'; echo 1..1"#,
    );
    suite.test("short", "echo 1..3; echo ok 1");
    suite.test("status", "echo 1..1; echo ok 1; exit 3");
}

#[test]
fn every_kind_of_file_ends_as_it_should() {
    if !may_run() {
        return;
    }
    let suite = Suite::new("kinds");
    fill_with_every_kind(&suite);
    let (tap, junit) = (suite.dir.join("out.tap"), suite.dir.join("out.xml"));
    let files = ["--tap", tap.to_str().unwrap(), "--junit", junit.to_str().unwrap()];
    let mut command = suite.command(&[]);
    command.args(files).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let ground = std::env::temp_dir().join(format!("orlop-test-{}", child.id()));
    let seen = Seen::new(child.wait_with_output().unwrap());

    assert!(!seen.well);
    assert_eq!(seen.err, "");
    assert!(
        seen.line("pass").starts_with("ok 1 of 3, 1 skipped, 1 todo, "),
        "{seen:?}"
    );
    assert!(seen.line("pass").ends_with(" ms"), "{seen:?}");
    assert!(
        seen.line("fail")
            .starts_with("FAILED 1 of 2: two; ended with status 1, "),
        "{seen:?}"
    );
    let below = "    not ok 2 - two\n          error: no such mount\n    on stderr:\n        from stderr\n";
    assert!(seen.out.contains(below), "{seen:?}");
    assert!(
        seen.line("quietly").starts_with("FAILED 1 of 1: exit status is 0, "),
        "{seen:?}"
    );
    let silent = "FAILED ended with status 1: container does not exist; no TAP on stdout, ";
    assert!(seen.line("silent").starts_with(silent), "{seen:?}");
    assert!(seen.line("skip").starts_with("skipped (needs a disk), "), "{seen:?}");
    assert!(seen.line("leave").starts_with("ok 1 of 1, "), "{seen:?}");
    for thing in ["container left-by-leave", " (sleep)", "ocitest1"] {
        assert!(seen.line("leave").contains(thing), "{seen:?}");
    }
    assert!(
        seen.line("short")
            .starts_with("FAILED the plan is 1..3, and there came 1 result, "),
        "{seen:?}"
    );
    assert!(
        seen.line("status").starts_with("FAILED ended with status 3, "),
        "{seen:?}"
    );
    let total = "fakerun 1.2.3: files: 2 ok, 5 failed, 1 skipped; tests: 5 ok, 2 not ok, 1 skipped, 1 todo\n";
    assert!(seen.out.ends_with(total), "{seen:?}");

    let tap = fs::read_to_string(tap).unwrap();
    assert!(tap.starts_with("TAP version 14\n1..8\n"), "{tap}");
    assert!(
        tap.contains(" - fakerun 1.2.3 runtime-tools: validation/skip/skip.t # SKIP needs a disk\n"),
        "{tap}"
    );
    assert!(
        tap.contains("  message: \"1 of 1: exit status is 0\"\n  details:\n    - \"not ok 1 - "),
        "{tap}"
    );
    let junit = fs::read_to_string(junit).unwrap();
    assert!(junit.contains("tests=\"8\" failures=\"5\""), "{junit}");
    assert!(junit.contains("name=\"validation/pass/pass.t\""), "{junit}");

    assert_eq!(suite.processes(), 0);
    assert_eq!(suite.containers(), 0);
    assert!(!ground.exists());
}

#[test]
fn at_the_time_limit_everything_is_killed() {
    if !may_run() {
        return;
    }
    let suite = Suite::new("late");
    suite.test(
        "hang",
        r#""$RUNTIME" create left-by-hang
sleep MARK & setsid sleep MARK &
echo 'ok 1 - before'; sleep MARK"#,
    );
    suite.test("after", "echo 'ok 1'; echo 1..1");
    let seen = suite.run(&["--time-limit", "1"]);
    assert!(!seen.well);
    let start = "FAILED time limit of 1 s, after 1 result, ";
    assert!(seen.line("hang").starts_with(start), "{seen:?}");
    let left = "(left behind: container left-by-hang; process ";
    assert!(seen.line("hang").contains(left), "{seen:?}");
    assert!(seen.line("after").starts_with("ok 1 of 1, "), "{seen:?}");
    assert_eq!(suite.processes(), 0);
    assert_eq!(suite.containers(), 0);
}

#[test]
fn what_is_well_ends_well() {
    if !may_run() {
        return;
    }
    let suite = Suite::new("well");
    suite.test("one", "echo ok; echo 1..1");
    suite.test("two", "echo ok; echo 1..1");
    suite.test("skipped", "echo 1..0");
    fs::write(suite.dir.join("state/of-another"), "").unwrap();
    let seen = suite.run(&["--quiet"]);
    assert!(seen.well, "{seen:?}");
    assert_eq!(seen.out.lines().count(), 2, "{seen:?}");
    assert!(
        seen.line("skipped").starts_with("skipped (no reason given), "),
        "{seen:?}"
    );
    assert_eq!(suite.containers(), 1);
    let seen = suite.run(&["--filter", "nosuch", "--filter", "two"]);
    assert!(seen.well, "{seen:?}");
    assert!(seen.out.contains("files: 1 ok, 0 failed, 0 skipped"), "{seen:?}");
    let seen = suite.run(&["--filter", "skipped"]);
    assert!(!seen.well, "{seen:?}");
}

#[test]
fn who_prints_without_end_is_ended() {
    if !may_run() {
        return;
    }
    let suite = Suite::new("flood");
    suite.test("flood", "exec yes 'ok MARK'");
    let seen = suite.run(&[]);
    assert!(
        seen.line("flood").starts_with("FAILED writes without end, after "),
        "{seen:?}"
    );
    assert_eq!(suite.processes(), 0);
}

#[test]
fn told_to_stop_it_cleans_up() {
    if !may_run() {
        return;
    }
    let suite = Suite::new("stop");
    suite.test("long", "\"$RUNTIME\" create left\nsetsid sleep MARK & sleep MARK");
    suite.test("next", "echo ok; echo 1..1");
    let mut command = suite.command(&[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while suite.processes() < 2 {
        assert!(Instant::now() < end, "the program does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let seen = Seen::new(child.wait_with_output().unwrap());
    assert!(!seen.well);
    assert!(seen.line("long").starts_with("FAILED interrupted, "), "{seen:?}");
    assert!(!seen.out.contains("next"), "{seen:?}");
    assert_eq!(seen.err, "conformance: interrupted\n");
    assert_eq!(suite.processes(), 0);
    assert_eq!(suite.containers(), 0);
}

#[test]
fn the_files_can_be_listed() {
    let suite = Suite::new("list");
    suite.test("b", "");
    suite.test("a", "");
    suite.script("validation/flat.t", "");
    suite.script("validation/a/a.go", "");
    assert_eq!(suite.run(&["--list"]).out, "validation/a/a.t\nvalidation/b/b.t\n");
    assert_eq!(suite.run(&["--list", "--filter", "b/"]).out, "validation/b/b.t\n");
    let seen = suite.run(&["--list", "--filter", "c"]);
    assert!(!seen.well);
    assert!(seen.err.contains("none of 2 files"), "{seen:?}");
}

#[test]
fn what_is_missing_is_named() {
    let suite = Suite::new("missing");
    let says = |text: &str| {
        let seen = suite.run(&[]);
        assert!(!seen.well);
        assert!(seen.err.contains(text), "{seen:?}, wanted {text:?}");
        assert_eq!(seen.out, "");
    };
    says("no validation/*/*.t: build it with `make runtimetest validation-executables`");
    suite.test("one", "echo ok; echo 1..1");
    let path = suite.dir.join("validation/one/one.t");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    says("validation/one/one.t: not executable; build it with");
    fs::remove_file(suite.dir.join("runtimetest")).unwrap();
    says("/runtimetest: No such file or directory");
    fs::remove_file(suite.dir.join(archive())).unwrap();
    says(&format!("{}: not there;", archive()));
    fs::rename(&suite.dir, suite.dir.with_extension("moved")).unwrap();
    let seen = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["runtime-tools", "--runtime", "/bin/true", "--suite"])
        .arg(&suite.dir)
        .output();
    let seen = Seen::new(seen.unwrap());
    fs::rename(suite.dir.with_extension("moved"), &suite.dir).unwrap();
    assert!(seen.err.contains("No such file or directory"), "{seen:?}");
}
