//! `ps`.

use crate::call::Call;
use crate::command::{Command, Count, Offer, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::output::print;
use crate::refusal::{Outcome, Refusal};
use crate::shared_flags::{Format, Help};
use orlop::{Failure, Pid};
use std::process::Command as Program;

#[derive(Debug)]
pub(crate) struct Ps;

impl Verb for Ps {
    const COMMAND: Command = Command {
        name: "ps",
        summary: "list a container's processes",
        arguments: "<container-id> [ps arguments...]",
        count: Count::AtLeast(1),
        missing: "`orlop list` lists the containers",
        offers: &[Offer::Containers],
        stops_at_arguments: true,
        flags: &[Format::FLAG, Help::FLAG],
        description: "The table is what the host's ps(1) says of them, called with these arguments (-ef without any).",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        call.id()?;
        let format = flags
            .text(Format)
            .map_or("table".into(), |format| format.to_string_lossy());
        let pids = call.container()?.processes()?;
        if &*format == "json" {
            let numbers: Vec<i32> = pids.iter().map(|pid| pid.get()).collect();
            let numbers = Some(numbers).filter(|numbers| !numbers.is_empty());
            print(&(serde_json::to_string(&numbers).map_err(|error| error.to_string())? + "\n"))?;
            return Ok(0);
        }
        let mut program = Program::new("ps");
        match call.arguments.get(1..) {
            Some(arguments) if !arguments.is_empty() => program.args(arguments),
            _ => program.arg("-ef"),
        };
        let output = program.output().map_err(|error| {
            Failure::io("run ps", &error)
                .hint("without that program (package procps), --format json tells the process ids")
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("ps failed ({}): {}", output.status, said.trim_end()).into());
        }
        print(&rows(&String::from_utf8_lossy(&output.stdout), &pids)?)?;
        Ok(0)
    }
}

/// The head of what ps says, and the rows of these processes.
fn rows(said: &str, pids: &[Pid]) -> Result<String, Refusal> {
    let mut lines = said.lines();
    let head = lines.next().unwrap_or_default();
    let column = head.split_whitespace().position(|title| title == "PID");
    let Some(column) = column else {
        return Err("couldn't find PID field in ps output".into());
    };
    let is_one = |line: &&str| {
        let pid = line.split_whitespace().nth(column).and_then(|field| field.parse().ok());
        pid.is_some_and(|number: i32| pids.iter().any(|pid| pid.get() == number))
    };
    Ok(std::iter::once(head)
        .chain(lines.filter(is_one))
        .map(|line| format!("{line}\n"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_the_column_of_the_pids() {
        let said = "UID  PID  PPID CMD\nroot   7     1 a 9\nroot   9     7 b\n";
        let nine = Pid::new(9).unwrap();
        assert_eq!(rows(said, &[nine]).unwrap(), "UID  PID  PPID CMD\nroot   9     7 b\n");
        assert_eq!(rows(said, &[]).unwrap(), "UID  PID  PPID CMD\n");
        assert_eq!(
            rows("CMD\nb\n", &[nine]).unwrap_err().0,
            "couldn't find PID field in ps output"
        );
    }
}
