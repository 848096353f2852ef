//! Units that are there already, buses that do not answer, and runtimes that are killed while systemd is at work.

use std::cell::RefCell;
use std::fs;
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::units::{by_systemd, create, in_unit, launch, property, systemctl, unit, units};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::cgroups;
use crate::rooms::exec::is_well_after_kills;
use crate::rooms::killed::killed_at_each_part;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        living_unit_of_that_name_is_never_taken_over,
        ("runc", "1.1", "puts its container into it")
    ),
    test!(
        unit_of_another_container_is_never_taken_over,
        ("runc", "1.1", "puts its container into it")
    ),
    test!(
        what_is_left_of_a_failed_unit_is_replaced,
        ("runc", "1.1", "takes it for its own, and starts none")
    ),
    test!(nothing_is_left_of_a_unit_after_delete),
    test!(children_that_outlive_init_go_with_the_unit),
    test!(failed_create_leaves_no_unit),
    test!(
        create_in_a_unit_killed_at_any_instant_can_be_cleaned_up,
        ("runc", "1.1", "its record is written late")
    ),
    test!(
        run_in_a_unit_killed_at_any_instant_can_be_cleaned_up,
        ("runc", "1.1", "its record is written late")
    ),
    test!(exec_into_a_unit_killed_at_any_instant_leaves_a_container_that_is_well),
    test!(update_of_a_unit_killed_at_any_instant_can_be_repeated),
    test!(delete_of_a_unit_killed_at_any_instant_can_be_repeated),
    test!(delete_by_force_leaves_the_unit_of_another_alone),
    test!(
        bus_that_says_nothing_is_an_error_within_seconds,
        ("runc", "1.1", "waits for ever")
    ),
    test!(systemd_is_asked_itself_where_there_is_no_bus),
    test!(
        stopped_container_is_deleted_without_a_bus,
        ("runc", "1.1", "cannot be deleted")
    ),
];

/// A unit of somebody else's, with a process in it.
struct Foreign {
    unit: String,
    process: Child,
}

impl Foreign {
    fn start(id: &str) -> Result<Self, Failure> {
        let unit = unit(id);
        let words = ["--quiet", "--scope", "--unit", &unit, "sleep", "100"];
        let process = Command::new("systemd-run").args(words).stdin(Stdio::null()).spawn()?;
        let foreign = Self { unit, process };
        let end = Instant::now() + Duration::from_secs(30);
        while property(&foreign.unit, "ActiveState")? != "active" && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(foreign)
    }

    fn lives(&mut self) -> Verdict {
        same("its state", &property(&self.unit, "ActiveState")?, "active")?;
        ensure(matches!(self.process.try_wait(), Ok(None)), || {
            "its process has ended".into()
        })?;
        let own = fs::read_to_string(super::units::folder(&self.unit)?.join("cgroup.procs"))?;
        same("its processes", &own.lines().count(), 1)
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = systemctl(&["stop", &self.unit]);
    }
}

fn living_unit_of_that_name_is_never_taken_over(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.probe("sleep 60");
    let mut foreign = Foreign::start(&bundle.id)?;
    by_systemd(t, "create", &bundle)?.refuse(&["linux.cgroupsPath", &unit(&bundle.id)])?;
    foreign.lives()?;
    t.call(&["state", &bundle.id]).refuse(&["does not exist"])
}

fn unit_of_another_container_is_never_taken_over(t: &Trial<'_>) -> Verdict {
    let first = in_unit(t)?.probe("sleep 60");
    let created = launch(t, &first)?;
    let second = in_unit(t)?.probe("sleep 60");
    let path = format!("system.slice:orlop:{}", first.id);
    let second = second.set("/linux/cgroupsPath", json!(path));
    by_systemd(t, "create", &second)?.refuse(&["container's cgroup is not empty"])?;
    t.call(&["delete", "--force", &second.id]).finish()?;
    same("status of the first", &t.status(&created.id)?, "running")
}

fn what_is_left_of_a_failed_unit_is_replaced(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.probe("sleep 60");
    let unit = unit(&bundle.id);
    let words = [
        "--quiet",
        "--scope",
        "--unit",
        &unit,
        "-p",
        "RuntimeMaxSec=1",
        "sleep",
        "100",
    ];
    Command::new("systemd-run")
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    t.until("the unit fails", || Ok(property(&unit, "ActiveState")? == "failed"))?;
    create(t, &bundle)?;
    same("state", &property(&unit, "ActiveState")?, "active")
}

fn nothing_is_left_of_a_unit_after_delete(t: &Trial<'_>) -> Verdict {
    for is_forced in [false, true] {
        let bundle = in_unit(t)?.probe(if is_forced { "sleep 60" } else { "exit 0" });
        let created = create(t, &bundle)?;
        let pid = t.pid(&created.id)?;
        t.call(&["start", &created.id]).succeed()?;
        if is_forced {
            t.call(&["delete", "--force", &created.id]).succeed()?;
        } else {
            t.exit_of(pid)?;
            t.call(&["delete", &created.id]).succeed()?;
        }
        same("units", &units(&created.id)?, Vec::<String>::new())?;
        same("cgroups", &cgroups(&created.id).len(), 0)?;
    }
    // One that was never started.
    let created = create(t, &in_unit(t)?.probe("exit 0"))?;
    t.call(&["delete", &created.id]).succeed()?;
    same("units", &units(&created.id)?, Vec::<String>::new())
}

fn children_that_outlive_init_go_with_the_unit(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.without_namespace("pid").probe("leave 60");
    let created = create(t, &bundle)?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    t.call(&["delete", &created.id]).succeed()?;
    same("units", &units(&created.id)?, Vec::<String>::new())?;
    same("cgroups", &cgroups(&created.id).len(), 0)
}

fn failed_create_leaves_no_unit(t: &Trial<'_>) -> Verdict {
    let missing = in_unit(t)?.mount("/data", "bind", "/no/such/source", &["bind"]);
    by_systemd(t, "create", &missing)?.refuse(&[])?;
    let limit = in_unit(t)?.set("/linux/resources/cpu", json!({"cpus": "9999"}));
    by_systemd(t, "create", &limit)?.refuse(&[])?;
    for bundle in [missing, limit] {
        same("units", &units(&bundle.id)?, Vec::<String>::new())?;
        same("cgroups", &cgroups(&bundle.id).len(), 0)?;
    }
    Ok(())
}

fn create_in_a_unit_killed_at_any_instant_can_be_cleaned_up(t: &Trial<'_>) -> Verdict {
    killed_at_any_instant(t, "create", &[])
}

fn run_in_a_unit_killed_at_any_instant_can_be_cleaned_up(t: &Trial<'_>) -> Verdict {
    killed_at_any_instant(t, "run", &[])?;
    killed_at_any_instant(t, "run", &["--detach"])
}

/// Every other one has cgroups of its own below the unit's.
fn killed_at_any_instant(t: &Trial<'_>, verb: &str, flags: &[&str]) -> Verdict {
    let made = RefCell::new(Vec::new());
    killed_at_each_part(
        16,
        || {
            let mut bundle = in_unit(t)?.probe("exit 0");
            if made.borrow().len() % 2 == 1 {
                bundle = bundle
                    .set("/annotations/run.oci.systemd.subgroup", json!("inner"))
                    .set("/annotations/run.oci.delegate-cgroup", json!("payload"));
            }
            let call = flags
                .iter()
                .fold(by_systemd(t, verb, &bundle)?, |call, flag| call.word(flag));
            made.borrow_mut().push(bundle);
            Ok(call)
        },
        |at| {
            let made = made.borrow();
            let Some(bundle) = made.last() else { return Ok(()) };
            t.call(&["delete", "--force", &bundle.id]).succeed()?;
            same(&format!("cgroups {at}"), &cgroups(&bundle.id).len(), 0)?;
            same(&format!("units {at}"), &units(&bundle.id)?, Vec::<String>::new())?;
            create(t, bundle)?;
            t.call(&["delete", "--force", &bundle.id]).succeed().map(drop)
        },
    )
}

fn exec_into_a_unit_killed_at_any_instant_leaves_a_container_that_is_well(t: &Trial<'_>) -> Verdict {
    is_well_after_kills(t, &launch(t, &in_unit(t)?.probe("sleep 600"))?.id)
}

fn update_of_a_unit_killed_at_any_instant_can_be_repeated(t: &Trial<'_>) -> Verdict {
    let created = launch(t, &in_unit(t)?.probe("sleep 60"))?;
    let update = |mib: u32| ["update", "--memory", &format!("{mib}M"), &created.id].map(str::to_owned);
    let called = |words: &[String; 4]| t.call(&words.each_ref().map(String::as_str));
    let (mut first, mut second) = (100, 100);
    killed_at_each_part(
        10,
        || {
            first += 1;
            Ok(called(&update(first)))
        },
        |at| {
            second += 1;
            same(&format!("status {at}"), &t.status(&created.id)?, "running")?;
            called(&update(second)).succeed()?;
            let limit = (u64::from(second) << 20).to_string();
            let name = unit(&created.id);
            same(&format!("limit {at}"), &property(&name, "MemoryMax")?, limit.as_str())?;
            let file = fs::read_to_string(super::units::folder(&name)?.join("memory.max"))?;
            same(&format!("memory.max {at}"), &file.trim(), limit.as_str())
        },
    )
}

fn delete_of_a_unit_killed_at_any_instant_can_be_repeated(t: &Trial<'_>) -> Verdict {
    let id = RefCell::new(String::new());
    killed_at_each_part(
        10,
        || {
            let created = launch(t, &in_unit(t)?.without_namespace("pid").probe("leave 60 , sleep 60"))?;
            id.replace(created.id);
            Ok(t.call(&["delete", "--force", &id.borrow()]))
        },
        |at| {
            let id = id.borrow();
            t.call(&["delete", "--force", &id]).succeed()?;
            same(&format!("units {at}"), &units(&id)?, Vec::<String>::new())?;
            same(&format!("cgroups {at}"), &cgroups(&id).len(), 0)
        },
    )
}

/// The runtime is killed when it has written down which unit it will have, and before it has it.
fn delete_by_force_leaves_the_unit_of_another_alone(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.probe("sleep 60");
    let mut foreign = Foreign::start(&bundle.id)?;
    for _ in 0..6 {
        let running = by_systemd(t, "create", &bundle)?.spawn()?;
        std::thread::sleep(Duration::from_millis(60));
        running.signal(Signal::KILL)?;
        running.wait()?;
        t.call(&["delete", "--force", &bundle.id]).succeed()?;
        foreign.lives()?;
    }
    Ok(())
}

fn bus_that_says_nothing_is_an_error_within_seconds(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.probe("sleep 60");
    let path = t.dir.join("silent-bus");
    let _listener = UnixListener::bind(&path)?;
    let began = Instant::now();
    let address = format!("unix:path={}", path.display());
    let running = by_systemd(t, "create", &bundle)?
        .variable("DBUS_SYSTEM_BUS_ADDRESS", &address)
        .spawn()?;
    let end = began + Duration::from_secs(20);
    while running.lives()? && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(100));
    }
    if running.lives()? {
        running.signal(Signal::KILL)?;
        running.wait()?;
        return Err(Failure::Wrong("it waits for more than 20 s".into()));
    }
    let done = running.wait()?;
    ensure(done.code != 0 && done.err.contains(&address), || done.err.clone())?;
    t.call(&["state", &bundle.id]).refuse(&["does not exist"])
}

fn systemd_is_asked_itself_where_there_is_no_bus(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.probe("sleep 60");
    let nobody = format!("unix:path={}", t.dir.join("no-bus").display());
    let call = by_systemd(t, "create", &bundle)?.variable("DBUS_SYSTEM_BUS_ADDRESS", &nobody);
    let created = t.create_with(call, &bundle)?;
    same("state", &property(&unit(&created.id), "ActiveState")?, "active")
}

fn stopped_container_is_deleted_without_a_bus(t: &Trial<'_>) -> Verdict {
    let created = create(t, &in_unit(t)?.probe("exit 0"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    t.until("the unit is gone", || Ok(units(&created.id)?.is_empty()))?;
    let path = t.dir.join("mute-bus");
    let _listener = UnixListener::bind(&path)?;
    let address = format!("unix:path={}", path.display());
    t.call(&["delete", &created.id])
        .variable("DBUS_SYSTEM_BUS_ADDRESS", &address)
        .succeed()
        .map(drop)
}
