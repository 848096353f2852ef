//! What one runtime does about one property.

use crate::ending::{self, Ending};
use crate::spec::Entry;

/// How a runtime stands to a property.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// All tests hold.
    Yes,
    /// All tests that can be tried here hold; others cannot, with the reasons.
    Partly(String),
    /// Some test does not hold, with the reasons.
    No(String),
    /// No test can be tried here, with the reasons.
    NotHere(String),
    /// There is no test.
    Untested,
}

impl Cell {
    /// Looks up how the entry's tests ended on the runtime.
    pub(crate) fn of(entry: &Entry, runtime: &str, results: &[ending::Entry]) -> Self {
        let wanted = |result: &&ending::Entry| {
            result.runtime == runtime
                && entry
                    .tests
                    .iter()
                    .any(|test| *test == format!("{}: {}", result.room, result.name))
        };
        Self::from(results.iter().filter(wanted).map(|result| &result.ending))
    }

    fn from<'e>(endings: impl Iterator<Item = &'e Ending>) -> Self {
        let (mut held, mut against, mut skipped) = (false, Vec::new(), Vec::new());
        for ending in endings {
            match ending {
                Ending::Passed | Ending::Surprise(_) => held = true,
                Ending::Failed(_) => add(&mut against, "fails"),
                Ending::Deviation(why, _) => add(&mut against, why),
                Ending::Skipped(why) => add(&mut skipped, why),
            }
        }
        if !against.is_empty() {
            Self::No(against.join("; "))
        } else if skipped.is_empty() {
            if held { Self::Yes } else { Self::Untested }
        } else if held {
            Self::Partly(skipped.join("; "))
        } else {
            Self::NotHere(skipped.join("; "))
        }
    }

    /// As it stands in the table.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Yes => "yes".into(),
            Self::Partly(why) => format!("yes; in part n/a: {why}"),
            Self::No(why) if why == "fails" => "no".into(),
            Self::No(why) => format!("no: {why}"),
            Self::NotHere(why) => format!("n/a: {why}"),
            Self::Untested => "-".into(),
        }
    }
}

/// Adds a reason unless it is there already.
fn add(reasons: &mut Vec<String>, why: &str) {
    if !reasons.iter().any(|reason| reason == why) {
        reasons.push(why.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_outweighs_what_holds() {
        let endings = [
            Ending::Passed,
            Ending::Deviation("too old", String::new()),
            Ending::Passed,
        ];
        assert_eq!(Cell::from(endings.iter()), Cell::No("too old".into()));
    }

    #[test]
    fn the_same_reason_is_told_once() {
        let endings = [
            Ending::Deviation("too old", String::new()),
            Ending::Deviation("too old", String::new()),
            Ending::Failed("seen".into()),
        ];
        assert_eq!(Cell::from(endings.iter()).text(), "no: too old; fails");
    }

    #[test]
    fn what_cannot_be_tried_is_told_apart() {
        let skipped = || Ending::Skipped("no AppArmor".into());
        assert_eq!(Cell::from([skipped()].iter()).text(), "n/a: no AppArmor");
        assert_eq!(
            Cell::from([Ending::Passed, skipped()].iter()).text(),
            "yes; in part n/a: no AppArmor"
        );
        assert_eq!(Cell::from([].iter()), Cell::Untested);
    }
}
