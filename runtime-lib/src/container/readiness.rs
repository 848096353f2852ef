//! `NOTIFY_SOCKET`: the container's process tells the service manager of the runtime that it is ready
//! (`man 3 sd_notify`).
//!
//! The manager's own socket is not for the container. It gets one of its own, in a folder of the container's state
//! that is mounted at `/run/notify`; what comes there is looked at, and only that the process is ready is passed on.

use super::Container;
use crate::launch::{is_waiting, send};
use crate::process::Pid;
use crate::store::{Entry, NOTIFY_FOLDER, Phase};
use crate::{Error, Failure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags, chmodat, openat, renameat, unlinkat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, socket_with};
use rustix::pipe::{PipeFlags, pipe_with};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

/// The socket in the folder.
const SOCKET: &str = "notify.sock";

/// The socket before it is moved there, in the state folder.
const NEW_SOCKET: &str = ".notify.sock.new";

/// So long the manager may take to say that it has handled what was sent before.
const BARRIER: Duration = Duration::from_secs(30);

/// Waits for the word of a container's process that it is ready, and passes it on to a service manager.
#[derive(Debug)]
pub struct Readiness {
    socket: OwnedFd,
    manager: OwnedFd,
    init: OwnedFd,
    pid: Pid,
}

impl Container {
    /// Makes the socket on which the container's process tells that it is ready, for the `manager` whose socket this
    /// is, as `NOTIFY_SOCKET` names it (`/run/systemd/notify`, or `@name` for an abstract one). To be called before
    /// [`start`](Self::start). `None` if the container was not created with
    /// [`Arguments::notify_folder`](crate::Arguments::notify_folder): its process would not know the socket.
    ///
    /// # Errors
    /// There is no such container, a socket cannot be made, or the manager's cannot be reached.
    pub fn readiness(&self, manager: &OsStr) -> Result<Option<Readiness>, Error> {
        let entry = self.entry()?;
        let Some(record) = entry.read_state()? else {
            return Ok(None);
        };
        if record.phase == Phase::Creating {
            return Ok(None);
        }
        // Without a process there is nobody to tell anything: that is `start`'s to say.
        let pid = record.init.as_ref().map(|init| init.pid);
        let (Some(init), Some(pid)) = (super::live(record.init.as_ref())?, pid) else {
            return Ok(None);
        };
        let manager =
            reach(manager).map_err(|errno| Failure::new(format!("reach the service manager at {manager:?}"), errno))?;
        // Whoever starts it holds the lock until that has come off. The socket of a process that runs stays.
        entry.lock()?;
        if !is_waiting(&entry) {
            return Ok(None);
        }
        let Some(socket) = make_socket(&entry)? else {
            return Ok(None);
        };
        Ok(Some(Readiness {
            socket,
            manager,
            init,
            pid,
        }))
    }
}

/// A connection with a service manager.
fn reach(manager: &OsStr) -> Result<OwnedFd, Errno> {
    let connection = datagrams()?;
    let address = match manager.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddrUnix::new_abstract_name(name)?,
        None => SocketAddrUnix::new(manager)?,
    };
    connect(&connection, &address)?;
    Ok(connection)
}

fn datagrams() -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
}

/// Makes the socket that the process tells of its readiness on; `None` if the container has no folder for it. What the
/// container has put in its place is not followed: the socket is made where nobody else is, and then moved there.
fn make_socket(entry: &Entry) -> Result<Option<OwnedFd>, Error> {
    let path = entry.path().join(NOTIFY_FOLDER).join(SOCKET);
    let attempt = || -> Result<OwnedFd, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(entry.folder(), NOTIFY_FOLDER, flags, Mode::empty())?;
        let new = entry.short_path(NEW_SOCKET);
        let socket = datagrams()?;
        // What a start left that was killed.
        let _ = unlinkat(entry.folder(), NEW_SOCKET, AtFlags::empty());
        bind(&socket, &SocketAddrUnix::new(&new)?)?;
        // The process may be any user.
        chmodat(entry.folder(), NEW_SOCKET, Mode::from_raw_mode(0o777), AtFlags::empty())
            .and_then(|()| renameat(entry.folder(), NEW_SOCKET, &folder, SOCKET))
            .inspect_err(|_| {
                let _ = unlinkat(entry.folder(), NEW_SOCKET, AtFlags::empty());
            })?;
        Ok(socket)
    };
    match attempt() {
        Ok(socket) => Ok(Some(socket)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Failure::new(format!("make the socket {path:?}"), errno).into()),
    }
}

impl Readiness {
    /// Whether somebody listens at the `manager`'s socket, as `NOTIFY_SOCKET` names it. If nobody does, a container
    /// that is created with [`Arguments::notify_folder`](crate::Arguments::notify_folder) would tell it in vain.
    pub fn can_reach(manager: &OsStr) -> bool {
        reach(manager).is_ok()
    }

    /// Readable when the process has said something.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Reads what the process has said. Once it is ready, the manager is told so, and that `main` is the process to
    /// look after; then this gives `true`, and is done.
    ///
    /// # Errors
    /// The manager is not there any more.
    pub fn relay(&self, main: Pid) -> Result<bool, Error> {
        let Some(ready) = self.hear()? else {
            return Ok(false);
        };
        self.announce(&ready, main).map(|_| true)
    }

    /// Waits until the process is ready or has ended, and tells the manager that, and that the process is the one to
    /// look after. **Blocks** until the manager has handled it, or for 30 seconds more.
    ///
    /// # Errors
    /// The manager is not there any more.
    pub fn wait(self) -> Result<(), Error> {
        loop {
            // `poll` looks at one after the other. What was said before the end is there once that is seen.
            let mut files = [
                PollFd::new(&self.init, PollFlags::IN),
                PollFd::new(&self.socket, PollFlags::IN),
            ];
            match poll(&mut files, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::new("wait for the container to be ready", errno).into()),
            }
            let [ended, speaks] = files.map(|file| !file.revents().is_empty());
            if speaks {
                if let Some(ready) = self.hear()? {
                    return await_hang_up(&self.announce(&ready, self.pid)?);
                }
            } else if ended {
                return Ok(());
            }
        }
    }

    /// The line that tells of the readiness, if the datagram that has come has one.
    fn hear(&self) -> Result<Option<Vec<u8>>, Error> {
        let mut buffer = [0; 4096];
        let flags = rustix::net::RecvFlags::DONTWAIT;
        let length = match rustix::net::recv(&self.socket, &mut buffer[..], flags) {
            Ok((length, _)) => length,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
            Err(errno) => return Err(Failure::new("hear from the container's process", errno).into()),
        };
        let mut lines = buffer.get(..length).unwrap_or_default().split(|byte| *byte == b'\n');
        let line = lines.find(|line| line.starts_with(b"READY="));
        Ok(line.map(|line| [line, b"\n"].concat()))
    }

    /// Tells the manager of the readiness and of the process to look after, and asks it to close a descriptor when it
    /// has handled that; gives the other end.
    fn announce(&self, ready: &[u8], main: Pid) -> Result<OwnedFd, Error> {
        let attempt = || -> Result<OwnedFd, Errno> {
            let manager = self.manager.as_fd();
            send(manager, ready, None)?;
            send(manager, format!("MAINPID={main}\n").as_bytes(), None)?;
            let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
            send(manager, b"BARRIER=1", Some(theirs.as_fd()))?;
            Ok(ours)
        };
        attempt().map_err(|errno| Failure::new("tell the service manager", errno).into())
    }
}

fn await_hang_up(file: &OwnedFd) -> Result<(), Error> {
    let end = Instant::now() + BARRIER;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let limit = Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(file, PollFlags::empty())], Some(&limit)) {
            Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(Failure::new("wait for the service manager", errno).into()),
        }
    }
}
