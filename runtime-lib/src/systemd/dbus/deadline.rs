//! An instant at which waiting ends.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use rustix::io::Errno;
use std::time::{Duration, Instant};

/// An instant at which waiting ends.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Deadline {
    end: Instant,
    patience: Duration,
}

impl Deadline {
    pub(in super::super) fn after(patience: Duration) -> Self {
        Self {
            end: Instant::now() + patience,
            patience,
        }
    }

    /// How long it was to be waited in all, in seconds.
    pub(super) fn seconds(&self) -> u64 {
        self.patience.as_secs()
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    pub(super) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Waits until a file is ready for this.
    ///
    /// # Errors
    /// `ETIMEDOUT` when the time is over.
    pub(super) fn wait(&self, file: impl AsFd, what: PollFlags) -> Result<(), Errno> {
        loop {
            let left = self.left();
            let limit = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            };
            match poll(&mut [PollFd::new(&file, what)], Some(&limit)) {
                Ok(0) => return Err(Errno::TIMEDOUT),
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}
