//! No engine: a busybox and a Debian root filesystem with the config that `spec` writes, the runtime's own and runc's.

use std::fs;

use serde_json::Value;

use super::call::Call;
use super::check::{Check, Session, checks};
use super::lab::Lab;
use crate::failure::{Failure, Verdict, wrong};
use std::sync::Arc;

/// Two root filesystems.
#[derive(Debug)]
pub(super) struct Rootfs {
    lab: Arc<Lab>,
    busybox: String,
    debian: Option<String>,
}

/// Makes them and runs the checks.
pub(super) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    let rootfs = Rootfs {
        lab: Arc::clone(lab),
        busybox: lab.make_rootfs("busybox", "busybox")?,
        debian: lab.make_rootfs("debian", "debian").ok(),
    };
    // What stays after the first container (a parent cgroup of the runtime's own) is nobody's fault.
    in_bundle(&rootfs, &rootfs.busybox, &lab.runtime, &["true"], |_| ())?.finish()?;
    session.run(lab, &rootfs, CHECKS);
    Ok(())
}

pub(super) const CHECKS: &[Check<Rootfs>] = checks![
    short busybox_runs_with_the_runtimes_own_spec,
    short busybox_runs_with_the_spec_of_runc,
    short debian_runs_with_the_runtimes_own_spec,
    short debian_runs_with_the_spec_of_runc,
    long a_shell_runs_on_a_terminal,
    long create_start_state_kill_delete,
];

/// What is asked of each, and what it answers.
const SCRIPT: &str = "echo $(id -u) $(hostname) $PWD; touch /file 2>/dev/null || echo read-only; echo $$; exit 7";

/// A call of `run` on a bundle whose config is what `spec` of a runtime writes, without terminal, with other
/// arguments.
fn in_bundle(
    rootfs: &Rootfs,
    root: &str,
    writer: &str,
    arguments: &[&str],
    change: fn(&mut Value),
) -> Result<Call, Failure> {
    let bundle = rootfs.lab.make_folder("bundle")?;
    let config = format!("{bundle}/config.json");
    if fs::exists(&config)? {
        fs::remove_file(&config)?;
    }
    Call::new(writer).args(["spec", "--bundle", &bundle]).succeed()?;
    let text = fs::read_to_string(&config)?;
    let Ok(mut value) = serde_json::from_str::<Value>(&text) else {
        return wrong(format!("`{writer} spec` wrote no JSON: {text:?}"));
    };
    value["root"]["path"] = root.into();
    value["process"]["terminal"] = false.into();
    value["process"]["args"] = arguments.into();
    change(&mut value);
    fs::write(&config, value.to_string())?;
    Ok(Call::new(&rootfs.lab.runtime).args(["run", "--bundle", &bundle, "deck"]))
}

fn answers(rootfs: &Rootfs, root: &str, writer: &str) -> Verdict {
    let outcome = in_bundle(rootfs, root, writer, &["sh", "-c", SCRIPT], |_| ())?.finish()?;
    outcome.ended_with(7)?;
    let [first, root, pid] = outcome.out.lines().collect::<Vec<_>>()[..] else {
        return wrong(outcome.to_string());
    };
    let named = first.starts_with("0 ") && first.ends_with(" /");
    if named && root == "read-only" && pid == "1" {
        Ok(())
    } else {
        wrong(outcome.to_string())
    }
}

fn debian(rootfs: &Rootfs) -> Result<&str, Failure> {
    let missing = || Failure::Skip("mmdebstrap could not make a Debian root filesystem".to_owned());
    rootfs.debian.as_deref().ok_or_else(missing)
}

fn busybox_runs_with_the_runtimes_own_spec(rootfs: &Rootfs) -> Verdict {
    answers(rootfs, &rootfs.busybox, &rootfs.lab.runtime)
}

fn busybox_runs_with_the_spec_of_runc(rootfs: &Rootfs) -> Verdict {
    answers(rootfs, &rootfs.busybox, "runc")
}

fn debian_runs_with_the_runtimes_own_spec(rootfs: &Rootfs) -> Verdict {
    answers(rootfs, debian(rootfs)?, &rootfs.lab.runtime)
}

fn debian_runs_with_the_spec_of_runc(rootfs: &Rootfs) -> Verdict {
    answers(rootfs, debian(rootfs)?, "runc")?;
    let version = ["cat", "/etc/debian_version"];
    in_bundle(rootfs, debian(rootfs)?, "runc", &version, |_| ())?
        .succeed()
        .map(drop)
}

fn a_shell_runs_on_a_terminal(rootfs: &Rootfs) -> Verdict {
    let terminal = |config: &mut Value| config["process"]["terminal"] = true.into();
    let call = in_bundle(rootfs, &rootfs.busybox, "runc", &["sh"], terminal)?;
    let outcome = call.on_a_terminal().stdin("tty\necho $((6 * 7))\nexit 3\n").finish()?;
    outcome.ended_with(3)?;
    outcome.out_has("/dev/pts/0")?;
    outcome.out_has("42")
}

fn create_start_state_kill_delete(rootfs: &Rootfs) -> Verdict {
    in_bundle(rootfs, &rootfs.busybox, "runc", &["sleep", "100"], |_| ())?;
    let runtime = |words: &[&str]| Call::new(&rootfs.lab.runtime).args(words);
    // The container keeps stdout and stderr open: not those that the harness reads to their end.
    let line = format!(
        "exec '{}' create --bundle '{}' deck >/dev/null 2>&1",
        rootfs.lab.runtime,
        rootfs.lab.path("bundle")
    );
    Call::new("sh").args(["-c", &line]).succeed()?;
    let verdict = (|| {
        runtime(&["state", "deck"]).mentions("\"created\"")?;
        runtime(&["start", "deck"]).succeed()?;
        runtime(&["state", "deck"]).mentions("\"running\"")?;
        runtime(&["kill", "deck", "KILL"]).succeed()?;
        for _ in 0..100 {
            if runtime(&["state", "deck"]).mentions("\"stopped\"").is_ok() {
                return runtime(&["delete", "deck"]).succeed().map(drop);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        runtime(&["state", "deck"]).mentions("\"stopped\"")
    })();
    runtime(&["delete", "--force", "deck"]).finish()?;
    verdict?;
    let gone = runtime(&["state", "deck"]).finish()?;
    if gone.code == 0 {
        wrong(gone.to_string())
    } else {
        Ok(())
    }
}
