//! Which room tries which flag: one that is new and that nobody tries is found out.

use std::collections::BTreeSet;

use crate::failure::{Verdict, ensure};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[test!(
    every_flag_is_tried_by_some_test,
    ("runc", "1.1", "has no completions to tell what there is"),
    ("crun", "", "has a command line of its own")
)];

/// A command, some of its flags, and the room that tries them. The program's own flags are of no command.
const TRIED: &[(&str, &str, &str)] = &[
    ("", "log log-format", "logs"),
    ("", "root", "wrong_calls"),
    ("", "rootless criu systemd-cgroup debug", "flags_of_run"),
    ("", "cgroup-manager", "units"),
    ("", "help version", "shown_help"),
    ("check", "bundle", "own_namespaces"),
    ("check", "json config", "additions"),
    ("checkpoint restore", "image-path leave-running detach", "additions"),
    (
        "checkpoint",
        "work-path parent-path tcp-established tcp-skip-in-flight link-remap ext-unix-sk shell-job lazy-pages status-fd \
         page-server file-locks pre-dump manage-cgroups-mode empty-ns auto-dedup",
        "additions",
    ),
    (
        "restore",
        "console-socket work-path tcp-established ext-unix-sk shell-job file-locks manage-cgroups-mode bundle pid-file \
         no-subreaper no-pivot empty-ns auto-dedup lazy-pages lsm-profile lsm-mount-context",
        "additions",
    ),
    (
        "create run",
        "bundle console-socket no-pivot no-new-keyring preserve-fds detach keep no-subreaper",
        "flags_of_run",
    ),
    ("create run", "pid-file", "output_formats"),
    ("create run", "pidfd-socket config", "additions"),
    ("delete", "force", "flags_of_run"),
    ("delete kill", "regex", "regexes"),
    ("events", "interval", "flags_of_run"),
    ("events", "stats", "output_formats"),
    (
        "exec",
        "console-socket cwd env tty user additional-gids process detach pid-file process-label apparmor no-new-privs cap \
         preserve-fds cgroup ignore-paused",
        "flags_of_exec",
    ),
    ("exec", "pidfd-socket", "exec_statuses"),
    ("explain", "bundle json", "telling"),
    ("explain", "config", "additions"),
    ("explain", "process", "exec_process"),
    ("features", "probe", "usage"),
    ("info", "json", "additions"),
    ("kill", "all", "flags_of_run"),
    ("list", "format quiet", "output_formats"),
    ("list", "filter", "additions"),
    ("ps", "format", "output_formats"),
    ("spec", "bundle rootless", "output_formats"),
    ("try", "keep", "additions"),
    (
        "update",
        "blkio-weight cpu-period cpu-quota cpu-share cpu-rt-period cpu-rt-runtime cpuset-cpus cpuset-mems memory \
         memory-reservation memory-swap pids-limit resources kernel-memory kernel-memory-tcp",
        "flags_of_update",
    ),
    ("update", "cpu-burst cpu-idle", "changed_limits"),
    ("update", "l3-cache-schema mem-bw-schema", "resource_director"),
];

/// The flags of the register that are a command's. Its help is asked of each command.
fn tried(command: &str) -> BTreeSet<&'static str> {
    let of_command = |(commands, ..): &&(&str, &str, &str)| commands.split(' ').any(|one| one == command);
    let flags = TRIED
        .iter()
        .filter(of_command)
        .flat_map(|(_, flags, _)| flags.split_whitespace());
    flags.chain(["help"]).collect()
}

/// The flags that a help shows.
fn shown(help: &str) -> Vec<&str> {
    let flags = help.lines().filter_map(|line| line.strip_prefix("   --"));
    flags.filter_map(|line| line.split([' ', ',']).next()).collect()
}

fn every_flag_is_tried_by_some_test(t: &Trial<'_>) -> Verdict {
    let help = t.call(&["--help"]).succeed()?.out;
    let commands = help.split("COMMANDS:\n").nth(1).unwrap_or_default();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    ensure(commands.len() > 20, || format!("commands: {commands:?}"))?;
    for command in commands.into_iter().chain([""]) {
        let words = if command.is_empty() {
            vec!["--help"]
        } else {
            vec![command, "--help"]
        };
        let help = t.call(&words).finish()?.out;
        let (shown, tried) = (shown(&help), tried(command));
        ensure(shown.contains(&"help"), || format!("{command}: {help}"))?;
        for flag in shown {
            ensure(tried.contains(flag), || format!("no test tries {command} --{flag}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn rooms_of_the_register_have_the_flags_that_are_said_to_be_theirs() {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rooms"), &mut files);
        for (commands, flags, room) in TRIED {
            let named = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == *room);
            let file = files.iter().find(named).unwrap_or_else(|| panic!("no room {room}"));
            let text = fs::read_to_string(file).unwrap();
            let is_tested = crate::rooms::all().any(|(name, _)| name == *room);
            assert!(is_tested, "{room} is no room");
            for flag in flags.split_whitespace() {
                let spelled = [format!("\"--{flag}\""), format!("\"--{flag}="), format!("--{flag} ")];
                assert!(
                    spelled.iter().any(|flag| text.contains(flag)),
                    "{commands} --{flag} is not in {room}"
                );
            }
        }
    }
}
