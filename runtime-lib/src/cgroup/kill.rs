//! Killing every process of a container, init's fate aside: in a shared pid namespace the others outlive it.

use super::nap::Naps;
use super::paths::Paths;
use super::{freezer, procs};
use crate::error::{Error, Failure};
use rustix::process::{Signal, pidfd_send_signal};
use std::time::Duration;

/// How long killed processes may take to be gone. One in an uninterruptible sleep takes as long as its device does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Kills all processes of the container with SIGKILL and waits until none is left, frozen ones included.
///
/// # Errors
/// Processes that are left when the time is over, or that may not be signalled.
pub(crate) fn kill_all(paths: &Paths) -> Result<(), Error> {
    let mut naps = Naps::new(PATIENCE);
    loop {
        if procs::procs(paths)?.is_empty() {
            return Ok(());
        }
        kill_once(paths)?;
        let left = procs::procs(paths)?;
        if left.is_empty() {
            return Ok(());
        }
        if !naps.nap() {
            let left: Vec<_> = left.into_iter().map(rustix::process::Pid::as_raw_pid).collect();
            return Err(Failure::plain(
                "kill all processes of the container",
                format!("these are left: {left:?}"),
            )
            .into());
        }
    }
}

fn kill_once(paths: &Paths) -> Result<(), Error> {
    // Linux 5.14. It reaches forks in flight, and frozen processes of v2.
    if let Some(place) = &paths.v2
        && let Ok(directory) = procs::open(place)
        && directory.write("cgroup.kill", "1").is_ok()
        && paths.v1.is_empty()
    {
        return Ok(());
    }
    // Frozen, they can't fork away from the list. Before the thaw the signal is pending, so none runs another instruction.
    freezer::hold(paths, true);
    let sent = procs::for_each(paths, |pidfd| pidfd_send_signal(pidfd, Signal::KILL));
    freezer::hold(paths, false);
    sent.map(drop)
}
