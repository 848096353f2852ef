//! `list`.

use crate::call::{Call, Outcome, Refusal, print};
use crate::owner::Users;
use orlop::{Containers, State};
use std::fmt::Write;
use std::fs;

/// A column is at least so wide, and so much is left after its widest cell.
const NARROWEST: usize = 12;
const PADDING: usize = 3;

pub(super) fn run(call: &mut Call<'_>) -> Outcome {
    let format = call
        .matches
        .text("format")
        .map_or("table".into(), |format| format.to_string_lossy());
    let root = call.root()?;
    if call.global.text("root").is_some()
        && let Err(error) = fs::metadata(&root)
    {
        return Err(orlop::Failure::io(format!("list the state root {root:?}"), &error).into());
    }
    let Containers { mut states, faults } = call.runtime()?.containers()?;
    faults.iter().for_each(|fault| call.warn(fault));
    let users = Users::read();
    for state in &mut states {
        state.owner = users.owner(&root.join(&state.id));
    }
    print(&match &*format {
        _ if call.matches.is_on("quiet") => states.iter().map(|state| format!("{}\n", state.id)).collect(),
        "table" => table(&states),
        "json" => json(&states)?,
        _ => return Err("invalid format option".into()),
    })?;
    Ok(0)
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
                state.pid.to_string(),
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
    use orlop::Status;

    fn state(id: &str) -> State {
        State {
            oci_version: "1.2.1".to_owned(),
            id: id.to_owned(),
            pid: 7,
            status: Status::Running,
            bundle: "/b".into(),
            rootfs: "/b/rootfs".into(),
            created: "2026-11-21T10:00:00.123456789Z".to_owned(),
            annotations: std::collections::BTreeMap::default(),
            owner: "root".to_owned(),
        }
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
    fn json_is_one_line_and_null_without_containers() {
        assert_eq!(json(&[]).unwrap(), "null\n");
        let text = json(&[state("a")]).unwrap();
        assert!(text.starts_with("[{\"ociVersion\":\"1.2.1\",\"id\":\"a\",\"pid\":7,\"status\":\"running\","));
        assert!(text.ends_with("\"owner\":\"root\"}]\n"));
    }
}
