//! Filesystems that the host has mounted, too: what a container asks for does not change their options there.

use std::fs;
use std::path::{Path, PathBuf};

use procfs::process::Process;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::mount_at;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

const RUNC_CHANGES_IT: Known = ("runc", "", "changes the options of the host's filesystem");
const CRUN_CHANGES_IT: Known = ("crun", "", "changes the options of the host's filesystem");

pub(crate) const TESTS: &[Test] = &[
    test!(
        a_remount_does_not_change_a_bound_filesystem_of_the_hosts,
        RUNC_CHANGES_IT,
        CRUN_CHANGES_IT
    ),
    test!(
        a_remount_does_not_change_the_hosts_filesystem_behind_a_link,
        RUNC_CHANGES_IT,
        CRUN_CHANGES_IT
    ),
    test!(a_filesystem_of_the_whole_machine_is_shown_as_it_is),
    test!(an_option_for_a_filesystem_of_the_whole_machine_is_refused),
    test!(cgroups_without_a_namespace_leave_the_hosts_options),
    test!(cgroups_of_a_joined_namespace_leave_the_hosts_options),
];

/// A tmpfs of the host's, for the time of a test.
struct Lent(PathBuf);

impl Lent {
    fn mount(place: PathBuf) -> Result<Self, Failure> {
        fs::create_dir(&place)?;
        mount("none", &place, "tmpfs", MountFlags::empty(), Some(c"size=1m"))?;
        Ok(Self(place))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

fn mounts() -> Result<procfs::process::MountInfos, Failure> {
    let mounts = Process::myself().and_then(|process| process.mountinfo());
    mounts.map_err(|error| Failure::Wrong(format!("the host's mounts: {error}")))
}

/// The options of the superblock that is mounted at a path of the host's; nothing if none is.
fn options(point: &Path) -> Result<Option<String>, Failure> {
    let mounts = mounts()?;
    let found = mounts.into_iter().rfind(|mount| mount.mount_point == point);
    Ok(found.map(|mount| {
        let mut words: Vec<_> = mount.super_options.into_iter().collect();
        words.sort();
        format!("{words:?}")
    }))
}

fn refused_and_unchanged(t: &Trial<'_>, bundle: &Bundle, place: &Path) -> Verdict {
    let before = options(place)?;
    let refused = t.refused(bundle, &["mounts[", "host"]);
    same("options of the host's", &options(place)?, before)?;
    refused
}

fn a_remount_does_not_change_a_bound_filesystem_of_the_hosts(t: &Trial<'_>) -> Verdict {
    let lent = Lent::mount(t.dir.join("lent"))?;
    let bundle = t
        .bundle()?
        .bind("/data", &lent.0, &["bind"])
        .mount("/data", "tmpfs", "x", &["remount", "size=4m"]);
    refused_and_unchanged(t, &bundle, &lent.0)
}

fn a_remount_does_not_change_the_hosts_filesystem_behind_a_link(t: &Trial<'_>) -> Verdict {
    let lent = Lent::mount(t.dir.join("lent"))?;
    let bundle = t
        .bundle()?
        .folder("data")?
        .link("way", Path::new("/data"))?
        .mount("/data", "tmpfs", "x", &["size=2m"])
        .bind("/way", &lent.0, &["bind"])
        .mount("/data", "tmpfs", "x", &["remount", "size=4m"]);
    refused_and_unchanged(t, &bundle, &lent.0)
}

/// A filesystem of which there is one for all, and where the host has it.
fn one_for_all() -> Result<Option<(String, PathBuf)>, Failure> {
    let mounts = mounts()?;
    let found = mounts.into_iter().find(|mount| {
        mount.root == "/" && ["devtmpfs", "debugfs", "tracefs", "securityfs"].contains(&mount.fs_type.as_str())
    });
    Ok(found.map(|mount| (mount.fs_type, mount.mount_point)))
}

fn a_filesystem_of_the_whole_machine_is_shown_as_it_is(t: &Trial<'_>) -> Verdict {
    let Some((kind, place)) = one_for_all()? else {
        return Err(Failure::Skip("the host has mounted none of these filesystems".into()));
    };
    let before = options(&place)?;
    let bundle = t.bundle()?.mount("/data", &kind, &kind, &["nosuid", "noexec"]);
    let report = t.see_one(&bundle.probe("report"))?;
    let seen = mount_at(&report, "/data")?;
    same("options of the host's", &options(&place)?, before)?;
    same("type", &seen["type"], kind)
}

fn an_option_for_a_filesystem_of_the_whole_machine_is_refused(t: &Trial<'_>) -> Verdict {
    // A runtime that passes the option on would change the machine.
    if t.runtime.name != "orlop" {
        return Err(Failure::Skip(
            "not tried on another runtime: it could change the host".into(),
        ));
    }
    for (kind, option) in [("debugfs", "mode=0777"), ("devtmpfs", "size=1k"), ("tracefs", "sync")] {
        let bundle = t.bundle()?.mount("/data", kind, kind, &["nosuid", option]);
        t.refused(&bundle, &["options[1]", kind])?;
    }
    Ok(())
}

/// The options of all hierarchies of the host's.
fn cgroup_options() -> Result<Vec<Option<String>>, Failure> {
    let mounts = mounts()?;
    let cgroups = mounts.into_iter().filter(|mount| mount.fs_type.starts_with("cgroup"));
    cgroups.map(|mount| options(&mount.mount_point)).collect()
}

fn shows_cgroups_and_leaves_the_hosts(t: &Trial<'_>, bundle: Bundle) -> Verdict {
    let options = ["ro", "nosuid", "noexec", "nodev"];
    let bundle = bundle
        .without_mount("/sys/fs/cgroup")
        .mount("/sys/fs/cgroup", "cgroup", "cgroup", &options);
    let before = cgroup_options()?;
    let report = t.see_one(&bundle.probe("report"))?;
    mount_at(&report, "/sys/fs/cgroup")?;
    let after = cgroup_options()?;
    ensure(before == after, || format!("{before:?} became {after:?}"))
}

fn cgroups_without_a_namespace_leave_the_hosts_options(t: &Trial<'_>) -> Verdict {
    shows_cgroups_and_leaves_the_hosts(t, t.bundle()?.without_namespace("cgroup"))
}

fn cgroups_of_a_joined_namespace_leave_the_hosts_options(t: &Trial<'_>) -> Verdict {
    let own = format!("/proc/{}/ns/cgroup", std::process::id());
    let bundle = t.bundle()?.without_namespace("cgroup").joining("cgroup", &own);
    shows_cgroups_and_leaves_the_hosts(t, bundle)
}
