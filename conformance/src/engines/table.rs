//! A page in Markdown: each engine's checks, and what becomes of them with each runtime.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::options::{ENGINES, Options};
use super::outer;
use crate::runtime::Runtime;
use crate::table::{cgroups, kernel, plain};

/// What became of a check with a runtime.
#[derive(Clone, Debug, PartialEq)]
enum Ending {
    Passed,
    /// With what was seen.
    Failed(String),
    /// With the reason.
    Skipped(String),
}

/// A check of an engine.
#[derive(Debug)]
struct Row {
    engine: String,
    name: String,
    /// By the runtime's path.
    endings: BTreeMap<String, Ending>,
}

/// What runs said, in the order of the first one.
#[derive(Debug, Default)]
struct Results {
    rows: Vec<Row>,
}

impl Results {
    /// Takes the report of a run (see `outer`). A later run of the same check with the same runtime is what counts.
    fn take(&mut self, report: &str) {
        let mut runtime = "";
        let mut lines = report.lines().peekable();
        while let Some(line) = lines.next() {
            let start = line.strip_prefix("# ").and_then(|rest| rest.split_once(" with "));
            if let Some((engine, path)) = start
                && ENGINES.contains(&engine)
            {
                runtime = path;
            } else if let Some((engine, rest)) = parts(line, "not ok ") {
                let why = lines.next_if(|next| next.starts_with("#   ")).unwrap_or_default();
                let why = why.trim_start_matches('#').trim().to_owned();
                self.add(engine, rest, runtime, Ending::Failed(why));
            } else if let Some((engine, rest)) = parts(line, "ok ") {
                let (name, remark) = rest.split_once(" # ").unwrap_or((rest, ""));
                let ending = remark
                    .strip_prefix("SKIP ")
                    .map_or(Ending::Passed, |why| Ending::Skipped(why.to_owned()));
                self.add(engine, name, runtime, ending);
            }
        }
    }

    fn add(&mut self, engine: &str, name: &str, runtime: &str, ending: Ending) {
        let is_it = |row: &&mut Row| row.engine == engine && row.name == name;
        if let Some(row) = self.rows.iter_mut().find(is_it) {
            row.endings.insert(runtime.to_owned(), ending);
        } else {
            self.rows.push(Row {
                engine: engine.to_owned(),
                name: name.to_owned(),
                endings: BTreeMap::from([(runtime.to_owned(), ending)]),
            });
        }
    }

    fn of<'r>(&'r self, engine: &'r str) -> impl Iterator<Item = &'r Row> {
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

/// The checks that fail with the first runtime and pass with runc.
fn worse<'r>(runtimes: &[Runtime], results: &'r Results) -> Vec<&'r Row> {
    let path = |runtime: Option<&Runtime>| runtime.map(|it| it.path.to_string_lossy().into_owned());
    let Some(first) = path(runtimes.first()) else {
        return Vec::new();
    };
    let Some(runc) = path(runtimes.iter().find(|runtime| runtime.name == "runc")) else {
        return Vec::new();
    };
    let is_worse = |row: &&Row| {
        matches!(row.endings.get(&first), Some(Ending::Failed(_))) && row.endings.get(&runc) == Some(&Ending::Passed)
    };
    results.rows.iter().filter(is_worse).collect()
}

/// The whole page; `is_joined`, if it is made of reports that were kept.
fn text(runtimes: &[Runtime], results: &Results, is_joined: bool) -> String {
    let titles: Vec<String> = runtimes.iter().map(Runtime::title).collect();
    let worse: Vec<String> = worse(runtimes, results)
        .iter()
        .map(|row| format!("{}: {}", row.engine, row.name))
        .collect();
    let mut text = format!(
        "# The engines' checks\n\n\
         What container engines do with each runtime under them, end to end, by `conformance engines`. This page is generated, on {},\n\
         on Linux {} with {}, by root:\n\n```\n{}\n```\n\n\
         with {}.{}\n\n\
         \"yes\": the check passes; \"no\": it fails, and what was seen stands below the table; \"-\": it was passed over, and why.\n\
         Checks that runc passes and {} fails: {}.\n\n",
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
        titles.first().map_or("", String::as_str),
        if worse.is_empty() {
            "none".to_owned()
        } else {
            worse.join("; ")
        }
    );
    text.push_str(&counts(runtimes, &titles, results));
    for engine in ENGINES.iter().filter(|engine| results.of(engine).next().is_some()) {
        section(&mut text, engine, runtimes, &titles, results);
    }
    text
}

/// How many checks of each engine passed, failed and were passed over.
fn counts(runtimes: &[Runtime], titles: &[String], results: &Results) -> String {
    let mut text = format!(
        "| passed / failed / passed over | {} |\n|---|{}\n",
        titles.join(" | "),
        "---|".repeat(titles.len())
    );
    for engine in ENGINES.iter().filter(|engine| results.of(engine).next().is_some()) {
        let cells = runtimes.iter().map(|runtime| {
            let path = runtime.path.to_string_lossy();
            let endings: Vec<&Ending> = results.of(engine).filter_map(|row| row.endings.get(&*path)).collect();
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
fn section(text: &mut String, engine: &str, runtimes: &[Runtime], titles: &[String], results: &Results) {
    let mut notes: Vec<String> = Vec::new();
    let _ = write!(
        text,
        "\n## {engine}\n\n| | {} |\n|---|{}\n",
        titles.join(" | "),
        "---|".repeat(titles.len())
    );
    for row in results.of(engine) {
        let cells = runtimes.iter().map(|runtime| {
            let mut noted = |mark: &str, why: &str| {
                let why = shortened(why);
                let number = notes.iter().position(|note| *note == why).unwrap_or_else(|| {
                    notes.push(why);
                    notes.len() - 1
                });
                format!("{mark} ({})", number + 1)
            };
            match row.endings.get(&*runtime.path.to_string_lossy()) {
                None => "not run".to_owned(),
                Some(Ending::Passed) => "yes".to_owned(),
                Some(Ending::Failed(why)) => noted("no", why),
                Some(Ending::Skipped(why)) => noted("-", why),
            }
        });
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "| {} | {} |", plain(&row.name), cells.join(" | "));
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
fn versions() -> Vec<String> {
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

    #[test]
    fn reports_of_runs_are_joined_by_engine_and_check() {
        let results = results();
        let pause = results.of("docker").nth(1).unwrap();
        assert_eq!(
            pause.endings["/a/orlop"],
            Ending::Failed("left behind: a cgroup".to_owned())
        );
        assert_eq!(pause.endings["/b/runc"], Ending::Passed);
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

    #[test]
    fn names_that_are_others_each_time_are_left_out_of_a_reason() {
        let why = "`docker rm 0123456789abcdef0123` in /tmp/lab.aB3xyZ/docker|x";
        assert_eq!(shortened(why), "`docker rm ID` in /tmp/lab/docker\\|x");
    }

    #[test]
    fn a_section_has_a_row_for_each_check_and_the_reasons_below() {
        let mut text = String::new();
        let runtimes = [runtime("/a/orlop"), runtime("/b/runc")];
        let titles = runtimes.each_ref().map(Runtime::title);
        section(&mut text, "docker", &runtimes, &titles, &results());
        let wanted = "\n## docker\n\n| | orlop 1 | runc 1 |\n|---|---|---|\n| a shell runs | yes | yes |\n\
                      | pause stops it | no (1) | yes |\n| swap is limited | - (2) | not run |\n\n\
                      1. left behind: a cgroup\n2. no swap\n";
        assert_eq!(text, wanted);
    }
}
