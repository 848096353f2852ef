//! A whole system in a container: systemd is its first process.

use std::fs;

use crate::engines::call::reads;
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::lab::Lab;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure};

pub(super) const CHECKS: &[Check<Cli>] = checks![
    long a_system_boots_serves_and_shuts_down needs "exec",
];

/// A service that says that it runs.
const UNIT: &str = "[Service]\nExecStart=/bin/sh -c 'echo served >/run/deck; exec sleep 1000'\n";

fn a_system_boots_serves_and_shuts_down(cli: &Cli) -> Verdict {
    let Ok(tar) = Lab::package_tar("systemd") else {
        return Err(Failure::Skip(
            "mmdebstrap could not make a Debian with systemd".to_owned(),
        ));
    };
    let image = "localhost/system";
    cli.call(&["import", &tar, image]).seconds(120).succeed()?;
    let verdict = runs(cli, image);
    cli.call(&["rmi", image]).succeed()?;
    verdict
}

fn runs(cli: &Cli, image: &str) -> Verdict {
    let unit = cli.lab.path("deck.service");
    fs::write(&unit, UNIT)?;
    let run = ["run", "--detach", "--systemd", "always", "--name", "system"];
    let volume = format!("{unit}:/etc/systemd/system/deck.service:ro");
    let call = cli.call(&run).args(["-v", &volume, image, "/lib/systemd/systemd"]);
    call.succeed()?;
    let exec = |command: &[&str]| cli.call(&["exec", "system"]).args(command).finish();
    let verdict = (|| {
        in_time("the start of the system", 60, || {
            let outcome = exec(&["systemctl", "is-system-running"])?;
            let is_up = ["running", "degraded"].contains(&outcome.out.trim());
            Ok((is_up, outcome.to_string()))
        })?;
        let started = exec(&["systemctl", "start", "deck"])?;
        started.ended_with(0)?;
        in_time("the service", 20, || {
            let outcome = exec(&["cat", "/run/deck"])?;
            Ok((outcome.out == "served\n", outcome.to_string()))
        })?;
        // Each service has a cgroup of its own, and a command comes into the container all the same.
        let place = exec(&[
            "sh",
            "-c",
            "cat /proc/$(pgrep -o sleep || echo 1)/cgroup; systemctl show -p ControlGroup deck",
        ])?;
        place.out_has("/system.slice/deck.service")?;
        // It is asked with SIGRTMIN+3, and ends by itself.
        cli.call(&["stop", "--time", "50", "system"]).seconds(60).succeed()?;
        let inspect = ["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "system"];
        let state = cli.call(&inspect).succeed()?.out;
        ensure(!state.contains("137"), || state.clone())?;
        reads("state", state.split(' ').next().unwrap_or_default(), "exited")
    })();
    cli.call(&["rm", "--force", "--time", "0", "system"])
        .seconds(60)
        .succeed()?;
    verdict
}
