//! Hooks that run on the host.

mod tree;

use super::descriptors::{above, copy_above};
use super::{Cancel, image};
use crate::bundle::{Hook, HookOutput, annotation_place};
use crate::plan::About;
use crate::process::Pid;
use crate::state::Status;
use crate::sys::{self, Program, Spawn};
use crate::{Error, Failure, HookEnd, HookFailure, Id, JsonPath};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// As much of a hook's standard error is kept for the error's sentence.
const KEPT: usize = 2048;

/// The state that hooks read (runtime-spec: runtime.md#state).
pub(crate) struct HookState {
    text: Vec<u8>,
    /// The bundle, where hooks of the host stand.
    directory: CString,
}

/// The state's members that the spec has.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    oci_version: &'a str,
    id: &'a str,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<i32>,
    bundle: &'a Path,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    annotations: &'a std::collections::BTreeMap<String, String>,
}

impl<'a> Document<'a> {
    pub(super) fn new(id: &'a Id, about: &'a About, status: Status, pid: Option<Pid>) -> Self {
        Self {
            oci_version: &about.oci_version,
            id: id.as_str(),
            status,
            pid: pid.map(Pid::get),
            bundle: &about.bundle,
            annotations: &about.annotations,
        }
    }
}

impl HookState {
    pub(crate) fn new(id: &Id, about: &About, status: Status, pid: Option<Pid>) -> Self {
        Self {
            text: serde_json::to_vec(&Document::new(id, about, status, pid)).unwrap_or_default(),
            directory: CString::new(about.bundle.as_os_str().as_bytes()).unwrap_or_default(),
        }
    }

    /// As a file: a hook that does not read its input is then no different from one that does.
    pub(super) fn file(&self) -> Result<OwnedFd, Error> {
        let file = image::sealed(c"orlop-state", &[&self.text])?;
        rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))
            .map_err(|errno| Failure::new("rewind the state for hooks", errno))?;
        Ok(file)
    }
}

/// Where hooks write to. The files are opened when there is a hook that may write.
pub(crate) struct Output {
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
}

impl Output {
    fn open(files: &HookOutput) -> Result<Self, Error> {
        let open = |file: &Option<PathBuf>, annotation| {
            file.as_deref()
                .map(|file| open_output(file, &annotation_place(annotation)))
                .transpose()
        };
        Ok(Self {
            stdout: open(&files.stdout, HookOutput::STDOUT)?,
            stderr: open(&files.stderr, HookOutput::STDERR)?,
        })
    }
}

/// A file that hooks' output is appended to; it is also read, for the words of a hook that fails.
pub(super) fn open_output(file: &Path, origin: &JsonPath) -> Result<OwnedFd, Error> {
    let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let failed = |errno| Failure::new(format!("open {file:?} for the output of hooks"), errno).at(origin.clone());
    let opened = rustix::fs::open(file, flags, Mode::from_raw_mode(0o600)).map_err(failed)?;
    // Only the opening was not to wait, for somebody at the other end of a FIFO.
    rustix::fs::fcntl_setfl(&opened, OFlags::APPEND).map_err(failed)?;
    Ok(opened)
}

/// Runs hooks one after the other; the first that fails is an error. Tells which one begins.
pub(crate) fn run(
    kind: &'static str,
    hooks: &[Hook],
    state: &HookState,
    output: &HookOutput,
    watched: Watched<'_>,
    begins: impl Fn(usize, &Hook),
) -> Result<(), Error> {
    for (index, hook) in hooks.iter().enumerate() {
        begins(index, hook);
        run_one(kind, index, hook, state, output, watched)?;
    }
    Ok(())
}

/// Runs one hook, `hooks.KIND[INDEX]`.
pub(crate) fn run_one(
    kind: &'static str,
    index: usize,
    hook: &Hook,
    state: &HookState,
    output: &HookOutput,
    watched: Watched<'_>,
) -> Result<(), Error> {
    match to_its_end(hook, state, &Output::open(output)?, watched)? {
        None => Ok(()),
        Some((end, stderr)) => Err(HookFailure {
            kind,
            index,
            end,
            stderr,
        }
        .into()),
    }
}

/// How the hook failed and what it said; `None` if it did not.
fn to_its_end(
    hook: &Hook,
    state: &HookState,
    output: &Output,
    watched: Watched<'_>,
) -> Result<Option<(HookEnd, String)>, Error> {
    let path = hook.path.to_c_string();
    let args: Vec<CString> = hook.args.iter().map(crate::bundle::Text::to_c_string).collect();
    let args: Vec<&CStr> = if args.is_empty() {
        vec![&path]
    } else {
        args.iter().map(CString::as_c_str).collect()
    };
    let env: Vec<CString> = match &hook.env {
        Some(env) => env.iter().map(crate::bundle::Text::to_c_string).collect(),
        None => crate::host::environment(),
    };
    let env: Vec<&CStr> = env.iter().map(CString::as_c_str).collect();
    let input = state.file()?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| Failure::new("open /dev/null", errno))?;
    let (stderr, stderr_end) =
        pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Failure::new("make a pipe for a hook", errno))?;
    let stdout = output.stdout.as_ref().unwrap_or(&null);
    let log = output.stderr.as_ref();
    let log_begins = log
        .and_then(|log| rustix::fs::fstat(log).ok())
        .map_or(0, |status| status.st_size);
    let placed = [
        (above(input, 3)?, 0),
        (copy_above(stdout)?, 1),
        (copy_above(log.unwrap_or(&stderr_end))?, 2),
    ];
    let placed: Vec<(BorrowedFd<'_>, RawFd)> = placed.iter().map(|(file, number)| (file.as_fd(), *number)).collect();
    let spawned = sys::spawn(&Spawn {
        program: Program::Path(&path),
        args: &args,
        env: &env,
        namespaces: 0,
        is_hidden: false,
        cgroup: None,
        placed: &placed,
        inherited: &[],
        directory: Some(&state.directory),
        // So that the whole hook is found when its time is over.
        adopts: hook.timeout.is_some(),
    });
    drop(stderr_end);
    let spawned = match spawned {
        Ok(spawned) => spawned,
        Err(errno) => {
            let program = hook.path.as_str().to_owned();
            let end = HookEnd::NotExecuted(Some(program), crate::Errno::from_raw(errno.raw_os_error()));
            return Ok(Some((end, String::new())));
        }
    };
    let limit = hook
        .timeout
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map(Duration::from_secs);
    let (end, mut said) = watch(&spawned.pidfd, &stderr, limit, watched)?;
    if let Some(log) = log {
        said = written_since(log, log_begins);
    }
    if end != End::Itself {
        tree::kill(spawned.pid, &spawned.pidfd);
    }
    let status = crate::process::wait(spawned.pidfd.as_fd())?;
    Ok(match end {
        End::Cancelled => return Err(Error::Cancelled),
        End::WithoutInit => {
            let attempted = format!("run the hook {:?} to its end", hook.path.as_str());
            return Err(Failure::plain(attempted, "the container's init was killed meanwhile").into());
        }
        End::TimedOut => Some((HookEnd::TimedOut(limit.unwrap_or_default()), said)),
        End::Itself if status.is_success() => None,
        End::Itself => Some((HookEnd::Ended(status), said)),
    })
}

/// What stands in a file from an offset on, as much of it as is kept.
fn written_since(log: &OwnedFd, offset: i64) -> String {
    let mut buffer = [0; KEPT];
    let offset = u64::try_from(offset).unwrap_or(0);
    // What cannot be read at a place, a FIFO for example, has no words for the error.
    let length = rustix::io::pread(log, &mut buffer, offset).unwrap_or(0);
    String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned()
}

#[derive(PartialEq, Eq)]
enum End {
    Itself,
    TimedOut,
    Cancelled,
    WithoutInit,
}

/// What ends a hook before its time.
#[derive(Clone, Copy, Default)]
pub(crate) struct Watched<'a> {
    /// The caller's wish.
    pub(crate) cancel: Cancel<'a>,
    /// The end of the container's init, by its pidfd.
    pub(crate) init: Option<BorrowedFd<'a>>,
}

/// Collects what the hook says until it ends. Its end is what counts, not the end of its stderr, which a daemon that
/// it leaves behind may hold open.
fn watch(
    pidfd: &OwnedFd,
    stderr: &OwnedFd,
    limit: Option<Duration>,
    watched: Watched<'_>,
) -> Result<(End, String), Error> {
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let mut said = Vec::new();
    let mut is_open = true;
    let end = loop {
        // A place that nobody is in is one that poll passes over (`man 2 poll`).
        let other = |file: Option<BorrowedFd<'_>>| file.map_or(-1, |file| file.as_raw_fd());
        let numbers = [
            pidfd.as_raw_fd(),
            other(watched.cancel),
            other(watched.init),
            if is_open { stderr.as_raw_fd() } else { -1 },
        ];
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let Some([ended, cancelled, without_init, speaks]) =
            sys::wait_for_any(numbers, left).map_err(|errno| Failure::new("wait for a hook", errno))?
        else {
            break End::TimedOut;
        };
        if speaks {
            is_open = collect(stderr, &mut said);
        }
        if cancelled {
            break End::Cancelled;
        }
        if ended {
            break End::Itself;
        }
        if without_init {
            break End::WithoutInit;
        }
    };
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    while is_open && poll(&mut [PollFd::new(stderr, PollFlags::IN)], Some(&now)) == Ok(1) {
        is_open = collect(stderr, &mut said);
    }
    Ok((end, String::from_utf8_lossy(&said).into_owned()))
}

/// Reads once; `false` at the end.
fn collect(stderr: &OwnedFd, said: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 512];
    match rustix::io::read(stderr, &mut buffer) {
        Ok(0) => false,
        Ok(length) => {
            let room = KEPT.saturating_sub(said.len()).min(length);
            said.extend_from_slice(buffer.get(..room).unwrap_or_default());
            true
        }
        Err(Errno::INTR) => true,
        Err(_) => false,
    }
}
