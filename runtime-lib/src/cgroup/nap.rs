//! Waiting for the kernel where it gives nothing to poll: short sleeps that grow, up to a limit.

use rustix::event::Timespec;
use rustix::thread::nanosleep;
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_micros(100);
const LONGEST: Duration = Duration::from_millis(20);

/// A series of naps.
pub(super) struct Naps {
    next: Duration,
    end: Instant,
}

impl Naps {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            next: FIRST,
            end: Instant::now() + patience,
        }
    }

    /// Sleeps a little; false, at once, when the patience is over.
    pub(super) fn nap(&mut self) -> bool {
        if Instant::now() >= self.end {
            return false;
        }
        // Interrupted or refused, it was a shorter one. (The standard library's sleep panics where the call is refused.)
        let _ = nanosleep(&Timespec {
            tv_sec: 0,
            tv_nsec: self.next.subsec_nanos().into(),
        });
        self.next = (self.next * 2).min(LONGEST);
        true
    }
}
