//! The member of a config that the kernel's refusal is about: its path begins the error.

use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Verdict, ensure};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(member_that_the_kernel_refuses_is_named, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(limit_that_is_too_high_is_named, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(
        program_that_is_missing_names_an_environment_without_a_path,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
    test!(
        bundle_that_is_missing_is_told_with_how_to_make_one,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
];

fn names(t: &Trial<'_>, bundle: &Bundle, words: &[&str]) -> Verdict {
    let done = t.with_bundle(&["run"], bundle)?.refusal(words)?;
    ensure(done.err.contains(&format!(": error: {}", words[0])), || {
        done.err.clone()
    })
}

fn member_that_the_kernel_refuses_is_named(t: &Trial<'_>) -> Verdict {
    let device = json!([{"path": "/tmp", "type": "c", "major": 1, "minor": 3}]);
    names(
        t,
        &t.bundle()?.set("/linux/devices", device),
        &["linux.devices[0].path: "],
    )?;
    let namespaces = t.bundle()?.joining("network", "/proc/self/ns/uts");
    let index = namespaces.config["linux"]["namespaces"].as_array().map_or(0, Vec::len) - 1;
    names(t, &namespaces, &[&format!("linux.namespaces[{index}].path: ")])?;
    let cwd = t.bundle()?.file("file", "")?.set("/process/cwd", json!("/file"));
    names(t, &cwd, &["process.cwd: "])
}

fn limit_that_is_too_high_is_named(t: &Trial<'_>) -> Verdict {
    let limits = json!([
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
        {"type": "RLIMIT_NOFILE", "soft": 10, "hard": 1_000_000_000}
    ]);
    // An ordinary user may raise none, and nobody this one beyond fs.nr_open.
    let bundle = rootless(t)?.set("/process/rlimits", limits.clone());
    as_user(t, t.with_bundle(&["run"], &bundle)?)?.refuse(&["process.rlimits[1].hard: "])?;
    let nr_open = std::fs::read_to_string("/proc/sys/fs/nr_open")?;
    if nr_open.trim().parse::<u64>().is_ok_and(|most| most < 1_000_000_000) {
        return names(
            t,
            &t.bundle()?.set("/process/rlimits", limits),
            &["process.rlimits[1].hard: "],
        );
    }
    t.note("fs.nr_open allows more than any limit");
    Ok(())
}

fn program_that_is_missing_names_an_environment_without_a_path(t: &Trial<'_>) -> Verdict {
    let bundle = |env| Ok::<_, crate::failure::Failure>(t.bundle()?.args(&["nosuch"]).set("/process/env", env));
    let phrase = "executable file not found in $PATH";
    for env in [
        json!([]),
        json!(["PATH="]),
        json!(["PATH=$PATH:/bin"]),
        json!(["PATH=bin"]),
    ] {
        names(t, &bundle(env)?, &["process.args: ", phrase, "process.env"])?;
    }
    let done = t
        .with_bundle(&["run"], &bundle(json!(["PATH=/bin:/sbin"]))?)?
        .refusal(&[phrase])?;
    ensure(!done.err.contains("process.env"), || done.err.clone())
}

fn bundle_that_is_missing_is_told_with_how_to_make_one(t: &Trial<'_>) -> Verdict {
    let empty = t.dir.join("empty");
    std::fs::create_dir_all(&empty)?;
    for folder in [&empty, &t.dir.join("nowhere")] {
        for verb in ["run", "create"] {
            let call = t.call(&[verb, "--bundle", &folder.to_string_lossy(), &t.fresh_id()]);
            call.refuse(&["config.json", "no such file or directory", "orlop spec"])?;
        }
    }
    Ok(())
}
