//! The files that the process gets as standard input, output and error, and whose they become.

use super::descriptors::above;
use super::io::NamedStdio;
use super::launching::Launching;
use crate::bundle::IdMapping;
use crate::process::Pid;
use crate::{Error, Failure};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use rustix::fs::{FileType, OFlags, Stat, fcntl_getfl, fstat, fstatfs, major};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::termios::tcgetattr;

/// The process's stdio, as it is handed over.
#[derive(Debug, Default)]
pub(super) struct Stdio {
    /// What comes in place of the caller's own, at numbers that do not get in the container's way.
    pub(super) chosen: [Option<OwnedFd>; 3],
    /// What may be given to the process's user: a bit for each.
    pub(super) given: u32,
    /// The caller's ends of the pipes that are made for it.
    pub(super) returned: [Option<OwnedFd>; 3],
}

/// Linux: include/uapi/linux/magic.h.
const PIPEFS_MAGIC: u64 = 0x5049_5045;

/// Linux: Documentation/admin-guide/devices.txt: `/dev/null` and its like.
const MEMORY_DEVICES: u32 = 1;

/// How one of the three is handed over.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// The file, whose owner stays.
    AsItIs,
    /// The file, which may become the user's.
    Given,
    /// A pipe, which may become the user's, in place of the file with this device and inode.
    Apart { file: (u64, u64) },
}

impl Way {
    fn of(launching: &Launching<'_>, number: usize) -> Self {
        let named = &launching.io.named_stdio;
        if launching.plan.user.is_none() || matches!(named, NamedStdio::Given) {
            return Self::Given;
        }
        let Ok(status) = fstat(launching.stdio(number)) else {
            return Self::AsItIs;
        };
        // What is the user's already is given to nobody, whatever its name.
        if launching.is_a_users_pipe(&status) || is_nameless(launching.stdio(number), &status) {
            return Self::Given;
        }
        if matches!(named, NamedStdio::Returned) && launching.keeps_apart(number, &status) {
            let file = (status.st_dev, status.st_ino);
            return Self::Apart { file };
        }
        Self::AsItIs
    }
}

impl Stdio {
    /// What the process gets, from the number `first_own` on.
    pub(super) fn choose(launching: &Launching<'_>, first_own: RawFd) -> Result<Self, Error> {
        let mut stdio = Self::default();
        let ways = [0, 1, 2].map(|number| Way::of(launching, number));
        for (number, way) in ways.into_iter().enumerate() {
            if way != Way::AsItIs {
                stdio.given |= 1 << number;
            }
            stdio.chosen[number] = match way {
                Way::AsItIs | Way::Given => {
                    let chosen = launching.io.stdio[number].as_ref();
                    chosen.map(|file| copy_above(file, first_own)).transpose()?
                }
                // What is written to both of them stays in its order.
                Way::Apart { .. } if number == 2 && way == ways[1] => {
                    let stdout = stdio.chosen[1].as_ref();
                    stdout.map(|file| copy_above(file, first_own)).transpose()?
                }
                Way::Apart { .. } => {
                    let (ours, theirs) = pipe(number)?;
                    stdio.returned[number] = Some(ours);
                    Some(above(theirs, first_own.max(3))?)
                }
            };
        }
        Ok(stdio)
    }
}

/// A pipe for input (0) or output: the caller's end and the process's.
fn pipe(number: usize) -> Result<(OwnedFd, OwnedFd), Error> {
    let (reader, writer) =
        pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Failure::new("make a pipe for stdio", errno))?;
    Ok(match number {
        0 => (writer, reader),
        _ => (reader, writer),
    })
}

fn copy_above(file: &OwnedFd, first_own: RawFd) -> Result<OwnedFd, Error> {
    let failed = |errno| Failure::new("copy a descriptor for stdio", errno).into();
    rustix::io::fcntl_dupfd_cloexec(file, first_own.max(3)).map_err(failed)
}

/// Whether nobody finds the file by a path on the host: a pipe or a socket.
pub(super) fn is_nameless(file: BorrowedFd<'_>, status: &Stat) -> bool {
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Socket => true,
        FileType::Fifo => fstatfs(file).is_ok_and(|filesystem| u64::try_from(filesystem.f_type) == Ok(PIPEFS_MAGIC)),
        _ => false,
    }
}

impl Launching<'_> {
    /// What the process would get for standard input, output or error, if it gets what there is.
    pub(super) fn stdio(&self, number: usize) -> BorrowedFd<'_> {
        match (&self.io.stdio[number], number) {
            (Some(chosen), _) => chosen.as_fd(),
            (None, 0) => rustix::stdio::stdin(),
            (None, 1) => rustix::stdio::stdout(),
            (None, _) => rustix::stdio::stderr(),
        }
    }

    /// Whether the process is not to have the file itself. With a terminal it could read, after its end was waited for
    /// and as long as anything of it lives, what is typed for somebody else. A file that it writes to would need
    /// another owner, so that it can be opened anew by `/dev/stdout`.
    fn keeps_apart(&self, number: usize, status: &Stat) -> bool {
        let file = self.stdio(number);
        match FileType::from_raw_mode(status.st_mode) {
            FileType::CharacterDevice => major(status.st_rdev) != MEMORY_DEVICES && tcgetattr(file).is_ok(),
            FileType::RegularFile => !self.is_the_users(status.st_uid) && is_written(file),
            FileType::Fifo => !self.is_the_users(status.st_uid),
            _ => false,
        }
    }

    /// Whether it is a pipe of the user's own, as far as that is known without a further look.
    fn is_a_users_pipe(&self, status: &Stat) -> bool {
        let user = self.plan.user.as_ref();
        FileType::from_raw_mode(status.st_mode) == FileType::Fifo
            && user.is_some_and(|user| user.on_host == Some(status.st_uid))
    }

    /// Whether a user of the host's is the one whom the process runs as.
    fn is_the_users(&self, owner: u32) -> bool {
        let Some(user) = &self.plan.user else {
            return false;
        };
        let on_host = user.on_host.or_else(|| {
            let joined = self.joined().ok()?;
            on_host(joined.number_in_proc, user.uid)
        });
        on_host == Some(owner)
    }
}

fn is_written(file: BorrowedFd<'_>) -> bool {
    fcntl_getfl(file).is_ok_and(|flags| flags.intersects(OFlags::WRONLY | OFlags::RDWR))
}

/// Who a user of a process's user namespace is here.
pub(super) fn on_host(pid: Pid, uid: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/uid_map")).ok()?;
    IdMapping::on_host(&IdMapping::of_lines(&text), uid)
}
