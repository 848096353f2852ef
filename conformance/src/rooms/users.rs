//! User and time namespaces, and the runtime as an ordinary user.

use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use crate::bundle::Bundle;
use crate::call::Call;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::suite::{Known, Test, test};
use crate::trial::Trial;

pub(super) const FIRST: u32 = 100_000;
pub(super) const USER: u32 = 1000;

pub(super) const GIVES_NULL: Known = ("crun", "1.8", "gives the host's own /dev/null to the container's user");

pub(crate) const TESTS: &[Test] = &[
    test!(new_user_namespace_maps_ids, GIVES_NULL),
    test!(devices_are_the_hosts_in_a_user_namespace, GIVES_NULL),
    test!(all_capabilities_can_be_given_in_a_user_namespace, GIVES_NULL),
    test!(process_can_be_another_user_of_the_namespace, GIVES_NULL),
    test!(limits_are_set_in_a_user_namespace, GIVES_NULL),
    test!(sysctl_of_the_containers_network_is_set_in_a_user_namespace, GIVES_NULL),
    test!(
        user_namespace_is_joined_with_others_of_its_own,
        ("runc", "1.1", "wants mappings although the namespace is joined"),
        GIVES_NULL
    ),
    test!(
        user_namespace_is_joined_with_a_network_of_the_hosts,
        ("runc", "1.1", "wants mappings although the namespace is joined"),
        GIVES_NULL
    ),
    test!(new_user_namespace_with_a_network_of_the_hosts, GIVES_NULL),
    test!(
        mappings_without_user_namespace_are_refused,
        ("runc", "1.1", "runs it"),
        ("crun", "1.8", "runs it")
    ),
    test!(
        clocks_are_shifted_in_a_time_namespace,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "does not write the offsets")
    ),
    test!(
        offsets_without_time_namespace_are_refused,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "runs it")
    ),
    test!(ordinary_user_runs_a_container),
    test!(ordinary_user_goes_through_every_verb),
    test!(
        ordinary_user_without_user_namespace_is_refused,
        ("crun", "1.8", "makes a user namespace unasked")
    ),
    test!(ordinary_user_cannot_map_what_is_not_its_own),
    test!(several_ranges_are_mapped, GIVES_NULL),
    test!(mapping_changes_no_owner_on_the_host, GIVES_NULL),
    test!(
        offsets_of_both_clocks_are_exact,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "cannot write the offsets")
    ),
    test!(
        negative_offsets_are_set,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "cannot write the offsets")
    ),
    test!(
        offset_of_an_unknown_clock_is_refused,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "cannot write the offsets")
    ),
];

/// Gives everything in a rootfs to the first id of the container's map.
pub(super) fn give(path: &Path, id: u32) -> std::io::Result<()> {
    chown(path, Some(id), Some(id))?;
    if path.is_dir() && !path.is_symlink() {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?.path();
            if !entry.is_symlink() {
                give(&entry, id)?;
            }
        }
    }
    Ok(())
}

/// Lets others pass through the folders above the bundle.
fn open_way(t: &Trial<'_>, bundle: &Bundle) -> std::io::Result<()> {
    for folder in bundle
        .rootfs()
        .ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(&t.dir))
    {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    }
    let above = t.dir.parent().unwrap_or(&t.dir);
    std::fs::set_permissions(above, std::fs::Permissions::from_mode(0o755))
}

pub(super) fn mapped(t: &Trial<'_>) -> Result<Bundle, Failure> {
    let bundle = t.bundle()?;
    give(&bundle.rootfs(), FIRST)?;
    open_way(t, &bundle)?;
    let map = json!([{"containerID": 0, "hostID": FIRST, "size": 65536}]);
    Ok(bundle
        .set("/linux/namespaces/-", json!({"type": "user"}))
        .set("/linux/uidMappings", map.clone())
        .set("/linux/gidMappings", map))
}

fn new_user_namespace_maps_ids(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&mapped(t)?.probe("sleep 5"))?;
    let pid = t.pid(&created.id)?;
    let map = std::fs::read_to_string(format!("/proc/{}/uid_map", pid.as_raw_nonzero()))?;
    let words: Vec<&str> = map.split_whitespace().collect();
    same("uid_map", &json!(words), json!(["0", "100000", "65536"]))?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()))?;
    ensure(status.contains("Uid:\t100000\t100000"), || status.clone())
}

fn devices_are_the_hosts_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let report = t.see(&mapped(t)?.probe("write /dev/null x , stat /dev/zero , stat /dev/full"))?;
    ensure(report.len() == 3, || format!("{report:?}"))
}

fn all_capabilities_can_be_given_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&mapped(t)?.capabilities(&["CAP_SYS_RESOURCE", "CAP_SYS_ADMIN"]))?;
    same(
        "permitted",
        &report["capabilities"]["permitted"],
        report["capabilities"]["effective"].clone(),
    )
}

fn process_can_be_another_user_of_the_namespace(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&mapped(t)?.user(1234, 4321))?;
    same("uids", &report["uids"], json!([1234, 1234, 1234]))
}

fn limits_are_set_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let limit = json!([{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}]);
    let report = t.see_one(&mapped(t)?.set("/process/rlimits", limit))?;
    let text = report["rlimits"].to_string();
    ensure(text.contains("77") && text.contains("88"), || text.clone())
}

fn sysctl_of_the_containers_network_is_set_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = mapped(t)?.set("/linux/sysctl", json!({"net.ipv4.ip_unprivileged_port_start": "81"}));
    let report = t.see(&bundle.probe("read /proc/sys/net/ipv4/ip_unprivileged_port_start"))?;
    ensure(json!(report).to_string().contains("81"), || format!("{report:?}"))
}

/// A container that sleeps, and the folder of its namespaces.
pub(super) fn sleeper(t: &Trial<'_>, bundle: &Bundle) -> Result<String, Failure> {
    let created = t.launch(bundle)?;
    Ok(format!("/proc/{}/ns", t.pid(&created.id)?.as_raw_nonzero()))
}

pub(super) fn joining(bundle: Bundle, kind: &str, path: &str) -> Bundle {
    bundle
        .without_namespace(kind)
        .set("/linux/namespaces/-", json!({"type": kind, "path": path}))
}

fn user_namespace_is_joined_with_others_of_its_own(t: &Trial<'_>) -> Verdict {
    let theirs = sleeper(t, &mapped(t)?.probe("sleep 10"))?;
    let mut bundle = mapped(t)?
        .set("/linux/uidMappings", Value::Null)
        .set("/linux/gidMappings", Value::Null);
    for (kind, file) in [("user", "user"), ("network", "net"), ("ipc", "ipc"), ("pid", "pid")] {
        bundle = joining(bundle, kind, &format!("{theirs}/{file}"));
    }
    let report = t.see_one(&bundle)?;
    for file in ["user", "net", "ipc", "pid"] {
        let wanted = std::fs::read_link(format!("{theirs}/{file}"))?
            .to_string_lossy()
            .into_owned();
        same(file, &report["namespaces"][file], wanted.as_str())?;
    }
    same("uids", &report["uids"], json!([0, 0, 0]))
}

fn user_namespace_is_joined_with_a_network_of_the_hosts(t: &Trial<'_>) -> Verdict {
    let network = sleeper(t, &t.bundle()?.probe("sleep 10"))?;
    let user = sleeper(t, &mapped(t)?.probe("sleep 10"))?;
    let bundle = mapped(t)?
        .set("/linux/uidMappings", Value::Null)
        .set("/linux/gidMappings", Value::Null);
    let bundle = joining(bundle.without_mount("/sys"), "network", &format!("{network}/net"));
    let report = t.see_one(&joining(bundle, "user", &format!("{user}/user")))?;
    let wanted = std::fs::read_link(format!("{network}/net"))?
        .to_string_lossy()
        .into_owned();
    same("net", &report["namespaces"]["net"], wanted.as_str())
}

fn new_user_namespace_with_a_network_of_the_hosts(t: &Trial<'_>) -> Verdict {
    let network = sleeper(t, &t.bundle()?.probe("sleep 10"))?;
    let report = t.see_one(&joining(
        mapped(t)?.without_mount("/sys"),
        "network",
        &format!("{network}/net"),
    ))?;
    let wanted = std::fs::read_link(format!("{network}/net"))?
        .to_string_lossy()
        .into_owned();
    same("net", &report["namespaces"]["net"], wanted.as_str())?;
    same("pid", &report["pid"], 1)
}

fn mappings_without_user_namespace_are_refused(t: &Trial<'_>) -> Verdict {
    let map = json!([{"containerID": 0, "hostID": FIRST, "size": 65536}]);
    t.refused(&t.bundle()?.set("/linux/uidMappings", map), &[]).map(drop)
}

fn shifted(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(t.bundle()?.set(
        "/linux/timeOffsets",
        json!({"boottime": {"secs": 1_000_000, "nanosecs": 5}, "monotonic": {"secs": 2_000_000}}),
    ))
}

fn clocks_are_shifted_in_a_time_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = shifted(t)?.set("/linux/namespaces/-", json!({"type": "time"}));
    let seen = json!(t.see(&bundle.probe("read /proc/uptime , read /proc/self/timens_offsets"))?).to_string();
    ensure(seen.contains("1000000") && seen.contains("2000000"), || seen.clone())
}

fn offsets_without_time_namespace_are_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&shifted(t)?, &[]).map(drop)
}

/// A bundle that belongs to an ordinary user, who is root inside.
pub(super) fn rootless(t: &Trial<'_>) -> Result<Bundle, Failure> {
    let bundle = t.bundle()?;
    let own = json!([{"containerID": 0, "hostID": USER, "size": 1}]);
    give(&bundle.rootfs(), USER)?;
    open_way(t, &bundle)?;
    let mut bundle = bundle
        .without_mount("/sys")
        .set("/linux/cgroupsPath", Value::Null)
        .set("/linux/resources", Value::Null);
    for mount in ["/dev/pts", "/sys/fs/cgroup"] {
        bundle = bundle.without_mount(mount);
    }
    Ok(bundle
        .set("/linux/namespaces/-", json!({"type": "user"}))
        .set("/linux/uidMappings", own.clone())
        .set("/linux/gidMappings", own))
}

/// The same call by that user, with a state folder of its own.
pub(super) fn as_user<'t>(t: &'t Trial<'_>, call: Call<'t>) -> Result<Call<'t>, Failure> {
    let root = t.dir.join("rootless");
    std::fs::create_dir_all(&root)?;
    chown(&root, Some(USER), Some(USER))?;
    Ok(call
        .root(&root.to_string_lossy())
        .variable("XDG_RUNTIME_DIR", &root.to_string_lossy())
        .script(&format!(
            "exec setpriv --reuid {USER} --regid {USER} --clear-groups \"$0\" \"$@\""
        )))
}

fn ordinary_user_runs_a_container(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?;
    let done = as_user(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?;
    let report = done.json()?;
    same("uids", &report["uids"], json!([0, 0, 0]))?;
    same("pid", &report["pid"], 1)
}

fn ordinary_user_goes_through_every_verb(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.probe("sleep 20");
    let id = t.fresh_id();
    let folder = bundle
        .rootfs()
        .parent()
        .map(|dir| dir.to_string_lossy().into_owned())
        .unwrap_or_default();
    bundle.save()?;
    let words: &[&[&str]] = &[
        &["create", "--bundle", &folder, &id],
        &["state", &id],
        &["start", &id],
        &["list"],
        &["kill", &id, "KILL"],
        &["delete", "--force", &id],
    ];
    for words in words {
        as_user(t, t.call(words))?.succeed()?;
    }
    Ok(())
}

fn ordinary_user_without_user_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?
        .without_namespace("user")
        .set("/linux/uidMappings", Value::Null)
        .set("/linux/gidMappings", Value::Null);
    as_user(t, t.with_bundle(&["run"], &bundle)?)?.refuse(&[]).map(drop)
}

fn ordinary_user_cannot_map_what_is_not_its_own(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.set(
        "/linux/uidMappings",
        json!([{"containerID": 0, "hostID": 0, "size": 1}]),
    );
    as_user(t, t.with_bundle(&["run"], &bundle)?)?.refuse(&[]).map(drop)
}

fn several_ranges_are_mapped(t: &Trial<'_>) -> Verdict {
    let map = json!([
        {"containerID": 0, "hostID": FIRST, "size": 1000},
        {"containerID": 1000, "hostID": 300_000, "size": 1},
        {"containerID": 5000, "hostID": 400_000, "size": 10}
    ]);
    let bundle = mapped(t)?
        .set("/linux/uidMappings", map.clone())
        .set("/linux/gidMappings", map);
    let said = t.see(&bundle.probe("read /proc/self/uid_map , read /proc/self/gid_map"))?;
    for line in said {
        let words: Vec<&str> = line["value"].as_str().unwrap_or_default().split_whitespace().collect();
        let wanted = "0 100000 1000 1000 300000 1 5000 400000 10";
        same("map", &words, wanted.split(' ').collect::<Vec<_>>())?;
    }
    Ok(())
}

fn mapping_changes_no_owner_on_the_host(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::MetadataExt;
    let bundle = mapped(t)?.file("etc/mine", "x")?;
    let file = bundle.rootfs().join("etc/mine");
    let source = t.dir.join("source");
    std::fs::create_dir(&source)?;
    let bundle = bundle.mount("/data", "bind", &source.to_string_lossy(), &["bind"]);
    let owners = || Ok::<_, std::io::Error>((std::fs::metadata(&file)?.uid(), std::fs::metadata(&source)?.uid()));
    let before = owners()?;
    t.see(&bundle)?;
    same("owners", &owners()?, before)
}

/// What the process sees as `/proc/self/timens_offsets`, word by word.
fn offsets(t: &Trial<'_>, offsets: Value) -> Result<Vec<String>, Failure> {
    let bundle = t
        .bundle()?
        .set("/linux/timeOffsets", offsets)
        .set("/linux/namespaces/-", json!({"type": "time"}));
    let seen = t.see_one(&bundle.probe("read /proc/self/timens_offsets"))?;
    let text = seen["value"].as_str().unwrap_or_default();
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn offsets_of_both_clocks_are_exact(t: &Trial<'_>) -> Verdict {
    let seen = offsets(
        t,
        json!({"boottime": {"secs": 1_000_000, "nanosecs": 5}, "monotonic": {"secs": 7, "nanosecs": 999_999_999}}),
    )?;
    let wanted = "monotonic 7 999999999 boottime 1000000 5";
    same("offsets", &seen, wanted.split(' ').collect::<Vec<_>>())
}

fn negative_offsets_are_set(t: &Trial<'_>) -> Verdict {
    // The clock itself may not become negative: the machine has run for a second at least.
    let seen = offsets(t, json!({"boottime": {"secs": -1}}))?;
    same(
        "offsets",
        &seen,
        "monotonic 0 0 boottime -1 0".split(' ').collect::<Vec<_>>(),
    )
}

fn offset_of_an_unknown_clock_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/timeOffsets", json!({"sundial": {"secs": 1}}))
        .set("/linux/namespaces/-", json!({"type": "time"}));
    t.refused(&bundle, &["sundial"]).map(drop)
}
