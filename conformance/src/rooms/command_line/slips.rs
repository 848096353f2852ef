//! What people mistype, and what they type that other programs take: a line that says what is right.

use std::os::unix::fs::symlink;

use crate::call::Done;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

const RUNC_SHOWS_HELP: Known = ("runc", "", "shows its whole help");
const CRUN_SHOWS_HELP: Known = ("crun", "", "has words of its own");
const RUNC_HAS_NONE: Known = ("runc", "", "has no such command");
const CRUN_HAS_NONE: Known = ("crun", "", "has no such command");

pub(crate) const TESTS: &[Test] = &[
    test!(slips_are_told_in_one_line, RUNC_SHOWS_HELP, CRUN_SHOWS_HELP),
    test!(nearest_right_word_is_asked_for, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(
        flags_of_engines_are_answered_by_what_does_the_same,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
    test!(
        flag_on_the_wrong_side_of_the_command_is_told_its_place,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
    test!(arguments_that_mean_nothing_are_refused),
    test!(
        value_that_is_no_choice_is_told_with_the_choices,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
    test!(
        exit_status_tells_an_unknown_command_from_other_slips,
        ("crun", "1.8", "has other ones")
    ),
    test!(
        help_is_found_in_every_spelling,
        ("runc", "", "ignores the command behind --help"),
        ("crun", "", "has no help command")
    ),
    test!(
        called_by_runcs_name_it_shows_the_help_as_runc_does,
        ("crun", "", "shows none")
    ),
    test!(
        bundle_is_checked_and_explained_by_its_folder_or_its_config,
        RUNC_HAS_NONE,
        CRUN_HAS_NONE
    ),
    test!(
        bundle_may_be_named_by_its_config,
        ("runc", "", "wants the folder"),
        ("crun", "", "wants the folder")
    ),
    test!(
        folder_in_place_of_an_id_is_told_the_flag,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
];

/// A call that must fail with one line on stderr that has all the phrases, and nothing on stdout.
fn told(t: &Trial<'_>, words: &[&str], phrases: &[&str]) -> Result<Done, Failure> {
    let done = t.call(words).refusal(phrases)?;
    same(&format!("{words:?}: stdout"), &done.out.as_str(), "")?;
    ensure(done.err.trim_end().lines().count() == 1, || {
        format!("{words:?}: more than one line: {}", done.err)
    })?;
    Ok(done)
}

fn slips_are_told_in_one_line(t: &Trial<'_>) -> Verdict {
    for (words, phrase) in [
        (&["frobnicate"] as &[&str], "No help topic for 'frobnicate'"),
        (
            &["list", "--frobnicate"],
            "Incorrect Usage: flag provided but not defined: -frobnicate",
        ),
        (&["state"], "Incorrect Usage: \"state\" requires exactly 1 argument(s)"),
        (
            &["state", "a", "b"],
            "Incorrect Usage: \"state\" requires exactly 1 argument(s)",
        ),
        (
            &["create", "--bundle"],
            "Incorrect Usage: flag needs an argument: -bundle",
        ),
        (
            &["delete", "--force=perhaps", "x"],
            "Incorrect Usage: invalid boolean value \"perhaps\"",
        ),
        (
            &["create", "--preserve-fds", "x", "y"],
            "Incorrect Usage: invalid value \"x\"",
        ),
    ] {
        told(t, words, &[phrase, " --help"])?;
    }
    Ok(())
}

fn nearest_right_word_is_asked_for(t: &Trial<'_>) -> Verdict {
    for (words, meant) in [
        (&["delet", "x"] as &[&str], "delete"),
        (&["rm", "x"], "delete"),
        (&["ls"], "list"),
        (&["stop", "x"], "kill"),
        (&["inspect", "x"], "state"),
        (&["RUN", "x"], "run"),
        (&["version"], "--version"),
        (&["run", "--bundel", "b", "x"], "--bundle"),
        (&["create", "--pidfile", "p", "x"], "--pid-file"),
    ] {
        told(t, words, &[&format!("did you mean `{meant}`?")])?;
    }
    let id = t.create(&t.bundle()?)?.id;
    told(t, &["kill", &id, "TREM"], &["did you mean `TERM`?"]).map(drop)
}

fn flags_of_engines_are_answered_by_what_does_the_same(t: &Trial<'_>) -> Verdict {
    for (words, instead) in [
        (
            &["run", "-it", "x"] as &[&str],
            &["process.terminal", "standard input"] as &[&str],
        ),
        (&["run", "-i", "-t", "x"], &["standard input"]),
        (&["run", "-dt", "x"], &["-d", "process.terminal"]),
        (&["run", "--rm", "x"], &["deleted at its end"]),
        (&["run", "-v", "/a:/b", "x"], &["mounts in config.json"]),
        (&["run", "-e", "A=B", "x"], &["process.env"]),
        (&["run", "alpine", "sh"], &["process.args", "--bundle"]),
        (&["kill", "-9", "x"], &["kill ID 9"]),
        (&["kill", "-s", "TERM", "x"], &["kill ID TERM"]),
        (&["list", "-aq"], &["-q", "listed anyway"]),
        (&["pull", "alpine"], &["engines"]),
    ] {
        told(t, words, instead)?;
    }
    Ok(())
}

fn flag_on_the_wrong_side_of_the_command_is_told_its_place(t: &Trial<'_>) -> Verdict {
    told(
        t,
        &["list", "--root=/x"],
        &["before the command: ", "--root VALUE list"],
    )?;
    told(
        t,
        &["--bundle", "b", "create", "x"],
        &["behind the command: ", "create --bundle"],
    )?;
    Ok(())
}

fn arguments_that_mean_nothing_are_refused(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
    for words in [
        &["spec", &folder] as &[&str],
        &["list", "foo"],
        &["features", "foo"],
        &["start", "a", "b"],
        &["delete", "a", "b"],
        &["kill", "a", "TERM", "c"],
    ] {
        let done = t.call(words).folder(&folder).refusal(&[])?;
        same(&format!("{words:?}"), &done.code, 1)?;
    }
    let written = std::path::Path::new(&folder).join("config.json");
    ensure(!written.exists(), || "spec has written a config all the same".into())
}

fn value_that_is_no_choice_is_told_with_the_choices(t: &Trial<'_>) -> Verdict {
    told(
        t,
        &["list", "--format", "yaml"],
        &["invalid format option \"yaml\"", "table", "json"],
    )?;
    told(
        t,
        &["--log-format", "yaml", "list"],
        &["invalid log-format: \"yaml\"", "text", "json"],
    )?;
    told(
        t,
        &["--rootless", "yaml", "list"],
        &["\"yaml\"", "true", "false", "auto"],
    )?;
    told(t, &["completion", "tcsh"], &["\"tcsh\"", "bash", "zsh", "fish"])?;
    Ok(())
}

fn exit_status_tells_an_unknown_command_from_other_slips(t: &Trial<'_>) -> Verdict {
    for (words, status) in [
        (&["frobnicate"] as &[&str], 3),
        (&["help", "frobnicate"], 3),
        (&["list", "--frobnicate"], 1),
        (&["exec", "--frobnicate", "x", "sh"], 1),
        (&["exec"], 1),
    ] {
        same(&format!("{words:?}"), &t.call(words).finish()?.code, status)?;
    }
    Ok(())
}

fn help_is_found_in_every_spelling(t: &Trial<'_>) -> Verdict {
    for words in [
        &["run", "--help"] as &[&str],
        &["run", "-h"],
        &["run", "-help"],
        &["run", "x", "--help"],
        &["help", "run"],
        &["h", "run"],
        &["--help", "run"],
        &["-h", "run"],
    ] {
        let done = t.call(words).succeed()?;
        ensure(done.out.contains("--pid-file"), || format!("{words:?}: {}", done.out))?;
    }
    for words in [&["--help"] as &[&str], &["-h"], &["help"], &[]] {
        let done = t.call(words).succeed()?;
        ensure(done.out.contains("delete") && done.out.contains("--log-format"), || {
            format!("{words:?}: {}", done.out)
        })?;
    }
    Ok(())
}

fn called_by_runcs_name_it_shows_the_help_as_runc_does(t: &Trial<'_>) -> Verdict {
    let link = t.dir.join("runc");
    symlink(&t.runtime.path, &link)?;
    for (words, phrases) in [
        (&["state"] as &[&str], ["Incorrect Usage.", "runc state"]),
        (
            &["state", "--frobnicate", "x"],
            ["Incorrect Usage: flag provided but not defined", "runc state"],
        ),
        (&["--frobnicate"], ["flag provided but not defined", "COMMANDS:"]),
    ] {
        let script = format!("exec '{}' \"$@\"", link.display());
        let done = t.call(words).script(&script).refusal(&[])?;
        for phrase in phrases {
            ensure(done.out.contains(phrase), || {
                format!("{words:?}: no {phrase:?} in {}", done.out)
            })?;
        }
    }
    Ok(())
}

fn bundle_is_checked_and_explained_by_its_folder_or_its_config(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    bundle.save()?;
    let folder = bundle.dir.to_string_lossy().into_owned();
    let config = format!("{folder}/config.json");
    for verb in ["check", "explain"] {
        let wanted = t.call(&[verb, "--bundle", &folder]).succeed()?.out;
        for place in [&folder, &config, &format!("{folder}/")] {
            same(verb, &t.call(&[verb, place]).succeed()?.out, wanted.as_str())?;
        }
        same(
            verb,
            &t.call(&[verb, "config.json"]).folder(&bundle.dir).succeed()?.out,
            wanted.as_str(),
        )?;
        told(t, &[verb, &folder, "--bundle", &folder], &["two bundles"])?;
        told(t, &[verb, &folder, &folder], &["Incorrect Usage", "maximum of 1"])?;
        told(t, &[verb, "/etc/passwd"], &["\"/etc/passwd\" is a file"])?;
    }
    Ok(())
}

fn bundle_may_be_named_by_its_config(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    bundle.save()?;
    let config = bundle.dir.join("config.json").to_string_lossy().into_owned();
    t.call(&["run", "--bundle", &config, &bundle.id]).succeed().map(drop)
}

fn folder_in_place_of_an_id_is_told_the_flag(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
    told(t, &["run", &folder], &["invalid container ID format", "--bundle"]).map(drop)
}
