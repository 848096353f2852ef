//! Which process it is: a pid alone may by now be somebody else's.

use super::Pid;
use rustix::fs::{CWD, Mode, OFlags, fstat, fstatfs, openat};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, pidfd_open};
use serde::{Deserialize, Serialize};
use std::os::fd::{AsFd, OwnedFd};

/// A process, told apart from all others that have had or will have its pid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    /// Its pid where it was started.
    pub(crate) pid: Pid,
    /// Its pidfd's inode number, unique since boot (Linux 6.9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inode: Option<u64>,
    /// On older kernels: when it started, in ticks since boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start_time: Option<u64>,
    /// Which boot that was.
    boot: String,
}

impl Identity {
    /// The identity of a process that we hold.
    pub(crate) fn of(pid: Pid, pidfd: &OwnedFd) -> Result<Self, Errno> {
        let inode = inode(pidfd)?;
        let start_time = if inode.is_none() { start_time(pid) } else { None };
        Ok(Self {
            pid,
            inode,
            start_time,
            boot: boot()?,
        })
    }

    /// A hold on the process if it still lives; a zombie does not.
    pub(crate) fn open(&self) -> Result<Option<OwnedFd>, Errno> {
        let pid = self.pid;
        let pidfd = match pidfd_open(pid.rustix(), PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            Err(Errno::SRCH | Errno::INVAL) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let is_same = inode(&pidfd)? == self.inode
            && (self.inode.is_some() || start_time(pid) == self.start_time)
            && boot()? == self.boot;
        Ok((is_same && !crate::sys::has_ended(&pidfd)?).then_some(pidfd))
    }
}

fn inode(pidfd: &OwnedFd) -> Result<Option<u64>, Errno> {
    const PID_FS_MAGIC: i64 = 0x5049_4446;
    let on_pidfs = fstatfs(pidfd)?.f_type == PID_FS_MAGIC;
    Ok(if on_pidfs { Some(fstat(pidfd)?.st_ino) } else { None })
}

fn boot() -> Result<String, Errno> {
    let mut text = [0; 64];
    let file = openat(
        CWD,
        c"/proc/sys/kernel/random/boot_id",
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let length = rustix::io::read(file.as_fd(), &mut text)?;
    let text = text.get(..length).unwrap_or_default();
    Ok(String::from_utf8_lossy(text).trim_end().to_owned())
}

/// Field 22 of `/proc/PID/stat` (`man 5 proc`); the second field is in parentheses and may hold anything.
fn start_time(pid: Pid) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_again_and_a_reused_pid_is_not() {
        let pid = Pid::of(rustix::process::getpid());
        let pidfd = pidfd_open(pid.rustix(), PidfdFlags::empty()).unwrap();
        let ours = Identity::of(pid, &pidfd).unwrap();
        assert!(ours.open().unwrap().is_some());
        for stranger in [
            Identity {
                inode: Some(1),
                ..ours.clone()
            },
            Identity {
                boot: "another".to_owned(),
                ..ours.clone()
            },
            Identity {
                inode: None,
                start_time: Some(1),
                ..ours
            },
        ] {
            assert!(stranger.open().unwrap().is_none(), "{stranger:?}");
        }
    }
}
