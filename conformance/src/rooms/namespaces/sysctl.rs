//! `linux.sysctl`: parameters of the kernel that a namespace has of its own (config-linux.md#sysctl).

use std::fs;

use serde_json::json;

use crate::failure::{Verdict, same};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(sysctl_of_the_network_is_set),
    test!(sysctl_with_slashes_is_set),
    test!(sysctl_of_ipc_is_set),
    test!(sysctl_that_is_not_of_a_namespace_is_refused),
    test!(sysctl_of_a_shared_namespace_is_refused),
    test!(sysctl_that_does_not_exist_is_refused),
    test!(sysctl_of_uts_is_refused_or_set_inside_only),
    test!(parameter_without_a_value_is_refused, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(
        parameter_of_the_hosts_own_network_by_its_path_is_refused,
        CRUN_IS_SILENT
    ),
];

fn sysctl_of_the_network_is_set(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set(
        "/linux/sysctl",
        json!({"net.ipv4.ip_forward": "1", "net.ipv4.ip_default_ttl": "77"}),
    );
    let said = t.see(&bundle.probe("read /proc/sys/net/ipv4/ip_forward , read /proc/sys/net/ipv4/ip_default_ttl"))?;
    same("ip_forward", &said[0]["value"], "1\n")?;
    same("ip_default_ttl", &said[1]["value"], "77\n")
}

fn sysctl_with_slashes_is_set(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/sysctl", json!({"net/ipv4/ip_default_ttl": "78"}));
    same(
        "ttl",
        &t.see_one(&bundle.probe("read /proc/sys/net/ipv4/ip_default_ttl"))?["value"],
        "78\n",
    )
}

fn sysctl_of_ipc_is_set(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set(
        "/linux/sysctl",
        json!({"kernel.msgmax": "9000", "fs.mqueue.msg_max": "11"}),
    );
    let said = t.see(&bundle.probe("read /proc/sys/kernel/msgmax , read /proc/sys/fs/mqueue/msg_max"))?;
    same("msgmax", &said[0]["value"], "9000\n")?;
    same("msg_max", &said[1]["value"], "11\n")
}

fn sysctl_that_is_not_of_a_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    for name in [
        "kernel.core_pattern",
        "vm.swappiness",
        "net.../../kernel.core_pattern",
        "kernel.shm_rmid_forced/../core_pattern",
    ] {
        let mut sysctl = json!({});
        sysctl[name] = json!("1");
        t.refused(&t.bundle()?.set("/linux/sysctl", sysctl), &[])?;
    }
    Ok(())
}

fn sysctl_of_a_shared_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .without_namespace("network")
        .without_mount("/sys")
        .without_mount("/sys/fs/cgroup");
    t.refused(
        &bundle.set("/linux/sysctl", json!({"net.ipv4.ip_default_ttl": "64"})),
        &["net.ipv4.ip_default_ttl"],
    )
}

fn sysctl_that_does_not_exist_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.set("/linux/sysctl", json!({"net.no.such.thing": "1"})),
        &["net"],
    )
}

fn sysctl_of_uts_is_refused_or_set_inside_only(t: &Trial<'_>) -> Verdict {
    let before = std::fs::read_to_string("/proc/sys/kernel/domainname")?;
    let bundle = t.bundle()?.set("/linux/sysctl", json!({"kernel.domainname": "inside"}));
    let done = t.run(&bundle.probe("read /proc/sys/kernel/domainname"))?;
    if done.code == 0 {
        same("inside", &done.lines()?[0]["value"], "inside\n")?;
    }
    same(
        "outside",
        &std::fs::read_to_string("/proc/sys/kernel/domainname")?,
        before,
    )
}

fn parameter_without_a_value_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/linux/sysctl", json!({"net.ipv4.ip_forward": ""}));
    t.refused(&bundle, &["net.ipv4.ip_forward"])
}

fn parameter_of_the_hosts_own_network_by_its_path_is_refused(t: &Trial<'_>) -> Verdict {
    let name = "net.ipv4.ip_forward";
    let before = fs::read_to_string("/proc/sys/net/ipv4/ip_forward")?;
    let bundle = t
        .bundle()?
        .without_namespace("network")
        .without_mount("/sys")
        .set(
            "/linux/namespaces/-",
            json!({"type": "network", "path": "/proc/self/ns/net"}),
        )
        .set("/linux/sysctl", json!({name: before.trim()}));
    t.refused(&bundle, &["not allowed in"])
}
