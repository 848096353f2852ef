//! A rootfs on a filesystem that takes questions and never answers them: whoever waits for that can give up.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::Signal;
use serde_json::json;

use crate::call::ends_before;
use crate::failure::{Failure, Verdict, ensure, wrong};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(term_ends_a_run_whose_rootfs_does_not_answer, LOOKS_ITSELF, CRUN),
    test!(
        delete_by_force_ends_for_a_rootfs_that_does_not_answer,
        LOOKS_ITSELF,
        CRUN
    ),
];

const LOOKS_ITSELF: Known = ("runc", "1.1", "looks at the rootfs itself, and hangs");
const CRUN: Known = ("crun", "1.8", "looks at the rootfs itself, and hangs");

/// A FUSE filesystem whose server says hello and nothing else.
struct Silent {
    point: PathBuf,
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
    server: Option<std::thread::JoinHandle<()>>,
}

impl Silent {
    fn new(point: PathBuf) -> Result<Self, Failure> {
        let connection = OpenOptions::new().read(true).write(true).open("/dev/fuse");
        let connection = connection.map_err(|error| Failure::Skip(format!("no /dev/fuse: {error}")))?;
        fs::create_dir_all(&point)?;
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0\0", connection.as_raw_fd());
        let options = std::ffi::CStr::from_bytes_with_nul(options.as_bytes()).unwrap_or_default();
        mount("silent", &point, "fuse", MountFlags::empty(), options)?;
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let told = (Arc::clone(&stop), Arc::clone(&asked));
        let server = std::thread::spawn(move || serve(connection, &told.0, &told.1));
        Ok(Self {
            point,
            stop,
            asked,
            server: Some(server),
        })
    }

    /// The end of the connection answers all that was asked, with an error.
    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
        let _ = unmount(&self.point, UnmountFlags::DETACH);
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads requests (`linux/fuse.h`) until it is told to stop, and answers the first, FUSE_INIT.
fn serve(mut connection: File, stop: &AtomicBool, asked: &AtomicBool) {
    const FUSE_INIT: u32 = 26;
    let mut buffer = vec![0; 1 << 17];
    let moment = Timespec {
        tv_sec: 0,
        tv_nsec: 20_000_000,
    };
    while !stop.load(Ordering::Relaxed) {
        if !poll(&mut [PollFd::new(&connection, PollFlags::IN)], Some(&moment)).is_ok_and(|ready| ready > 0) {
            continue;
        }
        let Ok(length) = connection.read(&mut buffer) else {
            return;
        };
        // Length, opcode, the request's number.
        let (Some(opcode), Some(unique)) = (buffer.get(4..8), buffer.get(8..16).filter(|_| length >= 16)) else {
            return;
        };
        if *opcode != FUSE_INIT.to_ne_bytes() {
            asked.store(true, Ordering::Relaxed);
            continue;
        }
        // The header: length, no error, the request's number. Then major and minor version, and no wishes.
        let mut answer = Vec::new();
        answer.extend(80u32.to_ne_bytes());
        answer.extend(0u32.to_ne_bytes());
        answer.extend(unique);
        answer.extend([7u32, 31].map(u32::to_ne_bytes).concat());
        answer.resize(80, 0);
        if connection.write_all(&answer).is_err() {
            return;
        }
    }
}

/// A `run` that hangs, is asked to end, and does so with a word; gives its id.
fn give_up(t: &Trial<'_>, silent: &mut Silent) -> Result<String, Failure> {
    let bundle = t.bundle()?.set("/root/path", json!(silent.point));
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    let asked = Arc::clone(&silent.asked);
    let has_asked = t.until("a question to the filesystem", || Ok(asked.load(Ordering::Relaxed)));
    if has_asked.is_err() {
        silent.end();
    }
    has_asked?;
    std::thread::sleep(Duration::from_millis(100));
    running.signal(Signal::TERM)?;
    let pid = running.pid().ok_or(Failure::Wrong("harness: no pid".into()))?;
    let end = Instant::now() + Duration::from_secs(6);
    if !ends_before(pid, end)? {
        // Nor of any other signal, as long as it waits for an answer.
        silent.end();
        return wrong("run does not end of SIGTERM");
    }
    t.adopt(&bundle.id);
    let done = running.wait()?;
    ensure(done.code != 0, || "it ended well".into())?;
    ensure(
        done.err.contains("cannot be killed") && done.err.contains("process "),
        || format!("it does not name what cannot be killed: {}", done.err),
    )?;
    Ok(bundle.id)
}

fn term_ends_a_run_whose_rootfs_does_not_answer(t: &Trial<'_>) -> Verdict {
    let mut silent = Silent::new(t.dir.join("silent"))?;
    let id = give_up(t, &mut silent)?;
    // What hangs is let go, and nothing keeps the rest from going.
    silent.end();
    t.call(&["delete", "--force", &id]).succeed()?;
    t.call(&["state", &id]).refuse(&["does not exist"])
}

fn delete_by_force_ends_for_a_rootfs_that_does_not_answer(t: &Trial<'_>) -> Verdict {
    let mut silent = Silent::new(t.dir.join("silent"))?;
    let id = give_up(t, &mut silent)?;
    let running = t.call(&["delete", "--force", &id]).spawn()?;
    let pid = running.pid().ok_or(Failure::Wrong("harness: no pid".into()))?;
    let has_ended = ends_before(pid, Instant::now() + Duration::from_secs(15))?;
    silent.end();
    let done = running.wait()?;
    ensure(has_ended, || "delete --force does not end".into())?;
    ensure(done.code != 0, || "it says that all is gone".into())?;
    t.call(&["delete", "--force", &id]).succeed().map(drop)
}
