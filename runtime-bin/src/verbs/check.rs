//! `check`: everything that is wrong or doubtful in a bundle.

use super::bundle_named::bundle_named;
use crate::call::Call;
use crate::command::{Command, Count, Offer, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::output::print;
use crate::refusal::Outcome;
use crate::shared_flags::{Bundle, ConfigFile, Help, Json};
use orlop::{Problem, Severity};
use serde::Serialize;
use std::fmt::Write;

/// A problem as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    severity: &'static str,
    path: &'a str,
    text: &'a str,
}

#[derive(Debug)]
pub(crate) struct Check;

impl Verb for Check {
    const COMMAND: Command = Command {
        name: "check",
        summary: "tell everything that is wrong or doubtful in a bundle, without running it",
        arguments: "[bundle]",
        count: Count::Between(0, 1),
        offers: &[Offer::Folders],
        flags: &[Bundle::FLAG, ConfigFile::FLAG, Json::FLAG, Help::FLAG],
        description: "One line for each problem: `error: PATH: what` for what stops the bundle from running, `warning: ...` for what\nis not applied, `notice: ...` for what is right and may surprise. The exit status is 1 if there is an error.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let named = bundle_named(call, flags)?;
        let problems = orlop::check_config_for(&named.folder, named.config(), call.cgroup_manager()?)?;
        print(&if flags.is_on(Json) {
            json(problems.all())?
        } else {
            lines(problems.all())
        })?;
        Ok(u8::from(problems.has_errors()))
    }
}

fn severity(problem: &Problem) -> &'static str {
    match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |mut text, problem| {
        let _ = writeln!(
            text,
            "{}: {}",
            severity(problem),
            problem.to_string().replace('\n', "\\n")
        );
        text
    })
}

fn json(problems: &[Problem]) -> Result<String, String> {
    let shown: Vec<_> = problems
        .iter()
        .map(|problem| Shown {
            severity: severity(problem),
            path: problem.path.as_str(),
            text: &problem.text,
        })
        .collect();
    serde_json::to_string_pretty(&shown)
        .map(|text| text + "\n")
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line() {
        let problems = [
            Problem::error("root.path", "is\nodd"),
            Problem::warning("linux", "seems so"),
        ];
        assert_eq!(
            lines(&problems),
            "error: root.path: is\\nodd\nwarning: linux: seems so\n"
        );
        assert!(json(&problems).unwrap().contains("\"severity\": \"warning\""));
    }
}
