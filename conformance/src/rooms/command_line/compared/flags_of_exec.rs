//! The flags of `exec`: what the process sees.

use std::fs::{self, File};
use std::os::fd::OwnedFd;

use serde_json::{Value, json};

use super::compare;
use super::side::Side;
use crate::failure::{Failure, Verdict, wrong};
use crate::sentence::{Known, Test, test};
use crate::terminals::console;
use crate::trial::Trial;

/// Its harm is undone by the harness.
const CRUN_GIVES_AWAY: Known = ("crun", "1.8", "gives the host's own /dev/null to the process's user");

pub(crate) const TESTS: &[Test] = &[
    test!(process_of_exec_is_as_runcs, CRUN_GIVES_AWAY),
    test!(
        unknown_capability_is_told_of_once_as_by_runc,
        ("crun", "1.8", "refuses it")
    ),
    test!(
        file_of_a_process_is_taken_as_by_runc,
        ("crun", "1.8", "wants more of it")
    ),
    test!(detached_exec_is_as_runcs),
    test!(terminal_of_exec_is_as_runcs),
    test!(flags_of_exec_end_at_the_id_as_runcs),
    test!(
        paused_container_takes_a_process_as_runcs,
        ("crun", "1.8", "has no such flag")
    ),
    test!(
        cgroups_of_exec_are_refused_as_by_runc,
        ("crun", "1.8", "has words of its own")
    ),
    test!(
        labels_of_exec_are_refused_as_by_runc,
        ("crun", "1.8", "ignores one of them")
    ),
];

/// What the probe says of itself, as far as flags change it.
fn excerpt(report: &Value) -> Value {
    let status = &report["status"];
    // The place of a variable that is set twice is that of the first in an old runc.
    let variables = report["env"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut variables: Vec<&str> = variables.collect();
    variables.sort_unstable();
    json!({
        "cwd": report["cwd"], "env": variables, "uids": report["uids"], "gids": report["gids"],
        "groups": report["groups"], "no_new_privs": report["no_new_privs"],
        "CapBnd": status["CapBnd"], "CapEff": status["CapEff"], "CapPrm": status["CapPrm"],
        "terminal": report["terminal"],
        "fds": report["fds"].as_object().map(|fds| fds.keys().cloned().collect::<Vec<_>>()),
    })
}

fn first(text: &str) -> Result<Value, Failure> {
    let line = text.lines().next().unwrap_or_default();
    serde_json::from_str(line).or_else(|_| wrong(format!("the probe said {text:?}")))
}

fn container(side: &Side<'_, '_>) -> Result<String, Failure> {
    let bundle = side
        .bundle()?
        .folder("some/where")?
        .file("etc/passwd", "x:x:44:45::/home/x:/bin/sh\n")?
        .set("/process/noNewPrivileges", json!(false));
    side.running(&bundle)
}

fn process_of_exec_is_as_runcs(t: &Trial<'_>) -> Verdict {
    for flags in [
        &[][..],
        &["--cwd", "/some/where"],
        &["--env", "A=1", "--env=B=2"],
        &["-e", "B=2", "-e=C=3"],
        &["--env", "PATH=/some/where"],
        &["--user", "1000"],
        &["-u", "1000:1001"],
        &["-u=44:44"],
        &["--additional-gids", "20", "--additional-gids=30"],
        &["-g", "20", "-g=30"],
        &["--no-new-privs"],
        &["--no-new-privs=false"],
        &["--cap", "CAP_NET_RAW"],
        &["-c", "CAP_NET_RAW", "-c", "CAP_SYS_CHROOT"],
        &["--preserve-fds", "0"],
        &["--preserve-fds", "2"],
        &["-cwd=/some", "-user=5:6", "-env=X=y"],
    ] {
        compare(t, &format!("{flags:?}"), |side| {
            let id = container(side)?;
            let open = || -> Result<OwnedFd, Failure> { Ok(File::open(t.probe())?.into()) };
            let call = side
                .exec(&id, flags, "report")
                .descriptor(open()?, 3)
                .descriptor(open()?, 4);
            let done = call.succeed()?;
            Ok((excerpt(&first(&done.out)?), done.err))
        })?;
    }
    Ok(())
}

fn unknown_capability_is_told_of_once_as_by_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "exit status and lines", |side| {
        let id = container(side)?;
        let done = side.exec(&id, &["--cap", "CAP_NOPE"], "exit 0").finish()?;
        Ok((done.code, done.err.lines().count(), done.err.contains("CAP_NOPE")))
    })
}

fn file_of_a_process_is_taken_as_by_runc(t: &Trial<'_>) -> Verdict {
    for process in [
        json!({"args": ["/probe", "report"], "cwd": "/"}),
        json!({"args": ["/probe", "report"], "cwd": "/some/where", "env": ["A=1"], "user": {"uid": 5, "gid": 6}}),
        json!({"args": ["/probe", "report"], "cwd": "/", "noNewPrivileges": true,
            "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]}}),
    ] {
        for flag in ["--process", "-p"] {
            compare(t, &process.to_string(), |side| {
                let id = container(side)?;
                let file = t.dir.join(format!("process-{}.json", t.fresh_number()));
                fs::write(&file, process.to_string())?;
                let done = side.call(&["exec", flag, &file.to_string_lossy(), &id]).succeed()?;
                let mut excerpt = excerpt(&first(&done.out)?);
                // Without a word about capabilities each runtime has its own.
                if process["capabilities"].is_null() {
                    for set in ["CapBnd", "CapEff", "CapPrm"] {
                        excerpt[set] = json!(null);
                    }
                }
                Ok(excerpt)
            })?;
        }
    }
    compare(t, "files that are none", |side| {
        let id = container(side)?;
        let broken = t.dir.join("broken.json");
        fs::write(&broken, "{\"args\": [")?;
        let mut codes = Vec::new();
        for file in ["/no/such/file", &broken.to_string_lossy(), ""] {
            codes.push(side.call(&["exec", "--process", file, &id]).finish()?.code);
        }
        Ok(codes)
    })
}

fn detached_exec_is_as_runcs(t: &Trial<'_>) -> Verdict {
    compare(t, "exec", |side| {
        let id = container(side)?;
        let mut seen = Vec::new();
        for flags in [&["--detach"][..], &["-d"], &["-d", "--pid-file", "PID"]] {
            let file = t
                .dir
                .join(format!("pid-{}", t.fresh_number()))
                .to_string_lossy()
                .into_owned();
            let flags: Vec<&str> = flags
                .iter()
                .map(|&flag| if flag == "PID" { &*file } else { flag })
                .collect();
            let done = side.exec(&id, &flags, "sleep 60").finish()?;
            let processes = side.call(&["ps", "--format", "json", &id]).succeed()?.json()?;
            seen.push((
                done.code,
                done.out,
                done.err,
                processes.as_array().map(Vec::len),
                fs::exists(&file)?,
            ));
        }
        side.end_others(&id)?;
        Ok(seen)
    })
}

fn terminal_of_exec_is_as_runcs(t: &Trial<'_>) -> Verdict {
    compare(t, "a terminal", |side| {
        let id = container(side)?;
        let (mut seen, mut terminals) = (Vec::new(), Vec::new());
        for flag in ["--tty", "-t"] {
            let socket = console(t, &format!("console-{}", t.fresh_number()))?;
            let path = socket.path.to_string_lossy().into_owned();
            let flags = [flag, "--detach", "--console-socket", &path];
            let done = side.exec(&id, &flags, "sleep 60").finish()?;
            if done.code != 0 {
                socket.give_up();
                return wrong(done.err);
            }
            let terminal = socket.terminal()?;
            let modes = rustix::termios::tcgetattr(&terminal)?;
            // The process ends with it.
            terminals.push(terminal);
            seen.push((
                done.out,
                done.err,
                modes.output_modes,
                modes.local_modes,
                modes.input_modes,
            ));
        }
        side.end_others(&id)?;
        Ok(seen)
    })
}

fn flags_of_exec_end_at_the_id_as_runcs(t: &Trial<'_>) -> Verdict {
    compare(t, "words of the command", |side| {
        let id = container(side)?;
        let mut seen = Vec::new();
        for words in [
            &["/probe", "exit", "3", "--detach"][..],
            &["--", "/probe", "exit", "4"],
            &["-d"],
        ] {
            let all: Vec<&str> = ["exec", &id].into_iter().chain(words.iter().copied()).collect();
            seen.push(side.call(&all).finish()?.code);
        }
        seen.push(side.call(&["exec", "--", &id, "/probe", "exit", "5"]).finish()?.code);
        Ok(seen)
    })
}

fn paused_container_takes_a_process_as_runcs(t: &Trial<'_>) -> Verdict {
    compare(t, "exec", |side| {
        let id = container(side)?;
        side.call(&["pause", &id]).succeed()?;
        let running = side.exec(&id, &["--ignore-paused"], "exit 6").spawn()?;
        std::thread::sleep(std::time::Duration::from_millis(200));
        let lives = running.lives()?;
        side.call(&["resume", &id]).succeed()?;
        Ok((lives, running.wait()?.code))
    })
}

fn cgroups_of_exec_are_refused_as_by_runc(t: &Trial<'_>) -> Verdict {
    for path in ["../..", "/../x", "no-such", "freezer:no-such", "frob:/"] {
        compare(t, path, |side| {
            let id = container(side)?;
            Ok(side.exec(&id, &["--cgroup", path], "exit 0").finish()?.code)
        })?;
    }
    compare(t, "the container's own", |side| {
        let id = container(side)?;
        Ok(side.exec(&id, &["--cgroup", "/"], "exit 7").finish()?.code)
    })
}

fn labels_of_exec_are_refused_as_by_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "exit statuses", |side| {
        let id = container(side)?;
        Ok((
            side.exec(&id, &["--apparmor", "no-such"], "exit 0").finish()?.code,
            side.exec(&id, &["--apparmor", ""], "exit 8").finish()?.code,
            side.exec(&id, &["--process-label", ""], "exit 9").finish()?.code,
        ))
    })
}
