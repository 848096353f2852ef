//! `org.systemd.property.NAME`: properties of the container's systemd unit, as runc and crun take them. Their values
//! are GVariant's text (glib: `gvariant-text-format`).
//!
//! Engines pass on annotations that come from users, and a unit's properties can run programs on the host (the
//! CVE-2024-3154 class): what is not on the list is not set.

use super::super::quote::Quoted;
use super::unit_property::{UnitProperty, UnitValue};
use crate::problem::{JsonPath, Problems};

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

/// The property that an annotation asks for; none if it is not on the list, or its value is none.
pub(super) fn read(property: &str, place: &JsonPath, value: &str, problems: &mut Problems) -> Option<UnitProperty> {
    // As runc has it: a time in seconds, whose name ends so, is one in microseconds.
    let (name, value, is_seconds) = match property.strip_suffix("Sec").filter(|name| !name.ends_with('U')) {
        Some(name) => (format!("{name}USec"), value.trim(), true),
        None => (property.to_owned(), value.trim(), false),
    };
    let Some((name, kind)) = ALLOWED.iter().find(|(allowed, _)| *allowed == name) else {
        let text = "not among the properties of a unit that this runtime sets; ignored";
        problems.warning(place.clone(), text);
        return None;
    };
    let read = match is_seconds {
        true => microseconds(value).map(UnitValue::Uint64),
        false => kind.read(value),
    };
    if read.is_none() {
        let what = if is_seconds {
            "a time in seconds"
        } else {
            kind.in_words()
        };
        problems.error(place.clone(), format!("{} is not {what}", Quoted(value)));
    }
    Some(UnitProperty::new(*name, read?))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is positive, and what is too large becomes the largest number"
)]
fn microseconds(value: &str) -> Option<u64> {
    let seconds: f64 = value.strip_prefix("uint64 ").unwrap_or(value).parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then_some((seconds * 1e6).round() as u64)
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

    /// The value of this type that the text is. A number may stand without its type's name, as long as it fits.
    fn read(self, text: &str) -> Option<UnitValue> {
        let number = |name: &str| text.strip_prefix(name).map_or(text, str::trim_start);
        Some(match self {
            Self::Boolean => UnitValue::Boolean(text.parse().ok()?),
            Self::Int32 => UnitValue::Int32(number("int32 ").parse().ok()?),
            Self::Uint32 => UnitValue::Uint32(number("uint32 ").parse().ok()?),
            Self::Uint64 => UnitValue::Uint64(number("uint64 ").parse().ok()?),
            Self::String => match string(text)? {
                (value, "") => UnitValue::String(value),
                _ => return None,
            },
            Self::Strings => UnitValue::Strings(strings(text)?),
        })
    }
}

/// Reads a string in single or double quotes; gives what follows it. There is no NUL in it, which D-Bus does not take.
fn string(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let mut read = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        let letter = match letter {
            '\\' => match letters.next()?.1 {
                'a' => '\u{7}',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                'u' => escaped(&mut letters, 4)?,
                'U' => escaped(&mut letters, 8)?,
                itself => itself,
            },
            letter if letter == quote => return Some((read, text.get(at + 1..)?.trim_start())),
            letter => letter,
        };
        read.push(letter);
    }
    None
}

/// The character of the number that the next so many digits are.
fn escaped(letters: &mut impl Iterator<Item = (usize, char)>, digits: usize) -> Option<char> {
    let mut number = 0;
    for (_, digit) in letters.take(digits) {
        number = number << 4 | digit.to_digit(16)?;
    }
    char::from_u32(number).filter(|letter| *letter != '\0')
}

/// Reads a list of strings.
fn strings(text: &str) -> Option<Vec<String>> {
    let inner = text.strip_prefix("@as ").unwrap_or(text).trim_start();
    let mut rest = inner.strip_prefix('[')?.trim_start();
    let mut read = Vec::new();
    if rest == "]" {
        return Some(read);
    }
    loop {
        let (one, after) = string(rest)?;
        read.push(one);
        match after.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return (after == "]").then_some(read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Severity;

    fn read_one(property: &str, value: &str) -> Result<Option<String>, Severity> {
        let mut problems = Problems::default();
        let read = read(property, &"at".into(), value, &mut problems);
        match problems.all() {
            [] => Ok(read.map(|property| property.to_string())),
            [problem] => {
                assert_eq!(read, None);
                Err(problem.severity)
            }
            more => panic!("{more:?}"),
        }
    }

    #[test]
    fn values_that_engines_write_are_right() {
        for (property, value, read) in [
            ("KillSignal", "15", "KillSignal=15"),
            ("TimeoutStopUSec", "uint64 10000000", "TimeoutStopUSec=10000000"),
            ("TimeoutStopSec", "uint64 10", "TimeoutStopUSec=10000000"),
            ("TimeoutStopSec", "1.5", "TimeoutStopUSec=1500000"),
            ("CollectMode", "'inactive-or-failed'", "CollectMode=inactive-or-failed"),
            ("CollectMode", "\"inactive\"", "CollectMode=inactive"),
            (
                "After",
                "['a.service', \"it\\'s.service\"]",
                "After=a.service it's.service",
            ),
            ("Description", "'\\u00fc\\n\\\\'", "Description=\u{fc}\n\\"),
            ("Before", "@as []", "Before="),
            ("SendSIGHUP", "true", "SendSIGHUP=yes"),
        ] {
            assert_eq!(
                read_one(property, value),
                Ok(Some(read.to_owned())),
                "{property}={value}"
            );
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
            ("Description", "'\\u0000'"),
            ("Description", "'\\u12'"),
            ("After", "['a',]x"),
            ("After", "'a'"),
            ("SendSIGHUP", "1"),
        ] {
            assert_eq!(read_one(property, value), Err(Severity::Error), "{property}={value}");
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
            assert_eq!(read_one(property, "'x'"), Err(Severity::Warning), "{property}");
        }
    }
}
