//! What the user and the engine are told: errors and warnings, on standard error and in the file of `--log`.
//!
//! Two readers shape this. Podman parses the whole file as one JSON object, so a call that fails writes one record,
//! the error, and no other. The standard error of `create` belongs to the container's process, so with `--log` a
//! warning goes to the file alone.

use rustix::fs::OFlags;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

/// The log of one call.
#[derive(Debug)]
pub(crate) struct Log {
    file: Option<File>,
    format: Format,
    debug: bool,
    /// Written once the call cannot fail any more.
    warnings: Vec<Said>,
}

/// A sentence, and the verb that it is about: none for the program as a whole.
#[derive(Debug)]
struct Said {
    verb: &'static str,
    text: String,
}

impl Said {
    /// As the file has it, where a field of its own tells how much the sentence weighs.
    fn in_file(&self) -> String {
        match self.verb {
            "" => self.text.clone(),
            verb => format!("{verb}: {}", self.text),
        }
    }

    /// As standard error has it.
    fn on_stderr(&self, weight: &str) -> String {
        match self.verb {
            "" => format!("{weight}: {}", self.text),
            verb => format!("{verb}: {weight}: {}", self.text),
        }
    }
}

impl Log {
    /// A log that is standard error alone.
    pub(crate) fn to_stderr() -> Self {
        Self {
            file: None,
            format: Format::Text,
            debug: false,
            warnings: Vec::new(),
        }
    }

    /// The log that the global flags ask for.
    pub(crate) fn open(path: Option<&OsStr>, format: Option<&OsStr>, debug: bool) -> Result<Self, String> {
        let format = match format.map(|format| format.to_string_lossy()).as_deref() {
            None | Some("" | "text") => Format::Text,
            Some("json") => Format::Json,
            Some(other) => return Err(format!("invalid log-format: {other}")),
        };
        let file = match path {
            None => None,
            Some(path) if path.is_empty() => None,
            Some(path) => Some(
                File::options()
                    .append(true)
                    .create(true)
                    .mode(0o644)
                    // Neither for somebody who reads a FIFO, nor for a FIFO that has room again.
                    .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
                    .open(path)
                    .map_err(|error| cannot_open(path, &error))?,
            ),
        };
        Ok(Self {
            file,
            format,
            debug,
            warnings: Vec::new(),
        })
    }

    /// What notes, with `--debug`, each thing that is done: in the file, or on standard error without one.
    pub(crate) fn details(&self) -> Option<Details> {
        if !self.debug {
            return None;
        }
        let file = self.file.as_ref().map(File::try_clone).transpose().ok()?;
        Some(Details {
            file,
            format: self.format,
        })
    }

    /// Notes a warning of a verb's. It is told by [`Log::tell_warnings`].
    pub(crate) fn warning(&mut self, verb: &'static str, text: String) {
        self.warnings.push(Said { verb, text });
    }

    /// Tells something that is right and may surprise.
    pub(crate) fn notice(&mut self, verb: &str, text: &str) {
        if self.file.is_some() {
            self.write("info", &format!("{verb}: {text}"));
        } else {
            say(&format!("{verb}: notice: {text}"));
        }
    }

    /// Tells the warnings: what the call was for has worked.
    pub(crate) fn tell_warnings(&mut self) {
        for said in std::mem::take(&mut self.warnings) {
            if self.file.is_some() {
                self.write("warning", &said.in_file());
            } else {
                say(&said.on_stderr("warning"));
            }
        }
    }

    /// Tells why the program failed before there was a verb.
    pub(crate) fn error(&mut self, text: &str) {
        self.error_of("", text);
    }

    /// Tells why a verb failed.
    pub(crate) fn error_of(&mut self, verb: &'static str, text: &str) {
        if self.format == Format::Text {
            self.tell_warnings();
        }
        let text = text.to_owned();
        let said = Said { verb, text };
        self.write("error", &said.in_file());
        say(&said.on_stderr("error"));
    }

    /// Writes one record in one go, as others may append to the same file. A log that cannot be written stops nobody.
    fn write(&mut self, level: &str, message: &str) {
        if let Some(file) = &mut self.file {
            let _ = file.write_all(record(self.format, level, message, SystemTime::now()).as_bytes());
        }
    }
}

fn cannot_open(path: &OsStr, error: &std::io::Error) -> String {
    let failure = orlop::Failure::io(format!("open the log {path:?}"), error);
    if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
        return failure
            .hint("a FIFO that nobody reads, or a socket, is no place for a log")
            .to_string();
    }
    failure.to_string()
}

/// The part of a log that is for whoever looks for a fault.
#[derive(Debug)]
pub(crate) struct Details {
    file: Option<File>,
    format: Format,
}

impl Details {
    pub(crate) fn note(&self, verb: &str, text: &str) {
        match &self.file {
            Some(file) => {
                let mut file = file;
                let text = record(self.format, "debug", &format!("{verb}: {text}"), SystemTime::now());
                let _ = file.write_all(text.as_bytes());
            }
            None => say(&format!("{verb}: debug: {text}")),
        }
    }
}

fn say(message: &str) {
    let _ = std::io::stderr().write_all(format!("orlop: {}\n", one_line(message)).as_bytes());
}

/// A message is one line, whatever a file's name or a config's word holds.
fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for letter in message.trim_end().chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

fn record(format: Format, level: &str, message: &str, time: SystemTime) -> String {
    let (message, time) = (one_line(message), rfc3339(time));
    match format {
        Format::Text => {
            let message = message.replace('\\', "\\\\").replace('"', "\\\"");
            format!("time=\"{time}\" level={level} msg=\"{message}\"\n")
        }
        Format::Json => {
            let message = serde_json::Value::from(message);
            format!("{{\"level\":\"{level}\",\"msg\":{message},\"time\":\"{time}\"}}\n")
        }
    }
}

/// A time in UTC, to the second.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (year, month, day) = date(seconds / 86400);
    let mut text = format!("{year:04}-{month:02}-{day:02}T");
    let _ = write!(
        text,
        "{:02}:{:02}:{:02}Z",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    );
    text
}

/// The Gregorian date of a day counted from 1970-01-01. Years are counted from March, so that the leap day is the
/// last.
fn date(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_record_has_level_message_and_time() {
        let message = "create: mounts[4]: cannot mount \"x\"";
        assert_eq!(
            record(Format::Json, "error", message, at(1_795_255_200)),
            "{\"level\":\"error\",\"msg\":\"create: mounts[4]: cannot mount \\\"x\\\"\",\"time\":\"2026-11-21T10:00:00Z\"}\n"
        );
        assert_eq!(
            record(Format::Text, "error", message, at(1_795_255_200)),
            "time=\"2026-11-21T10:00:00Z\" level=error msg=\"create: mounts[4]: cannot mount \\\"x\\\"\"\n"
        );
    }

    #[test]
    fn a_message_stays_on_its_line() {
        assert_eq!(one_line("a\nb\tc\x1b[0m\n"), "a\\nb\\tc\\u{1b}[0m");
    }

    #[test]
    fn standard_error_says_how_much_a_sentence_weighs() {
        let said = |verb| Said {
            verb,
            text: "linux: odd".to_owned(),
        };
        assert_eq!(said("run").on_stderr("error"), "run: error: linux: odd");
        assert_eq!(said("run").in_file(), "run: linux: odd");
        assert_eq!(said("").on_stderr("error"), "error: linux: odd");
    }

    #[test]
    fn leap_days_and_turns_of_the_year_are_right() {
        assert_eq!(rfc3339(at(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(at(951_782_400)), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(at(1_798_761_599)), "2026-12-31T23:59:59Z");
        assert_eq!(rfc3339(at(4_107_542_400)), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn a_json_log_of_a_failed_call_is_one_object() {
        let path = std::env::temp_dir().join(format!("orlop-log-{}", std::process::id()));
        let mut log = Log::open(Some(path.as_os_str()), Some(OsStr::new("json")), false).unwrap();
        log.warning("run", "linux: odd".to_owned());
        log.error_of("run", "broken");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["msg"], "run: broken");
    }

    #[test]
    fn a_text_log_has_warnings_too() {
        let path = std::env::temp_dir().join(format!("orlop-text-log-{}", std::process::id()));
        let mut log = Log::open(Some(path.as_os_str()), None, false).unwrap();
        log.warning("run", "linux: odd".to_owned());
        assert!(log.details().is_none());
        log.tell_warnings();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.ends_with("level=warning msg=\"run: linux: odd\"\n"));
    }
}
