//! `linux.namespaces`, and what follows from them: hostname, loopback.

use serde_json::{Value, json};

use crate::failure::{Failure, Verdict, ensure, same};
use crate::suite::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(each_listed_namespace_is_a_new_one),
    test!(cgroup_namespace_is_a_new_one_and_shows_its_own_root),
    test!(network_that_is_not_listed_is_the_callers),
    test!(ipc_that_is_not_listed_is_the_callers),
    test!(uts_that_is_not_listed_is_the_callers),
    test!(pid_that_is_not_listed_is_the_callers),
    test!(user_and_time_are_the_callers),
    test!(network_is_joined_by_path),
    test!(ipc_and_uts_are_joined_by_path),
    test!(pid_is_joined_by_path),
    test!(same_namespace_twice_is_refused, ("crun", "1.8", "the last one wins")),
    test!(unknown_namespace_is_refused),
    test!(missing_namespace_path_is_refused),
    test!(path_of_another_kind_of_namespace_is_refused),
    test!(path_that_is_no_namespace_is_refused),
    test!(
        no_mount_namespace_is_refused,
        ("crun", "1.8", "leaves its mounts on the host")
    ),
    test!(hostname_is_set_inside_only),
    test!(
        domainname_is_set_inside_only,
        ("runc", "1.1", "too old to know domainname")
    ),
    test!(hostname_without_uts_namespace_is_refused),
    test!(long_hostname_is_refused),
    test!(loopback_is_up_in_a_new_network),
    test!(no_link_of_the_host_is_seen_in_a_new_network),
    test!(unix_sockets_of_the_host_are_out_of_reach_in_a_new_network),
    test!(cgroup_that_is_not_listed_is_the_callers),
    test!(cgroup_is_joined_by_path),
    test!(
        time_is_joined_by_path,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "cannot make one")
    ),
    test!(mount_is_joined_by_path),
    test!(relative_namespace_path_is_refused),
    test!(every_kind_twice_is_refused, ("crun", "1.8", "the last one wins")),
    test!(
        one_kind_new_and_by_path_is_refused,
        ("crun", "1.8", "the last one wins")
    ),
    test!(each_new_namespace_is_of_its_kind),
    test!(other_processes_are_out_of_sight_in_a_new_pid_namespace),
    test!(
        domainname_without_uts_namespace_is_refused,
        ("runc", "1.1", "too old to know domainname")
    ),
];

fn own(kind: &str) -> Result<String, Failure> {
    Ok(std::fs::read_link(format!("/proc/self/ns/{kind}"))?
        .to_string_lossy()
        .into_owned())
}

fn with_path(bundle: crate::bundle::Bundle, kind: &str, path: &str) -> crate::bundle::Bundle {
    bundle
        .without_namespace(kind)
        .set("/linux/namespaces/-", json!({"type": kind, "path": path}))
}

fn namespaces(t: &Trial<'_>, bundle: &crate::bundle::Bundle) -> Result<Value, Failure> {
    Ok(t.see_one(bundle)?["namespaces"].clone())
}

fn each_listed_namespace_is_a_new_one(t: &Trial<'_>) -> Verdict {
    let seen = namespaces(t, &t.bundle()?)?;
    for kind in ["ipc", "mnt", "net", "pid", "uts"] {
        ensure(seen[kind].is_string() && seen[kind] != own(kind)?.as_str(), || {
            format!("{kind}: {}", seen[kind])
        })?;
    }
    Ok(())
}

fn cgroup_namespace_is_a_new_one_and_shows_its_own_root(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.set("/linux/namespaces/-", json!({"type": "cgroup"})))?;
    ensure(report["namespaces"]["cgroup"] != own("cgroup")?.as_str(), || {
        "the host's".into()
    })?;
    for line in report["cgroup"].as_array().into_iter().flatten() {
        ensure(line.as_str().is_some_and(|line| line.ends_with(":/")), || {
            format!("cgroup {line}")
        })?;
    }
    Ok(())
}

fn network_that_is_not_listed_is_the_callers(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .without_namespace("network")
        .without_mount("/sys")
        .without_mount("/sys/fs/cgroup");
    same("net", &namespaces(t, &bundle)?["net"], own("net")?.as_str())
}

fn ipc_that_is_not_listed_is_the_callers(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_namespace("ipc").without_mount("/dev/mqueue");
    same("ipc", &namespaces(t, &bundle)?["ipc"], own("ipc")?.as_str())
}

fn uts_that_is_not_listed_is_the_callers(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_namespace("uts").remove("", "hostname");
    same("uts", &namespaces(t, &bundle)?["uts"], own("uts")?.as_str())
}

fn pid_that_is_not_listed_is_the_callers(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_namespace("pid");
    let report = t.see_one(&bundle)?;
    same("pid namespace", &report["namespaces"]["pid"], own("pid")?.as_str())?;
    ensure(report["pid"].as_i64().is_some_and(|pid| pid > 1), || {
        format!("pid {}", report["pid"])
    })
}

fn user_and_time_are_the_callers(t: &Trial<'_>) -> Verdict {
    let seen = namespaces(t, &t.bundle()?)?;
    same("user", &seen["user"], own("user")?.as_str())?;
    same("time", &seen["time"], own("time")?.as_str())
}

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
        second = with_path(second, kind, &format!("/proc/{pid}/ns/{file}"));
    }
    let seen = namespaces(t, &second)?;
    for (_, file) in kinds {
        let wanted = std::fs::read_link(format!("/proc/{pid}/ns/{file}"))?;
        same(file, &seen[*file], wanted.to_string_lossy().as_ref())?;
    }
    Ok(())
}

fn same_namespace_twice_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/linux/namespaces/-", json!({"type": "ipc"})), &[])
        .map(drop)
}

fn unknown_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.set("/linux/namespaces/-", json!({"type": "flavour"})),
        &["flavour"],
    )
    .map(drop)
}

fn missing_namespace_path_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&with_path(t.bundle()?, "ipc", "/nonexistent/ns"), &["/nonexistent/ns"])
        .map(drop)
}

fn path_of_another_kind_of_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&with_path(t.bundle()?, "ipc", "/proc/self/ns/uts"), &[])
        .map(drop)
}

fn path_that_is_no_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&with_path(t.bundle()?, "ipc", "/etc/passwd"), &[]).map(drop)
}

fn no_mount_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.without_namespace("mount"), &["namespace"])
        .map(drop)
}

fn hostname_is_set_inside_only(t: &Trial<'_>) -> Verdict {
    same(
        "hostname",
        &t.see_one(&t.bundle()?.set("/hostname", json!("inside.example")))?["hostname"],
        "inside.example",
    )
}

fn domainname_is_set_inside_only(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/domainname", json!("domain.example"))
        .set("/ociVersion", json!("1.1.0"));
    same("domainname", &t.see_one(&bundle)?["domainname"], "domain.example")
}

fn hostname_without_uts_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.without_namespace("uts"), &["hostname"])
        .map(drop)
}

fn long_hostname_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/hostname", json!("h".repeat(65))), &["host"])
        .map(drop)
}

fn loopback_is_up_in_a_new_network(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    let flags = report["interfaces"]["lo"].as_i64().unwrap_or(0);
    ensure(flags & i64::from(libc::IFF_UP) != 0, || {
        format!("interfaces: {}", report["interfaces"])
    })
}

fn no_link_of_the_host_is_seen_in_a_new_network(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    // Some kernels give each network their fallback tunnels (tunl0, ...).
    for link in std::fs::read_dir("/sys/class/net")?.flatten() {
        let name = link.file_name().to_string_lossy().into_owned();
        let hardware = std::fs::metadata(link.path().join("device")).is_ok();
        ensure(!hardware || report["interfaces"][&name].is_null(), || {
            format!("{name} is seen inside")
        })?;
    }
    Ok(())
}

fn unix_sockets_of_the_host_are_out_of_reach_in_a_new_network(t: &Trial<'_>) -> Verdict {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("conformance-{}", t.fresh_id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name)?;
    let _listener = std::os::unix::net::UnixListener::bind_addr(&address)?;
    let said = t.see_one(&t.bundle()?.probe("read /proc/net/unix"))?;
    ensure(!said["value"].as_str().unwrap_or_default().contains(&name), || {
        "the host's socket is listed".into()
    })
}

fn cgroup_that_is_not_listed_is_the_callers(t: &Trial<'_>) -> Verdict {
    same(
        "cgroup",
        &namespaces(t, &t.bundle()?)?["cgroup"],
        own("cgroup")?.as_str(),
    )
}

/// A container with one more new namespace, and the path of that.
fn holder(t: &Trial<'_>, kind: &str) -> Result<String, Failure> {
    let bundle = t.bundle()?.without_namespace(kind);
    let created = t.launch(
        &bundle
            .set("/linux/namespaces/-", json!({"type": kind}))
            .probe("sleep 60"),
    )?;
    let file = if kind == "mount" { "mnt" } else { kind };
    Ok(format!("/proc/{}/ns/{file}", t.pid(&created.id)?.as_raw_nonzero()))
}

fn is_joined(t: &Trial<'_>, kind: &str, path: &str) -> Verdict {
    let seen = namespaces(t, &with_path(t.bundle()?, kind, path))?;
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
    let own = own("mnt")?;
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
    let bundle = with_path(t.bundle()?, "ipc", "proc/self/ns/ipc");
    // From there the path would lead to a namespace.
    t.with_bundle(&["run"], &bundle)?.folder("/").refuse(&[]).map(drop)
}

fn every_kind_twice_is_refused(t: &Trial<'_>) -> Verdict {
    for kind in ["pid", "network", "mount", "ipc", "uts", "user", "cgroup"] {
        let map = json!([{"containerID": 0, "hostID": 0, "size": 65536}]);
        let mut bundle = t.bundle()?.without_namespace(kind);
        if kind == "user" {
            bundle = bundle
                .set("/linux/uidMappings", map.clone())
                .set("/linux/gidMappings", map);
        }
        for _ in 0..2 {
            bundle = bundle.set("/linux/namespaces/-", json!({"type": kind}));
        }
        t.refused(&bundle, &[])?;
    }
    Ok(())
}

fn one_kind_new_and_by_path_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set(
        "/linux/namespaces/-",
        json!({"type": "network", "path": "/proc/self/ns/net"}),
    );
    t.refused(&bundle, &[]).map(drop)
}

fn each_new_namespace_is_of_its_kind(t: &Trial<'_>) -> Verdict {
    for (kind, file) in [("pid", "pid"), ("network", "net"), ("ipc", "ipc"), ("uts", "uts")] {
        // The others are the caller's: what is new is what was asked for.
        let mut bundle = t.bundle()?.without_mount("/sys").without_mount("/dev/mqueue");
        for other in ["pid", "network", "ipc", "uts"] {
            if other != kind {
                bundle = bundle.without_namespace(other);
            }
        }
        if kind != "uts" {
            bundle = bundle.remove("", "hostname");
        }
        let seen = namespaces(t, &bundle.without_mount("/sys/fs/cgroup"))?;
        for one in ["pid", "net", "ipc", "uts"] {
            let new = seen[one] != own(one)?.as_str();
            same(one, &new, one == file)?;
        }
    }
    Ok(())
}

fn other_processes_are_out_of_sight_in_a_new_pid_namespace(t: &Trial<'_>) -> Verdict {
    let said = t.see(
        &t.bundle()?
            .probe(&format!("kill {} 0 , read /proc/{0}/comm", std::process::id())),
    )?;
    same("kill", &said[0]["errno"], libc::ESRCH)?;
    same("read", &said[1]["errno"], libc::ENOENT)
}

fn domainname_without_uts_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .without_namespace("uts")
        .remove("", "hostname")
        .set("/domainname", json!("domain.example"))
        .set("/ociVersion", json!("1.1.0"));
    t.refused(&bundle, &["domainname"]).map(drop)
}
