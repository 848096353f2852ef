//! Stdio that the process opens anew, by `/dev/stdout`, as images that log there do: it has to belong to the process's
//! user, also where that is one of another user namespace.

use std::fs::{self, File, OpenOptions};
use std::io::{PipeReader, Read, pipe};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, fstat, makedev, mknodat};
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::{Call, text_on_stdin};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::terminals::pair;
use crate::trial::Trial;
use crate::unprivileged::{FIRST, as_user, mapped, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(pipe_can_be_opened_anew),
    test!(
        terminal_on_stdout_can_be_opened_anew,
        ("crun", "1.8", "gives the terminal to nobody")
    ),
    test!(
        pipe_can_be_opened_anew_in_a_user_namespace_that_is_joined,
        WANTS_MAPS,
        ("crun", "1.8", "gives nothing away there")
    ),
    test!(pipe_of_a_detached_run_can_be_opened_anew, NOT_DETACHED),
    test!(pipe_of_an_ordinary_user_can_be_opened_anew),
    test!(
        what_is_everybodys_is_not_given_away,
        ("runc", "1.1", "gives everything but /dev/null away"),
        ("crun", "1.8", "gives the host's node away")
    ),
    test!(
        file_of_the_hosts_is_not_given_to_a_user_namespace_for_good,
        GIVES_AWAY_TOO
    ),
    test!(
        detached_process_gets_a_file_and_a_terminal_for_its_own,
        ("crun", "1.8", "gives nothing away without a user namespace")
    ),
    test!(file_of_somebody_else_is_not_given_to_a_user_namespace, GIVES_AWAY_TOO),
    test!(file_that_is_only_read_is_not_given_away, GIVES_AWAY, GIVES_AWAY_TOO),
];

const WANTS_MAPS: Known = ("runc", "1.1", "wants mappings although the namespace is joined");
const NOT_DETACHED: Known = ("runc", "1.1", "gives nothing to a user namespace but its own pipes");
const GIVES_AWAY: Known = ("runc", "1.1", "gives whatever it is away");
const GIVES_AWAY_TOO: Known = ("crun", "1.8", "gives whatever it is away");

/// A bundle with a user namespace, whose process writes to its stdout and stderr by their names.
fn writing(t: &Trial<'_>, uid: u32) -> Result<Bundle, Failure> {
    Ok(mapped(t)?
        .user(uid, uid)
        .probe("write /dev/stdout ok , write /dev/stderr ok"))
}

/// A verb with these for stdout and stderr. Its stdin is a pipe: peers would give `/dev/null` away.
fn with_streams<'t>(call: Call<'t>, out: &OwnedFd) -> Result<Call<'t>, Failure> {
    Ok(call
        .stdin(text_on_stdin("")?)
        .streams(out.try_clone()?, out.try_clone()?))
}

fn both_were_written(said: &str) -> Verdict {
    let lines = said.matches("\"errno\":null").count();
    ensure(said.contains("ok") && lines == 2, || said.to_owned())
}

fn all_of(mut reader: PipeReader) -> Result<String, Failure> {
    let mut said = String::new();
    reader.read_to_string(&mut said)?;
    Ok(said)
}

fn pipe_can_be_opened_anew(t: &Trial<'_>) -> Verdict {
    for uid in [0, 1000] {
        let bundle = writing(t, uid)?;
        let (reader, writer) = pipe()?;
        let writer = OwnedFd::from(writer);
        with_streams(t.with_bundle(&["run"], &bundle)?, &writer)?.succeed()?;
        drop(writer);
        both_were_written(&all_of(reader)?)?;
    }
    Ok(())
}

fn file_of_the_hosts_is_not_given_to_a_user_namespace_for_good(t: &Trial<'_>) -> Verdict {
    for uid in [0, 1000] {
        let path = t.dir.join(format!("file-{uid}"));
        let file: OwnedFd = File::create(&path)?.into();
        let bundle = mapped(t)?.user(uid, uid).probe("exit 0");
        with_streams(t.with_bundle(&["create"], &bundle)?, &file)?.succeed()?;
        t.adopt(&bundle.id);
        same("owner of the file", &fs::metadata(&path)?.uid(), 0)?;
    }
    Ok(())
}

/// Engines hand such over for good.
fn detached_process_gets_a_file_and_a_terminal_for_its_own(t: &Trial<'_>) -> Verdict {
    let (_ours, terminal) = pair()?;
    let file: OwnedFd = File::create(t.dir.join("file"))?.into();
    for out in [file, terminal] {
        let bundle = t.bundle()?.user(1000, 1000).probe("exit 0");
        with_streams(t.with_bundle(&["create"], &bundle)?, &out)?.succeed()?;
        t.adopt(&bundle.id);
        same("owner of stdout", &fstat(&out)?.st_uid, 1000)?;
    }
    Ok(())
}

fn terminal_on_stdout_can_be_opened_anew(t: &Trial<'_>) -> Verdict {
    for uid in [0, 1000] {
        let master = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(
            name,
            rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY,
            Mode::empty(),
        )?;
        let bundle = writing(t, uid)?;
        with_streams(t.with_bundle(&["run"], &bundle)?, &slave)?.succeed()?;
        let mut buffer = [0; 4096];
        let length = rustix::io::read(&master, &mut buffer)?;
        both_were_written(&String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()))?;
    }
    Ok(())
}

fn pipe_can_be_opened_anew_in_a_user_namespace_that_is_joined(t: &Trial<'_>) -> Verdict {
    let other = mapped(t)?.probe("sleep 10");
    // Its stdin is a pipe: crun would give `/dev/null` away.
    let call = t.with_bundle(&["create"], &other)?.stdin(text_on_stdin("")?);
    call.succeed()?;
    t.adopt(&other.id);
    let theirs = format!("/proc/{}/ns", t.pid(&other.id)?.as_raw_nonzero());
    let bundle = writing(t, 1000)?.id_maps(Value::Null);
    let bundle = bundle.joining("user", &format!("{theirs}/user"));
    let (reader, writer) = pipe()?;
    let writer = OwnedFd::from(writer);
    with_streams(t.with_bundle(&["run"], &bundle)?, &writer)?.succeed()?;
    same("owner", &fstat(&writer)?.st_uid, FIRST + 1000)?;
    drop(writer);
    both_were_written(&all_of(reader)?)
}

fn pipe_of_a_detached_run_can_be_opened_anew(t: &Trial<'_>) -> Verdict {
    let bundle = writing(t, 1000)?;
    let (reader, writer) = pipe()?;
    let writer = OwnedFd::from(writer);
    with_streams(t.with_bundle(&["run", "--detach"], &bundle)?, &writer)?.succeed()?;
    t.adopt(&bundle.id);
    drop(writer);
    both_were_written(&all_of(reader)?)
}

fn pipe_of_an_ordinary_user_can_be_opened_anew(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.probe("write /dev/stdout ok , write /dev/stderr ok");
    let (reader, writer) = pipe()?;
    let writer = OwnedFd::from(writer);
    rustix::fs::fchown(
        &writer,
        Some(rustix::fs::Uid::from_raw(crate::unprivileged::USER)),
        None,
    )?;
    let call = as_user(t, t.with_bundle(&["run"], &bundle)?)?;
    with_streams(call, &writer)?.succeed()?;
    drop(writer);
    both_were_written(&all_of(reader)?)
}

/// Runs bundles with and without a user namespace with this as stdin, and as stdout if it can be written.
fn keeps_its_owner(t: &Trial<'_>, path: &Path, file: &File, is_written: bool) -> Verdict {
    let before = fs::metadata(path)?.uid();
    for bundle in [t.bundle()?.user(1000, 1000), mapped(t)?, mapped(t)?.user(1000, 1000)] {
        let created = bundle.probe("exit 0");
        let call = t.with_bundle(&["create"], &created)?.stdin(file.try_clone()?);
        let out = if is_written {
            file.try_clone()?
        } else {
            File::create(t.dir.join("other"))?
        };
        call.streams(out.try_clone()?, out).succeed()?;
        t.adopt(&created.id);
        same("owner afterwards", &fs::metadata(path)?.uid(), before)?;
    }
    Ok(())
}

fn what_is_everybodys_is_not_given_away(t: &Trial<'_>) -> Verdict {
    for (name, minor) in [("null", 3), ("zero", 5), ("full", 7)] {
        let path = t.dir.join(name);
        mknodat(
            CWD,
            &path,
            FileType::CharacterDevice,
            Mode::from_raw_mode(0o666),
            makedev(1, minor),
        )?;
        let node = OpenOptions::new().read(true).write(true).open(&path)?;
        keeps_its_owner(t, &path, &node, true)?;
    }
    Ok(())
}

fn file_of_somebody_else_is_not_given_to_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let path = t.dir.join("of-another");
    let file = OpenOptions::new().create_new(true).append(true).open(&path)?;
    chown(&path, Some(1234), Some(1234))?;
    let bundle = mapped(t)?.probe("exit 0");
    with_streams(t.with_bundle(&["create"], &bundle)?, &file.into())?.succeed()?;
    t.adopt(&bundle.id);
    same("owner afterwards", &fs::metadata(&path)?.uid(), 1234)
}

fn file_that_is_only_read_is_not_given_away(t: &Trial<'_>) -> Verdict {
    let path = t.dir.join("only-read");
    fs::write(&path, json!("text").to_string())?;
    keeps_its_owner(t, &path, &File::open(&path)?, false)
}
