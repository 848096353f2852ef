//! What a check is, and how checks are run and reported.

use std::time::{Duration, Instant};

use super::lab::Lab;
use super::options::Options;
use crate::failure::{Failure, Verdict};

/// One check of an engine `E`.
pub(super) struct Check<E> {
    /// A sentence, with `_` for blanks.
    pub(super) name: &'static str,
    /// Belongs to the short selection.
    pub(super) short: bool,
    /// What the runtime must have besides the basic verbs: an area that `--not-yet` may name.
    pub(super) need: Option<&'static str>,
    pub(super) body: fn(&E) -> Verdict,
}

/// Checks under the names of their functions: `[short] name [needs area], ...`.
macro_rules! checks {
    (@short short) => { true };
    (@short long) => { false };
    (@need) => { None };
    (@need $area:literal) => { Some($area) };
    ($($length:ident $body:ident $(needs $area:literal)?),+ $(,)?) => {
        &[$($crate::engines::check::Check {
            name: stringify!($body),
            short: $crate::engines::check::checks!(@short $length),
            need: $crate::engines::check::checks!(@need $($area)?),
            body: $body,
        }),+]
    };
}
pub(super) use checks;

/// One run through checks, reported on stdout: `ok NAME # TIME`, `ok NAME # SKIP why`, `not ok NAME # why`.
pub(super) struct Session<'o> {
    options: &'o Options,
}

impl<'o> Session<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        Self { options }
    }

    /// Runs the checks of several files, one after the other.
    pub(super) fn run_all<E>(&mut self, lab: &Lab, engine: &E, files: &[&[Check<E>]]) {
        for checks in files {
            self.run(lab, engine, checks);
        }
    }

    /// Runs the checks that were asked for; what one leaves in the lab is its failure.
    pub(super) fn run<E>(&mut self, lab: &Lab, engine: &E, checks: &[Check<E>]) {
        let mut before = lab.at_rest();
        for check in checks {
            if !self.wanted(check) {
                continue;
            }
            if let Some(area) = check.need
                && self.options.not_yet.contains(area)
            {
                self.report(check.name, Err(Failure::Skip(format!("needs {area}"))), None);
                continue;
            }
            let start = Instant::now();
            let verdict = (check.body)(engine);
            let clean = lab.is_as_before(&before);
            if clean.is_err() {
                // One report is enough: the next check starts from here.
                before = lab.at_rest();
            }
            self.report(check.name, verdict.and(clean), Some(start.elapsed()));
        }
    }

    fn wanted<E>(&self, check: &Check<E>) -> bool {
        self.asks_for(check.name, check.short)
    }

    /// Whether a check was asked for.
    fn asks_for(&self, name: &str, short: bool) -> bool {
        let name = name.replace('_', " ");
        let filters = &self.options.filters;
        (short || !self.options.short)
            && (filters.is_empty() || filters.iter().any(|word| name.contains(&word.replace('_', " "))))
    }

    /// One line about one check.
    pub(super) fn report(&mut self, name: &str, verdict: Verdict, took: Option<Duration>) {
        let name = name.replace('_', " ");
        match verdict {
            Ok(()) => println!("ok {name} # {:.1} s", took.unwrap_or_default().as_secs_f32()),
            Err(Failure::Skip(why)) => println!("ok {name} # SKIP {why}"),
            Err(Failure::Wrong(why)) => println!("not ok {name} # {}", why.replace('\n', " ")),
        }
    }

    /// The names of the checks that were asked for.
    pub(super) fn list(&self, checks: &[Named]) {
        for check in checks.iter().filter(|check| self.asks_for(check.name, check.short)) {
            println!("{}", check.name.replace('_', " "));
        }
    }
}

/// A check by its name, of whatever engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) name: &'static str,
    pub(super) short: bool,
}

/// The names of the checks of several files.
pub(super) fn names<E>(files: &[&[Check<E>]]) -> Vec<Named> {
    let checks = files.iter().copied().flatten();
    checks
        .map(|check| Named {
            name: check.name,
            short: check.short,
        })
        .collect()
}
