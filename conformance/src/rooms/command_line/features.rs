//! `features`: every member of the document, and that what is told is taken (features.md, features-linux.md).

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::kernel::maps_ids;
use crate::report::has;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

const OLD_CRUN: Known = ("crun", "1.8", "has no such command yet");
const OLD_RUNC: Known = ("runc", "1.1", "is older than this member");

pub(crate) const TESTS: &[Test] = &[
    test!(smallest_version_is_told_and_taken, OLD_CRUN),
    test!(largest_version_is_told_and_taken, OLD_CRUN),
    test!(largest_version_is_not_below_the_smallest, OLD_CRUN),
    test!(no_member_is_beyond_the_specs, OLD_CRUN),
    test!(every_kind_of_hook_is_told, OLD_CRUN),
    test!(every_required_mount_option_is_told, OLD_CRUN),
    test!(
        every_recommended_mount_option_is_told,
        ("runc", "1.1", "idmap and ridmap are missing"),
        OLD_CRUN
    ),
    test!(
        every_mount_option_that_is_told_is_taken,
        ("runc", "1.1", "the kernel refuses some recursive ones as it gives them"),
        OLD_CRUN
    ),
    test!(every_kind_of_namespace_is_told, OLD_CRUN),
    test!(every_kind_of_namespace_that_is_told_is_taken, OLD_CRUN),
    test!(every_capability_of_the_kernel_is_told, OLD_CRUN),
    test!(
        every_capability_that_is_told_is_taken,
        ("runc", "1.1", "fails where the caller lacks one"),
        OLD_CRUN
    ),
    test!(cgroup_version_one_and_two_are_told, OLD_CRUN),
    test!(cgroup_managers_of_systemd_are_told, OLD_CRUN),
    test!(cgroup_of_rdma_is_told, OLD_CRUN, OLD_RUNC),
    test!(seccomp_is_told, OLD_CRUN),
    test!(every_seccomp_action_that_is_told_is_taken, OLD_CRUN),
    test!(every_seccomp_operator_that_is_told_is_taken, OLD_CRUN),
    test!(
        every_seccomp_architecture_that_is_told_is_taken,
        ("runc", "1.1", "libseccomp refuses some together with the own one"),
        OLD_CRUN
    ),
    test!(every_seccomp_flag_that_is_known_is_taken, OLD_CRUN, OLD_RUNC),
    test!(every_seccomp_flag_that_is_supported_is_known, OLD_CRUN, OLD_RUNC),
    test!(apparmor_is_told, OLD_CRUN),
    test!(selinux_is_told, OLD_CRUN),
    test!(resource_director_is_told, OLD_CRUN, OLD_RUNC),
    test!(schemata_of_the_resource_director_are_told, OLD_CRUN, OLD_RUNC),
    test!(monitoring_by_the_resource_director_is_told, OLD_CRUN, OLD_RUNC),
    test!(every_memory_policy_that_is_told_is_taken, OLD_CRUN, OLD_RUNC),
    test!(every_memory_policy_flag_that_is_told_is_taken, OLD_CRUN, OLD_RUNC),
    test!(mapped_mounts_are_told, OLD_CRUN, OLD_RUNC),
    test!(network_devices_are_told, OLD_CRUN, OLD_RUNC),
    test!(annotations_are_words, OLD_CRUN),
    test!(unsafe_annotations_are_a_list, OLD_CRUN, OLD_RUNC),
];

fn features(t: &Trial<'_>) -> Result<Value, Failure> {
    t.call(&["features"]).succeed()?.json()
}

/// The words of a list, which must be there.
fn words(features: &Value, pointer: &str) -> Result<Vec<String>, Failure> {
    let Some(list) = features.pointer(pointer).and_then(Value::as_array) else {
        return wrong(format!("{pointer} is no list"));
    };
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn is_switch(t: &Trial<'_>, pointer: &str) -> Verdict {
    let features = features(t)?;
    let told = features.pointer(pointer).unwrap_or(&Value::Null);
    ensure(told.is_boolean(), || format!("{pointer} is {told}"))
}

fn version_is_taken(t: &Trial<'_>, member: &str) -> Verdict {
    let version = features(t)?[member].clone();
    ensure(version.is_string(), || format!("{member} is {version}"))?;
    t.see(&t.bundle()?.set("/ociVersion", version)).map(drop)
}

fn smallest_version_is_told_and_taken(t: &Trial<'_>) -> Verdict {
    version_is_taken(t, "ociVersionMin")
}

fn largest_version_is_told_and_taken(t: &Trial<'_>) -> Verdict {
    version_is_taken(t, "ociVersionMax")
}

fn largest_version_is_not_below_the_smallest(t: &Trial<'_>) -> Verdict {
    let features = features(t)?;
    let numbers = |member: &str| -> Vec<u32> {
        let text = features[member].as_str().unwrap_or_default();
        let core = text.split(['-', '+']).next().unwrap_or_default();
        core.split('.').filter_map(|number| number.parse().ok()).collect()
    };
    let (least, most) = (numbers("ociVersionMin"), numbers("ociVersionMax"));
    ensure(least.len() == 3 && least <= most, || format!("{least:?} to {most:?}"))
}

fn no_member_is_beyond_the_specs(t: &Trial<'_>) -> Verdict {
    let features = features(t)?;
    for (pointer, known) in [
        (
            "",
            "ociVersionMin ociVersionMax hooks mountOptions linux annotations potentiallyUnsafeConfigAnnotations",
        ),
        (
            "/linux",
            "namespaces capabilities cgroup seccomp apparmor selinux intelRdt memoryPolicy mountExtensions netDevices",
        ),
        ("/linux/cgroup", "v1 v2 systemd systemdUser rdma"),
        (
            "/linux/seccomp",
            "enabled actions operators archs knownFlags supportedFlags",
        ),
        ("/linux/intelRdt", "enabled schemata monitoring"),
        ("/linux/memoryPolicy", "modes flags"),
    ] {
        let members = features.pointer(pointer).and_then(Value::as_object);
        for name in members.into_iter().flat_map(|members| members.keys()) {
            ensure(known.split(' ').any(|one| one == name), || {
                format!("{pointer}/{name} is not of the specification")
            })?;
        }
    }
    Ok(())
}

fn all_are_told(t: &Trial<'_>, pointer: &str, wanted: &[&str]) -> Verdict {
    let told = words(&features(t)?, pointer)?;
    let missing: Vec<&&str> = wanted
        .iter()
        .filter(|word| !told.iter().any(|one| one == *word))
        .collect();
    ensure(missing.is_empty(), || format!("{pointer} lacks {missing:?}"))
}

fn every_kind_of_hook_is_told(t: &Trial<'_>) -> Verdict {
    let kinds = [
        "prestart",
        "createRuntime",
        "createContainer",
        "startContainer",
        "poststart",
        "poststop",
    ];
    all_are_told(t, "/hooks", &kinds)
}

fn every_required_mount_option_is_told(t: &Trial<'_>) -> Verdict {
    let options = "async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime \
        noexec noiversion nolazytime norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared \
        rslave runbindable rw shared silent slave strictatime suid sync unbindable";
    all_are_told(t, "/mountOptions", &options.split(' ').collect::<Vec<_>>())
}

fn every_recommended_mount_option_is_told(t: &Trial<'_>) -> Verdict {
    let options = "nosymfollow symfollow ratime rdev rdiratime rexec rnoatime rnodev rnodiratime rnoexec rnorelatime \
        rnostrictatime rnosuid rnosymfollow rrelatime rro rrw rstrictatime rsuid rsymfollow idmap ridmap";
    all_are_told(t, "/mountOptions", &options.split(' ').collect::<Vec<_>>())
}

fn every_mount_option_that_is_told_is_taken(t: &Trial<'_>) -> Verdict {
    let source = t.dir.join("source");
    std::fs::create_dir(&source)?;
    let source = source.to_string_lossy().into_owned();
    let mut bundle = t.bundle()?;
    for (number, option) in words(&features(t)?, "/mountOptions")?.iter().enumerate() {
        let place = format!("/data/{number}");
        bundle = match option.as_str() {
            // What these do beyond a plain mount is for rooms of their own.
            "remount" => bundle,
            "tmpcopyup" => bundle.mount(&place, "tmpfs", "x", &["tmpcopyup"]),
            "bind" | "rbind" => bundle.mount(&place, "bind", &source, &[option]),
            "idmap" | "ridmap" if !maps_ids(&t.dir) => bundle,
            "idmap" | "ridmap" => {
                let map = json!([{"containerID": 0, "hostID": 5000, "size": 1000}]);
                bundle.set(
                    "/mounts/-",
                    json!({"destination": place, "type": "bind", "source": source, "options": ["rbind", option],
                        "uidMappings": map, "gidMappings": map}),
                )
            }
            option => bundle.mount(&place, "bind", &source, &["rbind", option]),
        };
    }
    t.see(&bundle.probe("exit 0")).map(drop)
}

fn every_kind_of_namespace_is_told(t: &Trial<'_>) -> Verdict {
    let kinds = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup"];
    all_are_told(t, "/linux/namespaces", &kinds)
}

fn every_kind_of_namespace_that_is_told_is_taken(t: &Trial<'_>) -> Verdict {
    let kinds = words(&features(t)?, "/linux/namespaces")?;
    let list: Vec<Value> = kinds.iter().map(|kind| json!({"type": kind})).collect();
    let map = json!([{"containerID": 0, "hostID": 0, "size": 65536}]);
    let bundle = t.bundle()?.set("/linux/namespaces", json!(list)).id_maps(map);
    let seen = t.see_one(&bundle)?["namespaces"].clone();
    for kind in kinds {
        let file = match kind.as_str() {
            "network" => "net",
            "mount" => "mnt",
            other => other,
        };
        let host = std::fs::read_link(format!("/proc/self/ns/{file}"))?;
        ensure(seen[file] != host.to_string_lossy().as_ref(), || {
            format!("{kind} is the host's")
        })?;
    }
    Ok(())
}

fn every_capability_of_the_kernel_is_told(t: &Trial<'_>) -> Verdict {
    let last = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap")?;
    let last: usize = last.trim().parse().unwrap_or(0);
    let told = words(&features(t)?, "/linux/capabilities")?.len();
    ensure(told > last, || format!("{told} are told, the kernel has {}", last + 1))
}

fn every_capability_that_is_told_is_taken(t: &Trial<'_>) -> Verdict {
    let told = words(&features(t)?, "/linux/capabilities")?;
    let names: Vec<&str> = told.iter().map(String::as_str).collect();
    let report = t.see_one(&t.bundle()?.capabilities(&names))?;
    let own = std::fs::read_to_string("/proc/self/status")?;
    let own = own.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    same("CapBnd", &report["status"]["CapBnd"], own.unwrap_or_default().trim())
}

fn cgroup_version_one_and_two_are_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/cgroup/v1")?;
    is_switch(t, "/linux/cgroup/v2")
}

fn cgroup_managers_of_systemd_are_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/cgroup/systemd")?;
    is_switch(t, "/linux/cgroup/systemdUser")
}

fn cgroup_of_rdma_is_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/cgroup/rdma")
}

fn seccomp_is_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/seccomp/enabled")
}

/// A bundle with a filter that lets all through but for these members.
fn filtered(t: &Trial<'_>, members: Value) -> Result<Bundle, Failure> {
    let mut profile = json!({"defaultAction": "SCMP_ACT_ALLOW"});
    if let (Some(profile), Some(members)) = (profile.as_object_mut(), members.as_object()) {
        profile.extend(members.clone());
    }
    Ok(t.bundle()?.set("/linux/seccomp", profile).probe("exit 0"))
}

/// No program calls it any more.
const UNUSED: &str = "uselib";

fn every_seccomp_action_that_is_told_is_taken(t: &Trial<'_>) -> Verdict {
    for action in words(&features(t)?, "/linux/seccomp/actions")? {
        // An agent is for the room of notifications.
        if action != "SCMP_ACT_NOTIFY" {
            t.see(&filtered(
                t,
                json!({"syscalls": [{"names": [UNUSED], "action": action}]}),
            )?)?;
        }
    }
    Ok(())
}

fn every_seccomp_operator_that_is_told_is_taken(t: &Trial<'_>) -> Verdict {
    for operator in words(&features(t)?, "/linux/seccomp/operators")? {
        let args = json!([{"index": 0, "value": 1, "valueTwo": 1, "op": operator}]);
        let rule = json!({"names": [UNUSED], "action": "SCMP_ACT_ERRNO", "args": args});
        t.see(&filtered(t, json!({"syscalls": [rule]}))?)?;
    }
    Ok(())
}

fn every_seccomp_architecture_that_is_told_is_taken(t: &Trial<'_>) -> Verdict {
    for name in words(&features(t)?, "/linux/seccomp/archs")? {
        let rule = json!({"names": [UNUSED], "action": "SCMP_ACT_ERRNO"});
        t.see(&filtered(t, json!({"architectures": [name], "syscalls": [rule]}))?)?;
    }
    Ok(())
}

fn every_seccomp_flag_that_is_known_is_taken(t: &Trial<'_>) -> Verdict {
    for flag in words(&features(t)?, "/linux/seccomp/knownFlags")? {
        // It is for filters with an agent only.
        if flag != "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" {
            t.see(&filtered(
                t,
                json!({"flags": [flag], "syscalls": [{"names": [UNUSED], "action": "SCMP_ACT_ERRNO"}]}),
            )?)?;
        }
    }
    Ok(())
}

fn every_seccomp_flag_that_is_supported_is_known(t: &Trial<'_>) -> Verdict {
    let features = features(t)?;
    let known = words(&features, "/linux/seccomp/knownFlags")?;
    for flag in words(&features, "/linux/seccomp/supportedFlags")? {
        ensure(known.contains(&flag), || format!("{flag} is not among the known ones"))?;
    }
    Ok(())
}

fn apparmor_is_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/apparmor/enabled")
}

fn selinux_is_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/selinux/enabled")
}

fn resource_director_is_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/intelRdt/enabled")
}

fn schemata_of_the_resource_director_are_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/intelRdt/schemata")
}

fn monitoring_by_the_resource_director_is_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/intelRdt/monitoring")
}

/// Taken, or refused by the kernel and not for the word.
fn policy_is_known(t: &Trial<'_>, policy: Value) -> Verdict {
    let done = t.run(&t.bundle()?.set("/linux/memoryPolicy", policy).probe("exit 0"))?;
    ensure(done.code == 0 || !done.err.contains("invalid memory policy"), || {
        done.err.clone()
    })
}

fn every_memory_policy_that_is_told_is_taken(t: &Trial<'_>) -> Verdict {
    for mode in words(&features(t)?, "/linux/memoryPolicy/modes")? {
        let alone = ["MPOL_DEFAULT", "MPOL_LOCAL"].contains(&mode.as_str());
        policy_is_known(
            t,
            if alone {
                json!({"mode": mode})
            } else {
                json!({"mode": mode, "nodes": "0"})
            },
        )?;
    }
    Ok(())
}

fn every_memory_policy_flag_that_is_told_is_taken(t: &Trial<'_>) -> Verdict {
    for flag in words(&features(t)?, "/linux/memoryPolicy/flags")? {
        policy_is_known(t, json!({"mode": "MPOL_BIND", "nodes": "0", "flags": [flag]}))?;
    }
    Ok(())
}

fn mapped_mounts_are_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/mountExtensions/idmap/enabled")
}

fn network_devices_are_told(t: &Trial<'_>) -> Verdict {
    is_switch(t, "/linux/netDevices/enabled")
}

fn annotations_are_words(t: &Trial<'_>) -> Verdict {
    let annotations = features(t)?["annotations"].clone();
    let all = annotations.as_object().map(|all| all.values().all(Value::is_string));
    ensure(annotations.is_null() || all == Some(true), || annotations.to_string())
}

fn unsafe_annotations_are_a_list(t: &Trial<'_>) -> Verdict {
    let features = features(t)?;
    words(&features, "/potentiallyUnsafeConfigAnnotations")?;
    ensure(!has(&features["potentiallyUnsafeConfigAnnotations"], ""), || {
        "an empty word".into()
    })
}
