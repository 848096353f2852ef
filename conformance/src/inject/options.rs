//! The arguments of `conformance inject`.

use std::time::Duration;

use super::fault::{self, Fault};
use super::point::{Place, Point};
use super::scenario::{ALL, Scenario};
use crate::options::{named_runtime, seconds, value};
use crate::runtime::Runtime;

/// What `conformance inject` was told.
pub(super) struct Options {
    pub(super) runtime: Runtime,
    pub(super) every: usize,
    pub(super) scenarios: Vec<&'static Scenario>,
    pub(super) faults: Vec<Fault>,
    /// One place alone, with what the runtime says there.
    pub(super) only: Vec<Point>,
    pub(super) workers: usize,
    /// Longest time for one call.
    pub(super) limit: Duration,
    /// Longest time for all of them.
    pub(super) whole: Option<Duration>,
}

impl Options {
    /// # Errors
    /// A sentence about the word that is wrong.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut runtime = None;
        let mut every = 1;
        let mut scenarios: Vec<&Scenario> = ALL.iter().collect();
        let mut faults: Vec<Fault> = fault::ALL.iter().map(|(_, fault)| *fault).collect();
        let mut only = Vec::new();
        let mut workers = std::thread::available_parallelism().map_or(1, usize::from);
        let mut limit = Duration::from_secs(15);
        let mut whole = None;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--runtime" => runtime = Some(named_runtime(value(word, &mut words)?)?),
                "--every" => every = number(word, value(word, &mut words)?)?,
                "--workers" => workers = number(word, value(word, &mut words)?)?,
                "--time-limit" => limit = seconds(word, &mut words)?,
                "--minutes" => {
                    let minutes = number(word, value(word, &mut words)?)?;
                    whole = u64::try_from(minutes)
                        .ok()
                        .map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
                }
                "--verbs" => scenarios = chosen(value(word, &mut words)?)?,
                "--faults" => {
                    let names = value(word, &mut words)?.split(',');
                    let found: Option<Vec<Fault>> = names.map(Fault::named).collect();
                    faults = found.ok_or(format!("{word}: KILL, ENOMEM, EINTR, EIO, EPERM"))?;
                }
                "--only" => only.push(point(value(word, &mut words)?)?),
                other => return Err(format!("unknown option {other:?}")),
            }
        }
        Ok(Self {
            runtime: runtime.ok_or("--runtime PATH is needed")?,
            every,
            scenarios,
            faults,
            only,
            workers,
            limit,
            whole,
        })
    }
}

fn number(option: &str, text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{option}: {text:?} is no number above 0"))
}

/// The scenarios of these verbs, or of these names.
fn chosen(names: &str) -> Result<Vec<&'static Scenario>, String> {
    let mut found = Vec::new();
    for name in names.split(',') {
        let is_it = |scenario: &&Scenario| scenario.name == name || scenario.words[0] == name;
        let named: Vec<&'static Scenario> = ALL.iter().filter(is_it).collect();
        if named.is_empty() {
            let known: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
            return Err(format!("--verbs: there is no {name:?}, only {}", known.join(", ")));
        }
        let is_new = |scenario: &&Scenario| found.iter().all(|other: &&Scenario| other.name != scenario.name);
        let named: Vec<_> = named.into_iter().filter(is_new).collect();
        found.extend(named);
    }
    Ok(found)
}

/// `SCENARIO:PROCESS:CALL:FAULT`, as findings are told.
fn point(text: &str) -> Result<Point, String> {
    let wrong = || format!("--only: {text:?} is not SCENARIO:PROCESS:CALL:FAULT");
    let words: Vec<&str> = text.split(':').collect();
    let [scenario, process, call, fault] = words[..] else {
        return Err(wrong());
    };
    let scenario = ALL.iter().find(|known| known.name == scenario).ok_or_else(wrong)?;
    Ok(Point {
        scenario: scenario.name,
        place: Place {
            process: process.parse().map_err(|_| wrong())?,
            call: call.parse().map_err(|_| wrong())?,
        },
        fault: Fault::named(fault).ok_or_else(wrong)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_reads_as_it_is_told() {
        for text in ["create:0:17:EPERM", "delete-force:1:1:KILL"] {
            assert_eq!(point(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "create",
            "create:0:17",
            "create:0:x:EIO",
            "nosuch:0:1:EIO",
            "create:0:1:EXYZ",
        ] {
            assert!(point(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_verb_is_all_its_scenarios() {
        let names = |text| -> Vec<&str> { chosen(text).unwrap().iter().map(|scenario| scenario.name).collect() };
        assert_eq!(names("kill"), ["kill", "kill-shared", "kill-systemd"]);
        assert_eq!(names("state,run"), ["state", "run", "run-systemd"]);
        assert_eq!(names("mounts,mounts-add-user"), ["mounts-add", "mounts-add-user"]);
        assert!(chosen("nosuch").is_err());
    }
}
