//! How processes end.

use super::Signal;
use orlop_init::wire::KILLED;
use std::fmt;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// By itself, with this status.
    Exited(u8),
    /// By a signal.
    Signaled(Signal),
}

impl ExitStatus {
    /// Whether it ended by itself, with 0.
    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }

    /// As one number, as shells and engines have it: the status, or 128 and the signal's number.
    pub fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Signaled(signal) => u8::try_from(128 + signal.number()).unwrap_or(u8::MAX),
        }
    }

    /// From a wait status (`man 2 wait`).
    pub(crate) fn from_wait_status(status: i32) -> Self {
        match status & 0x7f {
            0 => Self::Exited((status >> 8 & 0xff).to_le_bytes()[0]),
            signal => Self::of_signal(signal),
        }
    }

    pub(crate) fn of_signal(number: i32) -> Self {
        Signal::new(number).map_or(Self::Exited(u8::MAX), Self::Signaled)
    }

    /// From one number, as init tells it of hooks: a byte, or what no byte is and the signal's number.
    pub(crate) fn from_told(code: u32) -> Self {
        match code.checked_sub(KILLED) {
            Some(signal) => Self::of_signal(i32::try_from(signal).unwrap_or(0)),
            None => Self::Exited(u8::try_from(code).unwrap_or(u8::MAX)),
        }
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(formatter, "exit status {code}"),
            Self::Signaled(signal) => write!(formatter, "signal {signal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_init_tells_of_an_exit_is_never_taken_for_a_signal() {
        assert_eq!(ExitStatus::from_told(137), ExitStatus::Exited(137));
        assert_eq!(ExitStatus::from_told(200), ExitStatus::Exited(200));
        assert_eq!(ExitStatus::from_told(KILLED + 9), ExitStatus::Signaled(Signal::KILL));
    }

    #[test]
    fn an_exit_with_137_is_no_sigkill() {
        let exited = ExitStatus::from_wait_status(137 << 8);
        let killed = ExitStatus::from_wait_status(9);
        assert_eq!((exited.code(), killed.code()), (137, 137));
        assert_eq!(exited, ExitStatus::Exited(137));
        assert_eq!(killed, ExitStatus::Signaled(Signal::KILL));
    }
}
