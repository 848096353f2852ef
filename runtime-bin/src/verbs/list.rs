//! `list`.

use crate::call::Call;
use crate::command::{Command, Verb};
use crate::flag::{Declared, flags};
use crate::global::Root;
use crate::matches::Given;
use crate::output::print;
use crate::refusal::{Outcome, Refusal};
use crate::shared_flags::{Format, Help};
use orlop::{Containers, Pid, State};
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A column is at least so wide, and so much is left after its widest cell.
const NARROWEST: usize = 12;
const PADDING: usize = 3;

flags! {
    Quiet: Switch("quiet", "print the ids only").short("q");
    Filter: List("filter", "only those with status=STATUS, id=ID, bundle=PATH, owner=NAME or annotation=KEY[=VALUE]");
}

#[derive(Debug)]
pub(crate) struct List;

impl Verb for List {
    const COMMAND: Command = Command {
        name: "list",
        summary: "list the containers of the state root",
        surplus: "`orlop state ID` tells of one container",
        flags: &[Format::FLAG, Quiet::FLAG, Filter::FLAG, Help::FLAG],
        description: "Of several filters all have to hold.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let format = flags
            .text(Format)
            .map_or("table".into(), |format| format.to_string_lossy());
        let filters: Vec<Wanted> = flags.list(Filter).map(wanted).collect::<Result<_, _>>()?;
        let root = call.root()?;
        if call.global.text(Root).is_some()
            && let Err(error) = fs::metadata(&root)
        {
            return Err(orlop::Failure::io(format!("list the state root {root:?}"), &error).into());
        }
        let Containers { mut states, faults, .. } = call.runtime()?.containers()?;
        states.retain(|state| filters.iter().all(|filter| filter.holds_for(state)));
        faults.iter().for_each(|fault| call.warn(fault));
        print(&match &*format {
            _ if flags.is_on(Quiet) => states.iter().map(|state| format!("{}\n", state.id)).collect(),
            "json" => json(&states)?,
            _ => table(&states),
        })?;
        Ok(0)
    }
}

/// What a filter asks for.
#[derive(Debug, PartialEq)]
enum Wanted {
    Status(String),
    Id(String),
    Bundle(String),
    Owner(String),
    /// With any value, if none is given.
    Annotation(String, Option<String>),
}

fn wanted(filter: &OsStr) -> Result<Wanted, Refusal> {
    let text = filter.to_string_lossy();
    let (key, value) = text.split_once('=').unwrap_or((&*text, ""));
    let own = value.to_owned();
    Ok(match key {
        "status" if STATUSES.contains(&value) => Wanted::Status(own),
        "status" => return Err(format!("--filter: no status {value:?}, only {}", STATUSES.join(", ")).into()),
        "id" => Wanted::Id(own),
        "bundle" => Wanted::Bundle(own),
        "owner" => Wanted::Owner(own),
        "annotation" => match value.split_once('=') {
            Some((key, value)) => Wanted::Annotation(key.to_owned(), Some(value.to_owned())),
            None => Wanted::Annotation(own, None),
        },
        _ => {
            let text = format!("--filter: {text:?} is none of status, id, bundle, owner, annotation with =VALUE");
            return Err(text.into());
        }
    })
}

const STATUSES: [&str; 5] = ["creating", "created", "running", "paused", "stopped"];

impl Wanted {
    fn holds_for(&self, state: &State) -> bool {
        match self {
            Self::Status(status) => state.status.to_string() == *status,
            Self::Id(id) => state.id == *id,
            Self::Bundle(bundle) => {
                let real = fs::canonicalize(bundle);
                state.bundle == Path::new(bundle) || real.is_ok_and(|real| state.bundle == real)
            }
            Self::Owner(owner) => state.owner == *owner,
            Self::Annotation(key, value) => {
                let found = state.annotations.get(key);
                found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
            }
        }
    }
}

fn json(states: &[State]) -> Result<String, Refusal> {
    if states.is_empty() {
        return Ok("null\n".to_owned());
    }
    Ok(serde_json::to_string(states).map_err(|error| error.to_string())? + "\n")
}

fn table(states: &[State]) -> String {
    let head = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head)
        .chain(states.iter().map(|state| {
            [
                state.id.clone(),
                state.pid.map_or(0, Pid::get).to_string(),
                state.status.to_string(),
                state.bundle.display().to_string(),
                state.created.clone(),
                state.owner.clone(),
            ]
        }))
        .collect();
    let widths: [usize; 5] = std::array::from_fn(|column| {
        let widest = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        NARROWEST.max(widest + PADDING)
    });
    let mut text = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(text, "{cell:width$}");
        }
        let _ = writeln!(text, "{}", row[5]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(id: &str) -> State {
        let text = format!(
            r#"{{"ociVersion": "1.2.1", "id": "{id}", "pid": 7, "status": "running", "bundle": "/b", "rootfs": "/b/rootfs",
                "created": "2026-11-21T10:00:00.123456789Z", "owner": "root"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn columns_are_twelve_wide_or_three_more_than_their_widest_cell() {
        assert_eq!(
            table(&[]),
            "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n"
        );
        assert_eq!(
            table(&[state("a-long-name"), state("b")]),
            "ID            PID         STATUS      BUNDLE      CREATED                          OWNER\n\
             a-long-name   7           running     /b          2026-11-21T10:00:00.123456789Z   root\n\
             b             7           running     /b          2026-11-21T10:00:00.123456789Z   root\n"
        );
    }

    #[test]
    fn a_filter_holds_or_is_told_to_be_none() {
        let holds = |filter: &str| wanted(OsStr::new(filter)).unwrap().holds_for(&state("a"));
        assert!(holds("status=running") && holds("id=a") && holds("bundle=/b") && holds("owner=root"));
        assert!(!holds("status=stopped") && !holds("id=b") && !holds("annotation=x"));
        for wrong in ["status=well", "flux=1", "running"] {
            assert!(wanted(OsStr::new(wrong)).unwrap_err().0.contains("--filter"), "{wrong}");
        }
    }

    #[test]
    fn json_is_one_line_and_null_without_containers() {
        assert_eq!(json(&[]).unwrap(), "null\n");
        let text = json(&[state("a")]).unwrap();
        assert!(text.starts_with("[{\"ociVersion\":\"1.2.1\",\"id\":\"a\",\"pid\":7,\"status\":\"running\","));
        assert!(text.ends_with("\"owner\":\"root\"}]\n"));
    }
}
