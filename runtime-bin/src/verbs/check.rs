//! `check`: everything that is wrong or doubtful in a bundle.

use crate::call::{Call, Outcome, print};
use orlop::{Arguments, Host, Plan, Problem, Severity};
use serde::Serialize;
use std::fmt::Write;

/// A problem as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    severity: &'static str,
    path: &'a str,
    text: &'a str,
}

pub(super) fn run(call: &Call<'_>) -> Outcome {
    let (bundle, mut problems) = orlop::bundle::check(call.bundle())?;
    if let Some(bundle) = bundle {
        let (_, more) = Plan::compile(&bundle, &Host::detect()?, &Arguments::default());
        problems.append(more);
        if let Err(error) = bundle.check_rootfs() {
            problems.push(match error {
                orlop::Error::Failure(failure) => {
                    let path = failure.path.clone().unwrap_or_default();
                    Problem::error(path, failure.without_path())
                }
                error => Problem::error("root.path", error.to_string()),
            });
        }
    }
    let problems = problems.all();
    print(&if call.matches.is_on("json") {
        json(problems)?
    } else {
        lines(problems)
    })?;
    Ok(u8::from(
        problems.iter().any(|problem| problem.severity == Severity::Error),
    ))
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
