//! The flags of `create`, `run`, `delete`, `kill` and `events`: what they do.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::compare;
use super::side::Side;
use crate::failure::{Failure, Verdict, ensure, wrong};
use crate::sentence::{Known, Test, test};
use crate::terminals::console;
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(bundle_and_its_place_are_taken_as_by_runc, CRUN_WANTS_FLAGS_FIRST),
    test!(console_socket_is_served_as_by_runc),
    test!(
        detached_and_kept_containers_stay_as_runcs,
        ("crun", "1.8", "does not know --keep")
    ),
    test!(preserved_descriptors_are_those_of_runc),
    test!(no_pivot_and_no_new_keyring_run_as_with_runc),
    test!(subreaper_is_left_out_as_by_runc),
    test!(delete_by_force_does_what_runc_does, CRUN_WANTS_FLAGS_FIRST),
    test!(signals_are_named_as_for_runc, ("crun", "1.8", "knows other names")),
    test!(events_come_in_runcs_intervals, ("crun", "", "has no events")),
    test!(
        readiness_variables_are_passed_as_by_runc,
        ("crun", "1.8", "sets one of two")
    ),
    test!(global_flags_are_taken_as_by_runc, ("crun", "1.8", "has other ones")),
];

const CRUN_WANTS_FLAGS_FIRST: Known = ("crun", "1.8", "wants flags before the id, and one dash for a letter");

/// What the probe reports, run in the foreground with these flags.
fn report(side: &Side<'_, '_>, flags: &[&str]) -> Result<Value, Failure> {
    let words: Vec<&str> = ["run"].iter().chain(flags).copied().collect();
    let done = side.with_bundle(&words, &side.bundle()?.probe("report"))?.succeed()?;
    done.lines()?
        .into_iter()
        .next()
        .map_or_else(|| wrong("the probe said nothing"), Ok)
}

fn bundle_and_its_place_are_taken_as_by_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "exit statuses", |side| {
        let mut codes = Vec::new();
        for verb in ["create", "run"] {
            for form in [
                "--bundle D I",
                "-b D I",
                "--bundle=D I",
                "-b=D I",
                "-bundle D I",
                "I -b D",
                "I --bundle=D",
            ] {
                let bundle = side.bundle()?.probe("exit 0");
                bundle.save()?;
                let dir = bundle.dir.to_string_lossy().into_owned();
                let form: Vec<String> = form
                    .split(' ')
                    .map(|word| {
                        if word == "I" {
                            bundle.id.clone()
                        } else {
                            word.replace('D', &dir)
                        }
                    })
                    .collect();
                let words: Vec<&str> = [verb].into_iter().chain(form.iter().map(String::as_str)).collect();
                codes.push((verb, side.call(&words).finish()?.code));
            }
            let bundle = side.bundle()?.probe("exit 0");
            bundle.save()?;
            codes.push((verb, side.call(&[verb, &bundle.id]).folder(&bundle.dir).finish()?.code));
        }
        Ok(codes)
    })
}

fn console_socket_is_served_as_by_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "terminals", |side| {
        let mut seen = Vec::new();
        for words in [&["create"][..], &["run", "--detach"]] {
            let socket = console(t, &format!("console-{}", t.fresh_number()))?;
            let path = socket.path.to_string_lossy().into_owned();
            let bundle = side.bundle()?.set("/process/terminal", json!(true));
            let words = [words, &["--console-socket", &path]].concat();
            let done = side.with_bundle(&words, &bundle)?.finish()?;
            if done.code != 0 {
                socket.give_up();
                return wrong(done.err);
            }
            let terminal = socket.terminal()?;
            // What runc leaves on in a terminal that it gives away.
            let modes = rustix::termios::tcgetattr(&terminal)?;
            seen.push((
                done.out,
                done.err,
                modes.output_modes,
                modes.local_modes,
                modes.input_modes,
            ));
        }
        Ok(seen)
    })
}

fn detached_and_kept_containers_stay_as_runcs(t: &Trial<'_>) -> Verdict {
    compare(t, "containers", |side| {
        let mut seen = Vec::new();
        let status = |id: &str| -> Result<Option<String>, Failure> {
            let done = side.call(&["state", id]).finish()?;
            Ok(done
                .json()
                .ok()
                .and_then(|state| state["status"].as_str().map(str::to_owned)))
        };
        for flags in [&[][..], &["--keep"], &["--keep=false"]] {
            let bundle = side.bundle()?.probe("exit 3");
            let words = [&["run"], flags].concat();
            let code = side.with_bundle(&words, &bundle)?.finish()?.code;
            seen.push((flags.to_vec(), code, status(&bundle.id)?));
        }
        for flags in [&["--detach"][..], &["-d"], &["-d", "--keep"]] {
            let bundle = side.bundle()?;
            let words = [&["run"], flags].concat();
            let code = side.with_bundle(&words, &bundle)?.finish()?.code;
            seen.push((flags.to_vec(), code, status(&bundle.id)?));
        }
        Ok(seen)
    })
}

fn preserved_descriptors_are_those_of_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "descriptors", |side| {
        let mut seen = Vec::new();
        let open = || -> Result<OwnedFd, Failure> { Ok(File::open(t.probe())?.into()) };
        for verb in ["create", "run"] {
            for (count, given) in [("0", 2), ("2", 2), ("1", 2), ("2", 3)] {
                let bundle = side.bundle()?.probe("report");
                let words: &[&str] = if verb == "run" {
                    &["run", "--preserve-fds", count]
                } else {
                    &["create", "--preserve-fds", count]
                };
                let mut call = side.with_bundle(words, &bundle)?;
                for number in 3..3 + given {
                    call = call.descriptor(open()?, number);
                }
                let running = call.spawn()?;
                let out = running.out_path.clone();
                let code = running.wait()?.code;
                if verb == "create" {
                    let pid = side.pid(&bundle.id)?;
                    side.call(&["start", &bundle.id]).succeed()?;
                    t.exit_of(pid)?;
                }
                let report: Value = serde_json::from_str(&fs::read_to_string(out)?).unwrap_or_default();
                let open = report["fds"]
                    .as_object()
                    .map(|fds| fds.keys().cloned().collect::<Vec<_>>());
                seen.push((count, given, code, open));
            }
        }
        Ok(seen)
    })
}

fn no_pivot_and_no_new_keyring_run_as_with_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "runs", |side| {
        let mut seen = Vec::new();
        for flags in [
            &["--no-pivot"][..],
            &["--no-new-keyring"],
            &["--no-pivot", "--no-new-keyring"],
        ] {
            let report = report(side, flags)?;
            seen.push((flags.to_vec(), report["cwd"].clone(), report["pid"].clone()));
            let words = [&["create"], flags].concat();
            seen.push((
                words.clone(),
                json!(side.with_bundle(&words, &side.bundle()?)?.finish()?.code),
                json!(0),
            ));
        }
        Ok(seen)
    })
}

fn subreaper_is_left_out_as_by_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "exit statuses", |side| {
        let bundle = side.bundle()?.probe("exit 4");
        Ok(side.with_bundle(&["run", "--no-subreaper"], &bundle)?.finish()?.code)
    })
}

fn delete_by_force_does_what_runc_does(t: &Trial<'_>) -> Verdict {
    compare(t, "exit statuses", |side| {
        let mut codes = Vec::new();
        for flag in ["--force", "-f", "--force=true"] {
            let running = side.running(&side.bundle()?)?;
            codes.push(side.call(&["delete", flag, &running]).finish()?.code);
            codes.push(side.call(&["state", &running]).finish()?.code);
            let created = side.created(&side.bundle()?)?;
            codes.push(side.call(&["delete", &created, flag]).finish()?.code);
            let paused = side.running(&side.bundle()?)?;
            side.call(&["pause", &paused]).succeed()?;
            codes.push(side.call(&["delete", flag, &paused]).finish()?.code);
            codes.push(side.call(&["delete", flag, "nobody"]).finish()?.code);
        }
        let created = side.created(&side.bundle()?)?;
        codes.push(side.call(&["delete", &created]).finish()?.code);
        codes.push(side.call(&["delete", &side.stopped()?]).finish()?.code);
        Ok(codes)
    })
}

fn signals_are_named_as_for_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "exit statuses", |side| {
        let id = side.running(&side.bundle()?.probe("signals"))?;
        let mut codes = Vec::new();
        for signal in [
            "0", "USR1", "SIGUSR1", "usr1", "sigusr1", "10", "URG", "WINCH", "28", "CONT", "FROB", "", "-1", "TERM ",
        ] {
            codes.push((signal, side.call(&["kill", "--", &id, signal]).finish()?.code));
        }
        let mut ended = Vec::new();
        for words in [&["kill"][..], &["kill", "--all"], &["kill", "-a"]] {
            for signal in [None, Some("KILL"), Some("SIGKILL"), Some("9"), Some("kill")] {
                let id = side.running(&side.bundle()?)?;
                let pid = side.pid(&id)?;
                let words: Vec<&str> = words.iter().copied().chain([id.as_str()]).chain(signal).collect();
                codes.push(("", side.call(&words).finish()?.code));
                // Init sleeps without a handler, and the kernel keeps a signal other than KILL from the first process.
                if signal.is_some() {
                    ended.push(t.exit_of(pid)?);
                }
            }
        }
        Ok((codes, ended))
    })
}

fn events_come_in_runcs_intervals(t: &Trial<'_>) -> Verdict {
    compare(t, "events", |side| {
        let mut seen = Vec::new();
        for interval in ["--interval=100ms", "--interval=0.1s", "-interval=100000us"] {
            let id = side.running(&side.bundle()?)?;
            let pid = side.pid(&id)?;
            let begin = Instant::now();
            let running = side.call(&["events", interval, &id]).spawn()?;
            let out = running.out_path.clone();
            t.until("three statistics", || {
                Ok(fs::read_to_string(&out)?.matches("\"stats\"").count() >= 3)
            })?;
            ensure(begin.elapsed() < Duration::from_secs(10), || {
                "the interval is another".into()
            })?;
            side.call(&["kill", &id, "KILL"]).succeed()?;
            t.exit_of(pid)?;
            side.call(&["delete", "--force", &id]).succeed()?;
            seen.push(running.wait()?.code);
        }
        seen.push(
            side.call(&["events", "--interval", "0s", &side.running(&side.bundle()?)?])
                .finish()?
                .code,
        );
        Ok(seen)
    })
}

fn readiness_variables_are_passed_as_by_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "variables", |side| {
        let bundle = side.bundle()?.probe("report");
        let socket: OwnedFd = File::open(t.probe())?.into();
        let done = side
            .with_bundle(&["run"], &bundle)?
            .descriptor(socket, 3)
            .variable("LISTEN_FDS", "1")
            .script("LISTEN_PID=$$ exec \"$0\" \"$@\"")
            .succeed()?;
        let report = done.lines()?.into_iter().next().unwrap_or_default();
        let variables = report["env"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let variables = variables.filter(|variable| variable.starts_with("LISTEN_"));
        Ok(variables.map(str::to_owned).collect::<Vec<_>>())
    })
}

fn global_flags_are_taken_as_by_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "exit statuses", |side| {
        let mut codes = Vec::new();
        for flags in [
            &["--rootless=true"][..],
            &["--rootless=false"],
            &["--rootless=auto"],
            &["--rootless", "1"],
            &["--rootless", "f"],
            &["--rootless=TRUE"],
            &["--rootless="],
            &["--systemd-cgroup=false"],
            &["--debug=false"],
            &["--criu", "/no/such/criu"],
            &["--log", ""],
            &["--log-format", "text"],
            &["--log-format="],
            &["-log-format=json"],
        ] {
            let id = side.bundle()?;
            let done = side.with_bundle(&["create"], &id)?.global(flags).finish()?;
            codes.push((flags.to_vec(), done.code));
            let done = side.call(&["list"]).global(flags).finish()?;
            codes.push((flags.to_vec(), done.code));
        }
        Ok(codes)
    })
}
