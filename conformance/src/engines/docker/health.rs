//! Health checks: execs that dockerd makes again and again.

use std::thread;
use std::time::Duration;

use crate::engines::call::reads;
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::waiting::in_time;
use crate::failure::{Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    short a_health_check_tells_of_sickness_and_recovery,
    long a_health_check_that_takes_too_long_is_ended,
    long an_image_brings_its_health_check,
    long health_checks_leave_nothing,
];

fn a_health_check_tells_of_sickness_and_recovery(cli: &Cli) -> Verdict {
    let mut options = vec!["--health-cmd", "cat /well; exit $?", "--health-interval", "200ms"];
    options.extend([
        "--health-retries",
        "2",
        "--user",
        "1000",
        "--env",
        "DECK=orlop",
        "-w",
        "/tmp",
    ]);
    let container = cli.background(&options, &["sleep", "1000"])?;
    container.comes_to("{{.State.Health.Status}}", "unhealthy")?;
    let last = "{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}";
    let told = container.inspect(last)?;
    ensure(told.starts_with("1 ") && told.contains("/well"), || told.clone())?;
    cli.call(&["ps", "--filter", "health=unhealthy", "--quiet", "--no-trunc"])
        .mentions(&container.id)?;
    container
        .exec(&["--user", "0"], &["sh", "-c", "echo aye >/well"])
        .succeed()?;
    container.comes_to("{{.State.Health.Status}} {{.State.Health.FailingStreak}}", "healthy 0")?;
    let mut events = vec!["events", "--since", "10m", "--until", "0s", "--format", "{{.Action}}"];
    let filter = format!("container={}", container.id);
    events.extend(["--filter", "event=health_status", "--filter", &filter]);
    // Those of the second that goes on are not told yet.
    in_time("events", 5, || {
        let told = cli.call(&events).succeed()?.out;
        Ok((told == "health_status: unhealthy\nhealth_status: healthy\n", told))
    })
}

fn a_health_check_that_takes_too_long_is_ended(cli: &Cli) -> Verdict {
    let mut options = vec!["--health-cmd", "sleep 1234", "--health-interval", "200ms"];
    options.extend(["--health-timeout", "300ms", "--health-retries", "1"]);
    let container = cli.background(&options, &["sleep", "1000"])?;
    container.comes_to("{{.State.Health.Status}}", "unhealthy")?;
    let told = container.inspect("{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}")?;
    ensure(told.starts_with("-1 ") && told.contains("exceeded timeout"), || {
        told.clone()
    })
}

fn an_image_brings_its_health_check(cli: &Cli) -> Verdict {
    let base = cli.created(&[], &["true"])?;
    let _image = cli.afterwards(&["image", "rm", "--force", "healthy:1"]);
    let check = r#"HEALTHCHECK --interval=200ms CMD ["test", "-d", "/proc/1"]"#;
    cli.call(&["commit", "--change", check, &base.id, "healthy:1"])
        .succeed()?;
    let run = |options: &[&str]| {
        let call = cli.call(&["run", "--detach"]).args(options);
        call.args(["healthy:1", "sleep", "1000"])
            .succeed()
            .map(|outcome| outcome.out.trim().to_owned())
    };
    let first = run(&[])?;
    let _first = cli.afterwards(&["rm", "--force", &first]);
    let status = |id: &str| {
        cli.call(&["inspect", "--format", "{{with .State.Health}}{{.Status}}{{end}}", id])
            .succeed()
    };
    in_time("health", 10, || {
        let seen = status(&first)?.out;
        Ok((seen == "healthy\n", seen))
    })?;
    let second = run(&["--no-healthcheck"])?;
    let _second = cli.afterwards(&["rm", "--force", &second]);
    reads("--no-healthcheck", &status(&second)?.out, "\n")
}

fn health_checks_leave_nothing(cli: &Cli) -> Verdict {
    let options = ["--health-cmd", "echo turn >>/turns", "--health-interval", "30ms"];
    let container = cli.background(&options, &["sleep", "1000"])?;
    let turns = || {
        container
            .exec(&[], &["sh", "-c", "wc -l </turns"])
            .finish()
            .map(|outcome| outcome.out.trim().parse::<u32>().unwrap_or(0))
    };
    in_time("turns", 20, || turns().map(|seen| (seen >= 20, seen.to_string())))?;
    let processes = container.call(&["top"]).succeed()?.out.lines().count();
    ensure(processes <= 4, || format!("{processes} lines of processes"))?;
    // They pause with the container, and go on with it.
    container.call(&["pause"]).succeed()?;
    thread::sleep(Duration::from_millis(300));
    container.call(&["unpause"]).succeed()?;
    let before = turns()?;
    in_time("no further turns", 10, || {
        turns().map(|seen| (seen > before, seen.to_string()))
    })
}
