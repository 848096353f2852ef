//! More of `ctr`: what is done to a task that runs, and the options that a task begins with.

use std::fs;

use crate::engines::call::reads;
use crate::engines::cgroup::{Cgroup, Limit};
use crate::engines::check::{Check, checks};
use crate::engines::place::sleep;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure, same, wrong};

use super::ctr::{Ctr, IMAGE};

pub(in crate::engines) const CHECKS: &[Check<Ctr>] = checks![
    long a_container_gets_a_second_task,
    long events_tell_the_life_of_a_task needs "exec",
    long figures_of_a_task_are_told needs "resources",
    long a_command_has_a_terminal_a_user_and_a_folder needs "exec",
    long a_command_in_the_background_is_killed_alone needs "exec",
    long a_signal_reaches_all_processes_or_the_first needs "exec",
    long a_task_is_attached_to,
    long a_paused_task_takes_no_command_and_is_killed needs "pause",
    long a_task_without_memory_is_told needs "resources",
    long output_goes_to_a_file_or_nowhere,
    long processors_are_limited needs "resources",
    long capabilities_are_added_and_dropped,
    long a_profile_of_seccomp_is_taken,
    long a_device_is_given,
    long namespaces_are_joined_by_path,
    long new_privileges_are_allowed_when_asked,
    long a_root_that_is_not_pivoted_to,
    long the_root_does_not_propagate_out,
    long variables_come_from_a_file_and_annotations_are_taken,
    long a_config_of_ones_own_is_run,
];

fn a_container_gets_a_second_task(ctr: &Ctr) -> Verdict {
    ctr.with_background(&[], || {
        let first = ctr.pid("sleeper")?;
        ctr.call(&["task", "rm", "--force", "sleeper"]).succeed()?;
        reads("status", &ctr.status("sleeper")?, "none")?;
        let pid_file = ctr.path("second.pid");
        ctr.call(&["task", "start", "--detach", "--pid-file", &pid_file, "sleeper"])
            .succeed()?;
        let second = fs::read_to_string(&pid_file)?;
        ensure(second.trim() != first, || format!("{first}, then {second}"))?;
        let command = fs::read(format!("/proc/{}/cmdline", second.trim()))?;
        same("command", &command, b"sleep\x00100\x00".to_vec())?;
        reads("status", &ctr.status("sleeper")?, "RUNNING")
    })
}

fn events_tell_the_life_of_a_task(ctr: &Ctr) -> Verdict {
    let listener = ctr.listen()?;
    let log = ctr.path("ctr.log");
    let heard = |wanted: &[&str]| {
        in_time("events", 10, || {
            let text = fs::read_to_string(&log)?;
            let mut rest = text.as_str();
            // In this order, with others between.
            let has_all = wanted.iter().all(|word| match rest.split_once(word) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            });
            Ok((has_all, text.clone()))
        })
    };
    // It says nothing when it begins to listen.
    in_time("the first event", 20, || {
        ctr.run(&[], &["true"]).succeed()?;
        Ok((fs::read_to_string(&log)?.contains("/tasks/"), "silence".to_owned()))
    })?;
    ctr.with_background(&[], || {
        ctr.call(&["task", "exec", "--exec-id", "one", "sleeper", "true"])
            .succeed()?;
        ctr.call(&["task", "pause", "sleeper"]).succeed()?;
        ctr.call(&["task", "resume", "sleeper"]).succeed()?;
        ctr.call(&["task", "kill", "--signal", "KILL", "sleeper"]).succeed()?;
        in_time("the end of the task", 10, || {
            let status = ctr.status("sleeper")?;
            Ok((status == "STOPPED", status))
        })
    })?;
    let verdict = heard(&[
        "\"container_id\":\"sleeper\"",
        "/tasks/start",
        "/tasks/exec-added",
        "/tasks/exec-started",
        "/tasks/exit",
        "/tasks/paused",
        "/tasks/resumed",
        "\"exit_status\":137",
        "/tasks/delete",
    ]);
    drop(listener);
    verdict
}

fn figures_of_a_task_are_told(ctr: &Ctr) -> Verdict {
    ctr.with_background(&["--memory-limit", "67108864"], || {
        let table = ctr.call(&["task", "metrics", "sleeper"]).succeed()?;
        let figure = |names: [&str; 2]| {
            let line = table.out.lines().find(|line| {
                let name = line.split_whitespace().next();
                name.is_some_and(|name| names.contains(&name))
            });
            let value = line.and_then(|line| line.split_whitespace().last()?.parse::<u64>().ok());
            value.unwrap_or_default()
        };
        let processors = figure(["cpuacct.usage", "cpu.usage_usec"]);
        let memory = figure(["memory.usage_in_bytes", "memory.usage"]);
        let limit = figure(["memory.limit_in_bytes", "memory.usage_limit"]);
        let processes = figure(["pids.current", "pids.current"]);
        let limited = limit == 64 << 20 || limit == 0;
        ensure(processors > 0 && memory > 0 && limited && processes >= 1, || {
            table.to_string()
        })?;
        ctr.call(&["task", "metrics", "--format", "json", "sleeper"])
            .mentions("\"current\": 1")
    })
}

fn a_command_has_a_terminal_a_user_and_a_folder(ctr: &Ctr) -> Verdict {
    ctr.with_background(&[], || {
        let exec = |options: &[&str], script: &str| {
            ctr.call(&["task", "exec", "--exec-id", "one"])
                .args(options)
                .args(["sleeper", "sh", "-c", script])
        };
        let outcome = exec(&["--tty"], "tty; sleep 0.3; exit 5").on_a_terminal().finish()?;
        outcome.out_has("/dev/pts/")?;
        outcome.ended_with(5)?;
        exec(&["--user", "1000:50", "--cwd", "/home"], "id -u; id -g; pwd").says("1000\n50\n/home\n")?;
        exec(&["--user", "user"], "id -un").says("user\n")?;
        exec(&[], "read line; echo $line").stdin("rope\n").says("rope\n")
    })
}

fn a_command_in_the_background_is_killed_alone(ctr: &Ctr) -> Verdict {
    ctr.with_background(&[], || {
        let exec = [
            "task",
            "exec",
            "--detach",
            "--exec-id",
            "helper",
            "sleeper",
            "sleep",
            "1002",
        ];
        ctr.call(&exec).succeed()?;
        let list = || {
            ctr.call(&["task", "exec", "--exec-id", "list", "sleeper", "ps", "-o", "args"])
                .succeed()
        };
        list()?.out_has("sleep 1002")?;
        // An exec-id is one process' until that is deleted.
        let again = ctr.call(&exec).finish()?;
        ensure(again.code != 0, || again.to_string())?;
        again.said("already exists")?;
        ctr.call(&["task", "kill", "--signal", "KILL", "--exec-id", "helper", "sleeper"])
            .succeed()?;
        in_time("the end of the command", 10, || {
            let seen = list()?.out;
            Ok((!seen.contains("sleep 1002"), seen))
        })?;
        ctr.call(&["task", "rm", "--exec-id", "helper", "sleeper"])
            .ends_with(137)?;
        reads("status", &ctr.status("sleeper")?, "RUNNING")
    })
}

fn a_signal_reaches_all_processes_or_the_first(ctr: &Ctr) -> Verdict {
    // With the lab's own processes, so that the end of the first process is not that of all.
    ctr.with_background(&["--with-ns", "pid:/proc/1/ns/pid"], || {
        let exec = [
            "task",
            "exec",
            "--detach",
            "--exec-id",
            "helper",
            "sleeper",
            "sleep",
            "1003",
        ];
        ctr.call(&exec).succeed()?;
        let helper = || {
            crate::engines::call::Call::new("pgrep")
                .args(["-x", "-f", "sleep 1003"])
                .finish()
        };
        helper()?.ended_with(0)?;
        ctr.call(&["task", "kill", "--signal", "CONT", "sleeper"]).succeed()?;
        reads("status", &ctr.status("sleeper")?, "RUNNING")?;
        ctr.call(&["task", "kill", "--all", "--signal", "KILL", "sleeper"])
            .succeed()?;
        in_time("the end of all", 10, || {
            let (status, left) = (ctr.status("sleeper")?, helper()?);
            Ok((status == "STOPPED" && left.code == 1, format!("{status}, {left}")))
        })
    })
}

fn a_task_is_attached_to(ctr: &Ctr) -> Verdict {
    let start = ["run", "--detach", "--runc-binary", ctr.runtime(), IMAGE, "sleeper"];
    let script = format!("{}; echo attached; exit 6", sleep(1.0));
    ctr.call(&start).args(["sh", "-c", &script]).succeed()?;
    let outcome = ctr.call(&["task", "attach", "sleeper"]).finish();
    ctr.call(&["task", "rm", "--force", "sleeper"]).finish()?;
    ctr.call(&["container", "rm", "sleeper"]).succeed()?;
    let outcome = outcome?;
    outcome.ended_with(6)?;
    outcome.out_has("attached\n")
}

fn a_paused_task_takes_no_command_and_is_killed(ctr: &Ctr) -> Verdict {
    ctr.with_background(&[], || {
        ctr.call(&["task", "pause", "sleeper"]).succeed()?;
        let refused = ctr
            .call(&["task", "exec", "--exec-id", "one", "sleeper", "true"])
            .finish()?;
        ensure(refused.code != 0, || refused.to_string())?;
        refused.said("paused")?;
        // It is killed as soon as it goes on, with some runtimes at once.
        ctr.call(&["task", "kill", "--signal", "KILL", "sleeper"]).succeed()?;
        ctr.call(&["task", "resume", "sleeper"]).finish()?;
        in_time("the end of the task", 10, || {
            let status = ctr.status("sleeper")?;
            Ok((status == "STOPPED", status))
        })
    })
}

fn a_task_without_memory_is_told(ctr: &Ctr) -> Verdict {
    let listener = ctr.listen()?;
    let log = ctr.path("ctr.log");
    let verdict = in_time("the event", 20, || {
        ctr.run(&["--memory-limit", "16777216"], &["tail", "-c", "100m", "/dev/zero"])
            .ends_with(137)?;
        let text = fs::read_to_string(&log)?;
        Ok((text.contains("/tasks/oom"), text))
    });
    drop(listener);
    verdict
}

fn output_goes_to_a_file_or_nowhere(ctr: &Ctr) -> Verdict {
    let file = ctr.path("task.log");
    let start = |option: &[&str], script: &str| {
        ctr.call(&["run", "--detach", "--runc-binary", ctr.runtime()])
            .args(option)
            .args([IMAGE, "sleeper", "sh", "-c", script])
            .succeed()?;
        in_time("the end of the task", 10, || {
            let status = ctr.status("sleeper")?;
            Ok((status == "STOPPED", status))
        })?;
        let verdict = ctr.call(&["task", "rm", "sleeper"]).finish()?.said("7");
        ctr.call(&["container", "rm", "sleeper"]).succeed()?;
        verdict
    };
    start(
        &["--log-uri", &format!("file://{file}")],
        "echo out; echo err >&2; exit 7",
    )?;
    let text = fs::read_to_string(&file)?;
    ensure(text.contains("out\n") && text.contains("err\n"), || text)?;
    start(&["--null-io"], "readlink /proc/self/fd/0 | grep -x /dev/null && exit 7")
}

fn processors_are_limited(ctr: &Ctr) -> Verdict {
    ctr.with_background(&["--cpus", "0.5", "--cpu-shares", "512"], || {
        let pid = ctr.pid("sleeper")?;
        let quota = Limit {
            controller: "cpu",
            v1: ("cpu.cfs_quota_us", "50000"),
            v2: ("cpu.max", &["50000 100000"]),
        };
        let shares = Limit {
            controller: "cpu",
            v1: ("cpu.shares", "512"),
            v2: ("cpu.weight", &["20", "59"]),
        };
        Cgroup::of(&pid)?.keeps(&[quota, shares])
    })
}

fn capabilities_are_added_and_dropped(ctr: &Ctr) -> Verdict {
    let options = ["--cap-drop", "CAP_CHOWN", "--cap-add", "CAP_SYS_TIME"];
    let status = ["sed", "-n", "s/CapEff:.//p", "/proc/self/status"];
    ctr.run(&options, &status).says("00000000aa0425fa\n")
}

fn a_profile_of_seccomp_is_taken(ctr: &Ctr) -> Verdict {
    let file = ctr.path("profile.json");
    let profile = serde_json::json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}],
    });
    fs::write(&file, profile.to_string())?;
    let outcome = ctr
        .run(&["--seccomp", "--seccomp-profile", &file], &["mkdir", "/made"])
        .finish()?;
    outcome.ended_with(1)?;
    outcome.said("No space left on device")
}

fn a_device_is_given(ctr: &Ctr) -> Verdict {
    if !fs::exists("/dev/fuse")? {
        return Err(Failure::Skip("there is no /dev/fuse".to_owned()));
    }
    let script = "stat -c '%F %t %T' /dev/fuse; : </dev/fuse && echo opened";
    ctr.run(&["--device", "/dev/fuse"], &["sh", "-c", script])
        .says("character special file a e5\nopened\n")
}

fn namespaces_are_joined_by_path(ctr: &Ctr) -> Verdict {
    ctr.with_background(&[], || {
        let pid = ctr.pid("sleeper")?;
        let mut options = Vec::new();
        let mut wanted = String::new();
        for (kind, file) in [("network", "net"), ("ipc", "ipc"), ("uts", "uts"), ("pid", "pid")] {
            let path = format!("/proc/{pid}/ns/{file}");
            wanted += &format!("{}\n", fs::read_link(&path)?.display());
            options.extend(["--with-ns".to_owned(), format!("{kind}:{path}")]);
        }
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let script = "cd /proc/self/ns; for n in net ipc uts pid; do readlink $n; done";
        ctr.run(&options, &["sh", "-c", script]).says(&wanted)
    })
}

fn new_privileges_are_allowed_when_asked(ctr: &Ctr) -> Verdict {
    let status = ["sed", "-n", "s/NoNewPrivs:.//p", "/proc/self/status"];
    ctr.run(&[], &status).says("1\n")?;
    ctr.run(&["--allow-new-privs"], &status).says("0\n")
}

fn a_root_that_is_not_pivoted_to(ctr: &Ctr) -> Verdict {
    ctr.run(
        &["--no-pivot"],
        &[
            "sh",
            "-c",
            "test -x /bin/busybox && ! test -e /usr/bin/dpkg && echo inside",
        ],
    )
    .says("inside\n")
}

fn the_root_does_not_propagate_out(ctr: &Ctr) -> Verdict {
    let script = "sed -n 's#.* / / [^ ]* ##p' /proc/self/mountinfo | head -n 1 | cut -d- -f1";
    for how in ["private", "slave"] {
        let outcome = ctr
            .run(&["--rootfs-propagation", how], &["sh", "-c", script])
            .succeed()?;
        ensure(!outcome.out.contains("shared:"), || format!("{how}: {outcome}"))?;
    }
    Ok(())
}

fn variables_come_from_a_file_and_annotations_are_taken(ctr: &Ctr) -> Verdict {
    let file = ctr.path("variables");
    fs::write(&file, "DECK=lowest\nROPE=long enough\n")?;
    let options = ["--env-file", &file, "--annotation", "fleet.example/ship=one"];
    ctr.run(&options, &["sh", "-c", "echo $DECK, $ROPE"])
        .says("lowest, long enough\n")
}

fn a_config_of_ones_own_is_run(ctr: &Ctr) -> Verdict {
    let bundle = ctr.path("own");
    fs::create_dir_all(&bundle)?;
    let file = format!("{bundle}/config.json");
    if fs::exists(&file)? {
        fs::remove_file(&file)?;
    }
    crate::engines::call::Call::new(ctr.runtime())
        .args(["spec", "--bundle", &bundle])
        .succeed()?;
    let Ok(mut config) = serde_json::from_slice::<serde_json::Value>(&fs::read(&file)?) else {
        return wrong("`spec` wrote no JSON");
    };
    config["process"]["terminal"] = false.into();
    config["process"]["args"] = serde_json::json!(["sh", "-c", "hostname; exit 4"]);
    config["hostname"] = "own".into();
    config["root"]["path"] = ctr.path("rootfs").into();
    fs::write(&file, config.to_string())?;
    let outcome = ctr
        .call(&["run", "--rm", "--runc-binary", ctr.runtime(), "--config", &file, "deck"])
        .finish()?;
    outcome.ended_with(4)?;
    reads("said", &outcome.out, "own\n")
}
