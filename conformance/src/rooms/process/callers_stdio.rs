//! Standard input, output and error of a process that is waited for: what has a name on the host stays the caller's.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, mknodat};
use rustix::process::Signal;
use serde_json::json;

use crate::bundle::Bundle;
use crate::call::{Call, text_on_stdin};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::command_line::{User, WAYS, with_shell};
use crate::sentence::{Known, Test, test};
use crate::terminals::pair;
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(process_has_no_terminal_of_the_hosts, PASSED_AS_IT_IS),
    test!(who_is_left_behind_meets_the_end_of_input, PASSED_AS_IT_IS),
    test!(keys_and_lines_come_and_go_as_at_a_terminal),
    test!(interrupt_key_reaches_a_process_without_a_terminal),
    test!(owner_of_a_terminal_stays),
    test!(owner_of_a_file_stays_and_it_can_be_opened_anew, GIVES_AWAY),
    test!(owner_of_a_named_pipe_stays, GIVES_AWAY),
    test!(
        output_and_error_to_one_file_stay_in_their_order,
        ("runc", "1.1", "copies them apart")
    ),
    test!(output_to_a_file_of_somebody_else_arrives_whole),
    test!(
        who_is_left_behind_is_not_waited_for,
        ("runc", "1.1", "waits for whoever has its pipe")
    ),
    test!(
        last_words_after_the_end_are_heard,
        ("crun", "1.8", "leaves them to come later")
    ),
    test!(
        reader_that_goes_away_ends_who_writes,
        ("crun", "1.8", "gives a named pipe away")
    ),
    test!(
        full_disk_is_told,
        ("runc", "1.1", "says nothing"),
        ("crun", "1.8", "leaves it to the process")
    ),
    test!(
        job_in_the_background_does_not_take_the_shells_keys,
        ("runc", "1.1", "runs in circles"),
        ("crun", "1.8", "takes them")
    ),
];

const PASSED_AS_IT_IS: Known = ("crun", "1.8", "passes the terminal as it is");
const GIVES_AWAY: Known = ("crun", "1.8", "gives whatever it is away");

/// The call by which a shell of the host's runs this script without a terminal of its own, as this user.
fn shell<'t>(t: &'t Trial<'t>, way: &str, user: u32, script: &str) -> Result<Call<'t>, Failure> {
    let bundle = with_shell(t)?.set("/process/terminal", json!(false));
    call_of(t, way, user, bundle, &["/bin/bash", "-c", script])
}

/// The call by which these words are run in a container, as its first process or as a further one.
fn call_of<'t>(t: &'t Trial<'t>, way: &str, user: u32, bundle: Bundle, words: &[&str]) -> Result<Call<'t>, Failure> {
    if way == "run" {
        t.adopt(&bundle.id);
        return t.with_bundle(&["run"], &bundle.user(user, user).args(words));
    }
    let bundle = bundle.probe("sleep 600");
    // Peers would give `/dev/null` away.
    let call = t.with_bundle(&["create"], &bundle)?.stdin(text_on_stdin("")?);
    let id = t.create_with(call, &bundle)?.id;
    t.call(&["start", &id]).succeed()?;
    let user = user.to_string();
    let all = ["exec", "--user", &user, &id];
    let all: Vec<&str> = all.into_iter().chain(words.iter().copied()).collect();
    Ok(t.call(&all).stdin(text_on_stdin("")?))
}

fn process_has_no_terminal_of_the_hosts(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let script = "for n in 0 1 2; do test -t $n && echo terminal-$n; done; echo looked; exit 3";
        let mut user = User::sits_down(shell(t, way, 0, script)?)?;
        user.waits_for(t, "looked").map_err(|_| Failure::Wrong(way.into()))?;
        let (code, _) = user.stays_to_the_end()?;
        same(way, &code, 3)?;
    }
    for way in WAYS {
        let script = "for n in 0 1 2; do test -t $n && exit 9; done; exit 3";
        let (code, _) = User::sits_down(shell(t, way, 0, script)?)?.stays_to_the_end()?;
        same(way, &code, 3)?;
    }
    Ok(())
}

fn who_is_left_behind_meets_the_end_of_input(t: &Trial<'_>) -> Verdict {
    let bundle = with_shell(t)?.set("/process/terminal", json!(false)).writable();
    let ended = bundle.rootfs().join("ended");
    // Bash would give what it runs in the background `/dev/null`.
    let script = "exec 3<&0; (cat; echo > /ended) <&3 >/dev/null 2>&1 3<&- & exit 3";
    let call = call_of(t, "exec", 0, bundle, &["/bin/bash", "-c", script])?;
    let mut user = User::sits_down(call.script("\"$0\" \"$@\"; read line; exit 4"))?;
    t.until("the end of input", || Ok(ended.exists()))?;
    user.types("\n")?;
    let (code, _) = user.stays_to_the_end()?;
    same("exit status", &code, 4)
}

fn keys_and_lines_come_and_go_as_at_a_terminal(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let script = "echo begins-$((40+2)); read line; echo got-$line >&2; cat; exit 5";
        let mut user = User::sits_down(shell(t, way, 1000, script)?)?;
        user.waits_for(t, "begins-42")?;
        user.types("one\n")?;
        user.waits_for(t, "got-one")?;
        user.types("two\n")?;
        // As it is typed, and as it comes back.
        user.waits_for(t, "two")?;
        user.waits_for(t, "two")?;
        user.types("\u{4}")?;
        let (code, _) = user.stays_to_the_end()?;
        same(way, &code, 5)?;
    }
    Ok(())
}

fn interrupt_key_reaches_a_process_without_a_terminal(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let script = "trap 'echo caught; exit 6' INT; sleep 600 >/dev/null 2>&1 & echo begins-$((40+2)); wait";
        let mut user = User::sits_down(shell(t, way, 0, script)?)?;
        user.waits_for(t, "begins-42")?;
        user.types("\u{3}")?;
        user.waits_for(t, "caught")?;
        let (code, _) = user.stays_to_the_end()?;
        same(way, &code, 6)?;
    }
    Ok(())
}

/// The bundles in which a user is another one on the host than the harness.
fn bundles(t: &Trial<'_>) -> Result<[(Bundle, u32); 3], Failure> {
    Ok([(t.bundle()?, 1000), (mapped(t)?, 0), (mapped(t)?, 1000)])
}

const WRITES_ANEW: [&str; 8] = [
    "/probe",
    "write",
    "/dev/stdout",
    "ok",
    ",",
    "write",
    "/dev/stderr",
    "ok",
];

fn owner_of_a_terminal_stays(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        for (bundle, user) in bundles(t)? {
            let (_ours, theirs) = pair()?;
            let before = fstat(&theirs)?;
            call_of(t, way, user, bundle, &WRITES_ANEW)?
                .terminal(&theirs)?
                .succeed()?;
            let after = fstat(&theirs)?;
            same(way, &(after.st_uid, after.st_mode), (before.st_uid, before.st_mode))?;
        }
    }
    Ok(())
}

/// Runs it with what is open for stdout and stderr.
fn with_output<'t>(call: Call<'t>, out: &OwnedFd) -> Result<Call<'t>, Failure> {
    Ok(call
        .stdin(text_on_stdin("")?)
        .streams(out.try_clone()?, out.try_clone()?))
}

fn file_for_all(path: &Path) -> Result<OwnedFd, Failure> {
    let file = OpenOptions::new().create_new(true).append(true).open(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(file.into())
}

fn owner_of_a_file_stays_and_it_can_be_opened_anew(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        for (number, (bundle, user)) in bundles(t)?.into_iter().enumerate() {
            let path = t.dir.join(format!("{way}-{number}"));
            let file = file_for_all(&path)?;
            with_output(call_of(t, way, user, bundle, &WRITES_ANEW)?, &file)?.succeed()?;
            same(way, &fs::metadata(&path)?.uid(), 0)?;
            let said = fs::read_to_string(&path)?;
            let lines = said.matches("\"errno\":null").count();
            ensure(said.contains("ok") && lines == 2, || format!("{way}: {said:?}"))?;
        }
    }
    Ok(())
}

/// A named pipe, open at both ends, so that nobody waits for the other.
fn named_pipe(t: &Trial<'_>, name: &str) -> Result<(std::path::PathBuf, OwnedFd), Failure> {
    let path = t.dir.join(name);
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
    let both = rustix::fs::open(&path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    Ok((path, both))
}

fn owner_of_a_named_pipe_stays(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        for (number, (bundle, user)) in bundles(t)?.into_iter().enumerate() {
            let (path, both) = named_pipe(t, &format!("{way}-{number}"))?;
            let writer: OwnedFd = OpenOptions::new().write(true).open(&path)?.into();
            with_output(call_of(t, way, user, bundle, &WRITES_ANEW)?, &writer)?.succeed()?;
            same(way, &fs::metadata(&path)?.uid(), 0)?;
            let mut part = [0; 4096];
            let length = rustix::io::read(&both, &mut part)?;
            let said = String::from_utf8_lossy(part.get(..length).unwrap_or_default()).into_owned();
            ensure(said.contains("ok") && said.contains("\"errno\":null"), || said.clone())?;
        }
    }
    Ok(())
}

fn output_and_error_to_one_file_stay_in_their_order(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let path = t.dir.join(way);
        let script = "for n in {1..200}; do echo $n; echo $n >&2; done";
        with_output(shell(t, way, 1000, script)?, &file_for_all(&path)?)?.succeed()?;
        let wanted: String = (1..=200).map(|n| format!("{n}\n{n}\n")).collect();
        same(way, &fs::read_to_string(&path)?, wanted)?;
    }
    Ok(())
}

fn output_to_a_file_of_somebody_else_arrives_whole(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let path = t.dir.join(way);
        let call = shell(t, way, 1000, "head -c 10000000 /dev/zero; exit 4")?;
        let done = with_output(call, &file_for_all(&path)?)?.finish()?;
        same(way, &done.code, 4)?;
        same(way, &fs::metadata(&path)?.len(), 10_000_000)?;
    }
    Ok(())
}

fn who_is_left_behind_is_not_waited_for(t: &Trial<'_>) -> Verdict {
    let path = t.dir.join("out");
    for script in ["sleep 30 & echo first; exit 3", "yes & echo first; exit 3"] {
        fs::remove_file(&path).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        let call = shell(t, "exec", 1000, script)?;
        let begin = Instant::now();
        let done = with_output(call, &file_for_all(&path)?)?.finish()?;
        same("exit status", &done.code, 3)?;
        ensure(begin.elapsed() < Duration::from_secs(20), || {
            format!("{script:?} took {:?}", begin.elapsed())
        })?;
        let mut said = [0; 6];
        File::open(&path)?.read_exact(&mut said)?;
    }
    Ok(())
}

fn last_words_after_the_end_are_heard(t: &Trial<'_>) -> Verdict {
    let path = t.dir.join("out");
    let call = shell(t, "exec", 1000, "(sleep 0.1; echo last) & echo first; exit 3")?;
    let done = with_output(call, &file_for_all(&path)?)?.finish()?;
    same("exit status", &done.code, 3)?;
    same("output", &fs::read_to_string(&path)?.as_str(), "first\nlast\n")
}

fn reader_that_goes_away_ends_who_writes(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let (path, both) = named_pipe(t, way)?;
        let mut reader = File::open(&path)?;
        let writer: OwnedFd = OpenOptions::new().write(true).open(&path)?.into();
        drop(both);
        let call = with_output(shell(t, way, 1000, "cat /dev/zero; exit $?")?, &writer)?;
        let running = call.spawn()?;
        drop(writer);
        reader.read_exact(&mut [0; 100_000])?;
        same(way, &fs::metadata(&path)?.uid(), 0)?;
        drop(reader);
        same(way, &running.wait()?.code, 128 + Signal::PIPE.as_raw())?;
    }
    Ok(())
}

fn full_disk_is_told(t: &Trial<'_>) -> Verdict {
    let folder = t.dir.join("small");
    fs::create_dir(&folder)?;
    let options = c"size=16k,mode=755";
    rustix::mount::mount("small", &folder, "tmpfs", rustix::mount::MountFlags::empty(), options)?;
    let outcome = WAYS.iter().try_for_each(|way| {
        let path = folder.join(way);
        let call = shell(t, way, 1000, "head -c 100000 /dev/zero; exit 0")?;
        let (_, err) = (file_for_all(&path)?, t.dir.join(format!("{way}-err")));
        let out = OpenOptions::new().append(true).open(&path)?;
        call.stdin(text_on_stdin("")?)
            .streams(out, File::create(&err)?)
            .finish()?;
        let told = fs::read_to_string(&err)?;
        fs::remove_file(&path)?;
        ensure(told.contains("ENOSPC"), || format!("{way}: {told:?}"))
    });
    let _ = rustix::mount::unmount(&folder, rustix::mount::UnmountFlags::DETACH);
    outcome
}

fn job_in_the_background_does_not_take_the_shells_keys(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let script = "echo begins-$((40+2)); read line; echo got-$line; exit 7";
        let call = shell(t, way, 0, script)?;
        let job = "set -m; \"$0\" \"$@\" & read line; echo read-$line; fg; echo code-$?";
        let mut user = User::sits_down(call.script(job))?;
        user.waits_for(t, "begins-42")?;
        user.types("one\n")?;
        user.waits_for(t, "read-one")?;
        ensure(user.is_for_lines()?, || "the terminal is raw".into())?;
        user.answers_the_job(t, way)?;
    }
    Ok(())
}
