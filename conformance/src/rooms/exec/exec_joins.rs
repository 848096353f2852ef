//! Where a process of `exec` is: in the namespaces, at the root and with the keyring of the container.

use serde_json::{Value, json};

use super::{probe, report, told};
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::{GIVES_NULL, OLD_CRUN, OLD_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{as_user, mapped, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(process_is_in_all_namespaces_of_the_container),
    test!(process_is_in_a_user_namespace, GIVES_NULL),
    test!(process_of_another_user_is_in_a_user_namespace, GIVES_NULL),
    test!(process_is_in_a_time_namespace, OLD_RUNC, OLD_CRUN),
    test!(process_is_in_namespaces_that_were_joined),
    test!(process_is_in_a_pid_namespace_that_was_joined),
    test!(process_is_in_the_hosts_where_the_container_is),
    test!(
        process_is_at_the_root_of_a_container_without_a_mount_namespace,
        ("runc", "1.1", "refuses such a container"),
        ("crun", "1.8", "leaves the root as it is")
    ),
    test!(process_is_no_child_of_the_containers_init),
    test!(process_leads_a_session, ("crun", "1.8", "stays in the caller's")),
    test!(
        process_has_the_containers_keyring,
        ("crun", "1.8", "has one of its own")
    ),
    test!(ordinary_user_executes_in_its_own_container),
    test!(process_is_in_the_network_that_the_container_has),
];

/// The bundle's container, and what its own process reports of namespaces by way of the host.
fn launched(t: &Trial<'_>, bundle: Bundle) -> Result<(String, Vec<(String, String)>), Failure> {
    let id = t.launch(&bundle.probe("sleep 600"))?.id;
    let folder = format!("/proc/{}/ns", t.pid(&id)?.as_raw_nonzero());
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let target = std::fs::read_link(entry.path())?.to_string_lossy().into_owned();
        all.push((entry.file_name().to_string_lossy().into_owned(), target));
    }
    Ok((id, all))
}

fn is_in_all(t: &Trial<'_>, bundle: Bundle, flags: &[&str]) -> Result<(String, Value), Failure> {
    let (id, all) = launched(t, bundle)?;
    let report = report(t, &id, flags)?;
    for (name, target) in all {
        let seen = &report["namespaces"][&name];
        if !seen.is_null() {
            same(&format!("namespace {name}"), seen, target)?;
        }
    }
    Ok((id, report))
}

fn process_is_in_all_namespaces_of_the_container(t: &Trial<'_>) -> Verdict {
    is_in_all(t, t.bundle()?, &[]).map(drop)
}

fn process_is_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let (_, report) = is_in_all(t, mapped(t)?, &[])?;
    same("users", &report["uids"], json!([0, 0, 0]))
}

fn process_of_another_user_is_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let (id, report) = is_in_all(t, mapped(t)?, &["--user", "5:6"])?;
    same("users", &report["uids"], json!([5, 5, 5]))?;
    same("groups", &report["gids"], json!([6, 6, 6]))?;
    let own = told(t, &id, &["--user", "5:6"], "stat /proc/self/fd/1")?;
    same("owner of its output", &own["value"]["uid"], 5)
}

fn process_is_in_a_time_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.new_namespace("time").set(
        "/linux/timeOffsets",
        json!({"boottime": {"secs": 100_000}, "monotonic": {"secs": 100_000}}),
    );
    let (id, _) = is_in_all(t, bundle, &[])?;
    let uptime = told(t, &id, &[], "read /proc/uptime")?;
    let seconds = uptime["value"]
        .as_str()
        .and_then(|text| text.split('.').next()?.parse::<u64>().ok());
    ensure(seconds.is_some_and(|seconds| seconds > 100_000), || uptime.to_string())
}

fn process_is_in_namespaces_that_were_joined(t: &Trial<'_>) -> Verdict {
    let other = t.namespaces_of(&t.bundle()?.probe("sleep 600"))?;
    let bundle = t
        .bundle()?
        .without_namespace("ipc")
        .joining("ipc", &format!("{other}/ipc"))
        .without_namespace("network")
        .joining("network", &format!("{other}/net"));
    is_in_all(t, bundle.without_mount("/sys"), &[]).map(drop)
}

fn process_is_in_a_pid_namespace_that_was_joined(t: &Trial<'_>) -> Verdict {
    let other = t.namespaces_of(&t.bundle()?.probe("sleep 600"))?;
    let bundle = t
        .bundle()?
        .without_namespace("pid")
        .joining("pid", &format!("{other}/pid"));
    let (id, _) = is_in_all(t, bundle, &[])?;
    // The end of the other's pid namespace waits for all that are in it to be reaped.
    let pid = t.pid(&id)?;
    t.call(&["kill", &id, "KILL"]).succeed()?;
    t.exit_of(pid).map(drop)
}

fn process_is_in_the_hosts_where_the_container_is(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .without_namespace("pid")
        .without_namespace("network")
        .without_namespace("ipc")
        .without_mount("/sys");
    let (_, report) = is_in_all(t, bundle.without_mount("/dev/mqueue"), &[])?;
    let own = std::fs::read_link("/proc/self/ns/pid")?.to_string_lossy().into_owned();
    same("pid namespace", &report["namespaces"]["pid"], own)
}

fn process_is_at_the_root_of_a_container_without_a_mount_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .without_namespace("mount")
        .set("/linux/maskedPaths", json!([]))
        .set("/linux/readonlyPaths", json!([]));
    let bundle = bundle.file("only-here", "text")?.probe("sleep 600");
    let created = t.with_bundle(&["create"], &bundle)?.finish()?;
    if created.err.contains("6.15") {
        return Err(Failure::Skip("this kernel is older than 6.15".into()));
    }
    same("exit status", &created.code, 0)?;
    t.adopt(&bundle.id);
    t.call(&["start", &bundle.id]).succeed()?;
    same(
        "the root",
        &told(t, &bundle.id, &[], "read /only-here")?["value"],
        "text",
    )
}

fn process_is_no_child_of_the_containers_init(t: &Trial<'_>) -> Verdict {
    let (_, report) = is_in_all(t, t.bundle()?, &[])?;
    same("parent", &report["ppid"], 0)?;
    same("signal at a parent's end", &report["pdeathsig"], 0)
}

fn process_leads_a_session(t: &Trial<'_>) -> Verdict {
    let (_, report) = is_in_all(t, t.bundle()?, &[])?;
    same("session", &report["sid"], report["pid"].clone())?;
    same("group", &report["pgid"], report["pid"].clone())
}

fn process_has_the_containers_keyring(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("report , sleep 600");
    let created = t.launch(&bundle)?;
    t.until("it has reported", || Ok(!created.out()?.is_empty()))?;
    let own = created
        .lines()?
        .first()
        .map(|report| report["keyring"].clone())
        .unwrap_or_default();
    ensure(!own.is_null(), || "the container has no keyring".into())?;
    same("keyring", &report(t, &created.id, &[])?["keyring"], own)
}

fn ordinary_user_executes_in_its_own_container(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.probe("sleep 600");
    let create = as_user(t, t.with_bundle(&["run", "--detach"], &bundle)?)?;
    create.succeed()?;
    let done = as_user(t, probe(t, &bundle.id, &[], "report"))?.finish();
    // There is no cgroup that would tell.
    let listed = as_user(t, t.call(&["ps", "--format", "json", &bundle.id]))?.finish();
    let ended = as_user(t, t.call(&["delete", "--force", &bundle.id]))?.finish()?;
    same("exit status of delete", &ended.code, 0)?;
    let done = done?;
    same("exit status", &done.code, 0).map_err(|_| Failure::Wrong(done.err.clone()))?;
    let report = done.lines()?.first().cloned().unwrap_or_default();
    same("users", &report["uids"], json!([0, 0, 0]))?;
    same("host", &report["hostname"], "conformance")?;
    let listed = listed?;
    ensure(listed.code != 0 && listed.err.contains("cgroup"), || {
        format!("`ps` ended with {}: {}{}", listed.code, listed.out, listed.err)
    })
}

fn process_is_in_the_network_that_the_container_has(t: &Trial<'_>) -> Verdict {
    let (_, report) = is_in_all(t, t.bundle()?, &[])?;
    let names: Vec<&str> = report["interfaces"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    same("interfaces", &names, vec!["lo"])
}
