//! Help and version, by which scripts ask what a runtime can do.

use std::collections::BTreeSet;

use super::side::Side;
use super::{CRUN_IS_NOT_RUNC, both, compare};
use crate::failure::{Failure, Verdict, ensure};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(help_of_each_command_has_runcs_form_and_flags, CRUN_IS_NOT_RUNC),
    test!(help_of_the_program_has_runcs_commands_and_flags, CRUN_IS_NOT_RUNC),
    test!(version_is_told_in_runcs_lines, CRUN_IS_NOT_RUNC),
    test!(call_without_words_shows_the_help, ("crun", "1.8", "wants a command")),
];

/// Flags that runc has put away since 1.1: accepted, and not shown.
const PUT_AWAY: [&str; 2] = ["--all, -a", "--criu value"];

/// What a help says: its status, its first lines, its flags as they are spelled, its commands.
type Told = (i32, Vec<String>, BTreeSet<String>, BTreeSet<String>);

fn told(side: &Side<'_, '_>, words: &[&str]) -> Result<Told, Failure> {
    let done = side.call(words).finish()?;
    let begins: Vec<String> = done
        .out
        .lines()
        .take(2)
        .map(|line| line.split(" - ").next().unwrap_or_default().to_owned())
        .collect();
    ensure(done.out.contains("\nUSAGE:\n   runc "), || {
        format!("no usage: {}", done.out)
    })?;
    let rows = |starts: &str| -> BTreeSet<String> {
        let rows = done.out.lines().filter_map(|line| line.strip_prefix("   "));
        let rows = rows.filter(|line| line.starts_with(starts) && !line.starts_with(' '));
        rows.filter_map(|line| line.split("  ").next().map(str::to_owned))
            .collect()
    };
    let commands = done.out.split("COMMANDS:\n").nth(1).unwrap_or_default();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let commands = commands.filter_map(|line| line.split_whitespace().next());
    let commands = commands.map(|name| name.trim_end_matches(',').to_owned()).collect();
    Ok((done.code, begins, rows("--"), commands))
}

/// The help of one is at least that of the other.
fn covers(what: &str, (ours, theirs): &(Told, Told)) -> Verdict {
    ensure(ours.1 == theirs.1, || {
        format!("{what}: {:?}, wanted {:?}", ours.1, theirs.1)
    })?;
    for flag in theirs.2.iter().filter(|flag| !PUT_AWAY.contains(&flag.as_str())) {
        ensure(ours.2.contains(flag), || format!("{what}: no {flag:?} in {:?}", ours.2))?;
    }
    for command in &theirs.3 {
        ensure(ours.3.contains(command), || format!("{what}: no {command:?}"))?;
    }
    Ok(())
}

fn help_of_each_command_has_runcs_form_and_flags(t: &Trial<'_>) -> Verdict {
    for command in [
        "checkpoint",
        "create",
        "delete",
        "events",
        "exec",
        "features",
        "kill",
        "list",
        "pause",
        "ps",
        "restore",
        "resume",
        "run",
        "spec",
        "start",
        "state",
        "update",
    ] {
        for words in [
            &[command, "--help"][..],
            &[command, "-h"],
            &[command, "x", "-help"],
            &["help", command],
        ] {
            if words.len() == 3 && ["exec", "ps"].contains(&command) {
                continue;
            }
            let told = both(t, |side| told(side, words))?;
            covers(&format!("{words:?}"), &told)?;
            // Engines take a success for support, which those two need not have.
            let built = !["checkpoint", "restore"].contains(&command);
            ensure(told.1.0 == 0 && (told.0.0 == 0 || !built), || {
                format!("{words:?}: exit status {}, wanted {}", told.0.0, told.1.0)
            })?;
        }
    }
    Ok(())
}

fn help_of_the_program_has_runcs_commands_and_flags(t: &Trial<'_>) -> Verdict {
    for words in [&["--help"][..], &["-h"], &["help"], &["h"]] {
        let told = both(t, |side| told(side, words))?;
        covers(&format!("{words:?}"), &told)?;
        ensure(told.0.0 == told.1.0, || format!("{words:?}: exit status {}", told.0.0))?;
        ensure(told.0.3.len() > 15, || format!("commands: {:?}", told.0.3))?;
    }
    let title = |side: &Side<'_, '_>| {
        let out = side.call(&["--help"]).succeed()?.out;
        Ok(out.lines().nth(1).unwrap_or_default().to_owned())
    };
    compare(t, "the first words", title)
}

fn version_is_told_in_runcs_lines(t: &Trial<'_>) -> Verdict {
    for words in [
        &["--version"][..],
        &["-v"],
        &["-version"],
        &["--debug", "-v"],
        &["-v", "list"],
    ] {
        compare(t, &format!("{words:?}"), |side| {
            let done = side.call(words).succeed()?;
            let heads = done.out.lines().take(3).map(|line| {
                let values = line.rfind(' ').unwrap_or(line.len());
                line[..values].to_owned()
            });
            Ok((heads.collect::<Vec<_>>(), done.err))
        })?;
    }
    Ok(())
}

fn call_without_words_shows_the_help(t: &Trial<'_>) -> Verdict {
    compare(t, "without words", |side| {
        let done = side.call(&[]).finish()?;
        let first = done.out.lines().next().unwrap_or_default().to_owned();
        Ok((done.code, first, done.err))
    })
}
