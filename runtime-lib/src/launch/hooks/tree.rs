//! The end of a hook with all that it has started.

use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::os::fd::AsFd;

/// So often is looked for more processes: each time all that were found have been stopped before, so that only what was
/// being started just then can be new.
const LOOKS: usize = 64;

/// Kills a process and its descendants. Each is stopped before its children are looked for, so that none can get away
/// by starting one more.
///
/// A descendant whose parents have ended is only found where the process adopts such
/// ([`Spawn::adopts`](crate::sys::Spawn::adopts)).
pub(super) fn kill(pid: Pid, pidfd: &OwnedFd) {
    let mut tree: Vec<(Pid, OwnedFd)> = Vec::new();
    // In the procfs of another pid namespace the number would be somebody else's.
    if crate::process::number_in_proc(pidfd, crate::process::Pid::of(pid)).get() == pid.as_raw_nonzero().get() {
        let _ = pidfd_send_signal(pidfd, Signal::STOP);
        for _ in 0..LOOKS {
            let is_in =
                |parent: Pid, tree: &[(Pid, OwnedFd)]| parent == pid || tree.iter().any(|(pid, _)| *pid == parent);
            let before = tree.len();
            for child in processes() {
                let Some(parent) = parent_of(child).filter(|parent| is_in(*parent, &tree)) else {
                    continue;
                };
                if !tree.iter().any(|(pid, _)| *pid == child)
                    && let Some(held) = hold(child, parent)
                {
                    tree.push((child, held));
                }
            }
            if tree.len() == before {
                break;
            }
        }
    }
    let _ = pidfd_send_signal(pidfd, Signal::KILL);
    for (_, process) in &tree {
        let _ = pidfd_send_signal(process, Signal::KILL);
    }
}

/// Stops a process; `None` if the number is another one's by now.
fn hold(pid: Pid, parent: Pid) -> Option<OwnedFd> {
    let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    if parent_of(pid) != Some(parent) {
        return None;
    }
    let _ = pidfd_send_signal(process.as_fd(), Signal::STOP);
    Some(process)
}

/// All processes that procfs shows.
fn processes() -> impl Iterator<Item = Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parent_in(&stat)
}

/// The fourth field of `/proc/PID/stat`; the second is a name, in which anything may stand (`man 5 proc_pid_stat`).
fn parent_in(stat: &str) -> Option<Pid> {
    let (_, rest) = stat.rsplit_once(')')?;
    Pid::from_raw(rest.split_whitespace().nth(1)?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parent_is_read_behind_any_name() {
        assert_eq!(
            parent_in("12 (a) S 99) S 7 12 12 0").map(|pid| pid.as_raw_nonzero().get()),
            Some(7)
        );
        assert_eq!(parent_in("12 (init) S 0 12"), None);
        assert_eq!(parent_in(""), None);
    }

    #[test]
    fn own_parent_is_found_among_the_processes() {
        let own = rustix::process::getpid();
        assert_eq!(parent_of(own), rustix::process::getppid());
        assert!(processes().any(|pid| pid == own));
    }
}
