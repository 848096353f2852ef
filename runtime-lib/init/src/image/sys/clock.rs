//! Time.

use super::{Arg, call, number};

/// `struct __kernel_timespec`.
#[repr(C)]
#[derive(Default)]
pub(super) struct Time {
    pub(super) seconds: u64,
    pub(super) nanoseconds: u64,
}

/// Sleeps for 20 microseconds, or less when a signal comes (`man 2 nanosleep`).
pub(crate) fn nap() {
    let time = Time {
        seconds: 0,
        nanoseconds: 20_000,
    };
    // SAFETY: the kernel reads the borrowed time, and writes what is left of it nowhere.
    let _ = unsafe { call(number::NANOSLEEP, [Arg::from_ref(&time), Arg::NULL]) };
}

/// Milliseconds since some moment in the past (`man 2 clock_gettime`, `CLOCK_MONOTONIC`).
pub(crate) fn monotonic_milliseconds() -> u64 {
    const CLOCK_MONOTONIC: u32 = 1;
    let mut time = Time::default();
    // SAFETY: the kernel writes one struct __kernel_timespec, and that is borrowed mutably.
    let _ = unsafe {
        call(
            number::CLOCK_GETTIME,
            [CLOCK_MONOTONIC.into(), Arg::from_mut(&mut time)],
        )
    };
    time.seconds * 1000 + time.nanoseconds / 1_000_000
}
