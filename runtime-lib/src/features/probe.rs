//! What this kernel can do, as far as containers need it: tried, not concluded from its version.

use crate::bundle::{IdMapping, SeccompAction, SeccompFlag};
use crate::{launch, sys};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, MemfdFlags, Mode, OFlags, ResolveFlags, memfd_create, openat2};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create, fsmount, fsopen, open_tree,
};
use rustix::process::{PidfdFlags, getpid, pidfd_open};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What this kernel can do for the caller: another user may be allowed more. Nothing on the host is changed by finding
/// it out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Probe {
    /// The kernel's release, for a reader; nothing is concluded from it.
    pub kernel: String,
    /// Types of namespaces that the kernel has.
    pub namespaces: Vec<&'static str>,
    /// System calls, and parts of them, by name.
    pub calls: BTreeMap<&'static str, bool>,
    /// Filesystem types whose mounts can have mapped ids: tmpfs, and those that are mounted. `None` where the caller
    /// may not try.
    pub idmapped_mounts: Option<BTreeMap<String, bool>>,
    /// What `seccomp(2)` knows.
    pub seccomp: SeccompProbe,
    /// The version of Landlock's interface; 0 without Landlock.
    pub landlock: u32,
    /// How cgroups are mounted: `v1`, `v2`, `hybrid` or `none`.
    pub cgroup: &'static str,
    /// Controllers of cgroup v2 that can be used.
    pub cgroup_controllers: Vec<String>,
    /// Whether Intel RDT's filesystem is there.
    pub resctrl: bool,
    /// Whether AppArmor is on.
    pub apparmor: bool,
    /// Whether SELinux is on.
    pub selinux: bool,
}

/// What `seccomp(2)` knows.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SeccompProbe {
    /// Actions.
    pub actions: Vec<SeccompAction>,
    /// Flags.
    pub flags: Vec<SeccompFlag>,
    /// Whether an agent can be notified.
    pub notifications: bool,
}

impl Probe {
    /// Looks at this kernel.
    pub fn of_this_kernel() -> Self {
        Self {
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            namespaces: namespaces(),
            calls: calls(),
            idmapped_mounts: idmapped_mounts(),
            seccomp: seccomp(),
            landlock: sys::landlock_version(),
            cgroup: cgroup(),
            cgroup_controllers: cgroup_controllers(),
            resctrl: filesystem_types().contains("resctrl"),
            apparmor: first_letter("/sys/module/apparmor/parameters/enabled") == Some('Y'),
            selinux: Path::new("/sys/fs/selinux/enforce").exists(),
        }
    }
}

fn first_letter(path: &str) -> Option<char> {
    std::fs::read_to_string(path).ok()?.chars().next()
}

fn namespaces() -> Vec<&'static str> {
    let all = [
        ("cgroup", "cgroup"),
        ("ipc", "ipc"),
        ("mnt", "mount"),
        ("net", "network"),
        ("pid", "pid"),
        ("time", "time"),
        ("user", "user"),
        ("uts", "uts"),
    ];
    let is_there = |file: &str| {
        Path::new("/proc/self/ns").join(file).exists()
            && first_letter(&format!("/proc/sys/user/max_{file}_namespaces")) != Some('0')
    };
    let known = all.into_iter().filter(|(file, _)| is_there(file));
    known.map(|(_, name)| name).collect()
}

fn calls() -> BTreeMap<&'static str, bool> {
    let there = |result: Result<OwnedFd, Errno>| result.err() != Some(Errno::NOSYS);
    let root = OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let beneath = openat2(
        CWD,
        "/",
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::IN_ROOT,
    );
    let pidfd = pidfd_open(getpid(), PidfdFlags::empty());
    let memory = memfd_create("orlop-probe", MemfdFlags::CLOEXEC | MemfdFlags::EXEC);
    BTreeMap::from([
        ("bpf for rules about devices", sys::try_device_program().is_ok()),
        (
            "clone3 into a cgroup",
            memory_of_no_cgroup().is_some_and(|file| sys::knows_clone_into_cgroup(file.as_fd())),
        ),
        ("close_range with CLOEXEC", sys::knows_close_range_cloexec()),
        (
            "fsopen",
            there(fsopen("no such filesystem", FsOpenFlags::FSOPEN_CLOEXEC)),
        ),
        ("memfd_create with EXEC", memory.is_ok()),
        ("mount_setattr", sys::knows_mount_setattr()),
        ("open_tree", there(open_tree(CWD, "/", root))),
        ("openat2", there(beneath)),
        (
            "pidfd with PIDFD_GET_INFO",
            pidfd.as_ref().is_ok_and(|pidfd| sys::knows_pidfd_info(pidfd.as_fd())),
        ),
        ("pidfd_open", there(pidfd)),
    ])
}

fn memory_of_no_cgroup() -> Option<OwnedFd> {
    memfd_create("orlop-probe", MemfdFlags::CLOEXEC).ok()
}

/// Tried on mounts that have no place anywhere.
fn idmapped_mounts() -> Option<BTreeMap<String, bool>> {
    let maps = [IdMapping {
        container_id: 0,
        host_id: 100_000,
        size: 65536,
    }];
    let namespace = launch::map_namespace(&maps, &maps, &"features".into()).ok()?;
    let mut known = BTreeMap::from([(
        "tmpfs".to_owned(),
        sys::map_mount(&new_tmpfs()?, &namespace, false).is_ok(),
    )]);
    for (kind, place) in mounted() {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        if let Ok(tree) = open_tree(CWD, place.as_str(), flags) {
            let can = sys::map_mount(&tree, &namespace, false).is_ok();
            *known.entry(kind).or_insert(false) |= can;
        }
    }
    Some(known)
}

fn new_tmpfs() -> Option<OwnedFd> {
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).ok()?;
    fsconfig_create(&context).ok()?;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()).ok()
}

/// One mount of each type of filesystem that holds files of its own.
fn mounted() -> BTreeMap<String, String> {
    const FOR_FILES: [&str; 11] = [
        "bcachefs", "btrfs", "cifs", "erofs", "ext4", "f2fs", "fuse", "nfs4", "overlay", "xfs", "zfs",
    ];
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let lines = table.lines().filter_map(|line| {
        let (front, back) = line.split_once(" - ")?;
        let kind = back.split(' ').next()?;
        let place = front.split(' ').nth(4)?;
        (FOR_FILES.contains(&kind) && !place.contains('\\')).then(|| (kind.to_owned(), place.to_owned()))
    });
    lines.collect()
}

fn seccomp() -> SeccompProbe {
    const NEW_LISTENER: u32 = 1 << 3;
    let actions = [
        (SeccompAction::Kill, 0),
        (SeccompAction::KillThread, 0),
        (SeccompAction::KillProcess, 0x8000_0000),
        (SeccompAction::Trap, 0x0003_0000),
        (SeccompAction::Errno, 0x0005_0000),
        (SeccompAction::Notify, 0x7fc0_0000),
        (SeccompAction::Trace, 0x7ff0_0000),
        (SeccompAction::Log, 0x7ffc_0000),
        (SeccompAction::Allow, 0x7fff_0000),
    ];
    let flags = [
        (SeccompFlag::Tsync, 1),
        (SeccompFlag::Log, 1 << 1),
        (SeccompFlag::SpecAllow, 1 << 2),
        (SeccompFlag::WaitKillableRecv, 1 << 5 | NEW_LISTENER),
    ];
    let actions = actions
        .into_iter()
        .filter(|(_, number)| sys::knows_seccomp_action(*number));
    let flags = flags
        .into_iter()
        .filter(|(_, number)| sys::knows_seccomp_flags(*number));
    SeccompProbe {
        actions: actions.map(|(action, _)| action).collect(),
        flags: flags.map(|(flag, _)| flag).collect(),
        notifications: sys::knows_seccomp_notifications() && sys::knows_seccomp_flags(NEW_LISTENER),
    }
}

fn filesystem_types() -> BTreeSet<String> {
    let table = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let words = table.lines().filter_map(|line| line.split_whitespace().last());
    words.map(str::to_owned).collect()
}

fn cgroup() -> &'static str {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let has = |kind: &str| table.lines().any(|line| line.contains(&format!(" - {kind} ")));
    match (has("cgroup"), has("cgroup2")) {
        (true, true) => "hybrid",
        (true, false) => "v1",
        (false, true) => "v2",
        (false, false) => "none",
    }
}

fn cgroup_controllers() -> Vec<String> {
    let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
    let text = roots
        .iter()
        .find_map(|root| std::fs::read_to_string(format!("{root}/cgroup.controllers")).ok());
    let text = text.unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_supported_kernel_has_is_found() {
        let probe = Probe::of_this_kernel();
        assert!(probe.namespaces.contains(&"mount"));
        assert!(probe.calls["openat2"] && probe.calls["mount_setattr"] && probe.calls["fsopen"]);
        assert!(probe.seccomp.actions.contains(&SeccompAction::Notify));
        assert!(probe.seccomp.notifications);
    }

    #[test]
    fn an_unknown_flag_or_action_is_not_taken_for_a_known_one() {
        assert!(!sys::knows_seccomp_flags(1 << 30));
        assert!(!sys::knows_seccomp_action(0x1234_0000));
    }
}
