//! How the process gets into its cgroup, and what that costs there.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::units::{by_systemd, in_unit};
use crate::bundle::Bundle;
use crate::call::Done;
use crate::failure::{Failure, Verdict, ensure};
use crate::host::{devices_of_v1, hierarchies};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        process_is_born_in_its_cgroup,
        ("runc", "1.1", "moves it there"),
        ("crun", "1.8", "moves it there")
    ),
    test!(
        little_memory_is_enough_to_start_with,
        ("runc", "1.1", "needs some MB in the container's cgroup"),
        ("crun", "1.8", "needs more")
    ),
    test!(
        memory_that_processors_charge_ahead_is_not_counted,
        ("runc", "1.1", "needs some MB in the container's cgroup"),
        ("crun", "1.8", "says that init was killed, at times")
    ),
    test!(
        little_memory_is_enough_to_start_with_in_a_unit,
        ("runc", "1.1", "needs some MB in the container's cgroup"),
        ("crun", "1.8", "needs more")
    ),
];

fn process_is_born_in_its_cgroup(t: &Trial<'_>) -> Verdict {
    let all = hierarchies();
    if !matches!(&all[..], [only] if only.join("cgroup.controllers").exists()) {
        return Err(Failure::Skip(
            "the host has more than cgroup v2: nobody is born in a cgroup of v1".into(),
        ));
    }
    if Command::new("strace").arg("--version").output().is_err() {
        return Err(Failure::Skip("there is no strace".into()));
    }
    let trace = t.dir.join("trace");
    let bundle = t.bundle()?.probe("exit 0");
    let script = r#"exec strace -f -e trace=open,openat,openat2,clone3 -o "$TRACE" "$0" "$@""#;
    t.with_bundle(&["run"], &bundle)?
        .variable("TRACE", &trace.to_string_lossy())
        .script(script)
        .succeed()?;
    let text = fs::read_to_string(&trace)?;
    let writes = |line: &&str| line.contains("cgroup.procs") && line.contains("O_WRONLY");
    let writing: Vec<&str> = text.lines().filter(writes).collect();
    ensure(writing.is_empty(), || writing.join("\n"))?;
    ensure(text.contains("CLONE_INTO_CGROUP"), || {
        "strace has seen no clone3 into a cgroup".into()
    })
}

/// More than a process needs that does nothing, in bytes.
const LITTLE: u64 = 204_800;

fn little_memory_is_enough_to_start_with(t: &Trial<'_>) -> Verdict {
    if devices_of_v1().is_some() {
        return Err(Failure::Skip(
            "the host has cgroup v1, whose kernel charges memory in larger parts".into(),
        ));
    }
    starts_with_little(t.bundle()?, |bundle| t.run(bundle))
}

fn little_memory_is_enough_to_start_with_in_a_unit(t: &Trial<'_>) -> Verdict {
    starts_with_little(in_unit(t)?, |bundle| by_systemd(t, "run", bundle)?.finish())
}

/// A process that starts there is killed at times: the kernel does not wait for what processors give back.
fn memory_that_processors_charge_ahead_is_not_counted(t: &Trial<'_>) -> Verdict {
    if devices_of_v1().is_none() {
        return Err(Failure::Skip("the host has cgroup v2, which takes every limit".into()));
    }
    for _ in 0..20 {
        let limit = json!({"limit": LITTLE, "swap": LITTLE});
        let done = t.run(&t.bundle()?.probe("exit 0").set("/linux/resources/memory", limit))?;
        ensure(done.code == 0 || done.code == 137, || {
            format!("`run` ended with {}: {}", done.code, done.err.trim())
        })?;
    }
    Ok(())
}

fn starts_with_little(bundle: Bundle, run: impl Fn(&Bundle) -> Result<Done, Failure>) -> Verdict {
    let bundle = bundle.set("/linux/resources/memory", json!({"limit": LITTLE, "swap": LITTLE}));
    // Smaller than the probe: says how it is called, and ends with 1.
    let little = std::env::current_exe()?.with_file_name("floor");
    fs::copy(&little, bundle.rootfs().join("little"))
        .map_err(|error| Failure::Wrong(format!("{}: {error}", little.display())))?;
    let done = run(&bundle.args(&["/little"]))?;
    ensure(done.code == 1 && done.err.contains("floor:"), || {
        format!("`run` ended with {}: {}", done.code, done.err.trim())
    })
}
