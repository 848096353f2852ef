//! Words of a config that are near to right ones: the right one is asked for where the wrong one is told of.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Verdict, ensure};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        unknown_member_is_told_with_the_one_that_was_meant,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
    test!(
        unknown_word_is_refused_with_the_one_that_was_meant,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
    test!(
        unknown_mount_option_is_told_with_the_one_that_was_meant,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
    test!(
        name_that_is_not_known_is_ignored_with_the_one_that_was_meant,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
];

fn runs_and_asks(t: &Trial<'_>, bundle: &Bundle, told: &str) -> Verdict {
    let done = t.with_bundle(&["run"], bundle)?.succeed()?;
    ensure(done.err.contains(told), || format!("no {told:?} in {}", done.err))
}

fn unknown_member_is_told_with_the_one_that_was_meant(t: &Trial<'_>) -> Verdict {
    for (place, told) in [
        (
            "/process/enf",
            "process.enf: unknown member, ignored; did you mean `env`?",
        ),
        (
            "/process/users",
            "process.users: unknown member, ignored; did you mean `user`?",
        ),
        (
            "/root/readOnly",
            "root.readOnly: unknown member, ignored; did you mean `readonly`?",
        ),
        ("/mount", "mount: unknown member, ignored; did you mean `mounts`?"),
        (
            "/mounts/0/destinaton",
            "mounts[0].destinaton: unknown member, ignored; did you mean `destination`?",
        ),
        (
            "/linux/name_spaces",
            "linux.name_spaces: unknown member, ignored; did you mean `namespaces`?",
        ),
        ("/env", "env: unknown member, ignored; its place is process.env"),
        (
            "/process/seccomp",
            "process.seccomp: unknown member, ignored; its place is linux.seccomp",
        ),
    ] {
        runs_and_asks(t, &t.bundle()?.set(place, json!([])), told)?;
    }
    Ok(())
}

fn unknown_word_is_refused_with_the_one_that_was_meant(t: &Trial<'_>) -> Verdict {
    for (place, value, meant) in [
        ("/linux/namespaces", json!([{"type": "netwrok"}]), "network"),
        ("/linux/namespaces", json!([{"type": "net"}]), "network"),
        ("/linux/namespaces", json!([{"type": "mnt"}]), "mount"),
        (
            "/process/rlimits",
            json!([{"type": "NOFILE", "soft": 1, "hard": 1}]),
            "RLIMIT_NOFILE",
        ),
        ("/linux/rootfsPropagation", json!("rprivte"), "rprivate"),
        (
            "/linux/seccomp",
            json!({"defaultAction": "SCMP_ACT_ALOW"}),
            "SCMP_ACT_ALLOW",
        ),
    ] {
        let bundle = t.bundle()?.set(place, value);
        let done = t
            .with_bundle(&["run"], &bundle)?
            .refusal(&[&format!("did you mean `{meant}`?")])?;
        let path = place.trim_start_matches('/').replace('/', ".");
        ensure(done.err.contains(&path), || done.err.clone())?;
    }
    Ok(())
}

fn unknown_mount_option_is_told_with_the_one_that_was_meant(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
    for (option, meant) in [("readonly", "ro"), ("nosuidd", "nosuid"), ("privat", "private")] {
        let asked = format!("did you mean `{meant}`?");
        for (kind, source, other) in [("bind", folder.as_str(), "bind"), ("tmpfs", "tmpfs", "mode=700")] {
            let bundle = t.bundle()?.mount("/data", kind, source, &[other, option]);
            let done = t.with_bundle(&["run"], &bundle)?.refusal(&[&asked])?;
            ensure(done.err.contains(".options[1]"), || done.err.clone())?;
            let checked = t.call(&["check", "--bundle", &bundle.dir.to_string_lossy()]).finish()?;
            ensure(checked.out.contains(&asked), || format!("check: {}", checked.out))?;
        }
    }
    Ok(())
}

fn name_that_is_not_known_is_ignored_with_the_one_that_was_meant(t: &Trial<'_>) -> Verdict {
    let capability = t
        .bundle()?
        .set("/process/capabilities/bounding", json!(["CAP_SYS_ADMN", "KILL"]));
    runs_and_asks(t, &capability, "did you mean `CAP_SYS_ADMIN`?")?;
    runs_and_asks(t, &capability, "did you mean `CAP_KILL`?")?;
    let rule = json!([{"names": ["opennat"], "action": "SCMP_ACT_ERRNO"}]);
    let seccomp: Value = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rule});
    let bundle = t.bundle()?.set("/linux/seccomp", seccomp);
    bundle.save()?;
    let checked = t
        .call(&["check", "--bundle", &bundle.dir.to_string_lossy()])
        .succeed()?;
    ensure(checked.out.contains("did you mean `openat`?"), || checked.out.clone())
}
