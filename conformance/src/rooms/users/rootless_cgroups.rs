//! Mounts of the cgroups by a runtime that may not make any: those that it is in itself are shown.

use std::path::PathBuf;

use super::rootless::{as_root_of_its_own, without_user_namespace};
use crate::bundle::Bundle;
use crate::call::Done;
use crate::failure::{Verdict, same};
use crate::host::hierarchies;
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(ordinary_user_mounts_the_cgroups_without_a_cgroup_namespace),
    test!(root_of_a_user_namespace_mounts_the_cgroups_without_a_cgroup_namespace),
];

/// What `runc spec --rootless` writes: the host's /sys, and the cgroups on it.
fn with_cgroups(bundle: Bundle) -> Bundle {
    bundle
        .mount("/sys", "none", "/sys", &["rbind", "nosuid", "noexec", "nodev", "ro"])
        .mount(
            "/sys/fs/cgroup",
            "cgroup",
            "cgroup",
            &["nosuid", "noexec", "nodev", "relatime", "ro"],
        )
}

/// Looks for a cgroup filesystem wherever the host has one, but for v2 beside v1: who sees the host's paths would look for
/// them below it.
fn looks() -> Vec<String> {
    let hierarchies = hierarchies();
    let is_v1 = |hierarchy: &PathBuf| !hierarchy.join("cgroup.controllers").exists();
    let has_v1 = hierarchies.iter().any(is_v1);
    let files = hierarchies
        .iter()
        .filter(|hierarchy| !has_v1 || is_v1(hierarchy))
        .map(|hierarchy| format!("stat {}/cgroup.procs", hierarchy.display()));
    files.collect()
}

fn found(done: &Done) -> Verdict {
    for (look, seen) in looks().iter().zip(done.lines()?) {
        same(look, &seen["value"]["kind"], "file")?;
    }
    Ok(())
}

fn ordinary_user_mounts_the_cgroups_without_a_cgroup_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = with_cgroups(rootless(t)?).probe(&looks().join(" , "));
    found(&as_user(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?)
}

fn root_of_a_user_namespace_mounts_the_cgroups_without_a_cgroup_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = with_cgroups(without_user_namespace(rootless(t)?)).probe(&looks().join(" , "));
    found(&as_root_of_its_own(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?)
}
