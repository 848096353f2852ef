//! Talking to systemd over D-Bus: transient units are made, changed and stopped (`man 5 org.freedesktop.systemd1`).
//!
//! The connection is of our own: there is no thread, every descriptor is close-on-exec, and each step (connecting,
//! authenticating, a call, the end of a job) has a deadline, so that a bus that hangs is an error and no hanging
//! container. Nothing is kept between calls.

#[cfg(not(feature = "systemd"))]
mod absent;
mod bus;
#[cfg(feature = "systemd")]
mod dbus;
#[cfg(feature = "systemd")]
mod doors;
#[cfg(feature = "systemd")]
mod manager;

#[cfg(not(feature = "systemd"))]
pub(crate) use absent::Systemd;
pub(crate) use bus::Bus;
#[cfg(feature = "systemd")]
pub(crate) use manager::Systemd;

use crate::Failure;

/// What a plan has to know of a systemd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) bus: Bus,
    /// Its number: 252.
    pub(crate) version: u32,
    /// The cgroup below which its units are, as a path below the hierarchy's root: empty for the machine's own.
    pub(crate) root: String,
}

/// What became of a unit that was to be started.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "systemd"),
    expect(dead_code, reason = "without systemd nobody starts a unit")
)]
pub(crate) enum Started {
    /// Its job is done.
    Done,
    /// A unit of that name lives: its state, `active` for example.
    Taken(String),
    /// It may have been started, or be so yet.
    Unknown(Failure),
}
