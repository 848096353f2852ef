//! `linux.namespaces` with a path: namespaces that are joined, and paths that lead to none.

use serde_json::json;

use crate::failure::{Failure, Verdict, same};
use crate::host::own_namespace;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(network_is_joined_by_path),
    test!(ipc_and_uts_are_joined_by_path),
    test!(pid_is_joined_by_path),
    test!(missing_namespace_path_is_refused),
    test!(path_of_another_kind_of_namespace_is_refused),
    test!(path_that_is_no_namespace_is_refused),
    test!(cgroup_is_joined_by_path),
    test!(
        time_is_joined_by_path,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "cannot make one")
    ),
    test!(mount_is_joined_by_path),
    test!(relative_namespace_path_is_refused),
    test!(
        one_kind_new_and_by_path_is_refused,
        ("crun", "1.8", "the last one wins")
    ),
];

fn network_is_joined_by_path(t: &Trial<'_>) -> Verdict {
    joined(t, &[("network", "net")])
}

fn ipc_and_uts_are_joined_by_path(t: &Trial<'_>) -> Verdict {
    joined(t, &[("ipc", "ipc"), ("uts", "uts")])
}

fn pid_is_joined_by_path(t: &Trial<'_>) -> Verdict {
    joined(t, &[("pid", "pid")])
}

fn joined(t: &Trial<'_>, kinds: &[(&str, &str)]) -> Verdict {
    let first = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&first.id)?;
    let mut second = t.bundle()?;
    for (kind, file) in kinds {
        second = second.joining(kind, &format!("/proc/{pid}/ns/{file}"));
    }
    let seen = t.namespaces_inside(&second)?;
    for (_, file) in kinds {
        let wanted = std::fs::read_link(format!("/proc/{pid}/ns/{file}"))?;
        same(file, &seen[*file], wanted.to_string_lossy().as_ref())?;
    }
    Ok(())
}

fn missing_namespace_path_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.joining("ipc", "/nonexistent/ns"), &["/nonexistent/ns"])
}

fn path_of_another_kind_of_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.joining("ipc", "/proc/self/ns/uts"), &[])
}

fn path_that_is_no_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.joining("ipc", "/etc/passwd"), &[])
}

/// A container with one more new namespace, and the path of that.
fn holder(t: &Trial<'_>, kind: &str) -> Result<String, Failure> {
    let bundle = t.bundle()?.without_namespace(kind);
    let created = t.launch(&bundle.new_namespace(kind).probe("sleep 60"))?;
    let file = if kind == "mount" { "mnt" } else { kind };
    Ok(format!("/proc/{}/ns/{file}", t.pid(&created.id)?.as_raw_nonzero()))
}

fn is_joined(t: &Trial<'_>, kind: &str, path: &str) -> Verdict {
    let seen = t.namespaces_inside(&t.bundle()?.joining(kind, path))?;
    let file = path.rsplit('/').next().unwrap_or_default();
    same(kind, &seen[file], std::fs::read_link(path)?.to_string_lossy().as_ref())
}

fn cgroup_is_joined_by_path(t: &Trial<'_>) -> Verdict {
    is_joined(t, "cgroup", &holder(t, "cgroup")?)
}

fn time_is_joined_by_path(t: &Trial<'_>) -> Verdict {
    is_joined(t, "time", &holder(t, "time")?)
}

fn mount_is_joined_by_path(t: &Trial<'_>) -> Verdict {
    let mut sleeper = std::process::Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sleep", "60"])
        .spawn()?;
    let path = format!("/proc/{}/ns/mnt", sleeper.id());
    let own = own_namespace("mnt")?;
    let result = t
        .until("the namespace", || {
            Ok(std::fs::read_link(&path)?.to_string_lossy() != own.as_str())
        })
        .and_then(|()| is_joined(t, "mount", &path));
    sleeper.kill()?;
    sleeper.wait()?;
    result
}

fn relative_namespace_path_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.joining("ipc", "proc/self/ns/ipc");
    // From there the path would lead to a namespace.
    t.with_bundle(&["run"], &bundle)?.folder("/").refuse(&[])
}

fn one_kind_new_and_by_path_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set(
        "/linux/namespaces/-",
        json!({"type": "network", "path": "/proc/self/ns/net"}),
    );
    t.refused(&bundle, &[])
}
