//! Somebody at a terminal: a shell by `run` and by `exec`, keys, sizes, and the terminal afterwards.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::json;

use crate::bundle::Bundle;
use crate::call::{Call, Running};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::terminals::{pair, read_all};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        size_changes_reach_the_job_in_the_foreground,
        ("crun", "1.8", "not passed on")
    ),
    test!(interrupt_key_ends_the_job_in_the_foreground_only),
    test!(stop_key_stops_a_job_that_goes_on_later),
    test!(end_of_input_key_ends_the_shell),
    test!(
        lines_end_as_the_callers_terminal_has_them,
        (
            "runc",
            "1.1",
            "sets the terminal up after the start, sometimes too late"
        )
    ),
    test!(
        callers_terminal_is_as_before_however_it_ends,
        ("runc", "1.1", "ends with 0 of SIGINT, and leaves the container"),
    ),
    test!(
        piped_line_is_read_from_the_terminal_inside,
        ("crun", "1.8", "wants a terminal on stdin")
    ),
    test!(
        end_of_piped_input_is_seen_inside,
        ("runc", "1.1", "never tells its process of the end"),
        ("crun", "1.8", "wants a terminal on stdin")
    ),
    test!(
        controlling_terminal_alone_is_enough,
        ("crun", "1.8", "wants a terminal on stdin")
    ),
    test!(
        without_any_terminal_it_is_refused,
        ("crun", "1.8", "has words of its own")
    ),
];

const PROMPT: &str = "ready> ";

/// A bundle whose process is the host's shell at a terminal.
pub(in crate::rooms) fn with_shell(t: &Trial<'_>) -> Result<Bundle, Failure> {
    let mut bundle = t.bundle()?.without_mount("/sys/fs/cgroup").folder("usr")?;
    if !Path::new("/bin/bash").exists() {
        return Err(Failure::Skip("the host has no /bin/bash".into()));
    }
    for name in ["bin", "lib", "lib64"] {
        let place = Path::new("/").join(name);
        match fs::read_link(&place) {
            Ok(target) => symlink(target, bundle.rootfs().join(name))?,
            Err(_) if place.exists() => {
                bundle = bundle.folder(name)?.bind(&format!("/{name}"), &place, &["rbind", "ro"])
            }
            Err(_) => {}
        }
    }
    let bundle = bundle.bind("/usr", Path::new("/usr"), &["rbind", "ro"]);
    Ok(bundle
        .set("/process/terminal", json!(true))
        .set(
            "/process/env",
            json!(["PATH=/usr/bin:/bin", "TERM=dumb", format!("PS1={PROMPT}")]),
        )
        .args(&SHELL))
}

const SHELL: [&str; 4] = ["/bin/bash", "--norc", "--noprofile", "-i"];

/// The two ways to a process at a terminal.
pub(in crate::rooms) const WAYS: [&str; 2] = ["run", "exec"];

/// The call that runs these words at a terminal: as a container's first process, or as a further one.
pub(in crate::rooms) fn at_terminal<'t>(t: &'t Trial<'t>, way: &str, words: &[&str]) -> Result<Call<'t>, Failure> {
    let bundle = with_shell(t)?;
    if way == "run" {
        t.adopt(&bundle.id);
        return t.with_bundle(&["run"], &bundle.args(words));
    }
    let id = t
        .launch(&bundle.set("/process/terminal", json!(false)).probe("sleep 600"))?
        .id;
    let words: Vec<&str> = ["exec", "-t", &id].into_iter().chain(words.iter().copied()).collect();
    Ok(t.call(&words))
}

/// Somebody at a terminal.
pub(in crate::rooms) struct User<'t> {
    keys: File,
    pub(in crate::rooms) theirs: OwnedFd,
    pub(in crate::rooms) running: Running<'t>,
    seen: String,
}

impl<'t> User<'t> {
    pub(in crate::rooms) fn sits_down(call: Call<'t>) -> Result<Self, Failure> {
        let (ours, theirs) = pair()?;
        let running = call.terminal(&theirs)?.spawn()?;
        Ok(Self {
            keys: File::from(ours),
            theirs,
            running,
            seen: String::new(),
        })
    }

    /// At a shell that has said that it is ready.
    fn at_shell(t: &'t Trial<'t>, way: &str) -> Result<Self, Failure> {
        let mut user = Self::sits_down(at_terminal(t, way, &SHELL)?)?;
        user.waits_for(t, PROMPT)?;
        Ok(user)
    }

    pub(in crate::rooms) fn types(&mut self, keys: &str) -> Verdict {
        Ok(self.keys.write_all(keys.as_bytes())?)
    }

    /// Waits for a text, and forgets it and all before.
    pub(in crate::rooms) fn waits_for(&mut self, t: &Trial<'_>, text: &str) -> Verdict {
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: 20_000_000,
        };
        let (keys, seen) = (&mut self.keys, &mut self.seen);
        let found = t.until(&format!("{text:?} on the terminal"), || {
            if poll(&mut [PollFd::new(&*keys, PollFlags::IN)], Some(&wait))? > 0 {
                let mut part = [0; 4096];
                let length = keys.read(&mut part)?;
                seen.push_str(&String::from_utf8_lossy(part.get(..length).unwrap_or_default()));
            }
            Ok(seen.contains(text))
        });
        found.map_err(|failure| Failure::Wrong(format!("{failure}; there is {seen:?}")))?;
        let after = seen.find(text).map_or(0, |at| at + text.len());
        seen.drain(..after);
        Ok(())
    }

    /// Leaves the shell, whose exit status the runtime has to pass on.
    fn leaves(mut self) -> Verdict {
        self.types("exit 7\n")?;
        let (code, _) = self.stays_to_the_end()?;
        same("exit status", &code, 7)
    }

    /// Whether the terminal has its lines edited and shown, as a shell leaves them.
    pub(in crate::rooms) fn is_for_lines(&self) -> Result<bool, Failure> {
        let wanted = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        Ok(tcgetattr(&self.theirs)?.local_modes.contains(wanted))
    }

    /// Answers a job that is in the foreground again, reads its answer and its exit status, and stays to the shell's end.
    pub(in crate::rooms) fn answers_the_job(mut self, t: &Trial<'_>, way: &str) -> Verdict {
        self.types("two\n")?;
        self.waits_for(t, "got-two")?;
        self.waits_for(t, "code-7")?;
        let (code, _) = self.stays_to_the_end()?;
        same(way, &code, 0)
    }

    /// The exit status, and what was still shown.
    pub(in crate::rooms) fn stays_to_the_end(self) -> Result<(i32, String), Failure> {
        self.looks_at_the_modes().map(|(code, seen, _)| (code, seen))
    }

    /// The same, and how the terminal is left.
    pub(in crate::rooms) fn looks_at_the_modes(self) -> Result<(i32, String, String), Failure> {
        let Self {
            keys,
            theirs,
            running,
            seen,
        } = self;
        let reader = std::thread::spawn(move || read_all(keys));
        let code = running.wait()?.code;
        let modes = format!("{:?}", tcgetattr(&theirs)?);
        drop(theirs);
        Ok((code, seen + &reader.join().unwrap_or_default(), modes))
    }
}

fn size_changes_reach_the_job_in_the_foreground(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let mut user = User::at_shell(t, way)?;
        user.types("stty size\n")?;
        user.waits_for(t, "24 80")?;
        user.types("sh -c 'trap \"stty size\" WINCH; echo set-$((40+2)); while :; do sleep 0.1; done'\n")?;
        user.waits_for(t, "set-42")?;
        let size = Winsize {
            ws_row: 50,
            ws_col: 132,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&user.keys, size)?;
        user.waits_for(t, "50 132")?;
        user.types("\u{3}")?;
        user.waits_for(t, PROMPT)?;
        user.leaves()?;
    }
    Ok(())
}

fn interrupt_key_ends_the_job_in_the_foreground_only(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let mut user = User::at_shell(t, way)?;
        user.types("sleep 500 & sh -c 'echo runs-$((40+2)); exec sleep 501'\n")?;
        user.waits_for(t, "runs-42")?;
        user.types("\u{3}")?;
        user.waits_for(t, PROMPT)?;
        user.types("echo ended-$?; jobs\n")?;
        user.waits_for(t, "ended-130")?;
        user.waits_for(t, "Running")?;
        ensure(user.running.lives()?, || "the runtime has ended as well".into())?;
        user.types("kill %1\n")?;
        user.waits_for(t, PROMPT)?;
        user.leaves()?;
    }
    Ok(())
}

fn stop_key_stops_a_job_that_goes_on_later(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let mut user = User::at_shell(t, way)?;
        user.types("sh -c 'echo runs-$((40+2)); read line; echo got-$line'\n")?;
        user.waits_for(t, "runs-42")?;
        user.types("\u{1a}")?;
        user.waits_for(t, "Stopped")?;
        user.waits_for(t, PROMPT)?;
        let state = user
            .running
            .pid()
            .map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")))
            .transpose()?;
        let state = state.unwrap_or_default();
        ensure(!state.contains(") T "), || format!("the runtime is stopped: {state}"))?;
        user.types("fg\n")?;
        user.waits_for(t, "sh -c")?;
        user.types("it\n")?;
        user.waits_for(t, "got-it")?;
        user.waits_for(t, PROMPT)?;
        user.leaves()?;
    }
    Ok(())
}

fn end_of_input_key_ends_the_shell(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let mut user = User::at_shell(t, way)?;
        user.types("(exit 9)\n")?;
        user.waits_for(t, PROMPT)?;
        user.types("\u{4}")?;
        let (code, seen) = user.stays_to_the_end()?;
        ensure(code == 9, || format!("{way}: exit status {code}: {seen:?}"))?;
    }
    Ok(())
}

fn lines_end_as_the_callers_terminal_has_them(t: &Trial<'_>) -> Verdict {
    // The first line may be shown before anybody has looked at the new terminal.
    for way in WAYS.iter().cycle().take(20) {
        let user = User::sits_down(at_terminal(t, way, &["/bin/bash", "-c", "printf 'a\\nb\\n'"])?)?;
        let modes = tcgetattr(&user.theirs)?.output_modes;
        let (code, seen) = user.stays_to_the_end()?;
        same("exit status", &code, 0)?;
        same("output", &seen.as_str(), "a\r\nb\r\n")?;
        ensure(modes.contains(rustix::termios::OutputModes::ONLCR), || {
            format!("{modes:?}")
        })?;
    }
    Ok(())
}

/// How a process at a terminal ends, after it has said that it is there.
enum End {
    Itself,
    Failure,
    Kill,
    Signal(Signal),
}

fn callers_terminal_is_as_before_however_it_ends(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        for (what, end) in [
            ("by itself", End::Itself),
            ("before it begins", End::Failure),
            ("by a kill", End::Kill),
            ("by SIGTERM to the runtime", End::Signal(Signal::TERM)),
            ("by SIGHUP to the runtime", End::Signal(Signal::HUP)),
            ("by SIGINT to the runtime", End::Signal(Signal::INT)),
            ("by SIGQUIT to the runtime", End::Signal(Signal::QUIT)),
            ("by SIGABRT to the runtime", End::Signal(Signal::ABORT)),
            ("by SIGSEGV to the runtime", End::Signal(Signal::SEGV)),
        ] {
            let script =
                "trap 'exit 3' TERM HUP INT QUIT ABRT SEGV; sleep 600 >/dev/null 2>&1 & echo begins-$((40+2)); wait";
            let words: &[&str] = match end {
                End::Failure => &["/nope"],
                _ => &["/bin/bash", "-c", script],
            };
            let call = at_terminal(t, way, words)?;
            let (ours, theirs) = pair()?;
            let before = format!("{:?}", tcgetattr(&theirs)?);
            let running = call.terminal(&theirs)?.spawn()?;
            let mut user = User {
                keys: File::from(ours),
                theirs,
                running,
                seen: String::new(),
            };
            if !matches!(end, End::Failure) {
                user.waits_for(t, "begins-42")?;
                let during = format!("{:?}", tcgetattr(&user.theirs)?);
                ensure(during != before, || {
                    format!("{way}, {what}: the terminal was never raw")
                })?;
            }
            match end {
                End::Itself => user.types("\u{3}")?,
                End::Failure => {}
                End::Signal(signal) => user.running.signal(signal)?,
                End::Kill => {
                    for id in t.live() {
                        t.call(&["kill", &id, "KILL"]).finish()?;
                    }
                }
            }
            let (code, seen, after) = user.looks_at_the_modes()?;
            let wanted = match (&end, way) {
                (End::Failure, "run") => 1,
                (End::Failure, _) => 255,
                (End::Kill, _) => 137,
                _ => 3,
            };
            ensure(code == wanted, || {
                format!("{way}, {what}: exit status {code}: {seen:?}")
            })?;
            ensure(after == before, || format!("{way}, {what}: {after}, was {before}"))?;
        }
    }
    Ok(())
}

/// What a shell's words show, whose input is a pipe while output goes to a terminal.
fn piped(t: &Trial<'_>, way: &str, script: &str, text: &str) -> Result<(i32, String), Failure> {
    let call = at_terminal(t, way, &["/bin/bash", "-c", script])?;
    let (ours, theirs) = pair()?;
    let (input, mut writer) = std::io::pipe()?;
    writer.write_all(text.as_bytes())?;
    drop(writer);
    let reader = std::thread::spawn(move || read_all(File::from(ours)));
    let before = format!("{:?}", tcgetattr(&theirs)?);
    let call = call.stdin(input).streams(theirs.try_clone()?, theirs.try_clone()?);
    let running = call.spawn()?;
    // One that never tells of the end of its input waits for ever.
    t.until("the end", || Ok(!running.lives()?))?;
    let done = running.wait()?;
    same("the terminal", &format!("{:?}", tcgetattr(&theirs)?), before)?;
    drop(theirs);
    Ok((done.code, reader.join().unwrap_or_default()))
}

fn piped_line_is_read_from_the_terminal_inside(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let (code, seen) = piped(t, way, "read line; test -t 0 && echo got-$line; exit 4", "it\n")?;
        ensure(code == 4 && seen.contains("got-it"), || {
            format!("{way}: {code}: {seen:?}")
        })?;
    }
    Ok(())
}

fn end_of_piped_input_is_seen_inside(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        for text in ["one\ntwo\n", "one\ntwo", ""] {
            let lines = if text.is_empty() { "none" } else { "one,two" };
            let script = "all=$(tr '\\n' ,); all=${all%,}; echo got-${all:-none}; exit 5";
            let (code, seen) = piped(t, way, script, text)?;
            ensure(code == 5 && seen.contains(&format!("got-{lines}")), || {
                format!("{way}: {code}: {seen:?}")
            })?;
        }
    }
    Ok(())
}

fn controlling_terminal_alone_is_enough(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let (input, output) = (t.dir.join(format!("{way}-in")), t.dir.join(format!("{way}-out")));
        fs::write(&input, "it\n")?;
        let script = format!("\"$0\" \"$@\" < {} > {} 2>&1", input.display(), output.display());
        let call = at_terminal(
            t,
            way,
            &["/bin/bash", "-c", "read line; stty size; echo got-$line; exit 6"],
        )?;
        let user = User::sits_down(call.script(&script))?;
        let (code, _) = user.stays_to_the_end()?;
        let seen = fs::read_to_string(output)?;
        let well = code == 6 && seen.contains("24 80") && seen.contains("got-it\n");
        ensure(well, || format!("{way}: {code}: {seen:?}"))?;
    }
    Ok(())
}

fn without_any_terminal_it_is_refused(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let call = at_terminal(t, way, &["/bin/bash", "-c", "exit 0"])?;
        // A session of its own has no /dev/tty.
        let done = call.script("exec setsid --wait \"$0\" \"$@\"").refusal(&["/dev/tty"])?;
        same(way, &done.code, if way == "run" { 1 } else { 255 })?;
    }
    Ok(())
}
