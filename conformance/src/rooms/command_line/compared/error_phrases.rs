//! Calls that are right and cannot be done: the phrases by which engines and scripts know why.

use std::fs;

use serde_json::json;

use super::compare;
use super::side::{Seen, Side};
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict};
use crate::sentence::{Known, Test, test};
use crate::terminals::console;
use crate::trial::Trial;

const CRUN_SAYS_OTHER_WORDS: Known = ("crun", "1.8", "has words of its own");

pub(crate) const TESTS: &[Test] = &[
    test!(verbs_without_their_container_fail_as_runcs, CRUN_SAYS_OTHER_WORDS),
    test!(ids_that_are_none_are_refused_as_by_runc, CRUN_SAYS_OTHER_WORDS),
    test!(verbs_at_the_wrong_time_fail_as_runcs, CRUN_SAYS_OTHER_WORDS),
    test!(processes_that_cannot_begin_are_told_as_by_runc, CRUN_SAYS_OTHER_WORDS),
    test!(terminals_that_do_not_fit_are_refused_as_by_runc, CRUN_SAYS_OTHER_WORDS),
    test!(bundles_that_are_none_are_refused_as_by_runc, CRUN_SAYS_OTHER_WORDS),
    test!(resources_that_are_none_are_refused_as_by_runc),
];

/// What one call looks like, of which one of the two at least says these phrases.
fn seen(call: crate::call::Call<'_>, phrases: &[&str]) -> Result<Seen, Failure> {
    let done = call.finish()?;
    let seen = Seen::of(&done, phrases);
    seen.has_all(phrases)
        .map_err(|failure| Failure::Wrong(format!("{failure}: {:?}", done.err)))?;
    Ok(seen)
}

fn verbs_without_their_container_fail_as_runcs(t: &Trial<'_>) -> Verdict {
    for words in [
        &["state", "nobody"][..],
        &["start", "nobody"],
        &["kill", "nobody"],
        &["kill", "nobody", "KILL"],
        &["kill", "nobody", "FROB"],
        &["kill", "--all", "nobody", "9"],
        &["delete", "nobody"],
        &["exec", "nobody", "true"],
        &["exec", "-d", "nobody", "true"],
        &["ps", "nobody"],
        &["ps", "--format", "json", "nobody"],
        &["pause", "nobody"],
        &["resume", "nobody"],
        &["events", "nobody"],
        &["events", "--stats", "nobody"],
        &["events", "--interval", "0s", "nobody"],
        &["update", "nobody"],
        &["update", "--pids-limit", "4", "nobody"],
        &["checkpoint", "nobody"],
    ] {
        compare(t, &format!("{words:?}"), |side| {
            fs::create_dir_all(&side.root)?;
            seen(side.call(words), &["does not exist"])
        })?;
    }
    Ok(())
}

fn ids_that_are_none_are_refused_as_by_runc(t: &Trial<'_>) -> Verdict {
    for verb in ["create", "run"] {
        for id in ["a/b", "..", ".", "a b", "\u{fc}", "a:b", "a@b"] {
            let phrase = "invalid container ID format";
            compare(t, &format!("{verb} {id:?}"), |side| {
                let bundle = Bundle {
                    id: id.to_owned(),
                    ..side.bundle()?
                };
                seen(side.with_bundle(&[verb], &bundle)?, &[phrase])
            })?;
        }
    }
    for verb in [
        "state", "start", "delete", "kill", "pause", "resume", "ps", "events", "update",
    ] {
        compare(t, verb, |side| {
            seen(side.call(&[verb, "a/b"]), &["invalid container ID format"])
        })?;
        compare(t, verb, |side| Ok(side.call(&[verb, ""]).finish()?.code))?;
    }
    compare(t, "an empty id", |side| {
        let bundle = Bundle {
            id: String::new(),
            ..side.bundle()?
        };
        seen(
            side.with_bundle(&["create"], &bundle)?,
            &["container id cannot be empty"],
        )
    })
}

fn verbs_at_the_wrong_time_fail_as_runcs(t: &Trial<'_>) -> Verdict {
    let running = |side: &Side<'_, '_>| side.running(&side.bundle()?);
    let created = |side: &Side<'_, '_>| side.created(&side.bundle()?);
    compare(t, "start again", |side| {
        seen(
            side.call(&["start", &running(side)?]),
            &["cannot start an already running container"],
        )
    })?;
    compare(t, "start of a stopped container", |side| {
        seen(
            side.call(&["start", &side.stopped()?]),
            &["cannot start a container that has stopped"],
        )
    })?;
    compare(t, "delete of a running container", |side| {
        let id = running(side)?;
        let phrase = format!("cannot delete container {id} that is not stopped: running");
        let seen = seen(side.call(&["delete", &id]), &[&phrase])?;
        Ok(seen.code)
    })?;
    compare(t, "kill of a stopped container", |side| {
        let id = side.stopped()?;
        let plain = seen(side.call(&["kill", &id, "KILL"]), &["container not running"])?;
        let nothing = seen(side.call(&["kill", &id, "0"]), &["container not running"])?;
        let all = seen(side.call(&["kill", "--all", &id, "KILL"]), &[])?;
        Ok((plain, nothing, all))
    })?;
    compare(t, "a signal that is none", |side| {
        seen(
            side.call(&["kill", &running(side)?, "FROB"]),
            &["unknown signal \"FROB\""],
        )
    })?;
    compare(t, "a second container of the same id", |side| {
        let bundle = side.bundle()?;
        side.created(&bundle)?;
        let phrase = "container with given ID already exists";
        Ok((
            seen(side.with_bundle(&["create"], &bundle)?, &[phrase])?,
            seen(side.with_bundle(&["run"], &bundle)?, &[phrase])?,
            side.state(&bundle.id)?["status"].clone(),
        ))
    })?;
    compare(t, "pause of what is paused, and resume of what is not", |side| {
        let id = running(side)?;
        let resumed = seen(side.call(&["resume", &id]), &["container not paused"])?;
        side.call(&["pause", &id]).succeed()?;
        let paused = seen(side.call(&["pause", &id]), &["container not running"])?;
        let phrase = "cannot exec in a paused container (use --ignore-paused to override)";
        let exec = seen(side.exec(&id, &[], "exit 0"), &[phrase])?;
        side.call(&["resume", &id]).succeed()?;
        Ok((resumed, paused, exec))
    })?;
    compare(t, "a created container", |side| {
        let id = created(side)?;
        let resumed = seen(side.call(&["resume", &id]), &[])?.code;
        let killed = seen(side.call(&["kill", &id, "KILL"]), &[])?.code;
        Ok((resumed, killed))
    })?;
    compare(t, "a stopped container", |side| {
        let id = side.stopped()?;
        Ok((
            seen(side.call(&["pause", &id]), &["container not running"])?,
            seen(side.call(&["resume", &id]), &["container not paused"])?,
            seen(side.exec(&id, &[], "exit 0"), &["cannot exec in a stopped container"])?,
            seen(
                side.call(&["events", &id]),
                &[&format!("container with id {id} is not running")],
            )?
            .code,
            seen(
                side.call(&["events", "--stats", &id]),
                &[&format!("container with id {id} is not running")],
            )?
            .code,
            seen(side.call(&["update", "--pids-limit", "9", &id]), &[])?.code,
            seen(side.call(&["delete", &id]), &[])?,
            seen(side.call(&["delete", &id]), &["does not exist"])?,
        ))
    })
}

fn processes_that_cannot_begin_are_told_as_by_runc(t: &Trial<'_>) -> Verdict {
    for (args, phrase) in [
        (&["/nope"][..], "no such file or directory"),
        (&["nope"], "executable file not found in $PATH"),
        // What newer ones say of it besides.
        (&["/etc"], "permission denied"),
        (&["/text"], "permission denied"),
    ] {
        compare(t, &format!("{args:?}"), |side| {
            let bundle = || -> Result<Bundle, Failure> { Ok(side.bundle()?.file("text", "no program")?) };
            let exec: Vec<&str> = ["exec"].into_iter().chain(args.iter().copied()).collect();
            let id = side.running(&bundle()?)?;
            let exec: Vec<&str> = [&exec[..1], &[id.as_str()], &exec[1..]].concat();
            Ok((
                seen(side.with_bundle(&["create"], &bundle()?.args(args))?, &[phrase])?,
                seen(side.with_bundle(&["run"], &bundle()?.args(args))?, &[phrase])?,
                seen(side.call(&exec), &[phrase])?,
            ))
        })?;
    }
    compare(t, "cwd", |side| {
        // It is made where it is not there: only a file in its place is in the way.
        let bundle = side.bundle()?.set("/process/cwd", json!("/probe"));
        let id = side.running(&side.bundle()?)?;
        Ok((
            seen(side.with_bundle(&["run"], &bundle)?, &["not a directory"])?,
            seen(
                side.exec(&id, &["--cwd", "/nope"], "exit 0"),
                &["no such file or directory"],
            )?,
        ))
    })?;
    compare(t, "exec without a command", |side| {
        let id = side.running(&side.bundle()?)?;
        Ok(seen(side.call(&["exec", &id]), &[])?.code)
    })
}

fn terminals_that_do_not_fit_are_refused_as_by_runc(t: &Trial<'_>) -> Verdict {
    let without = "cannot allocate tty if runc will detach without setting console socket";
    let surplus = "cannot use console socket if runc will not detach or allocate tty";
    compare(t, "a terminal that nobody gets", |side| {
        let bundle = || Ok::<_, Failure>(side.bundle()?.set("/process/terminal", json!(true)));
        let id = side.running(&side.bundle()?)?;
        Ok((
            seen(side.with_bundle(&["create"], &bundle()?)?, &[without])?,
            seen(side.with_bundle(&["run", "--detach"], &bundle()?)?, &[without])?,
            seen(side.exec(&id, &["--tty", "--detach"], "exit 0"), &[without])?,
        ))
    })?;
    compare(t, "a console socket for nothing", |side| {
        let socket = console(t, &format!("console-{}", t.fresh_number()))?;
        let path = socket.path.to_string_lossy().into_owned();
        let id = side.running(&side.bundle()?)?;
        let seen = (
            seen(
                side.with_bundle(&["create", "--console-socket", &path], &side.bundle()?)?,
                &[surplus],
            ),
            seen(
                side.with_bundle(&["run", "--console-socket", &path], &side.bundle()?)?,
                &[surplus],
            ),
            seen(side.exec(&id, &["--console-socket", &path], "exit 0"), &[surplus]),
        );
        socket.give_up();
        Ok((seen.0?, seen.1?, seen.2?))
    })
}

fn bundles_that_are_none_are_refused_as_by_runc(t: &Trial<'_>) -> Verdict {
    for verb in ["create", "run"] {
        compare(t, verb, |side| {
            let missing = seen(
                side.call(&[verb, "--bundle", "/no/such/bundle", "x"]),
                &["no such file"],
            )?;
            let folder = t.host_folder()?;
            let empty = seen(side.call(&[verb, "--bundle", &folder, "x"]), &["config.json"])?;
            let current = seen(side.call(&[verb, "x"]).folder(&folder), &["config.json"])?;
            Ok((missing, empty, current))
        })?;
    }
    Ok(())
}

fn resources_that_are_none_are_refused_as_by_runc(t: &Trial<'_>) -> Verdict {
    for (flag, value) in [
        ("--memory", "much"),
        ("--memory-swap", "much"),
        ("--memory-reservation", "much"),
        ("--cpu-quota", "much"),
        ("--cpu-period", "much"),
        ("--cpu-share", "much"),
        ("--cpu-rt-period", "much"),
        ("--cpu-rt-runtime", "much"),
        ("--blkio-weight", "much"),
        ("--pids-limit", "much"),
        ("--cpuset-cpus", "much"),
        ("--cpuset-mems", "much"),
        ("--resources", "/no/such/file"),
    ] {
        compare(t, flag, |side| {
            let id = side.running(&side.bundle()?)?;
            Ok(side.call(&["update", flag, value, &id]).finish()?.code)
        })?;
    }
    Ok(())
}
