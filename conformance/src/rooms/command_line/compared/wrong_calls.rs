//! Calls that are wrong by themselves: unknown words, missing and surplus ones, values that are none.

use super::side::Seen;
use super::{CRUN_IS_NOT_RUNC, compare};
use crate::failure::Verdict;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        unknown_commands_and_topics_are_told_as_runc_tells_them,
        CRUN_IS_NOT_RUNC
    ),
    test!(wrong_numbers_of_arguments_are_told_as_runc_tells_them, CRUN_IS_NOT_RUNC),
    test!(unknown_flags_are_told_as_runc_tells_them, CRUN_IS_NOT_RUNC),
    test!(flags_without_their_values_are_told_as_runc_tells_them, CRUN_IS_NOT_RUNC),
    test!(values_that_are_none_are_told_as_runc_tells_them, CRUN_IS_NOT_RUNC),
    test!(flags_are_spelled_in_every_way_that_runc_takes, CRUN_IS_NOT_RUNC),
];

/// The commands that runc has, and how many arguments they take at least and at most.
const COMMANDS: [(&str, usize, usize); 17] = [
    ("checkpoint", 1, 1),
    ("create", 1, 1),
    ("delete", 1, 1),
    ("events", 1, 1),
    ("exec", 1, usize::MAX),
    ("features", 0, 0),
    ("kill", 1, 2),
    ("list", 0, 0),
    ("pause", 1, 1),
    ("ps", 1, usize::MAX),
    ("restore", 1, 1),
    ("resume", 1, 1),
    ("run", 1, 1),
    ("spec", 0, 0),
    ("start", 1, 1),
    ("state", 1, 1),
    ("update", 1, 1),
];

/// Both refuse the call in the same way, with this phrase.
fn refused_alike(t: &Trial<'_>, words: &[&str], phrase: &str) -> Verdict {
    compare(t, &format!("{words:?}"), |side| {
        // A config that were written or read would be in a folder of the test's.
        let seen = Seen::of(&side.call(words).folder(&t.dir).finish()?, &[phrase]);
        seen.has_all(&[phrase])?;
        Ok(seen)
    })
}

fn unknown_commands_and_topics_are_told_as_runc_tells_them(t: &Trial<'_>) -> Verdict {
    for words in [&["frob"][..], &["frob", "--help"], &["help", "frob"], &["h", "frob"]] {
        refused_alike(t, words, "No help topic for 'frob'")?;
    }
    Ok(())
}

fn wrong_numbers_of_arguments_are_told_as_runc_tells_them(t: &Trial<'_>) -> Verdict {
    for (command, least, most) in COMMANDS {
        let count = if least == most { "exactly" } else { "a minimum of" };
        if least > 0 {
            let phrase = format!("\"{command}\" requires {count} {least} argument(s)");
            refused_alike(t, &[command], &phrase)?;
        }
        if most == usize::MAX {
            continue;
        }
        let count = if least == most { "exactly" } else { "a maximum of" };
        let words: Vec<&str> = std::iter::once(command)
            .chain(["a", "b", "c"].into_iter().take(most + 1))
            .collect();
        refused_alike(t, &words, &format!("\"{command}\" requires {count} {most} argument(s)"))?;
    }
    Ok(())
}

fn unknown_flags_are_told_as_runc_tells_them(t: &Trial<'_>) -> Verdict {
    let phrase = "flag provided but not defined: -frob";
    for (command, ..) in COMMANDS {
        for flag in ["--frob", "-frob", "--frob=1"] {
            refused_alike(t, &[command, flag, "x"], phrase)?;
        }
    }
    refused_alike(t, &["--frob", "list"], phrase)?;
    refused_alike(t, &["run", "-dt", "x"], "flag provided but not defined: -dt")?;
    refused_alike(t, &["list", "--root", "x"], "flag provided but not defined: -root")
}

fn flags_without_their_values_are_told_as_runc_tells_them(t: &Trial<'_>) -> Verdict {
    for (words, flag) in [
        (&["list", "--format"][..], "format"),
        (&["ps", "-f"], "f"),
        (&["create", "--bundle"], "bundle"),
        (&["run", "-b"], "b"),
        (&["exec", "--env"], "env"),
        (&["update", "--memory"], "memory"),
        (&["--root"], "root"),
        (&["--log"], "log"),
        (&["--log-format"], "log-format"),
        (&["--rootless"], "rootless"),
    ] {
        refused_alike(t, words, &format!("flag needs an argument: -{flag}"))?;
    }
    Ok(())
}

fn values_that_are_none_are_told_as_runc_tells_them(t: &Trial<'_>) -> Verdict {
    for (words, phrase) in [
        (
            &["delete", "--force=maybe", "x"][..],
            "invalid boolean value \"maybe\" for -force: parse error",
        ),
        (&["delete", "--force=", "x"], "for -force: parse error"),
        (
            &["--debug=maybe", "list"],
            "invalid boolean value \"maybe\" for -debug: parse error",
        ),
        (
            &["create", "--preserve-fds", "x", "y"],
            "invalid value \"x\" for flag -preserve-fds: parse error",
        ),
        (
            &["exec", "--preserve-fds=x", "y", "z"],
            "invalid value \"x\" for flag -preserve-fds: parse error",
        ),
        (
            &["events", "--interval", "x", "y"],
            "invalid value \"x\" for flag -interval: parse error",
        ),
        (&["exec", "-g", "x", "y", "z"], "invalid value \"x\" for flag -g: "),
        (&["exec", "--additional-gids=", "y", "z"], "for flag -additional-gids: "),
        (
            &["update", "--pids-limit", "x", "y"],
            "invalid value \"x\" for flag -pids-limit: parse error",
        ),
        (&["update", "--pids-limit=", "y"], "for flag -pids-limit: parse error"),
        (
            &["update", "--blkio-weight=x", "y"],
            "invalid value \"x\" for flag -blkio-weight: parse error",
        ),
        (
            &["events", "--interval", "99999999999999h", "y"],
            "invalid value \"99999999999999h\" for flag -interval: parse error",
        ),
        (&["events", "--interval", "+1s", "y"], "does not exist"),
        (&["--log-format", "poem", "list"], "invalid log-format"),
        (&["list", "--format", "yaml"], "invalid format option"),
        (&["list", "-f", ""], "invalid format option"),
    ] {
        refused_alike(t, words, phrase)?;
    }
    Ok(())
}

fn flags_are_spelled_in_every_way_that_runc_takes(t: &Trial<'_>) -> Verdict {
    compare(t, "exit statuses", |side| {
        let mut codes = Vec::new();
        std::fs::create_dir_all(&side.root)?;
        for words in [
            &["list", "--format", "json"][..],
            &["list", "--format=json"],
            &["list", "-format", "json"],
            &["list", "-format=json"],
            &["list", "-f", "json"],
            &["list", "-f=json"],
            &["list", "--f", "json"],
            &["list", "--quiet=true"],
            &["list", "--quiet=T"],
            &["list", "-q=0", "--format", "table"],
            &["list", "-q", "-q=FALSE", "-f", "json"],
            &["list", "--"],
            &["list", "--quiet", "true"],
            &["delete", "nobody", "--force"],
            &["delete", "nobody", "--force=false"],
            &["delete", "-force", "--", "nobody"],
            &["delete", "--", "nobody", "--force"],
            &["state", "--", "-x"],
            &["state", "-"],
            &["list", "-"],
        ] {
            let done = side.call(words).finish()?;
            codes.push((
                words.join(" "),
                done.code,
                done.out.lines().next().unwrap_or_default().to_owned(),
            ));
        }
        Ok(codes)
    })
}
