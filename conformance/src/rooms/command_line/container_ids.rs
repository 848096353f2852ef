//! Which ids of containers are taken.

use crate::failure::{Verdict, ensure, same};
use crate::rooms::deviations::RUNC_IS_SILENT;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        id_with_a_slash_is_refused,
        ("crun", "1.8", "takes a slash at the begin or end")
    ),
    test!(id_of_dots_is_refused),
    test!(empty_id_is_refused),
    test!(id_of_300_bytes_is_refused),
    test!(id_of_1025_bytes_is_refused),
    test!(id_with_odd_characters_is_refused, ("crun", "1.8", "takes them")),
    test!(
        bad_id_is_what_is_told_first,
        RUNC_IS_SILENT,
        ("crun", "1.8", "takes it, or tells something else")
    ),
    test!(cgroups_path_is_not_blamed_for_an_id),
    test!(usual_ids_are_taken),
];

fn bad_id(t: &Trial<'_>, id: &str) -> Verdict {
    let bundle = t.bundle()?;
    bundle.save()?;
    let dir = bundle.dir.to_string_lossy().into_owned();
    for words in [
        &["create", "--bundle", &dir, id] as &[&str],
        &["run", "--bundle", &dir, id],
    ] {
        let done = t.call(words).finish()?;
        ensure(done.code == 1, || {
            format!("{} {id:?} ended with {}", words[0], done.code)
        })?;
        ensure(!done.err.contains("panic"), || done.err.clone())?;
    }
    for words in [
        &["state", id] as &[&str],
        &["kill", id],
        &["start", id],
        &["delete", id],
    ] {
        ensure(t.call(words).finish()?.code != 0, || {
            format!("{} {id:?} succeeded", words[0])
        })?;
    }
    Ok(())
}

fn id_with_a_slash_is_refused(t: &Trial<'_>) -> Verdict {
    for id in ["a/b", "../x", "/x", "x/"] {
        bad_id(t, id)?;
    }
    Ok(())
}

fn id_of_dots_is_refused(t: &Trial<'_>) -> Verdict {
    bad_id(t, ".")?;
    bad_id(t, "..")
}

fn empty_id_is_refused(t: &Trial<'_>) -> Verdict {
    bad_id(t, "")
}

fn id_of_300_bytes_is_refused(t: &Trial<'_>) -> Verdict {
    bad_id(t, &"i".repeat(300))
}

fn id_of_1025_bytes_is_refused(t: &Trial<'_>) -> Verdict {
    bad_id(t, &"i".repeat(1025))
}

fn id_with_odd_characters_is_refused(t: &Trial<'_>) -> Verdict {
    for id in ["a b", "a\nb", "a:b", "\u{fc}", "a*", "a\\b", "$(id)"] {
        bad_id(t, id)?;
    }
    Ok(())
}

/// Whatever else is wrong, in every verb.
fn bad_id_is_what_is_told_first(t: &Trial<'_>) -> Verdict {
    let calls: [&[&str]; 15] = [
        &["create", "--bundle", "/no/such/bundle", "../x"],
        &["run", "--bundle", "/no/such/bundle", "../x"],
        &[
            "run",
            "--preserve-fds",
            "9",
            "--console-socket",
            "/no",
            "--detach",
            "../x",
        ],
        &["state", "../x"],
        &["start", "../x"],
        &["kill", "../x", "NOSUCHSIGNAL"],
        &["kill", "--all", "../x"],
        &["delete", "../x"],
        &["delete", "--force", "../x"],
        &["exec", "../x", "true"],
        &["pause", "../x"],
        &["resume", "../x"],
        &["ps", "../x"],
        &["update", "../x"],
        &["events", "../x"],
    ];
    for words in calls {
        t.call(words).refuse(&["invalid container ID format", "../x"])?;
    }
    let systemd = t.call(&["run", "--bundle", "/no/such/bundle", "../x"]);
    systemd
        .global(&["--systemd-cgroup"])
        .refuse(&["invalid container ID format"])
}

/// A container without a path of its own has a cgroup by its id, and the hierarchies have files among the cgroups.
fn cgroups_path_is_not_blamed_for_an_id(t: &Trial<'_>) -> Verdict {
    for id in ["cgroup.procs", "tasks"] {
        let mut bundle = t
            .bundle()?
            .remove("/linux", "cgroupsPath")
            .remove("/linux", "resources");
        bundle.id = id.to_owned();
        let done = t.run(&bundle)?;
        if id == "tasks" && done.code == 0 {
            // Only v1 has such a file.
            continue;
        }
        ensure(
            done.code == 1 && !done.err.contains("cgroupsPath") && done.err.contains(id),
            || format!("{id}: {}: {}", done.code, done.err),
        )?;
    }
    Ok(())
}

fn usual_ids_are_taken(t: &Trial<'_>) -> Verdict {
    for end in [".a", "_b", "-c", "+d", "E9", &"f".repeat(180)] {
        let mut bundle = t.bundle()?.probe("exit 0");
        bundle.id.push_str(end);
        same(end, &t.run(&bundle)?.code, 0)?;
    }
    Ok(())
}
