//! Killing every process of a container, init's fate aside: in a shared pid namespace the others outlive it.

use super::nap::Naps;
use super::{Cgroup, processes};
use crate::error::{Error, Failure};
use rustix::process::{Signal, pidfd_send_signal};
use std::time::Duration;

/// How long killed processes may take to be gone. One in an uninterruptible sleep takes as long as its device does.
const PATIENCE: Duration = Duration::from_secs(10);

impl Cgroup {
    /// Kills all processes of the container with SIGKILL and waits until none is left, frozen ones included.
    ///
    /// # Errors
    /// Processes that are left when the time is over, or that may not be signalled.
    pub(crate) fn kill(&self) -> Result<(), Error> {
        let mut naps = Naps::new(PATIENCE);
        loop {
            if self.processes()?.is_empty() {
                return Ok(());
            }
            self.kill_once()?;
            let left = self.processes()?;
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

    fn kill_once(&self) -> Result<(), Error> {
        // Linux 5.14. It reaches forks in flight, and frozen processes of v2.
        if let Some(place) = &self.0.v2
            && let Ok(directory) = processes::open(place)
            && directory.write("cgroup.kill", "1").is_ok()
            && self.0.v1.is_empty()
        {
            return Ok(());
        }
        // Frozen, they can't fork away from the list. Before the thaw the signal is pending, so none runs another
        // instruction.
        self.hold(true);
        let sent = self.for_each_process(|pidfd| pidfd_send_signal(pidfd, Signal::KILL));
        self.hold(false);
        sent.map(drop)
    }
}
