//! `org.systemd.property.NAME`: properties of the container's systemd unit, as runc and crun take them. Their values
//! are GVariant's text (glib: `gvariant-text-format`).
//!
//! Engines pass on annotations that come from users, and a unit's properties can run programs on the host (the
//! CVE-2024-3154 class): what is not on the list is not set.

use super::super::quote::Quoted;
use crate::problem::{JsonPath, Problem, Problems};

pub(super) const PREFIX: &str = "org.systemd.property.";

/// The type of a property's value, by D-Bus's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Int32,
    Uint32,
    Uint64,
    String,
    Strings,
}

/// Properties that say how a unit is stopped, ordered, described and accounted, and nothing that runs, mounts or opens
/// anything.
const ALLOWED: &[(&str, Kind)] = &[
    ("After", Kind::Strings),
    ("Before", Kind::Strings),
    ("BindsTo", Kind::Strings),
    ("CPUAccounting", Kind::Boolean),
    ("CPUWeight", Kind::Uint64),
    ("CollectMode", Kind::String),
    ("DefaultDependencies", Kind::Boolean),
    ("Description", Kind::String),
    ("Documentation", Kind::Strings),
    ("FinalKillSignal", Kind::Int32),
    ("IOAccounting", Kind::Boolean),
    ("IOWeight", Kind::Uint64),
    ("IPAccounting", Kind::Boolean),
    ("KillMode", Kind::String),
    ("KillSignal", Kind::Int32),
    ("ManagedOOMMemoryPressure", Kind::String),
    ("ManagedOOMMemoryPressureLimit", Kind::Uint32),
    ("ManagedOOMPreference", Kind::String),
    ("ManagedOOMSwap", Kind::String),
    ("MemoryAccounting", Kind::Boolean),
    ("MemoryHigh", Kind::Uint64),
    ("MemoryLow", Kind::Uint64),
    ("MemoryMin", Kind::Uint64),
    ("OOMPolicy", Kind::String),
    ("PartOf", Kind::Strings),
    ("Requires", Kind::Strings),
    ("RestartKillSignal", Kind::Int32),
    ("RuntimeMaxUSec", Kind::Uint64),
    ("SendSIGHUP", Kind::Boolean),
    ("SendSIGKILL", Kind::Boolean),
    ("TasksAccounting", Kind::Boolean),
    ("TimeoutStopUSec", Kind::Uint64),
    ("Wants", Kind::Strings),
    ("WatchdogSignal", Kind::Int32),
];

/// Checks a property, and tells what becomes of it.
pub(super) fn check(property: &str, place: &JsonPath, value: &str, problems: &mut Problems) {
    // As runc has it: a time in seconds, whose name ends so, is one in microseconds.
    let (name, value, is_seconds) = match property.strip_suffix("Sec").filter(|name| !name.ends_with('U')) {
        Some(name) => (format!("{name}USec"), value.trim(), true),
        None => (property.to_owned(), value.trim(), false),
    };
    let Some((_, kind)) = ALLOWED.iter().find(|(allowed, _)| *allowed == name) else {
        let text = "not among the properties of a unit that this runtime sets; ignored";
        problems.warning(place.clone(), text);
        return;
    };
    let is_right = if is_seconds {
        let seconds = value.strip_prefix("uint64 ").unwrap_or(value).parse::<f64>();
        seconds.is_ok_and(|seconds| seconds.is_finite() && seconds >= 0.0)
    } else {
        kind.takes(value)
    };
    if is_right {
        let text = "the cgroup is made without systemd, so there is no unit that has properties";
        problems.push(Problem::warning(place.clone(), text).into_notice());
    } else {
        let text = format!(
            "{} is not {}",
            Quoted(value),
            if is_seconds {
                "a time in seconds"
            } else {
                kind.in_words()
            }
        );
        problems.error(place.clone(), text);
    }
}

impl Kind {
    fn in_words(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Int32 => "a number of 32 bits",
            Self::Uint32 => "a number of 32 bits, \"uint32 1\" for example",
            Self::Uint64 => "a number of 64 bits, \"uint64 1\" for example",
            Self::String => "a string in quotes, \"'text'\" for example",
            Self::Strings => "a list of strings, \"['text']\" for example",
        }
    }

    /// Whether the text is a value of this type. A number may stand without its type's name, as long as it fits.
    fn takes(self, text: &str) -> bool {
        let number = |name: &str| text.strip_prefix(name).map_or(text, str::trim_start);
        match self {
            Self::Boolean => matches!(text, "true" | "false"),
            Self::Int32 => number("int32 ").parse::<i32>().is_ok(),
            Self::Uint32 => number("uint32 ").parse::<u32>().is_ok(),
            Self::Uint64 => number("uint64 ").parse::<u64>().is_ok(),
            Self::String => string(text) == Some(""),
            Self::Strings => strings(text),
        }
    }
}

/// Reads a string in single or double quotes; gives what follows it.
fn string(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()?),
            letter if letter == quote => return text.get(at + 1..).map(str::trim_start),
            _ => {}
        }
    }
    None
}

/// Whether the text is a list of strings.
fn strings(text: &str) -> bool {
    let inner = text.strip_prefix("@as ").unwrap_or(text).trim_start();
    let Some(mut rest) = inner.strip_prefix('[').map(str::trim_start) else {
        return false;
    };
    if rest == "]" {
        return true;
    }
    while let Some(after) = string(rest) {
        match after.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return after == "]",
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Severity;

    fn weight(property: &str, value: &str) -> Severity {
        let mut problems = Problems::default();
        check(property, &"at".into(), value, &mut problems);
        assert_eq!(problems.all().len(), 1);
        problems.all()[0].severity
    }

    #[test]
    fn values_that_engines_write_are_right() {
        for (property, value) in [
            ("KillSignal", "15"),
            ("TimeoutStopUSec", "uint64 10000000"),
            ("TimeoutStopSec", "uint64 10"),
            ("TimeoutStopSec", "1.5"),
            ("CollectMode", "'inactive-or-failed'"),
            ("CollectMode", "\"inactive\""),
            ("After", "['a.service', \"it\\'s.service\"]"),
            ("Before", "@as []"),
            ("SendSIGHUP", "true"),
        ] {
            assert_eq!(weight(property, value), Severity::Notice, "{property}={value}");
        }
    }

    #[test]
    fn values_of_another_type_are_refused() {
        for (property, value) in [
            ("KillSignal", "SIGKILL"),
            ("KillSignal", "4294967296"),
            ("TimeoutStopUSec", "'10'"),
            ("TimeoutStopSec", "-1"),
            ("CollectMode", "inactive"),
            ("CollectMode", "'inactive"),
            ("CollectMode", "'a' 'b'"),
            ("After", "['a',]x"),
            ("After", "'a'"),
            ("SendSIGHUP", "1"),
        ] {
            assert_eq!(weight(property, value), Severity::Error, "{property}={value}");
        }
    }

    #[test]
    fn properties_that_do_something_on_the_host_are_not_set() {
        for property in [
            "ExecStartPre",
            "Slice",
            "RootDirectory",
            "DeviceAllow",
            "killSignal",
            "",
        ] {
            assert_eq!(weight(property, "'x'"), Severity::Warning, "{property}");
        }
    }
}
