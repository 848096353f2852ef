//! What surely fails is known before anything is made: `check` refuses what `run` refuses, and nothing that it runs.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::{Call, Done};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, mount_at};
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;
use crate::unprivileged::{as_user, mapped, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(roots_containers_run_as_check_says, GIVES_NULL),
    test!(ordinary_users_containers_run_as_check_says),
    test!(containers_below_a_user_namespace_run_as_check_says),
    test!(
        container_without_rights_and_user_namespace_is_refused_as_check_says,
        ("crun", "1.8", "makes a user namespace unasked")
    ),
    test!(procfs_is_refused_where_the_hosts_is_masked, GIVES_NULL),
    test!(sysfs_of_the_hosts_network_is_the_hosts, NO_SYSFS, STRIPS_SYSFS),
    test!(
        sysfs_of_the_hosts_network_is_the_hosts_to_an_ordinary_user,
        NO_SYSFS,
        STRIPS_SYSFS
    ),
];

const NO_SYSFS: Known = (
    "runc",
    "1.1",
    "mounts no sysfs in a user namespace without a network of its own",
);
const STRIPS_SYSFS: Known = ("crun", "1.8", "binds it without its options");

/// A change of a config, by its name, and the path that `check` refuses it at; none where it runs.
type Case = (&'static str, Option<&'static str>, fn(Bundle) -> Bundle);

/// Of a container with a user namespace that maps 65536 ids, with devpts at `mounts[2]`.
const OF_ROOT: &[Case] = &[
    ("as it is", None, |bundle| bundle),
    ("last ids", None, |bundle| bundle.user(65_535, 65_535)),
    ("uid", Some("process.user.uid"), |bundle| bundle.user(65_536, 0)),
    ("gid", Some("process.user.gid"), |bundle| bundle.user(0, 65_536)),
    ("last group", None, |bundle| groups(bundle, &[65_535])),
    ("group", Some("process.user.additionalGids[1]"), |bundle| {
        groups(bundle, &[5, 65_536])
    }),
    ("group of devpts", Some("mounts[2].options[1]"), |bundle| {
        bundle.set("/mounts/2/options", json!(["nosuid", "gid=65536"]))
    }),
    ("last owner of tmpfs", None, |bundle| {
        tmpfs(bundle, "uid=65535,gid=0xffff")
    }),
    ("owner of tmpfs", Some("mounts[7].options[0]"), |bundle| {
        tmpfs(bundle, "mode=700,uid=65536")
    }),
    ("group of tmpfs", Some("mounts[7].options[0]"), |bundle| {
        tmpfs(bundle, "gid=0200000")
    }),
    ("procfs of the host's processes", Some("mounts[0].type"), |bundle| {
        bundle.without_namespace("pid")
    }),
    ("the host's procfs", None, |bundle| {
        bundle.without_namespace("pid").set("/mounts/0", bind("/proc"))
    }),
    ("queues of the host's", Some("mounts[4].type"), |bundle| {
        bundle.without_namespace("ipc")
    }),
    ("no queues of the host's", None, |bundle| {
        bundle.without_namespace("ipc").without_mount("/dev/mqueue")
    }),
    ("ids that nobody has", Some("process.user.uid"), |bundle| {
        bundle.id_maps(json!([{"containerID": 5, "hostID": 100_000, "size": 10}]))
    }),
];

/// Of a container whose root is the ordinary user, and that has no other id.
const OF_THE_USER: &[Case] = &[
    ("as it is", None, |bundle| bundle),
    ("uid", Some("process.user.uid"), |bundle| bundle.user(1, 0)),
    ("gid", Some("process.user.gid"), |bundle| bundle.user(0, 1)),
    ("group of devpts", Some("mounts[4].options[0]"), |bundle| {
        bundle.mount("/dev/pts", "devpts", "devpts", &["gid=5"])
    }),
    ("devpts", None, |bundle| {
        bundle.mount("/dev/pts", "devpts", "devpts", &["gid=0"])
    }),
    ("procfs of the host's processes", Some("mounts[0].type"), |bundle| {
        bundle.without_namespace("pid")
    }),
    ("queues of the host's", Some("mounts[3].type"), |bundle| {
        bundle.without_namespace("ipc")
    }),
    ("somebody else's users", Some("linux.uidMappings[0].hostID"), |bundle| {
        bundle.set(
            "/linux/uidMappings",
            json!([{"containerID": 0, "hostID": 0, "size": 1}]),
        )
    }),
    (
        "somebody else's groups",
        Some("linux.gidMappings[1].hostID"),
        |bundle| {
            let own = json!({"containerID": 0, "hostID": 1000, "size": 1});
            bundle.set(
                "/linux/gidMappings",
                json!([own, {"containerID": 1, "hostID": 1, "size": 1}]),
            )
        },
    ),
];

fn groups(bundle: Bundle, gids: &[u32]) -> Bundle {
    bundle.set("/process/user/additionalGids", json!(gids))
}

fn tmpfs(bundle: Bundle, options: &str) -> Bundle {
    bundle.mount("/data", "tmpfs", "x", &[options])
}

fn bind(place: &str) -> Value {
    json!({"destination": place, "type": "bind", "source": place, "options": ["rbind"]})
}

/// Whether a call tells the truth of a bundle: `run` does what is expected, and `check`, where the runtime has one,
/// says so before.
fn agree<'t>(
    t: &'t Trial<'_>,
    bundle: &Bundle,
    (name, refused, _): &Case,
    by: &dyn Fn(Call<'t>) -> Result<Call<'t>, Failure>,
) -> Result<Done, Failure> {
    let done = by(t.with_bundle(&["run"], bundle)?)?.finish()?;
    ensure((done.code != 0) == refused.is_some(), || {
        format!("{name}: `run` ended with {}: {}", done.code, done.err)
    })?;
    if t.runtime.name == "orlop" {
        let checked = by(t.call(&["check", &bundle.dir.to_string_lossy()]))?.finish()?;
        let told = format!("{name}: `check` ended with {}: {}", checked.code, checked.out);
        match refused {
            None => ensure(checked.code == 0, || told)?,
            Some(path) => ensure(
                checked.code == 1 && checked.out.contains(&format!("error: {path}: ")),
                || told,
            )?,
        }
    }
    Ok(done)
}

/// The call by way of a shell.
fn by_script<'t>(script: &str) -> impl Fn(Call<'t>) -> Result<Call<'t>, Failure> {
    move |call| Ok(call.script(script))
}

fn roots_containers_run_as_check_says(t: &Trial<'_>) -> Verdict {
    for case in OF_ROOT {
        agree(t, &case.2(mapped(t)?), case, &Ok)?;
    }
    Ok(())
}

fn ordinary_users_containers_run_as_check_says(t: &Trial<'_>) -> Verdict {
    for case in OF_THE_USER {
        agree(t, &case.2(rootless(t)?), case, &|call| as_user(t, call))?;
    }
    Ok(())
}

/// The host's root in a user namespace that has no id but its own.
fn containers_below_a_user_namespace_run_as_check_says(t: &Trial<'_>) -> Verdict {
    let cases: &[Case] = &[
        ("as it is", None, |bundle| bundle),
        ("uid", Some("process.user.uid"), |bundle| bundle.user(1, 0)),
        ("group of tmpfs", Some("mounts[5].options[0]"), |bundle| {
            tmpfs(bundle, "gid=1")
        }),
        ("a namespace below", None, |bundle| {
            let map = json!([{"containerID": 0, "hostID": 0, "size": 1}]);
            bundle.new_namespace("user").id_maps(map)
        }),
        (
            "a namespace below with more",
            Some("linux.uidMappings[0].hostID"),
            |bundle| {
                let map = json!([{"containerID": 0, "hostID": 0, "size": 2}]);
                bundle.new_namespace("user").id_maps(map)
            },
        ),
    ];
    let by = by_script("exec unshare --user --map-root-user \"$0\" \"$@\"");
    for case in cases {
        let bundle = t.bundle()?.without_mount("/dev/pts").without_mount("/sys/fs/cgroup");
        agree(
            t,
            &case.2(bundle.without_mount("/sys").mount("/run", "tmpfs", "x", &[])),
            case,
            &by,
        )?;
    }
    Ok(())
}

fn container_without_rights_and_user_namespace_is_refused_as_check_says(t: &Trial<'_>) -> Verdict {
    let bundle = || Ok::<_, Failure>(rootless(t)?.without_namespace("user").id_maps(Value::Null));
    let case: Case = ("no user namespace", Some("linux.namespaces"), |bundle| bundle);
    let done = agree(t, &bundle()?, &case, &|call| as_user(t, call))?;
    ensure(done.err.contains("rootless container requires user namespaces"), || {
        done.err
    })?;
    // Root without the one right that it takes is no better off.
    let by = by_script("exec setpriv --bounding-set=-sys_admin \"$0\" \"$@\"");
    agree(t, &bundle()?, &case, &by).map(drop)
}

fn procfs_is_refused_where_the_hosts_is_masked(t: &Trial<'_>) -> Verdict {
    let masks = |mask: &str| format!("exec unshare --mount sh -c '{mask} && exec \"$0\" \"$@\"' \"$0\" \"$@\"");
    let masked = masks("mount --bind /dev/null /proc/version");
    let elsewhere = masks("mount -t proc proc /proc/fs && mount --bind /dev/null /proc/version");
    for (refused, script) in [(Some("mounts[0].type"), &masked), (None, &elsewhere)] {
        let case: Case = ("a masked procfs", refused, |bundle| bundle);
        agree(t, &mapped(t)?, &case, &by_script(script))?;
    }
    // What is bound takes its mask along.
    let case: Case = ("a bound procfs", None, |bundle| bundle);
    let bundle = mapped(t)?.without_namespace("pid").set("/mounts/0", bind("/proc"));
    agree(t, &bundle, &case, &by_script(&masked)).map(drop)
}

/// The host's /sys, with what was asked of the container's.
fn has_the_hosts_sysfs(done: &Done) -> Verdict {
    let report = done.json()?;
    let options = &mount_at(&report, "/sys")?["options"];
    for option in ["ro", "nosuid", "nodev", "noexec"] {
        ensure(has(options, option), || format!("{option} is missing: {options}"))?;
    }
    same("type", &mount_at(&report, "/sys")?["type"], "sysfs")
}

fn sysfs_of_the_hosts_network_is_the_hosts(t: &Trial<'_>) -> Verdict {
    let case: Case = ("a sysfs", None, |bundle| bundle);
    let bundle = mapped(t)?.without_namespace("network");
    has_the_hosts_sysfs(&agree(t, &bundle, &case, &Ok)?)
}

fn sysfs_of_the_hosts_network_is_the_hosts_to_an_ordinary_user(t: &Trial<'_>) -> Verdict {
    let case: Case = ("a sysfs", None, |bundle| bundle);
    let options = ["nosuid", "noexec", "nodev", "ro"];
    let bundle = rootless(t)?.without_namespace("network");
    let bundle = bundle.mount("/sys", "sysfs", "sysfs", &options);
    has_the_hosts_sysfs(&agree(t, &bundle, &case, &|call| as_user(t, call))?)
}
