//! User namespaces with maps of the host's root (config-linux.md#user-namespace-mappings).

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use serde_json::{Value, json};

use crate::failure::{Verdict, ensure, same};
use crate::host::link_target;
use crate::report::words;
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{FIRST, mapped};

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
    test!(several_ranges_are_mapped, GIVES_NULL),
    test!(mapping_changes_no_owner_on_the_host, GIVES_NULL),
    test!(source_in_a_folder_of_another_users_is_bound, GIVES_NULL),
];

/// As a project in a user's home is. Init's own user is mapped nowhere, and has no privileges there.
fn source_in_a_folder_of_another_users_is_bound(t: &Trial<'_>) -> Verdict {
    let home = t.dir.join("home");
    let project = home.join("project");
    fs::create_dir_all(&project)?;
    fs::write(project.join("file"), "of a project")?;
    symlink(&project, t.dir.join("link"))?;
    let open = t.dir.join("open");
    fs::create_dir(&open)?;
    fs::write(open.join("file"), "behind a link")?;
    symlink("../open", home.join("first"))?;
    symlink("first", home.join("second"))?;
    chown(&home, Some(4242), Some(4242))?;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
    let ways = [project, t.dir.join("link"), home.join("second")];
    let [project, link, links_in_home] = ways.map(|path| path.to_string_lossy().into_owned());
    let bundle = mapped(t)?
        .mount("/one", "bind", &project, &["rbind", "ro"])
        .mount("/two", "bind", &link, &["bind"])
        .mount("/three", "bind", &links_in_home, &["bind"])
        .probe("read /one/file , read /two/file , read /three/file , write /one/other x , write /two/other x");
    let report = t.see(&bundle)?;
    for (number, content) in ["of a project", "of a project", "behind a link"].iter().enumerate() {
        same("file", &report[number]["value"], *content)?;
    }
    same("read-only", &report[3]["errno"], libc::EROFS)?;
    same("another user's", &report[4]["errno"], libc::EACCES)
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

fn user_namespace_is_joined_with_others_of_its_own(t: &Trial<'_>) -> Verdict {
    let theirs = t.namespaces_of(&mapped(t)?.probe("sleep 10"))?;
    let mut bundle = mapped(t)?.id_maps(Value::Null);
    for (kind, file) in [("user", "user"), ("network", "net"), ("ipc", "ipc"), ("pid", "pid")] {
        bundle = bundle.joining(kind, &format!("{theirs}/{file}"));
    }
    let report = t.see_one(&bundle)?;
    for file in ["user", "net", "ipc", "pid"] {
        let wanted = link_target(format!("{theirs}/{file}"))?;
        same(file, &report["namespaces"][file], wanted.as_str())?;
    }
    same("uids", &report["uids"], json!([0, 0, 0]))
}

fn user_namespace_is_joined_with_a_network_of_the_hosts(t: &Trial<'_>) -> Verdict {
    let network = t.namespaces_of(&t.bundle()?.probe("sleep 10"))?;
    let user = t.namespaces_of(&mapped(t)?.probe("sleep 10"))?;
    let bundle = mapped(t)?.id_maps(Value::Null);
    let bundle = bundle
        .without_mount("/sys")
        .joining("network", &format!("{network}/net"));
    let report = t.see_one(&bundle.joining("user", &format!("{user}/user")))?;
    let wanted = link_target(format!("{network}/net"))?;
    same("net", &report["namespaces"]["net"], wanted.as_str())
}

fn new_user_namespace_with_a_network_of_the_hosts(t: &Trial<'_>) -> Verdict {
    let network = t.namespaces_of(&t.bundle()?.probe("sleep 10"))?;
    let report = t.see_one(
        &mapped(t)?
            .without_mount("/sys")
            .joining("network", &format!("{network}/net")),
    )?;
    let wanted = link_target(format!("{network}/net"))?;
    same("net", &report["namespaces"]["net"], wanted.as_str())?;
    same("pid", &report["pid"], 1)
}

fn mappings_without_user_namespace_are_refused(t: &Trial<'_>) -> Verdict {
    let map = json!([{"containerID": 0, "hostID": FIRST, "size": 65536}]);
    t.refused(&t.bundle()?.set("/linux/uidMappings", map), &[])
}

fn several_ranges_are_mapped(t: &Trial<'_>) -> Verdict {
    let map = json!([
        {"containerID": 0, "hostID": FIRST, "size": 1000},
        {"containerID": 1000, "hostID": 300_000, "size": 1},
        {"containerID": 5000, "hostID": 400_000, "size": 10}
    ]);
    let bundle = mapped(t)?.id_maps(map);
    let said = t.see(&bundle.probe("read /proc/self/uid_map , read /proc/self/gid_map"))?;
    for line in said {
        let words: Vec<&str> = words(&line);
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
    let bundle = bundle.bind("/data", &source, &["bind"]);
    let owners = || Ok::<_, std::io::Error>((std::fs::metadata(&file)?.uid(), std::fs::metadata(&source)?.uid()));
    let before = owners()?;
    t.see(&bundle)?;
    same("owners", &owners()?, before)
}
