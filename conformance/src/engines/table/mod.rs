//! A page in Markdown: each engine's checks, and what becomes of them with each runtime.

mod results;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::options::{ENGINES, Options};
use super::outer;
use crate::runtime::Runtime;
use crate::table::{cgroups, kernel, plain};
use results::{Ending, Place, Results, Row};

/// How the page begins.
const HEADING: &str = "# The engines' checks\n";

/// How a report tells what machine it is of.
pub(super) const MACHINE: &str = "# on ";

/// How the page tells it, before the form.
const MACHINE_ON_THE_PAGE: &str = "* \"";

/// A column of the tables: where, with what runtime.
#[derive(Debug)]
struct Column {
    title: String,
    key: (Place, String),
}

/// Columns of the host, and of each machine of the lab, in each a runtime of the page for which there are results.
fn columns(runtimes: &[Runtime], results: &Results) -> Vec<Column> {
    let keys: BTreeSet<&(Place, String)> = results.rows.iter().flat_map(|row| row.endings.keys()).collect();
    let places: BTreeSet<&Place> = keys.iter().map(|key| &key.0).collect();
    let mut columns = Vec::new();
    for place in places {
        for runtime in runtimes {
            let key = (place.clone(), runtime.name.clone());
            if keys.contains(&key) {
                let form = place.as_ref().map_or(String::new(), |form| format!(", {form}"));
                let title = format!("{}{form}", runtime.title());
                columns.push(Column { title, key });
            }
        }
    }
    columns
}

/// Those of the places in which the engine's checks were run.
fn columns_of<'c>(columns: &'c [Column], results: &Results, engine: &str) -> Vec<&'c Column> {
    let places: BTreeSet<&Place> = results
        .of(engine)
        .flat_map(|row| row.endings.keys().map(|key| &key.0))
        .collect();
    columns.iter().filter(|column| places.contains(&column.key.0)).collect()
}

/// Runs each engine's checks with each runtime, or reads what earlier runs said, and writes the page. It fails where a
/// check fails with the first runtime and passes with runc.
pub(super) fn run(options: &Options, page: &Path) -> ExitCode {
    let mut runtimes = Vec::new();
    for path in &options.runtimes {
        match Runtime::new(Path::new(path)) {
            Ok(runtime) => runtimes.push(runtime),
            Err(text) => return complain(&text),
        }
    }
    let mut results = Results::default();
    for file in &options.from {
        match std::fs::read_to_string(file) {
            Ok(text) => results.take(&text),
            Err(error) => return complain(&format!("--from: {}: {error}", file.display())),
        }
    }
    if options.from.is_empty() {
        // One engine after the other with all runtimes: the machine's load is alike for each.
        for engine in &options.engines {
            for runtime in &options.runtimes {
                results.take(&outer::report_of(options, engine, runtime));
            }
        }
    }
    if let Err(error) = std::fs::write(page, text(&runtimes, &results, !options.from.is_empty())) {
        return complain(&format!("--table: {}: {error}", page.display()));
    }
    let worse = worse(&runtimes, &results);
    for row in &worse {
        eprintln!(
            "conformance: engines: passes on runc alone: {}: {}",
            row.engine, row.name
        );
    }
    if worse.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn complain(text: &str) -> ExitCode {
    eprintln!("conformance: engines: {text}");
    ExitCode::FAILURE
}

/// The checks that fail with the first runtime and pass with runc in the same place.
fn worse<'r>(runtimes: &[Runtime], results: &'r Results) -> Vec<&'r Row> {
    let Some(first) = runtimes.first() else {
        return Vec::new();
    };
    let is_worse = |row: &&Row| {
        row.endings.iter().any(|((place, name), ending)| {
            *name == first.name
                && matches!(ending, Ending::Failed(_))
                && row.endings.get(&(place.clone(), "runc".to_owned())) == Some(&Ending::Passed)
        })
    };
    results.rows.iter().filter(is_worse).collect()
}

/// The whole page; `is_joined`, if it is made of reports that were kept.
fn text(runtimes: &[Runtime], results: &Results, is_joined: bool) -> String {
    let columns = columns(runtimes, results);
    let worse: Vec<String> = worse(runtimes, results)
        .iter()
        .map(|row| format!("{}: {}", row.engine, row.name))
        .collect();
    let mut text = format!(
        "{HEADING}\n\
         What container engines do with each runtime under them, end to end, by `conformance engines`. This page is generated, on {},\n\
         on Linux {} with {}, by root:\n\n```\n{}\n```\n\n\
         with {}.{}\n\n",
        today(),
        kernel(),
        cgroups(),
        command(runtimes),
        versions().join(", "),
        if is_joined {
            " It joins the reports of several runs (`--from`); of a check that ran again, the last run counts."
        } else {
            ""
        },
    );
    text.push_str(&machines(&columns, results));
    let _ = writeln!(
        text,
        "\"yes\": the check passes; \"no\": it fails, and what was seen stands below the table; \"-\": it was passed over, and why.\n\
         Checks that runc passes and {} fails: {}.\n",
        runtimes.first().map_or_else(String::new, Runtime::title),
        if worse.is_empty() {
            "none".to_owned()
        } else {
            worse.join("; ")
        }
    );
    text.push_str(&counts(&columns, results));
    for engine in ENGINES.iter().filter(|engine| results.of(engine).next().is_some()) {
        section(&mut text, engine, &columns_of(&columns, results, engine), results);
    }
    text
}

/// What the columns of machines of the lab are.
fn machines(columns: &[Column], results: &Results) -> String {
    let forms: BTreeSet<&str> = columns.iter().filter_map(|column| column.key.0.as_deref()).collect();
    let mut text = String::new();
    for form in forms {
        let machine = results.machines.get(&Some(form.to_owned()));
        let machine = machine.map_or("a virtual machine", String::as_str);
        let _ = writeln!(text, "{MACHINE_ON_THE_PAGE}{form}\": {machine}");
    }
    if text.is_empty() {
        return text;
    }
    format!(
        "Columns with another word behind the version are of virtual machines (`conformance lab --form FORM engines ...`), in which\n\
         engines run with their defaults. As they are slow, not each check was run there.\n\n{text}\n"
    )
}

/// How many checks of each engine passed, failed and were passed over.
fn counts(columns: &[Column], results: &Results) -> String {
    let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
    let mut text = format!(
        "| passed / failed / passed over | {} |\n|---|{}\n",
        titles.join(" | "),
        "---|".repeat(titles.len())
    );
    for engine in ENGINES.iter().filter(|engine| results.of(engine).next().is_some()) {
        let cells = columns.iter().map(|column| {
            let endings: Vec<&Ending> = results
                .of(engine)
                .filter_map(|row| row.endings.get(&column.key))
                .collect();
            if endings.is_empty() {
                return "not run".to_owned();
            }
            let count = |which: fn(&Ending) -> bool| endings.iter().filter(|ending| which(ending)).count();
            format!(
                "{} / {} / {}",
                count(|ending| *ending == Ending::Passed),
                count(|ending| matches!(ending, Ending::Failed(_))),
                count(|ending| matches!(ending, Ending::Skipped(_)))
            )
        });
        let _ = writeln!(text, "| {engine} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    text
}

/// One engine's table, and its notes.
fn section(text: &mut String, engine: &str, columns: &[&Column], results: &Results) {
    let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
    let mut notes: Vec<&str> = Vec::new();
    let _ = write!(
        text,
        "\n## {engine}\n\n| | {} |\n|---|{}\n",
        titles.join(" | "),
        "---|".repeat(titles.len())
    );
    for row in results.of(engine) {
        let mut cells = Vec::new();
        for column in columns {
            let mut noted = |mark: &str, why| {
                let number = notes.iter().position(|note| *note == why).unwrap_or_else(|| {
                    notes.push(why);
                    notes.len() - 1
                });
                format!("{mark} ({})", number + 1)
            };
            cells.push(match row.endings.get(&column.key) {
                None => "not run".to_owned(),
                Some(Ending::Passed) => "yes".to_owned(),
                Some(Ending::Failed(why)) => noted("no", why.as_str()),
                Some(Ending::Skipped(why)) => noted("-", why.as_str()),
            });
        }
        let _ = writeln!(text, "| {} | {} |", row.name, cells.join(" | "));
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    for (number, note) in notes.iter().enumerate() {
        let _ = writeln!(text, "{}. {note}", number + 1);
    }
}

/// As much of a reason as a reader of the page needs, without names that are others each time; the run has it whole.
fn shortened(why: &str) -> String {
    const ENOUGH: usize = 400;
    let words = why.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let mut text = String::new();
    for word in words {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_id = bare.len() >= 12 && bare.chars().all(|c| c.is_ascii_hexdigit());
        if is_id {
            text.push_str("ID");
            text.push_str(&word[bare.len()..]);
        } else if bare.len() == 6 && text.ends_with("/tmp/lab.") {
            text.pop();
            text.push_str(&word[bare.len()..]);
        } else {
            text.push_str(word);
        }
    }
    let short: String = plain(&text).chars().take(ENOUGH).collect();
    short.replace('<', "&lt;")
}

/// How to make the page again.
fn command(runtimes: &[Runtime]) -> String {
    let paths = runtimes.iter().map(|runtime| match runtime.name.as_str() {
        // The build folder is another one on each machine.
        "orlop" => "--runtime target/x86_64-unknown-linux-gnu/release/orlop".to_owned(),
        _ => format!("--runtime {}", runtime.path.display()),
    });
    format!(
        "conformance engines --table docs/engine-checks.md {}",
        paths.collect::<Vec<_>>().join(" ")
    )
}

/// The first line, or one with a mark in it, of what programs say of themselves.
pub(super) fn versions() -> Vec<String> {
    let programs = [
        ("dockerd", "--version"),
        ("docker", "--version"),
        ("containerd", "--version"),
        ("podman", "--version"),
        ("conmon", "--version"),
        ("buildah", "--version"),
        ("docker-compose", "--version"),
        ("docker-registry", "--version"),
        ("rootlesskit", "--version"),
    ];
    let asked = programs.into_iter().filter_map(|(program, option)| {
        let output = Command::new(program).arg(option).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text
            .split(|c: char| c.is_whitespace() || c == ',')
            .map(|word| word.trim_start_matches('v'))
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        Some(format!("{program} {version}"))
    });
    asked.collect()
}

fn today() -> String {
    let output = Command::new("date").args(["--utc", "+%Y-%m-%d"]).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// The values of `--runtime` and `--from` that go with a page.
pub(super) fn demands(table: Option<&PathBuf>, runtimes: &[String], from: &[PathBuf]) -> Result<(), String> {
    match table {
        None if runtimes.len() > 1 => Err("more than one --runtime: needs --table".to_owned()),
        None if !from.is_empty() => Err("--from: needs --table".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
# docker with /a/orlop
ok 1 - docker: a shell runs # 0.1 s
not ok 2 - docker: pause stops it
#   left behind: a cgroup
ok 3 - docker: swap is limited # SKIP no swap
# ctr with /a/orlop
ok 4 - ctr: a shell runs # 0.3 s
1..4
# docker with /b/runc
ok 1 - docker: a shell runs # 0.1 s
ok 2 - docker: pause stops it # 0.2 s
";

    fn runtime(path: &str) -> Runtime {
        Runtime {
            path: path.into(),
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            version: "1".to_owned(),
        }
    }

    fn results() -> Results {
        let mut results = Results::default();
        results.take(REPORT);
        results
    }

    fn here(name: &str) -> (Place, String) {
        (None, name.to_owned())
    }

    #[test]
    fn reports_of_runs_are_joined_by_engine_and_check() {
        let results = results();
        let pause = results.of("docker").nth(1).unwrap();
        let left = Ending::Failed("left behind: a cgroup".to_owned());
        assert_eq!(pause.endings[&here("orlop")], left);
        assert_eq!(pause.endings[&here("runc")], Ending::Passed);
        assert_eq!(results.of("docker").count(), 3);
        assert_eq!(results.of("ctr").count(), 1);
    }

    #[test]
    fn what_runc_alone_passes_is_found() {
        let results = results();
        let found = worse(&[runtime("/a/orlop"), runtime("/b/runc")], &results);
        let names: Vec<&str> = found.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["pause stops it"]);
        assert!(worse(&[runtime("/b/runc"), runtime("/a/orlop")], &results).is_empty());
    }

    /// What a machine of the lab says.
    const OF_A_MACHINE: &str = "\
lab: systemd, the kernel of bookworm
# on Linux 6.1 with cgroup v2
# podman-rootless with /lab/bin0/orlop-release
ok 1 - podman-rootless: a shell runs # 2.1 s
# docker with /lab/bin0/orlop-release
not ok 2 - docker: a shell runs
#   too | late
lab: systemd, the kernel of bookworm: ended with 1
";

    #[test]
    fn machines_of_the_lab_have_columns_of_their_own() {
        let mut results = results();
        results.take(OF_A_MACHINE);
        let columns = columns(&[runtime("/a/orlop"), runtime("/b/runc")], &results);
        let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
        assert_eq!(titles, ["orlop 1", "runc 1", "orlop 1, systemd"]);
        let of = |engine| columns_of(&columns, &results, engine).len();
        assert_eq!((of("docker"), of("podman-rootless"), of("ctr")), (3, 1, 2));
        assert!(machines(&columns, &results).ends_with("* \"systemd\": Linux 6.1 with cgroup v2\n\n"));
    }

    #[test]
    fn a_page_is_read_as_it_was_written() {
        let runtimes = [runtime("/a/orlop"), runtime("/b/runc")];
        let mut results = results();
        results.take(OF_A_MACHINE);
        let page = text(&runtimes, &results, true);
        let mut read = Results::default();
        read.take(&page);
        assert_eq!(text(&runtimes, &read, true), page);
    }

    #[test]
    fn names_that_are_others_each_time_are_left_out_of_a_reason() {
        let why = "`docker rm 0123456789abcdef0123` in /tmp/lab.aB3xyZ/docker|x";
        assert_eq!(shortened(why), "`docker rm ID` in /tmp/lab/docker\\|x");
    }

    #[test]
    fn a_section_has_a_row_for_each_check_and_the_reasons_below() {
        let mut text = String::new();
        let results = results();
        let columns = columns(&[runtime("/a/orlop"), runtime("/b/runc")], &results);
        section(&mut text, "docker", &columns_of(&columns, &results, "docker"), &results);
        let wanted = "\n## docker\n\n| | orlop 1 | runc 1 |\n|---|---|---|\n| a shell runs | yes | yes |\n\
                      | pause stops it | no (1) | yes |\n| swap is limited | - (2) | not run |\n\n\
                      1. left behind: a cgroup\n2. no swap\n";
        assert_eq!(text, wanted);
    }
}
