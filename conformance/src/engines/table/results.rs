//! What runs said: their reports, of a host or of a machine of the lab, and pages that were made of such.

use std::collections::BTreeMap;

use super::shortened;
use crate::engines::options::ENGINES;
use crate::runtime::Runtime;
use crate::table::plain;

/// What became of a check with a runtime; reasons are in the form that the page has them in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ending {
    Passed,
    /// With what was seen.
    Failed(String),
    /// With the reason.
    Skipped(String),
}

/// Where a run was: on a host, or in a machine of the lab of this form.
pub(super) type Place = Option<String>;

/// A check of an engine.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) engine: String,
    pub(super) name: String,
    /// By place and name of the runtime.
    pub(super) endings: BTreeMap<(Place, String), Ending>,
}

/// What runs said, in the order of the first one.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) rows: Vec<Row>,
    /// What the machine of a place was.
    pub(super) machines: BTreeMap<Place, String>,
}

/// What the lab says before a machine's own words: `lab: FORM, the kernel of SUITE`.
fn machine_of(line: &str) -> Option<&str> {
    let (form, rest) = line.strip_prefix("lab: ")?.split_once(", the kernel of ")?;
    // With what it has ended it says in the end.
    (!rest.contains(':')).then_some(form)
}

impl Results {
    /// Takes the report of a run (see `outer`), also with what the lab says around it, or a page. A later run of the same
    /// check in the same place with the same runtime is what counts.
    pub(super) fn take(&mut self, text: &str) {
        if text.starts_with(super::HEADING) {
            return self.take_page(text);
        }
        let mut place: Place = None;
        let mut runtime = String::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let start = line.strip_prefix("# ").and_then(|rest| rest.split_once(" with "));
            if let Some(form) = machine_of(line) {
                place = Some(form.to_owned());
            } else if let Some(machine) = line.strip_prefix(super::MACHINE) {
                self.machines.insert(place.clone(), machine.to_owned());
            } else if let Some((engine, path)) = start
                && ENGINES.contains(&engine)
            {
                runtime = Runtime::name_of(path);
            } else if let Some((engine, rest)) = parts(line, "not ok ") {
                let why = lines.next_if(|next| next.starts_with("#   ")).unwrap_or_default();
                let why = shortened(why.trim_start_matches('#').trim());
                self.add(
                    engine,
                    &plain(rest),
                    (place.clone(), runtime.clone()),
                    Ending::Failed(why),
                );
            } else if let Some((engine, rest)) = parts(line, "ok ") {
                let (name, remark) = rest.split_once(" # ").unwrap_or((rest, ""));
                let ending = remark
                    .strip_prefix("SKIP ")
                    .map_or(Ending::Passed, |why| Ending::Skipped(shortened(why)));
                self.add(engine, &plain(name), (place.clone(), runtime.clone()), ending);
            }
        }
    }

    /// Takes the tables of a page.
    fn take_page(&mut self, text: &str) {
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix(super::MACHINE_ON_THE_PAGE)
                && let Some((form, machine)) = rest.split_once("\": ")
            {
                self.machines.insert(Some(form.to_owned()), machine.to_owned());
            }
        }
        for section in text.split("\n## ").skip(1) {
            let (engine, body) = section.split_once('\n').unwrap_or((section, ""));
            let notes: BTreeMap<&str, &str> = body
                .lines()
                .filter_map(|line| line.split_once(". "))
                .filter(|(number, _)| number.parse::<u32>().is_ok())
                .collect();
            let head = body.lines().find_map(|line| line.strip_prefix("| | "));
            let columns: Vec<(Place, String)> = head.map(cells).into_iter().flatten().map(column).collect();
            let rows = body.lines().filter(|line| !line.starts_with("| | "));
            for row in rows.filter_map(|line| line.strip_prefix("| ")) {
                let mut cells = cells(row);
                let Some(name) = cells.next() else {
                    continue;
                };
                for (cell, column) in cells.zip(&columns) {
                    if let Some(ending) = ending_of(cell, &notes) {
                        self.add(engine, name, column.clone(), ending);
                    }
                }
            }
        }
    }

    fn add(&mut self, engine: &str, name: &str, column: (Place, String), ending: Ending) {
        let is_it = |row: &&mut Row| row.engine == engine && row.name == name;
        if let Some(row) = self.rows.iter_mut().find(is_it) {
            row.endings.insert(column, ending);
        } else {
            self.rows.push(Row {
                engine: engine.to_owned(),
                name: name.to_owned(),
                endings: BTreeMap::from([(column, ending)]),
            });
        }
    }

    pub(super) fn of<'r>(&'r self, engine: &'r str) -> impl Iterator<Item = &'r Row> {
        self.rows.iter().filter(move |row| row.engine == engine)
    }
}

/// `NUMBER - ENGINE: REST` behind a word.
fn parts<'l>(line: &'l str, word: &str) -> Option<(&'l str, &'l str)> {
    let (number, rest) = line.strip_prefix(word)?.split_once(" - ")?;
    number.parse::<u32>().ok()?;
    let (engine, rest) = rest.split_once(": ")?;
    ENGINES.contains(&engine).then_some((engine, rest))
}

/// The cells of a table's row, of which the bar at the start is left out.
fn cells(row: &str) -> impl Iterator<Item = &str> {
    row.trim_end_matches(" |").split(" | ")
}

/// Of what the head of a column tells: `NAME VERSION`, and the form of a machine of the lab behind a comma.
fn column(head: &str) -> (Place, String) {
    let (title, form) = head.split_once(", ").unwrap_or((head, ""));
    let name = title.split(' ').next().unwrap_or(title);
    ((!form.is_empty()).then(|| form.to_owned()), name.to_owned())
}

/// What a cell tells; nothing of a check that was not run.
fn ending_of(cell: &str, notes: &BTreeMap<&str, &str>) -> Option<Ending> {
    let note = || {
        let (_, number) = cell.split_once(" (")?;
        notes.get(number.trim_end_matches(')')).map(|note| (*note).to_owned())
    };
    match cell.split(' ').next()? {
        "yes" => Some(Ending::Passed),
        "no" => Some(Ending::Failed(note()?)),
        "-" => Some(Ending::Skipped(note()?)),
        _ => None,
    }
}
