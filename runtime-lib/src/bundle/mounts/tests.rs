//! What entries of the list are read as.

use super::{Mount, MountKind, ReadOnly, mounts};
use crate::bundle::Config;
use crate::{Problem, Problems, Severity};
use serde_json::{Value, json};
use std::path::Path;

fn read(list: Value) -> (Vec<Mount>, Vec<Problem>) {
    let config = json!({"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "mounts": list});
    let config: Config = serde_json::from_value(config).unwrap();
    let mut problems = Problems::default();
    let mounts = mounts(Path::new("/bundle"), &config, &mut problems);
    (mounts, problems.into())
}

fn read_one(mount: Value) -> Mount {
    let (mut mounts, problems) = read(json!([mount]));
    assert_eq!(problems, []);
    mounts.remove(0)
}

#[test]
fn a_mount_is_what_its_type_and_its_options_say() {
    for (kind, options, expected) in [
        ("none", json!(["rbind"]), "bind"),
        ("none", json!(["ro,bind"]), "bind"),
        ("rbind", json!([]), "bind"),
        ("cgroup", json!(["bind"]), "bind"),
        ("cgroup2", json!(["nosuid,ro"]), "cgroup"),
        ("tmpfs", json!(["size=1k"]), "filesystem"),
        ("tmpfs", json!(["ro,remount"]), "remount"),
        ("none", json!(["remount", "bind"]), "remount"),
    ] {
        let mount = read_one(json!({"destination": "/data", "type": kind, "source": "srv", "options": options}));
        let found = match &mount.kind {
            MountKind::Bind(_) => "bind",
            MountKind::Filesystem(_) => "filesystem",
            MountKind::Cgroup => "cgroup",
            MountKind::Remount(_) => "remount",
        };
        assert_eq!(found, expected, "{kind} {options}");
    }
}

#[test]
fn a_source_is_taken_from_the_bundles_folder() {
    let mount = read_one(json!({"destination": "/data/../x/", "source": "srv", "options": ["bind"]}));
    assert_eq!(&*mount.target, c"x");
    assert_eq!(mount.as_bind().unwrap().source, "/bundle/srv");
}

#[test]
fn cgroups_are_writable_where_the_last_word_says_so() {
    for (options, writable) in [
        (json!([]), true),
        (json!(["nosuid", "ro"]), false),
        (json!(["nosuid,ro"]), false),
        (json!(["rro"]), false),
        (json!(["ro,rw"]), true),
        (json!(["ro", "rrw"]), true),
    ] {
        let mount = read_one(json!({"destination": "/sys/fs/cgroup", "type": "cgroup", "options": options}));
        assert_eq!(mount.has_writable_cgroups(), writable, "{options}");
    }
    let other = read_one(json!({"destination": "/data", "type": "tmpfs"}));
    assert!(!other.has_writable_cgroups());
}

#[test]
fn what_read_only_means_depends_on_the_filesystem() {
    for (destination, kind, expected) in [
        ("/data", "tmpfs", ReadOnly::MountInTheEnd),
        ("/", "tmpfs", ReadOnly::Mount),
        ("/proc", "proc", ReadOnly::Mount),
        ("/disk", "ext4", ReadOnly::Filesystem),
    ] {
        let mount = read_one(json!({"destination": destination, "type": kind, "options": ["nosuid,ro"]}));
        let MountKind::Filesystem(filesystem) = mount.kind else {
            panic!("{kind} is no filesystem")
        };
        assert_eq!(filesystem.read_only, Some(expected));
    }
}

#[test]
fn what_a_copied_link_cannot_have_is_noticed() {
    for (options, count) in [
        (json!(["rbind", "copy-symlink"]), 0),
        (json!(["rbind,copy-symlink"]), 0),
        (json!(["rbind", "copy-symlink", "ro"]), 1),
    ] {
        let (mounts, problems) =
            read(json!([{"destination": "/data", "source": "/etc/localtime", "options": options}]));
        assert_eq!(mounts.len(), 1);
        assert_eq!(problems.len(), count, "{options}");
        for problem in problems {
            assert_eq!(problem.severity, Severity::Notice);
            assert_eq!(problem.path.as_str(), "mounts[0].options");
        }
    }
}

#[test]
fn a_refused_option_is_told_of_with_its_place() {
    let list = json!([{"destination": "/data", "source": "/srv", "options": ["bind", "ro,rbinddd"]}]);
    let problems: Vec<String> = read(list).1.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        ["mounts[0].options[1]: unknown option \"rbinddd\"; did you mean `rbind`?"]
    );
}

#[test]
fn words_of_fstab_are_noticed_on_every_kind_of_mount() {
    let words = [
        "nofail",
        "auto",
        "noauto",
        "user",
        "nouser",
        "users",
        "nousers",
        "owner",
        "noowner",
        "group",
        "nogroup",
        "_netdev",
        "loop",
        "loop=/dev/loop3",
        "offset=512",
        "sizelimit=1024",
        "encryption=aes",
        "helper=fuse",
        "uhelper=udisks2",
        "comment=mine",
        "x-systemd.requires=a.service",
        "x-systemd.automount",
        "x-gvfs-hide",
        "x-foo=bar",
        "X-mount.mkdir",
        "X-mount.mode=0755",
    ];
    for (kind, option) in [
        ("none", "rbind"),
        ("tmpfs", "ro"),
        ("cgroup", "ro"),
        ("proc", "ro"),
        ("none", "remount"),
    ] {
        for word in words {
            let (mounts, problems) = read(json!([
                {"destination": "/data", "type": kind, "source": "/srv", "options": [format!("{option},{word}")]}
            ]));
            let [mount] = &*mounts else {
                panic!("{word}: {problems:?}")
            };
            let parameters = match &mount.kind {
                MountKind::Filesystem(filesystem) => filesystem.parameters.len(),
                MountKind::Remount(remount) => remount.parameters.len(),
                MountKind::Bind(_) | MountKind::Cgroup => 0,
            };
            assert_eq!(parameters, 0, "{kind} {word}");
            let [problem] = &*problems else {
                panic!("{kind} {word}: {problems:?}")
            };
            assert_eq!(problem.severity, Severity::Notice);
            assert_eq!(problem.path.as_str(), "mounts[0].options[0]");
            assert!(problem.text.contains(word), "{problem}");
        }
    }
}
