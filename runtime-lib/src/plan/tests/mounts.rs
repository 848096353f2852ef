//! Mounts that change others, that are the root, whose ids are mapped.

use super::*;
use crate::plan::acts::{Act, Origin, What};
use crate::plan::deeds::{Deed, OpenInherited};
use crate::plan::inherited::Inherited;
use orlop_init::step::{Step, mounts::Steps};

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

/// So many user namespaces are made for the maps of mounts.
fn made_maps(plan: &Plan) -> usize {
    let is_made = |act: &Act<'_>| {
        matches!(
            act.what,
            What::Deed(Deed::OpenInherited(OpenInherited {
                inherited: Inherited::IdMaps { .. },
                ..
            }))
        )
    };
    plan.acts.iter().filter(is_made).count()
}

/// What the first bind of a plan sets, clears, and clears where it may.
fn first_bind(plan: &Plan) -> (u64, u64, u64) {
    let changes = plan.acts.iter().find_map(|act| match act.what {
        What::Step(Step::Mounts(Steps::Bind(bind))) => Some(bind.changes),
        _ => None,
    });
    let changes = changes.unwrap();
    (changes.set, changes.clear, changes.clear_unlocked)
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
    assert_eq!(made_maps(&plan), 1, "equal maps are made once");
    let text = with_mounts(mounts.clone());
    assert!(
        text.contains("create init: bind \"/srv\" on /a (with its ids mapped)  <- mounts[0]"),
        "{text}"
    );
    assert!(
        text.contains("on /b (with its ids and those below mapped)  <- mounts[1]"),
        "{text}"
    );
    let both = config(|config| {
        users(config);
        config["mounts"] = mounts;
    });
    let text = explained(&both, &hybrid());
    assert!(
        text.contains("create runtime before: open \"/srv\" to bind it, and map its ids  <- mounts[0]"),
        "{text}"
    );
    assert!(
        text.contains("open \"/srv\" to bind it, and map its ids and those of the mounts below  <- mounts[1]"),
        "{text}"
    );
    assert!(
        text.contains("create init: bind \"/srv\" on /a  <- mounts[0]"),
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
    assert_eq!(made_maps(&plan.unwrap()), 1);
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
fn a_parameter_knows_its_place_among_the_options() {
    let mounts =
        json!([{"destination": "/data", "type": "tmpfs", "options": ["ro", "", "size=1m", "nodev", "mode=700"]}]);
    let (plan, ..) = compile(&config(|config| config["mounts"] = mounts), &hybrid());
    let plan = plan.unwrap();
    let places = plan.acts.iter().find_map(|act| match act.origin {
        Origin::Mount { options, .. } => Some(options.clone()),
        _ => None,
    });
    assert_eq!(places.unwrap(), [2, 4]);
}

#[test]
fn flags_that_nobody_named_may_stay_where_they_are_locked() {
    let mounts = json!([{"destination": "/data", "source": "/srv", "options": ["bind", "ro", "exec"]}]);
    let (plan, ..) = compile(&config(|config| config["mounts"] = mounts), &hybrid());
    // ro; noexec; nosuid, nodev, nosymfollow.
    assert_eq!(first_bind(&plan.unwrap()), (0x1, 0x8, 0x0020_0006));
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
fn a_source_in_an_earlier_mount_is_mapped_as_the_host_has_it_in_a_user_namespace() {
    let plan = |earlier: Value| {
        let text = config(|config| {
            users(config);
            let options = json!(["bind", "idmap"]);
            config["mounts"] =
                json!([earlier, {"destination": "/run", "source": "rootfs/data/below", "options": options}]);
        });
        explained(&text, &hybrid())
    };
    let bound = plan(json!({"destination": "/data", "source": "/srv", "options": ["rbind"]}));
    assert!(bound.contains("open \"/srv/below\""), "{bound}");
    let made = plan(json!({"destination": "/data", "type": "tmpfs"}));
    assert!(
        made.contains("Warning: mounts[1].source: mounts[0] mounts a filesystem"),
        "{made}"
    );
    let read_only = plan(json!({"destination": "/data", "source": "/srv", "options": ["rbind", "ro"]}));
    assert!(
        read_only.contains("Error: mounts[1].source: mounts[0] binds it"),
        "{read_only}"
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
    let mounts = json!([{"destination": "/data", "source": "/srv", "options": options}]);
    let (plan, ..) = compile(&config(|config| config["mounts"] = mounts), &hybrid());
    first_bind(&plan.unwrap())
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

/// Both spellings of a list of mounts give the same plan, on all hosts and with a user namespace as well as without
/// one.
fn assert_same(one: &Value, other: &Value) {
    for host in [hybrid(), v2()] {
        for change in [|_: &mut Value| {}, users] {
            let plan = |mounts: &Value| {
                let text = config(|config| {
                    change(config);
                    config["mounts"] = mounts.clone();
                });
                explained(&text, &host)
            };
            assert_eq!(plan(one), plan(other));
        }
    }
}

#[test]
fn options_with_commas_are_the_same_as_a_list() {
    let proc = json!({"destination": "/proc", "type": "proc"});
    for (destination, kind, list) in [
        ("/data", "none", json!(["rbind", "ro"])),
        ("/data", "none", json!(["bind", "src-nofollow", "ro"])),
        ("/dev", "none", json!(["bind", "ro"])),
        ("/", "none", json!(["rbind", "rslave", "shared"])),
        ("/data", "tmpfs", json!(["ro", "mode=700", "rprivate"])),
        ("/sys/fs/cgroup", "cgroup", json!(["nosuid", "ro"])),
    ] {
        let joined: Vec<&str> = list.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let mounts = |options: Value| json!([proc, {"destination": destination, "type": kind, "source": "/srv", "options": options}]);
        assert_same(&mounts(list.clone()), &mounts(json!([joined.join(",")])));
    }
}

#[test]
fn a_source_is_opened_early_however_its_options_are_spelled() {
    for options in [json!(["rbind", "ro"]), json!(["rbind,ro"])] {
        let text = config(|config| {
            users(config);
            config["mounts"] = json!([{"destination": "/data", "source": "/srv", "options": options}]);
        });
        let text = explained(&text, &hybrid());
        let early = text
            .find("open what will be bound: \"/bundle/rootfs\", \"/srv\"\n")
            .unwrap();
        let other_user = text.find("become root of the user namespace").unwrap();
        assert!(early < other_user, "{text}");
        assert_eq!(text.matches("<- mounts[0]").count(), 1, "{text}");
    }
}

#[test]
fn nothing_is_made_in_a_dev_that_is_bound() {
    for options in [json!(["bind", "ro"]), json!(["bind,ro"])] {
        let text = with_mounts(json!([{"destination": "/dev", "source": "/dev", "options": options}]));
        assert!(!text.contains("/dev/null"), "{text}");
    }
    let text = with_mounts(json!([{"destination": "/dev", "type": "rbind", "source": "/dev"}]));
    assert!(!text.contains("/dev/null"), "{text}");
}

#[test]
fn a_remount_is_one_however_it_is_spelled() {
    for options in [json!(["remount", "ro"]), json!(["remount,ro"])] {
        let text = with_mounts(json!([
            {"destination": "/data", "type": "tmpfs"},
            {"destination": "/data", "type": "tmpfs", "options": options},
        ]));
        assert!(text.contains("change what is mounted on /data"), "{text}");
        assert!(text.contains("set ro on /data  <- mounts[1]"), "{text}");
    }
}

#[test]
fn propagation_is_kept_however_it_is_spelled() {
    for options in [json!(["rbind", "rslave", "shared"]), json!(["rbind,rslave,shared"])] {
        let text = with_mounts(json!([
            {"destination": "/", "source": "/srv", "options": options},
            {"destination": "/data", "source": "/srv", "options": options},
        ]));
        assert!(text.contains("on /data (rslave, shared)"), "{text}");
        assert!(text.contains("make the rootfs rslave  <- mounts[0]"), "{text}");
        assert!(text.contains("make the rootfs shared  <- mounts[0]"), "{text}");
    }
}
