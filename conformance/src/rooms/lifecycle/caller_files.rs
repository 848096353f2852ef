//! Files that the caller names, `--pid-file` and `--log`: what is there and is no regular file is neither replaced nor
//! waited for.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::call::{Call, Done};
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(pid_file_replaces_no_device, REPLACES, WRITES),
    test!(
        pid_file_replaces_no_fifo_and_waits_for_nobody,
        REPLACES,
        ("crun", "1.8", "waits for somebody who reads it")
    ),
    test!(
        pid_file_replaces_no_socket,
        REPLACES,
        ("crun", "1.8", "does not say what the file was for")
    ),
    test!(
        pid_file_replaces_a_link_and_not_what_it_leads_to,
        ("crun", "1.8", "writes through the link")
    ),
    test!(pid_file_replaces_no_link_to_a_device, REPLACES, WRITES),
    test!(
        pid_file_replaces_no_link_to_an_open_descriptor,
        ("runc", "1.1", "replaces the link"),
        ("crun", "1.8", "writes through the link")
    ),
    test!(pid_file_of_an_earlier_container_is_replaced),
    test!(log_that_is_a_fifo_is_not_waited_for, WAITS, CRUN_WAITS),
    test!(
        log_that_is_a_full_fifo_keeps_nothing_from_ending,
        WAITS,
        ("crun", "1.8", "waits for room")
    ),
    test!(log_may_be_a_device),
];

const REPLACES: Known = ("runc", "1.1", "puts a file in its place");
const WRITES: Known = ("crun", "1.8", "writes the pid to it");
const WAITS: Known = ("runc", "1.1", "waits for somebody who reads it");
const CRUN_WAITS: Known = ("crun", "1.8", "waits for somebody who reads it");

/// Of the host, and nobody's.
fn node(t: &Trial<'_>, kind: FileType) -> Result<PathBuf, Failure> {
    let path = t.dir.join("node");
    mknodat(CWD, &path, kind, Mode::from_raw_mode(0o600), makedev(1, 3))?;
    Ok(path)
}

/// The call's end, which has to come soon.
fn soon(t: &Trial<'_>, call: Call<'_>) -> Result<Done, Failure> {
    let running = call.spawn()?;
    let end = Instant::now() + Duration::from_secs(5);
    match running.pid() {
        Some(pid) if !crate::call::ends_before(pid, end)? => {
            running.signal(rustix::process::Signal::KILL)?;
            running.wait()?;
            t.note("killed");
            wrong("it waits")
        }
        _ => running.wait(),
    }
}

fn kept(t: &Trial<'_>, path: &Path, is_such: fn(&fs::FileType) -> bool) -> Verdict {
    let bundle = t.bundle()?.probe("stdout began");
    let call = t.with_bundle(&["run", "--pid-file", &path.to_string_lossy()], &bundle)?;
    let done = soon(t, call)?;
    let kind = path.symlink_metadata()?.file_type();
    ensure(is_such(&kind), || format!("it is {kind:?} now"))?;
    ensure(done.code != 0 && !done.out.contains("began"), || {
        format!("it ran: {done:?}")
    })?;
    ensure(done.err.contains("pid file"), || done.err.clone())
}

fn pid_file_replaces_no_device(t: &Trial<'_>) -> Verdict {
    kept(t, &node(t, FileType::CharacterDevice)?, FileTypeExt::is_char_device)
}

fn pid_file_replaces_no_fifo_and_waits_for_nobody(t: &Trial<'_>) -> Verdict {
    kept(t, &node(t, FileType::Fifo)?, FileTypeExt::is_fifo)
}

fn pid_file_replaces_no_socket(t: &Trial<'_>) -> Verdict {
    let path = t.dir.join("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&path)?;
    kept(t, &path, FileTypeExt::is_socket)
}

fn pid_file_replaces_a_link_and_not_what_it_leads_to(t: &Trial<'_>) -> Verdict {
    const PRECIOUS: &str = "an earlier and longer content";
    for has_target in [true, false] {
        let (link, target) = (t.dir.join("link"), t.dir.join("target"));
        if has_target {
            fs::write(&target, PRECIOUS)?;
        }
        symlink(&target, &link)?;
        let words = ["run", "--pid-file", &link.to_string_lossy()];
        t.with_bundle(&words, &t.bundle()?.probe("exit 0"))?.succeed()?;
        ensure(link.symlink_metadata()?.is_file(), || "no file".into())?;
        let pid = fs::read_to_string(&link)?;
        ensure(pid.trim().parse::<u32>().is_ok(), || format!("{pid:?} is no pid"))?;
        let found = fs::read_to_string(&target).ok();
        same("the target", &found.as_deref(), has_target.then_some(PRECIOUS))?;
        fs::remove_file(&link)?;
        let _ = fs::remove_file(&target);
    }
    Ok(())
}

fn pid_file_replaces_no_link_to_a_device(t: &Trial<'_>) -> Verdict {
    let link = t.dir.join("link");
    symlink(node(t, FileType::CharacterDevice)?, &link)?;
    kept(t, &link, fs::FileType::is_symlink)
}

/// As `/dev/stdout` is one, whatever it is open on.
fn pid_file_replaces_no_link_to_an_open_descriptor(t: &Trial<'_>) -> Verdict {
    let (link, target) = (t.dir.join("link"), t.dir.join("target"));
    symlink("/proc/self/fd/7", &link)?;
    fs::write(&target, "an earlier content")?;
    let words = ["run", "--pid-file", &link.to_string_lossy()];
    let call = t.with_bundle(&words, &t.bundle()?.probe("exit 0"))?;
    let done = call.descriptor(fs::File::open(&target)?.into(), 7).finish()?;
    ensure(done.code != 0 && done.err.contains("pid file"), || format!("{done:?}"))?;
    ensure(link.symlink_metadata()?.is_symlink(), || "no link any more".into())?;
    same(
        "the target",
        &fs::read_to_string(&target)?.as_str(),
        "an earlier content",
    )
}

fn pid_file_of_an_earlier_container_is_replaced(t: &Trial<'_>) -> Verdict {
    let path = t.dir.join("pid");
    fs::write(&path, "an earlier and longer content")?;
    let words = ["run", "--pid-file", &path.to_string_lossy()];
    t.with_bundle(&words, &t.bundle()?.probe("exit 0"))?.succeed()?;
    let pid = fs::read_to_string(&path)?;
    ensure(pid.trim().parse::<u32>().is_ok(), || format!("{pid:?} is no pid"))
}

fn log_that_is_a_fifo_is_not_waited_for(t: &Trial<'_>) -> Verdict {
    let path = node(t, FileType::Fifo)?.to_string_lossy().into_owned();
    for words in [&["list"][..], &["state", "nobody"]] {
        soon(t, t.call(words).global(&["--log", &path]))?;
    }
    Ok(())
}

fn log_that_is_a_full_fifo_keeps_nothing_from_ending(t: &Trial<'_>) -> Verdict {
    use rustix::fs::{OFlags, open};
    let path = node(t, FileType::Fifo)?;
    let fifo = open(&path, OFlags::RDWR | OFlags::NONBLOCK, Mode::empty())?;
    while rustix::io::write(&fifo, &[b'x'; 4096]).is_ok() {}
    let done = soon(
        t,
        t.call(&["state", "nobody"]).global(&["--log", &path.to_string_lossy()]),
    )?;
    ensure(done.err.contains("does not exist"), || done.err.clone())
}

fn log_may_be_a_device(t: &Trial<'_>) -> Verdict {
    let path = node(t, FileType::CharacterDevice)?;
    let call = t.with_bundle(&["run"], &t.bundle()?.probe("exit 0"))?;
    let done = call.global(&["--log", &path.to_string_lossy()]).succeed()?;
    ensure(path.symlink_metadata()?.file_type().is_char_device(), || {
        "replaced".into()
    })?;
    same("exit status", &done.code, 0)
}
