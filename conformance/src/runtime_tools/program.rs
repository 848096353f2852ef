//! Runs one program to its end, in bounds: of time, and of what it may write.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process_group, pidfd_open, waitpid};

use crate::sys;

/// Bytes that a program may write.
const OUTPUT_LIMIT: u64 = 64 << 20;
/// Bytes that are read after a program's end: more than a pipe holds, in case somebody still writes.
const REST_LIMIT: u64 = 2 << 20;
/// How often orphans are looked for: the state of a container may depend on its dead processes being reaped.
const PATROL: Duration = Duration::from_millis(20);

/// What ends a program that does not end by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Its longest time.
    pub(super) time: Duration,
    /// It ends when the harness is told to stop.
    pub(super) interruptible: bool,
}

/// How a program ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// By itself.
    Exited(ExitStatus),
    /// Its time was over, and its process group was killed.
    Late,
    /// It wrote too much, and its process group was killed.
    Flooded,
    /// The harness was told to stop, and the process group was killed.
    Interrupted,
}

/// Runs it without stdin in a session of its own. What it writes goes to `out` and `err` as it comes.
///
/// # Errors
/// Where it cannot be started or waited for.
pub(super) fn run(
    mut command: Command,
    bounds: Bounds,
    mut out: impl FnMut(&[u8]),
    mut err: impl FnMut(&[u8]),
) -> io::Result<End> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    sys::own_session(&mut command);
    let mut child = command.spawn()?;
    let mut streams = [
        Stream::new(child.stdout.take(), &mut out),
        Stream::new(child.stderr.take(), &mut err),
    ];
    let reason = watch(&child, &mut streams, bounds);
    if !matches!(reason, Ok(None)) {
        // It is not reaped yet, so the number cannot be another's. Who has left the group comes to the harness as an
        // orphan.
        kill_process_group(pid_of(&child)?, Signal::KILL)?;
    }
    let status = child.wait()?;
    for stream in &mut streams {
        stream.drain(REST_LIMIT);
    }
    Ok(reason?.unwrap_or(End::Exited(status)))
}

/// Reads and reaps until the program has ended; tells why, if it has to be ended.
fn watch(child: &Child, streams: &mut [Stream<'_>], bounds: Bounds) -> io::Result<Option<End>> {
    let own = pid_of(child)?;
    let deadline = Instant::now() + bounds.time;
    let pidfd = pidfd_open(own, PidfdFlags::empty())?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Some(End::Late));
        }
        if bounds.interruptible && sys::interrupted() {
            return Ok(Some(End::Interrupted));
        }
        if streams.iter().map(|stream| stream.seen).sum::<u64>() > OUTPUT_LIMIT {
            return Ok(Some(End::Flooded));
        }
        let pause = Timespec::try_from(left.min(PATROL)).map_err(io::Error::other)?;
        let mut files: Vec<PollFd<'_>> = streams
            .iter()
            .filter_map(|stream| stream.pipe.as_ref())
            .map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN))
            .collect();
        files.push(PollFd::new(&pidfd, PollFlags::IN));
        match poll(&mut files, Some(&pause)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ended = files.last().is_some_and(|file| !file.revents().is_empty());
        for stream in &mut *streams {
            stream.drain(1);
        }
        if ended {
            return Ok(None);
        }
        reap_orphans(own);
    }
}

/// Reaps the dead children that are not the program.
fn reap_orphans(own: Pid) {
    while let Some(dead) = sys::dead_child().filter(|&dead| dead != own) {
        if waitpid(Some(dead), WaitOptions::NOHANG).is_err() {
            return;
        }
    }
}

fn pid_of(child: &Child) -> io::Result<Pid> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("no process id"))
}

/// One of the program's outputs.
struct Stream<'s> {
    /// Gone at its end.
    pipe: Option<Box<dyn Pipe>>,
    sink: &'s mut dyn FnMut(&[u8]),
    seen: u64,
}

/// What can be read and waited for.
trait Pipe: Read + AsFd {}

impl<P: Read + AsFd> Pipe for P {}

impl<'s> Stream<'s> {
    fn new(pipe: Option<impl Pipe + 'static>, sink: &'s mut dyn FnMut(&[u8])) -> Self {
        let ready = |pipe: &_| {
            let flags = fcntl_getfl(pipe).unwrap_or(OFlags::empty());
            fcntl_setfl(pipe, flags | OFlags::NONBLOCK).is_ok()
        };
        Self {
            pipe: pipe.filter(ready).map(|pipe| Box::new(pipe) as Box<dyn Pipe>),
            sink,
            seen: 0,
        }
    }

    /// Hands on what is there, and stops where that has become `bytes`.
    fn drain(&mut self, bytes: u64) {
        let mut buffer = [0; 16 * 1024];
        let start = self.seen;
        while let Some(pipe) = &mut self.pipe
            && self.seen - start < bytes
        {
            match pipe.read(&mut buffer) {
                Ok(count) if count > 0 => {
                    (self.sink)(buffer.get(..count).unwrap_or_default());
                    self.seen += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Its end, or nothing that could be read later.
                _ => self.pipe = None,
            }
        }
    }
}
