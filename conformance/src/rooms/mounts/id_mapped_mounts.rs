//! Id-mapped mounts: `uidMappings` and `gidMappings` of a mount, `idmap`, `ridmap` (runtime-spec: config.md#mounts).

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::text_on_stdin;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::kernel::{needs_mapped_ids, tmpfs_maps_ids};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{mapped, run_with_pipe};

const NEW: &str = "knows no mappings of a mount";

pub(crate) const TESTS: &[Test] = &[
    test!(a_bind_with_mappings_shows_the_mapped_owners, ("runc", "1.1", NEW)),
    test!(
        what_is_written_through_a_mapped_bind_is_stored_unmapped,
        ("runc", "1.1", NEW)
    ),
    test!(mappings_alone_map_the_mount, ("runc", "1.1", NEW)),
    test!(
        idmap_leaves_the_mounts_below_and_ridmap_reaches_them,
        ("runc", "1.1", NEW),
        ("crun", "1.8", "knows no ridmap")
    ),
    test!(
        a_new_filesystem_is_mapped,
        ("runc", "1.1", NEW),
        ("crun", "1.8", "cannot map a tmpfs")
    ),
    test!(two_mounts_have_mappings_of_their_own, ("runc", "1.1", NEW)),
    test!(
        idmap_without_any_mappings_is_refused,
        ("runc", "1.1", "gives it to the filesystem, which ignores it on a bind"),
        ("crun", "1.8", "does not say that mappings are missing")
    ),
    test!(idmap_takes_the_containers_mappings, ("runc", "1.1", NEW)),
    test!(
        idmap_takes_the_mappings_of_a_namespace_that_is_joined,
        ("runc", "1.1", NEW)
    ),
    test!(a_mapped_bind_in_a_user_namespace_takes_its_flags, ("runc", "1.1", NEW)),
    test!(a_source_made_by_an_earlier_mount_is_mapped, ("runc", "1.1", NEW)),
    test!(
        a_source_in_an_earlier_mount_runs_in_a_user_namespace,
        ("runc", "1.1", NEW),
        ("crun", "1.8", "gives the host's own /dev/null to the container's user")
    ),
    test!(a_mapped_bind_leaves_the_hosts_owners_alone),
    test!(
        a_filesystem_that_cannot_map_is_refused_with_its_path,
        ("runc", "1.1", NEW),
        ("crun", "1.8", "does not name the path")
    ),
    test!(mappings_of_users_without_groups_are_refused, ("runc", "1.1", NEW)),
    test!(
        idmap_without_any_mappings_is_an_error,
        ("runc", "1.1", "gives it to the filesystem, which ignores it on a bind")
    ),
];

/// On the host 0 is shown as `host`.
fn maps(host: u32) -> Value {
    json!([{"containerID": 0, "hostID": host, "size": 1000}])
}

/// Binds `source` with mappings of its own.
fn id_mapped(bundle: Bundle, destination: &str, source: &str, options: &[&str], host: u32) -> Bundle {
    bundle.set(
        "/mounts/-",
        json!({"destination": destination, "type": "bind", "source": source, "options": options,
            "uidMappings": maps(host), "gidMappings": maps(host)}),
    )
}

fn source(t: &Trial<'_>) -> Result<String, Failure> {
    needs_mapped_ids(&t.dir)?;
    let folder = t.dir.join("source");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("root"), "x")?;
    fs::write(folder.join("seven"), "x")?;
    chown(folder.join("seven"), Some(7), Some(8))?;
    Ok(folder.to_string_lossy().into_owned())
}

fn owner(seen: &Value) -> (Value, Value) {
    (seen["value"]["uid"].clone(), seen["value"]["gid"].clone())
}

fn a_bind_with_mappings_shows_the_mapped_owners(t: &Trial<'_>) -> Verdict {
    let bundle = id_mapped(t.bundle()?, "/data", &source(t)?, &["rbind", "idmap"], 5000);
    let seen = t.see(&bundle.probe("stat /data/root , stat /data/seven"))?;
    same("owner", &owner(&seen[0]), (json!(5000), json!(5000)))?;
    same("owner", &owner(&seen[1]), (json!(5007), json!(5008)))
}

fn what_is_written_through_a_mapped_bind_is_stored_unmapped(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
    let bundle = id_mapped(t.bundle()?, "/data", &folder, &["bind", "idmap"], 5000).user(5003, 5004);
    t.see(&bundle.probe("write /data/new"))?;
    let new = fs::metadata(format!("{folder}/new"))?;
    same("owner", &(new.uid(), new.gid()), (3, 4))
}

fn mappings_alone_map_the_mount(t: &Trial<'_>) -> Verdict {
    let bundle = id_mapped(t.bundle()?, "/data", &source(t)?, &["bind", "ro"], 6000);
    let seen = t.see(&bundle.probe("stat /data/seven , write /data/new"))?;
    same("owner", &owner(&seen[0]), (json!(6007), json!(6008)))?;
    same("errno", &seen[1]["errno"], libc::EROFS)
}

fn idmap_leaves_the_mounts_below_and_ridmap_reaches_them(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    let below = format!("{folder}/below");
    fs::create_dir(&below)?;
    mount("none", below.as_str(), "tmpfs", MountFlags::empty(), None)?;
    fs::write(format!("{below}/deep"), "x")?;
    let look = |option: &str| {
        let bundle = id_mapped(t.bundle()?, "/data", &folder, &["rbind", option], 5000);
        t.see_one(&bundle.probe("stat /data/below/deep"))
    };
    let (plain, recursive) = (look("idmap"), look("ridmap"));
    unmount(below.as_str(), UnmountFlags::DETACH)?;
    same("owner below with idmap", &plain?["value"]["uid"], 0)?;
    if !tmpfs_maps_ids() {
        // The folder below is a tmpfs.
        return match recursive {
            Err(Failure::Wrong(text)) => ensure(text.contains("cannot map ids"), || text),
            other => wrong(format!("ridmap was not refused: {other:?}")),
        };
    }
    same("owner below with ridmap", &recursive?["value"]["uid"], 5000)
}

fn a_new_filesystem_is_mapped(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set(
        "/mounts/-",
        json!({"destination": "/data", "type": "tmpfs", "source": "x", "options": ["mode=755", "idmap"],
            "uidMappings": maps(5000), "gidMappings": maps(5000)}),
    );
    if !tmpfs_maps_ids() {
        return t.refused(&bundle, &["mounts[7]", "the filesystem cannot map ids"]);
    }
    same("owner", &t.see_one(&bundle.probe("stat /data"))?["value"]["uid"], 5000)
}

fn two_mounts_have_mappings_of_their_own(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    let bundle = id_mapped(t.bundle()?, "/data", &folder, &["bind", "idmap"], 5000);
    let bundle = id_mapped(bundle, "/run/a", &folder, &["bind", "idmap"], 6000);
    let bundle = id_mapped(bundle, "/run/b", &folder, &["bind", "idmap"], 5000);
    let seen = t.see(&bundle.probe("stat /data/seven , stat /run/a/seven , stat /run/b/seven"))?;
    for (seen, uid) in seen.iter().zip([5007, 6007, 5007]) {
        same("owner", &seen["value"]["uid"], uid)?;
    }
    Ok(())
}

fn idmap_without_any_mappings_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "bind", &source(t)?, &["bind", "idmap"]);
    t.refused(&bundle, &["mapping"])
}

fn idmap_takes_the_containers_mappings(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    let bundle =
        mapped(t)?
            .mount("/data", "bind", &folder, &["bind", "idmap"])
            .mount("/run", "bind", &folder, &["bind"]);
    let seen = run_with_pipe(t, &bundle.probe("stat /data/seven , stat /run/seven"))?.lines()?;
    same("owner in the mapped mount", &owner(&seen[0]), (json!(7), json!(8)))?;
    same("owner in the other", &owner(&seen[1]), (json!(65534), json!(65534)))
}

fn idmap_takes_the_mappings_of_a_namespace_that_is_joined(t: &Trial<'_>) -> Verdict {
    let first = mapped(t)?.probe("sleep 20");
    let stdin = text_on_stdin("")?;
    let first = t.create_with(t.with_bundle(&["create"], &first)?.stdin(stdin), &first)?;
    let pid = t.pid(&first.id)?.as_raw_nonzero();
    let mut bundle = mapped(t)?.mount("/data", "bind", &source(t)?, &["bind", "idmap"]);
    if let Some(list) = bundle.config["linux"]["namespaces"].as_array_mut() {
        list.retain(|one| one["type"] != "user");
        list.push(json!({"type": "user", "path": format!("/proc/{pid}/ns/user")}));
    }
    let bundle = bundle.remove("/linux", "uidMappings").remove("/linux", "gidMappings");
    let done = run_with_pipe(t, &bundle.probe("stat /data/seven"))?;
    ensure(done.code == 0, || done.err.clone())?;
    same("owner", &owner(&done.lines()?[0]), (json!(7), json!(8)))
}

fn a_mapped_bind_in_a_user_namespace_takes_its_flags(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    let bundle = mapped(t)?.mount("/data", "bind", &folder, &["rbind", "idmap", "ro", "nosuid"]);
    let seen = run_with_pipe(t, &bundle.probe("write /data/new , stat /data/seven"))?.lines()?;
    same("errno", &seen[0]["errno"], libc::EROFS)?;
    same("owner", &owner(&seen[1]), (json!(7), json!(8)))
}

fn a_source_made_by_an_earlier_mount_is_mapped(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "tmpfs", "x", &["mode=755"]);
    let made = bundle.rootfs().join("data").to_string_lossy().into_owned();
    let bundle = id_mapped(bundle, "/run", &made, &["bind", "idmap"], 5000);
    if !tmpfs_maps_ids() {
        return t.refused(&bundle, &["mounts[8]", "the filesystem cannot map ids"]);
    }
    let seen = t.see(&bundle.probe("stat /run , stat /data"))?;
    same(
        "owner in the mapped mount",
        &owner(&seen[0]),
        (json!(5000), json!(5000)),
    )?;
    same("owner in the other", &owner(&seen[1]), (json!(0), json!(0)))
}

fn a_source_in_an_earlier_mount_runs_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let bind = |bundle: Bundle, below: &str| {
        let made = bundle.rootfs().join(below).to_string_lossy().into_owned();
        bundle.mount("/run", "bind", &made, &["bind", "idmap"])
    };
    let below = t.dir.join("source/below");
    fs::create_dir_all(&below)?;
    // What the earlier mount binds is mapped.
    let volume = mapped(t)?
        .mount("/data", "bind", &source(t)?, &["rbind"])
        .folder("data/below")?;
    let seen = t.see(&bind(volume, "data/below").probe("stat /run"))?;
    same("owner", &owner(&seen[0]), (json!(0), json!(0)))?;
    let made = mapped(t)?.mount("/data", "tmpfs", "x", &["mode=755"]);
    t.see(&bind(made, "data").probe("stat /run")).map(drop)
}

fn a_mapped_bind_leaves_the_hosts_owners_alone(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    t.see(&id_mapped(t.bundle()?, "/data", &folder, &["rbind", "idmap"], 5000).probe("stat /data/seven"))?;
    same("owner", &fs::metadata(format!("{folder}/seven"))?.uid(), 7)
}

fn a_filesystem_that_cannot_map_is_refused_with_its_path(t: &Trial<'_>) -> Verdict {
    let bundle = id_mapped(t.bundle()?, "/data", "/proc/sys", &["bind", "idmap"], 5000);
    t.refused(&bundle, &["mounts[7]"])
}

fn mappings_of_users_without_groups_are_refused(t: &Trial<'_>) -> Verdict {
    let mount = json!({"destination": "/data", "type": "bind", "source": source(t)?, "options": ["bind", "idmap"],
        "uidMappings": maps(5000)});
    t.refused(&t.bundle()?.set("/mounts/-", mount), &[])
}

fn idmap_without_any_mappings_is_an_error(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.mount("/data", "bind", &source(t)?, &["bind", "idmap"]),
        &[],
    )
}
