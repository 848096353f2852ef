//! Signals, by number and by name.

use crate::nearest::meant;
use std::fmt;
use std::str::FromStr;

/// A signal (`man 7 signal`), or 0, which only asks whether a process is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

/// A text that names no signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSignal(String);

impl Signal {
    /// Not a signal: whether there is a process.
    pub const NONE: Self = Self(0);
    /// `SIGHUP`
    pub const HUP: Self = Self(1);
    /// `SIGINT`
    pub const INT: Self = Self(2);
    /// `SIGKILL`
    pub const KILL: Self = Self(9);
    /// `SIGTERM`
    pub const TERM: Self = Self(15);

    /// The signal of this number, if there can be one.
    pub fn new(number: i32) -> Option<Self> {
        (0..=REAL_TIME.1).contains(&number).then_some(Self(number))
    }

    /// Its number.
    pub fn number(self) -> i32 {
        self.0
    }

    /// What it means, as shells and Go's programs say it, `bad system call` for example; `None` of a real-time signal.
    pub(crate) fn words(self) -> Option<&'static str> {
        let at = usize::try_from(self.0 - 1).ok()?;
        WORDS.get(at).copied()
    }
}

impl FromStr for Signal {
    type Err = UnknownSignal;

    /// The signal that is given as a number or as a name, in any case, with or without `SIG`: `KILL`, `sigterm`, `9`,
    /// `RTMIN+3`.
    fn from_str(text: &str) -> Result<Self, UnknownSignal> {
        number(text).map(Self).ok_or_else(|| UnknownSignal(text.to_owned()))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = usize::try_from(self.0 - 1).ok().and_then(|at| NAMES.get(at));
        match named {
            Some(name) => write!(formatter, "SIG{name}"),
            None => self.0.fmt(formatter),
        }
    }
}

impl fmt::Display for UnknownSignal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "unknown signal {:?}", self.0)?;
        let name = self.0.to_ascii_uppercase();
        formatter.write_str(&meant(name.strip_prefix("SIG").unwrap_or(&name), NAMES))
    }
}

impl std::error::Error for UnknownSignal {}

/// The names of the signals from 1 on, as Linux has them on x86_64 and aarch64 (`man 7 signal`).
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

/// What they mean, in the same order.
const WORDS: [&str; 31] = [
    "hangup",
    "interrupt",
    "quit",
    "illegal instruction",
    "trace/breakpoint trap",
    "aborted",
    "bus error",
    "floating point exception",
    "killed",
    "user defined signal 1",
    "segmentation fault",
    "user defined signal 2",
    "broken pipe",
    "alarm clock",
    "terminated",
    "stack fault",
    "child exited",
    "continued",
    "stopped (signal)",
    "stopped",
    "stopped (tty input)",
    "stopped (tty output)",
    "urgent I/O condition",
    "CPU time limit exceeded",
    "file size limit exceeded",
    "virtual timer expired",
    "profiling timer expired",
    "window changed",
    "I/O possible",
    "power failure",
    "bad system call",
];

const OTHER_NAMES: [(&str, i32); 3] = [("IOT", 6), ("CLD", 17), ("POLL", 29)];

/// The first real-time signal that the C libraries leave to programs, and the last.
const REAL_TIME: (i32, i32) = (34, 64);

fn number(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (0..=REAL_TIME.1).contains(&number).then_some(number);
    }
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let position = NAMES
        .iter()
        .position(|known| *known == name)
        .and_then(|at| i32::try_from(at + 1).ok());
    let other = || {
        OTHER_NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, number)| *number)
    };
    position.or_else(other).or_else(|| real_time(name))
}

fn real_time(name: &str) -> Option<i32> {
    let (first, last) = REAL_TIME;
    let offset = |text: &str, sign: char| match text {
        "" => Some(0),
        text => text
            .strip_prefix(sign)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?
            .parse::<u8>()
            .ok(),
    };
    let number = match name.strip_prefix("RTMIN") {
        Some(rest) => first + i32::from(offset(rest, '+')?),
        None => last - i32::from(offset(name.strip_prefix("RTMAX")?, '-')?),
    };
    (first..=last).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_signal_has_a_number_and_several_names() {
        for (text, expected) in [
            ("9", 9),
            ("0", 0),
            ("KILL", 9),
            ("sigkill", 9),
            ("SigTerm", 15),
            ("winch", 28),
            ("SYS", 31),
            ("IOT", 6),
            ("RTMIN", 34),
            ("SIGRTMIN+3", 37),
            ("rtmax-1", 63),
            ("64", 64),
        ] {
            assert_eq!(number(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_words_are_no_signal() {
        for text in [
            "",
            "SIG",
            "FOO",
            "65",
            "-1",
            "RTMIN+31",
            "RTMIN-1",
            "RTMIN++1",
            "99999999999",
            "SIGSIGKILL",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
