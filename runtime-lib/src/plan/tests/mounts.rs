//! Mounts that change others, that are the root, whose ids are mapped.

use super::*;
use crate::plan::{Input, Origin};

fn with_mounts(mounts: Value) -> String {
    explained(&config(|config| config["mounts"] = mounts), &hybrid())
}

fn refused(mounts: Value) -> String {
    first_error(|config| config["mounts"] = mounts)
}

fn maps() -> Value {
    json!([{"containerID": 0, "hostID": 1000, "size": 10}])
}

fn users(config: &mut Value) {
    config["linux"]["namespaces"] = json!([{"type": "mount"}, {"type": "pid"}, {"type": "user"}]);
    config["linux"]["uidMappings"] = maps();
    config["linux"]["gidMappings"] = maps();
}

#[test]
fn a_remount_changes_what_is_there_and_keeps_its_path() {
    let text = with_mounts(json!([
        {"destination": "/data", "type": "tmpfs", "source": "x"},
        {"destination": "/data", "type": "tmpfs", "options": ["remount", "ro", "size=1m"]},
    ]));
    assert!(
        text.contains("change what is mounted on /data (size=1m)  <- mounts[1]"),
        "{text}"
    );
    assert!(text.contains("set ro on /data  <- mounts[1]"), "{text}");
}

#[test]
fn a_remount_takes_nothing_that_is_for_new_mounts() {
    for option in ["tmpcopyup", "iversion", "idmap"] {
        let error = refused(json!([{"destination": "/data", "type": "tmpfs", "options": ["remount", option]}]));
        assert!(
            error.starts_with("mounts[0].options: \"remount\" cannot be combined"),
            "{error}"
        );
    }
    let error = refused(json!([{"destination": "/data", "options": ["remount", "bind", "src-nofollow"]}]));
    assert!(error.contains("words on links"), "{error}");
}

#[test]
fn a_mount_on_the_root_propagates_when_it_is_the_root() {
    let text = with_mounts(json!([{"destination": "/", "source": "/srv", "options": ["rbind", "rshared"]}]));
    let pivot = text.find("make the rootfs the root").unwrap();
    let shared = text.find("make the rootfs rshared  <- mounts[0]").unwrap();
    assert!(pivot < shared, "{text}");
}

#[test]
fn a_late_mount_on_the_root_is_warned_of() {
    let text = with_mounts(json!([
        {"destination": "/proc", "type": "proc"},
        {"destination": "/", "type": "tmpfs"},
    ]));
    assert!(
        text.contains("Warning: mounts[1].destination: everything that is mounted before it is hidden"),
        "{text}"
    );
    let error = refused(json!([{"destination": "/", "type": "cgroup"}]));
    assert_eq!(
        error,
        "mounts[0].destination: the cgroups cannot be the container's root"
    );
}

#[test]
fn ids_are_mapped_by_init_and_in_a_user_namespace_by_the_parent() {
    let mounts = json!([
        {"destination": "/a", "source": "/srv", "options": ["bind", "idmap"], "uidMappings": maps(), "gidMappings": maps()},
        {"destination": "/b", "source": "/srv", "options": ["rbind", "ridmap"], "uidMappings": maps(), "gidMappings": maps()},
    ]);
    let (plan, ..) = compile(&config(|config| config["mounts"] = mounts.clone()), &hybrid());
    let plan = plan.unwrap();
    let made = |plan: &Plan| {
        plan.inputs
            .iter()
            .filter(|input| matches!(input, Input::Maps { .. }))
            .count()
    };
    assert_eq!(made(&plan), 1, "equal maps are made once");
    let text = with_mounts(mounts.clone());
    assert!(text.contains("map the ids of the next mount  <- mounts[0]"), "{text}");
    assert!(
        text.contains("map the ids of the next mount and of those below it  <- mounts[1]"),
        "{text}"
    );
    let both = config(|config| {
        users(config);
        config["mounts"] = mounts;
    });
    let text = explained(&both, &hybrid());
    assert!(
        text.contains("take the next mount's tree, with its ids mapped, from the runtime  <- mounts[0]"),
        "{text}"
    );
}

#[test]
fn idmap_alone_takes_the_containers_maps_or_is_refused() {
    let mounts = json!([{"destination": "/a", "source": "/srv", "options": ["bind", "idmap"]}]);
    let error = refused(mounts.clone());
    assert!(
        error.starts_with("mounts[0].options[1]: there are no mappings"),
        "{error}"
    );
    let (plan, ..) = compile(
        &config(|config| {
            users(config);
            config["mounts"] = mounts;
        }),
        &hybrid(),
    );
    assert!(
        plan.unwrap()
            .inputs
            .iter()
            .any(|input| matches!(input, Input::Maps { .. }))
    );
}

#[test]
fn what_cannot_be_mapped_or_is_another_runtimes_is_refused_with_its_path() {
    let error = refused(json!([{"destination": "/a", "type": "cgroup", "uidMappings": maps(), "gidMappings": maps()}]));
    assert_eq!(error, "mounts[0]: the ids of a cgroup filesystem cannot be mapped");
    let error = refused(json!([{"destination": "/a", "type": "tmpfs", "options": ["idmap=uids=0-1-10"]}]));
    assert!(
        error.starts_with("mounts[0].options[0]: mappings in an option are crun's own"),
        "{error}"
    );
    let error = refused(json!([{"destination": "/a", "type": "tmpfs", "options": ["ro", "copy-symlink"]}]));
    assert_eq!(error, "mounts[0].options[1]: \"copy-symlink\" is for bind mounts only");
}

#[test]
fn what_a_copied_link_cannot_have_is_noticed() {
    for (options, count) in [
        (json!(["rbind", "copy-symlink"]), 0),
        (json!(["rbind", "copy-symlink", "ro"]), 1),
    ] {
        let mounts = json!([{"destination": "/data", "source": "/etc/localtime", "options": options}]);
        let (plan, problems, _) = compile(&config(|config| config["mounts"] = mounts), &hybrid());
        assert!(plan.is_some());
        let noticed = problems
            .all()
            .iter()
            .filter(|problem| problem.path.as_str() == "mounts[0].options");
        assert_eq!(noticed.count(), count);
    }
}

#[test]
fn a_parameter_knows_its_place_among_the_options() {
    let mounts =
        json!([{"destination": "/data", "type": "tmpfs", "options": ["ro", "", "size=1m", "nodev", "mode=700"]}]);
    let (plan, ..) = compile(&config(|config| config["mounts"] = mounts), &hybrid());
    let plan = plan.unwrap();
    let places = plan.steps.iter().find_map(|(_, origin)| match origin {
        Origin::Mount { options, .. } => Some(options.clone()),
        _ => None,
    });
    assert_eq!(places.unwrap(), [2, 4]);
}

#[test]
fn flags_that_nobody_named_may_stay_where_they_are_locked() {
    use orlop_init::wire::Step;
    let mounts = json!([{"destination": "/data", "source": "/srv", "options": ["bind", "ro", "exec"]}]);
    let (plan, ..) = compile(&config(|config| config["mounts"] = mounts), &hybrid());
    let plan = plan.unwrap();
    let flags = plan.steps.iter().find_map(|(step, _)| match step {
        Step::Bind {
            set,
            clear,
            clear_unlocked,
            ..
        } => Some((set, clear, clear_unlocked)),
        _ => None,
    });
    // ro; noexec; nosuid, nodev, nosymfollow.
    assert_eq!(flags.unwrap(), (0x1, 0x8, 0x0020_0006));
}

#[test]
fn cgroup2_is_bound_in_a_user_namespace_that_has_the_hosts_cgroup_namespace() {
    let cgroup = |change: fn(&mut Value)| {
        let text = config(|config| {
            config["mounts"] =
                json!([{"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["ro", "nosuid"]}]);
            users(config);
            change(config);
        });
        explained(&text, &v2())
    };
    let bound = cgroup(|_| {});
    assert!(
        bound.contains("bind \"/sys/fs/cgroup\" with all mounts below it on /sys/fs/cgroup (ro, nosuid)"),
        "{bound}"
    );
    let own = cgroup(|config| {
        if let Some(list) = config["linux"]["namespaces"].as_array_mut() {
            list.push(json!({"type": "cgroup"}));
        }
    });
    assert!(own.contains("of type cgroup2 on /sys/fs/cgroup"), "{own}");
}

#[test]
fn a_source_that_only_the_user_namespace_has_cannot_be_mapped() {
    let error = first_error(|config| {
        users(config);
        config["mounts"] = json!([
            {"destination": "/data", "type": "tmpfs"},
            {"destination": "/run", "source": "rootfs/data/below", "options": ["bind", "idmap"]},
        ]);
    });
    assert!(
        error.starts_with("mounts[1].source: an earlier mount makes it"),
        "{error}"
    );
}

#[test]
fn options_that_no_call_takes_are_refused() {
    let many = |length: usize| format!("lowerdir={}", "/abcdefghi".repeat(length / 10));
    let overlay = |options: Value| json!([{"destination": "/data", "type": "overlay", "options": options}]);
    assert!(with_mounts(overlay(json!([many(4000)]))).contains("of type overlay"));
    let error = refused(overlay(json!(["ro", many(4090)])));
    assert!(
        error.starts_with("mounts[0].options: the filesystem's options are 4099 bytes together"),
        "{error}"
    );
    let error = refused(overlay(json!(["remount", many(300)])));
    assert_eq!(
        error,
        "mounts[0].options[1]: a remount takes at most 255 bytes in an option"
    );
}

/// What a bind with these options sets, clears, and clears where it may.
fn bound_with(options: &[&str]) -> (u64, u64, u64) {
    use orlop_init::wire::Step;
    let mounts = json!([{"destination": "/data", "source": "/srv", "options": options}]);
    let (plan, ..) = compile(&config(|config| config["mounts"] = mounts), &hybrid());
    let plan = plan.unwrap();
    let mut steps = plan.steps.iter();
    let flags = steps.find_map(|(step, _)| match step {
        Step::Bind {
            set,
            clear,
            clear_unlocked,
            ..
        } => Some((set, clear, clear_unlocked)),
        _ => None,
    });
    flags.unwrap()
}

#[test]
fn only_a_word_that_sets_clears_what_is_not_named() {
    assert_eq!(bound_with(&["rbind"]), (0, 0, 0));
    assert_eq!(bound_with(&["rbind", "rprivate", "rw"]), (0, 0x1, 0));
    assert_eq!(bound_with(&["rbind", "suid", "dev"]), (0, 0x6, 0));
    assert_eq!(bound_with(&["rbind", "ro", "rw"]), (0, 0x1, 0));
    assert_eq!(bound_with(&["rbind", "ro"]), (0x1, 0, 0x0020_000e));
    assert_eq!(bound_with(&["rbind", "rro"]), (0, 0, 0));
    assert_eq!(bound_with(&["rbind", "rro", "nosuid"]), (0x2, 0, 0x0020_000c));
}

#[test]
fn several_words_on_propagation_are_kept_in_their_order() {
    let text =
        with_mounts(json!([{"destination": "/data", "source": "/srv", "options": ["rbind", "rslave", "shared"]}]));
    assert!(text.contains("on /data (rslave, shared)"), "{text}");
}

#[test]
fn commas_in_an_option_stand_between_options() {
    let text = with_mounts(json!([{"destination": "/data", "type": "tmpfs", "options": ["ro,size=1m,mode=700"]}]));
    assert!(text.contains("on /data (size=1m, mode=700)"), "{text}");
    assert!(text.contains("set ro on /data"), "{text}");
}

#[test]
fn rbind_and_bind_together_bind_the_mounts_below() {
    let text = with_mounts(json!([{"destination": "/data", "source": "/srv", "options": ["rbind", "bind"]}]));
    assert!(text.contains("bind \"/srv\" with all mounts below it"), "{text}");
}

#[test]
fn a_remount_of_dev_leaves_it_the_containers() {
    let text = with_mounts(json!([
        {"destination": "/dev", "type": "tmpfs"},
        {"destination": "/dev", "options": ["remount", "bind", "nosuid"]},
    ]));
    assert!(text.contains("make the character device /dev/null"), "{text}");
}

#[test]
fn what_does_nothing_is_warned_of() {
    let text = with_mounts(json!([
        {"destination": "/data", "type": "tmpfs", "source": "/srv", "options": ["bind", "tmpcopyup"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["ro", "nsdelegate"]},
    ]));
    assert!(
        text.contains("Warning: mounts[0].options[1]: a bind mount copies nothing"),
        "{text}"
    );
    assert!(
        text.contains("Warning: mounts[1].options[1]: the hierarchies of cgroups"),
        "{text}"
    );
}

#[test]
fn a_read_only_tmpfs_waits_and_a_remount_changes_what_it_waits_for() {
    let tmpfs = || json!({"destination": "/data", "type": "tmpfs", "options": ["ro"]});
    let remount = |option: &str| json!({"destination": "/data/", "type": "tmpfs", "options": ["remount", option]});
    let text = with_mounts(json!([tmpfs()]));
    assert!(text.contains("set ro on /data  <- mounts[0]"), "{text}");
    let text = with_mounts(json!([tmpfs(), remount("rw")]));
    assert!(!text.contains("set ro on /data"), "{text}");
    let text = with_mounts(json!([tmpfs(), remount("nosuid")]));
    assert!(!text.contains("set ro on /data"), "{text}");
    let text = with_mounts(json!([tmpfs(), remount("size=1m")]));
    assert!(text.contains("set ro on /data  <- mounts[0]"), "{text}");
    let text = with_mounts(json!([tmpfs(), remount("ro")]));
    assert_eq!(text.matches("set ro on /data").count(), 1, "{text}");
    assert!(text.contains("set ro on /data  <- mounts[1]"), "{text}");
    // What is mounted there by then is another mount.
    let other = json!({"destination": "/data", "source": "/srv", "options": ["bind"]});
    let text = with_mounts(json!([tmpfs(), other, remount("rw")]));
    assert!(text.contains("set ro on /data  <- mounts[0]"), "{text}");
}

#[test]
fn the_root_can_be_made_read_only_by_its_path_but_not_hidden() {
    let text = config(|config| config["linux"]["readonlyPaths"] = json!(["/", "/proc/..", "/etc"]));
    let text = explained(&text, &hybrid());
    assert!(
        text.contains("make the rootfs read-only  <- linux.readonlyPaths[0]"),
        "{text}"
    );
    assert!(
        text.contains("make the rootfs read-only  <- linux.readonlyPaths[1]"),
        "{text}"
    );
    let error = first_error(|config| config["linux"]["maskedPaths"] = json!(["/etc", "/."]));
    assert_eq!(error, "linux.maskedPaths[1]: the root itself cannot be hidden");
}

#[test]
fn a_mounts_own_propagation_is_set_again_after_the_roots() {
    let with_root = |root: &str| {
        let text = config(|config| {
            config["linux"]["rootfsPropagation"] = json!(root);
            config["mounts"] = json!([
                {"destination": "/data", "source": "/srv", "options": ["rbind", "rprivate"]},
                {"destination": "/run", "source": "/srv", "options": ["rbind"]},
            ]);
        });
        explained(&text, &hybrid())
    };
    let text = with_root("rshared");
    let root = text.find("make the rootfs rshared").unwrap();
    let again = text.find("make a mount rprivate again  <- mounts[0]").unwrap();
    assert!(root < again, "{text}");
    assert!(
        !with_root("shared").contains("again"),
        "the root's alone reaches no other"
    );
}
