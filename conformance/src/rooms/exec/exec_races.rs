//! `exec` into a container whose processes change, as fast as they can, what it looks up there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use serde_json::{Value, json};

use super::exec_statuses::end;
use super::probe;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::terminals::console;
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(directory_that_is_swapped_leads_nothing_out),
    test!(
        attributes_are_set_while_proc_is_covered,
        (
            "runc",
            "1.1",
            "CVE-2025-52881's kind: writes to what is mounted on /proc"
        ),
        ("crun", "1.8", "writes to what is mounted on /proc")
    ),
    test!(terminal_multiplexer_that_is_swapped_gives_no_other_terminal),
    test!(
        passwd_that_is_swapped_is_not_waited_for,
        ("runc", "1.1", "waits for whoever writes to it"),
        ("crun", "1.8", "waits for whoever writes to it")
    ),
];

/// So often a process is executed.
const MANY: usize = 40;

/// Swaps two names, as fast as it can until dropped.
struct Swapping {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<usize>>,
}

impl Swapping {
    fn new(one: PathBuf, other: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut count = 0;
            while !told.load(Ordering::Relaxed) {
                count += usize::from(renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).is_ok());
            }
            count
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }

    /// Ends, and tells how often it has swapped.
    fn end(mut self) -> Verdict {
        self.stop.store(true, Ordering::Relaxed);
        let count = self.thread.take().and_then(|thread| thread.join().ok());
        ensure(count.is_some_and(|count| count > 0), || "nothing was swapped".into())
    }
}

impl Drop for Swapping {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn fifo(path: &Path) -> Result<(), Failure> {
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o666), 0)?)
}

/// Executes a process that stays; the pid file.
fn detached(t: &Trial<'_>, id: &str, process: &Value) -> Result<String, Failure> {
    let (config, file) = (t.dir.join("process.json"), t.dir.join("exec-pid"));
    fs::write(&config, process.to_string())?;
    let (config, file) = (config.to_string_lossy(), file.to_string_lossy());
    let words = ["exec", "--process", &config, "--detach", "--pid-file", &file, id];
    t.call(&words).succeed()?;
    Ok(file.into_owned())
}

/// As CVE-2024-21626 and its kind have it, with a link that comes and goes.
fn directory_that_is_swapped_leads_nothing_out(t: &Trial<'_>) -> Verdict {
    let outside = t.dir.join("outside");
    fs::create_dir(&outside)?;
    for target in [
        outside.as_path(),
        Path::new("/proc/self/fd/7"),
        Path::new("../../../../.."),
    ] {
        let bundle = t.bundle()?.writable().folder("work")?.link("link", target)?;
        let rootfs = bundle.rootfs();
        let id = t.launch(&bundle.probe("sleep 600"))?.id;
        let swapping = Swapping::new(rootfs.join("work"), rootfs.join("link"));
        let mut ran = 0;
        for _ in 0..MANY / 2 {
            let done = probe(t, &id, &["--cwd", "/work"], "report").finish()?;
            let Some(report) = done.lines().ok().and_then(|lines| lines.into_iter().next()) else {
                continue;
            };
            ran += 1;
            let cwd = report["cwd"].as_str().unwrap_or_default();
            ensure(["/", "/work", "/link"].contains(&cwd), || format!("in {cwd:?}"))?;
        }
        swapping.end()?;
        t.note(&format!("{ran} of {} ran", MANY / 2));
        ensure(fs::read_dir(&outside)?.next().is_none(), || "made outside".into())?;
    }
    Ok(())
}

/// As CVE-2025-52881 has it: the files in /proc that a runtime writes to are others'.
fn attributes_are_set_while_proc_is_covered(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.writable().capabilities(&["CAP_SYS_ADMIN"]);
    let end_of_it = bundle.rootfs().join("enough");
    let created = t.launch(&bundle.probe("cover /proc /enough"))?;
    let pid = t.pid(&created.id)?;
    let process = json!({"args": ["/probe", "await", "/go-on"], "cwd": "/", "oomScoreAdj": 421});
    for _ in 0..MANY / 2 {
        let file = detached(t, &created.id, &process)?;
        let number = fs::read_to_string(&file)?;
        let score = fs::read_to_string(format!("/proc/{number}/oom_score_adj"))?;
        end(t, &file)?;
        same("oom_score_adj", &score.trim(), "421")?;
    }
    fs::write(end_of_it, "")?;
    t.exit_of(pid)?;
    let covered = &created.lines()?[0]["value"];
    ensure(covered.as_i64() > Some(20), || format!("covered {covered} times"))
}

/// As CVE-2025-52565 has it, for the terminal of a further process.
fn terminal_multiplexer_that_is_swapped_gives_no_other_terminal(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.writable().probe("sleep 600"))?.id;
    let dev = PathBuf::from(format!("/proc/{}/root/dev", t.pid(&id)?.as_raw_nonzero()));
    fifo(&dev.join("other"))?;
    let swapping = Swapping::new(dev.join("ptmx"), dev.join("other"));
    let mut given = 0;
    for number in 0..MANY / 2 {
        let console = console(t, &format!("console-{number}"))?;
        let path = console.path.to_string_lossy().into_owned();
        let file = t.dir.join("exec-pid").to_string_lossy().into_owned();
        let flags = ["--tty", "--detach", "--pid-file", &file, "--console-socket", &path];
        if probe(t, &id, &flags, "await /go-on").finish()?.code != 0 {
            console.give_up();
            continue;
        }
        let terminal = console.terminal()?;
        let name = rustix::pty::ptsname(&terminal, Vec::new());
        end(t, &file)?;
        given += 1;
        ensure(name.is_ok_and(|name| name.as_bytes().starts_with(b"/dev/pts/")), || {
            "it is no terminal".into()
        })?;
    }
    t.note(&format!("{given} of {} had a terminal", MANY / 2));
    swapping.end()
}

fn passwd_that_is_swapped_is_not_waited_for(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .writable()
        .probe("sleep 600")
        .set("/process/env", json!(["PATH=/"]))
        .file("etc/passwd", "root:x:0:0::/home/root:/bin/sh\n")?;
    let etc = bundle.rootfs().join("etc");
    let id = t.launch(&bundle)?.id;
    fifo(&etc.join("other"))?;
    let swapping = Swapping::new(etc.join("passwd"), etc.join("other"));
    for _ in 0..MANY {
        same("exit status", &probe(t, &id, &[], "exit 3").finish()?.code, 3)?;
    }
    swapping.end()
}
