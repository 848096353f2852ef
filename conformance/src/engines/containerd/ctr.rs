//! containerd through its own client, `ctr`.

use super::tasks;
use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, Session, checks};
use crate::engines::docker::start_containerd;
use crate::engines::lab::{Daemon, Lab};
use crate::failure::{Failure, Verdict, ensure};
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The image that the archive holds.
pub(super) const IMAGE: &str = "docker.io/local/busybox:latest";

/// containerd and its client.
#[derive(Debug)]
pub(in crate::engines) struct Ctr {
    lab: Arc<Lab>,
    socket: String,
}

impl Ctr {
    pub(super) fn call(&self, words: &[&str]) -> Call {
        Call::new("ctr").args(["--address", &self.socket]).args(words)
    }

    /// A path in the lab's folder.
    pub(super) fn path(&self, name: &str) -> String {
        self.lab.path(name)
    }

    /// The runtime under test.
    pub(super) fn runtime(&self) -> &str {
        &self.lab.runtime
    }

    /// Writes what happens to `ctr.log` in the lab's folder, until this is dropped.
    pub(super) fn listen(&self) -> Result<Daemon, Failure> {
        self.lab.start("ctr", &["--address", &self.socket, "events"], &[])
    }

    pub(super) fn run(&self, options: &[&str], command: &[&str]) -> Call {
        self.call(&["run", "--rm", "--runc-binary", &self.lab.runtime])
            .args(options)
            .args([IMAGE, "deck"])
            .args(command)
    }

    /// Runs `sleep` in the background, what is given, and the end of the container.
    pub(super) fn with_background(&self, options: &[&str], body: impl FnOnce() -> Verdict) -> Verdict {
        let start = self
            .call(&["run", "--detach", "--runc-binary", &self.lab.runtime])
            .args(options);
        start.args([IMAGE, "sleeper", "sleep", "100"]).succeed()?;
        let verdict = body();
        self.call(&["task", "rm", "--force", "sleeper"]).finish()?;
        let removed = self.call(&["container", "rm", "sleeper"]).succeed();
        verdict.and(removed.map(drop))
    }

    /// A column of the task's line in `ctr task ls`.
    fn column(&self, task: &str, number: usize) -> Result<Option<String>, Failure> {
        let list = self.call(&["task", "ls"]).succeed()?.out;
        let mut lines = list.lines().map(str::split_whitespace);
        let line = lines.find_map(|mut words| (words.next() == Some(task)).then_some(words));
        Ok(line.and_then(|mut words| words.nth(number)).map(str::to_owned))
    }

    /// The state of the task.
    pub(super) fn status(&self, task: &str) -> Result<String, Failure> {
        Ok(self.column(task, 1)?.unwrap_or_else(|| "none".to_owned()))
    }

    /// The first process of the task.
    pub(super) fn pid(&self, task: &str) -> Result<String, Failure> {
        Ok(self.column(task, 0)?.unwrap_or_default())
    }
}

/// Starts containerd and runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    let (_containerd, socket) = start_containerd(lab)?;
    let ctr = Ctr {
        lab: Arc::clone(lab),
        socket,
    };
    ctr.call(&["image", "import", &lab.image_archive()?]).succeed()?;
    // What stays after the first container (the cgroup of the namespace) is the engine's.
    ctr.run(&[], &["true"]).finish()?;
    session.run_all(lab, &ctr, CHECKS);
    Ok(())
}

/// The checks of `ctr`, a file each.
pub(in crate::engines) const CHECKS: &[&[Check<Ctr>]] = &[BASICS, tasks::CHECKS];

const BASICS: &[Check<Ctr>] = checks![
    short run_prints_what_the_command_prints,
    short the_exit_code_is_the_commands,
    short a_missing_command_is_an_error,
    short a_task_in_the_background_is_killed_and_deleted,
    short a_terminal_is_a_terminal,
    long stdin_is_piped,
    long the_network_is_the_hosts_or_none,
    long a_mount_is_read_only,
    long a_read_only_root_refuses_writes,
    long privileged_has_all_capabilities,
    long environment_and_working_folder,
    long seccomp_is_on,
    long a_root_filesystem_without_image,
    long the_runtime_makes_the_cgroup_asked_for,
    short exec_runs_a_command_in_the_container needs "exec",
    long pause_freezes_and_resume_goes_on needs "pause",
    long limits_reach_the_cgroup needs "resources",
    long the_tasks_processes_are_listed needs "ps",
];

fn run_prints_what_the_command_prints(ctr: &Ctr) -> Verdict {
    ctr.run(&[], &["echo", "hi"]).says("hi\n")
}

fn the_exit_code_is_the_commands(ctr: &Ctr) -> Verdict {
    ctr.run(&[], &["true"]).ends_with(0)?;
    ctr.run(&[], &["false"]).ends_with(1)?;
    ctr.run(&[], &["sh", "-c", "exit 7"]).ends_with(7)
}

fn a_missing_command_is_an_error(ctr: &Ctr) -> Verdict {
    let outcome = ctr.run(&[], &["/no/such/command"]).finish()?;
    outcome.ended_with(1)?;
    outcome.said("/no/such/command")?;
    outcome.said("no such file or directory")
}

fn a_task_in_the_background_is_killed_and_deleted(ctr: &Ctr) -> Verdict {
    ctr.with_background(&[], || {
        reads("status", ctr.status("sleeper")?.as_str(), "RUNNING")?;
        ctr.call(&["task", "kill", "--signal", "SIGKILL", "sleeper"])
            .succeed()?;
        for _ in 0..50 {
            if ctr.status("sleeper")? == "STOPPED" {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        reads("status", ctr.status("sleeper")?.as_str(), "STOPPED")?;
        // It tells the exit code of the task in a warning.
        ctr.call(&["task", "rm", "sleeper"]).succeed()?.said("137")?;
        reads("status", ctr.status("sleeper")?.as_str(), "none")
    })
}

fn a_terminal_is_a_terminal(ctr: &Ctr) -> Verdict {
    let outcome = ctr
        .run(&["--tty"], &["sh", "-c", "tty; sleep 0.3"])
        .on_a_terminal()
        .succeed()?;
    outcome.out_has("/dev/pts/0")
}

fn stdin_is_piped(ctr: &Ctr) -> Verdict {
    ctr.run(&[], &["head", "-n", "1"]).stdin("one\ntwo\n").says("one\n")
}

fn the_network_is_the_hosts_or_none(ctr: &Ctr) -> Verdict {
    let own = fs::read_link("/proc/self/ns/net")?.display().to_string();
    ctr.run(&["--net-host"], &["readlink", "/proc/self/ns/net"])
        .says(&format!("{own}\n"))?;
    let outcome = ctr.run(&[], &["ip", "link", "show", "up"]).succeed()?;
    ensure(outcome.out.matches(": <").count() == 1, || outcome.to_string())
}

fn a_mount_is_read_only(ctr: &Ctr) -> Verdict {
    let folder = ctr.lab.make_folder("volume")?;
    fs::write(format!("{folder}/file"), "rope\n")?;
    let mount = format!("type=bind,src={folder},dst=/data,options=rbind:ro");
    let outcome = ctr
        .run(&["--mount", &mount], &["sh", "-c", "cat /data/file; touch /data/other"])
        .finish()?;
    outcome.ended_with(1)?;
    outcome.out_has("rope")?;
    outcome.said("Read-only file system")
}

fn a_read_only_root_refuses_writes(ctr: &Ctr) -> Verdict {
    let outcome = ctr.run(&["--read-only"], &["touch", "/file"]).finish()?;
    outcome.ended_with(1)?;
    outcome.said("Read-only file system")
}

fn privileged_has_all_capabilities(ctr: &Ctr) -> Verdict {
    let own = fs::read_to_string("/proc/self/status")?;
    let bounding = own
        .lines()
        .find_map(|line| line.strip_prefix("CapBnd:"))
        .unwrap_or_default();
    ctr.run(&["--privileged"], &["grep", "CapEff", "/proc/self/status"])
        .says(&format!("CapEff:{bounding}\n"))
}

fn environment_and_working_folder(ctr: &Ctr) -> Verdict {
    let options = ["--env", "DECK=orlop", "--cwd", "/tmp"];
    ctr.run(&options, &["sh", "-c", "echo $DECK $PWD"]).says("orlop /tmp\n")
}

fn seccomp_is_on(ctr: &Ctr) -> Verdict {
    let status = &["cat", "/proc/self/status"];
    ctr.run(&["--seccomp"], status).mentions("Seccomp:\t2")?;
    ctr.run(&[], status).mentions("Seccomp:\t0")?;
    ctr.run(&[], status).mentions("NoNewPrivs:\t1")
}

fn a_root_filesystem_without_image(ctr: &Ctr) -> Verdict {
    let rootfs = ctr.lab.path("rootfs");
    let words = [
        "run",
        "--rm",
        "--runc-binary",
        &ctr.lab.runtime,
        "--rootfs",
        &rootfs,
        "deck",
        "/bin/echo",
        "hi",
    ];
    ctr.call(&words).says("hi\n")
}

fn the_runtime_makes_the_cgroup_asked_for(ctr: &Ctr) -> Verdict {
    ctr.run(&["--cgroup", "/default/fleet"], &["cat", "/proc/self/cgroup"])
        .mentions(":/default/fleet\n")
}

fn exec_runs_a_command_in_the_container(ctr: &Ctr) -> Verdict {
    ctr.with_background(&[], || {
        let words = ["task", "exec", "--exec-id", "one", "sleeper"];
        ctr.call(&words).args(["echo", "hi"]).says("hi\n")?;
        ctr.call(&words).args(["sh", "-c", "exit 9"]).ends_with(9)
    })
}

fn pause_freezes_and_resume_goes_on(ctr: &Ctr) -> Verdict {
    ctr.with_background(&[], || {
        ctr.call(&["task", "pause", "sleeper"]).succeed()?;
        reads("status", ctr.status("sleeper")?.as_str(), "PAUSED")?;
        ctr.call(&["task", "resume", "sleeper"]).succeed()?;
        reads("status", ctr.status("sleeper")?.as_str(), "RUNNING")
    })
}

fn limits_reach_the_cgroup(ctr: &Ctr) -> Verdict {
    // ctr's containers have no cgroup mount: what the limit does is seen from here.
    let find = "cat /host/memory/default/deck/memory.limit_in_bytes || cat /host/default/deck/memory.max";
    let mount = "type=bind,src=/sys/fs/cgroup,dst=/host,options=rbind:ro";
    ctr.run(&["--memory-limit", "67108864", "--mount", mount], &["sh", "-c", find])
        .mentions("67108864\n")
}

fn the_tasks_processes_are_listed(ctr: &Ctr) -> Verdict {
    ctr.with_background(&[], || ctr.call(&["task", "ps", "sleeper"]).mentions("PID"))
}
