//! `linux.namespaces` without a path: what is new, and what is the caller's.

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::host::own_namespace;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(each_listed_namespace_is_a_new_one),
    test!(cgroup_namespace_is_a_new_one_and_shows_its_own_root),
    test!(network_that_is_not_listed_is_the_callers),
    test!(ipc_that_is_not_listed_is_the_callers),
    test!(uts_that_is_not_listed_is_the_callers),
    test!(pid_that_is_not_listed_is_the_callers),
    test!(user_and_time_are_the_callers),
    test!(same_namespace_twice_is_refused, ("crun", "1.8", "the last one wins")),
    test!(unknown_namespace_is_refused),
    test!(loopback_is_up_in_a_new_network),
    test!(no_link_of_the_host_is_seen_in_a_new_network),
    test!(unix_sockets_of_the_host_are_out_of_reach_in_a_new_network),
    test!(cgroup_that_is_not_listed_is_the_callers),
    test!(every_kind_twice_is_refused, ("crun", "1.8", "the last one wins")),
    test!(each_new_namespace_is_of_its_kind),
    test!(other_processes_are_out_of_sight_in_a_new_pid_namespace),
];

fn each_listed_namespace_is_a_new_one(t: &Trial<'_>) -> Verdict {
    let seen = t.namespaces_inside(&t.bundle()?)?;
    for kind in ["ipc", "mnt", "net", "pid", "uts"] {
        ensure(
            seen[kind].is_string() && seen[kind] != own_namespace(kind)?.as_str(),
            || format!("{kind}: {}", seen[kind]),
        )?;
    }
    Ok(())
}

fn cgroup_namespace_is_a_new_one_and_shows_its_own_root(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.new_namespace("cgroup"))?;
    ensure(
        report["namespaces"]["cgroup"] != own_namespace("cgroup")?.as_str(),
        || "the host's".into(),
    )?;
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
    same(
        "net",
        &t.namespaces_inside(&bundle)?["net"],
        own_namespace("net")?.as_str(),
    )
}

fn ipc_that_is_not_listed_is_the_callers(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_namespace("ipc").without_mount("/dev/mqueue");
    same(
        "ipc",
        &t.namespaces_inside(&bundle)?["ipc"],
        own_namespace("ipc")?.as_str(),
    )
}

fn uts_that_is_not_listed_is_the_callers(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_namespace("uts").remove("", "hostname");
    same(
        "uts",
        &t.namespaces_inside(&bundle)?["uts"],
        own_namespace("uts")?.as_str(),
    )
}

fn pid_that_is_not_listed_is_the_callers(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_namespace("pid");
    let report = t.see_one(&bundle)?;
    same(
        "pid namespace",
        &report["namespaces"]["pid"],
        own_namespace("pid")?.as_str(),
    )?;
    ensure(report["pid"].as_i64().is_some_and(|pid| pid > 1), || {
        format!("pid {}", report["pid"])
    })
}

fn user_and_time_are_the_callers(t: &Trial<'_>) -> Verdict {
    let seen = t.namespaces_inside(&t.bundle()?)?;
    same("user", &seen["user"], own_namespace("user")?.as_str())?;
    same("time", &seen["time"], own_namespace("time")?.as_str())
}

fn same_namespace_twice_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.new_namespace("ipc"), &[])
}

fn unknown_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.new_namespace("flavour"), &["flavour"])
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
        &t.namespaces_inside(&t.bundle()?)?["cgroup"],
        own_namespace("cgroup")?.as_str(),
    )
}

fn every_kind_twice_is_refused(t: &Trial<'_>) -> Verdict {
    for kind in ["pid", "network", "mount", "ipc", "uts", "user", "cgroup"] {
        let map = json!([{"containerID": 0, "hostID": 0, "size": 65536}]);
        let mut bundle = t.bundle()?.without_namespace(kind);
        if kind == "user" {
            bundle = bundle.id_maps(map);
        }
        for _ in 0..2 {
            bundle = bundle.new_namespace(kind);
        }
        t.refused(&bundle, &[])?;
    }
    Ok(())
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
        let seen = t.namespaces_inside(&bundle.without_mount("/sys/fs/cgroup"))?;
        for one in ["pid", "net", "ipc", "uts"] {
            let new = seen[one] != own_namespace(one)?.as_str();
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
