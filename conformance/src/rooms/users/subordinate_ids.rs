//! An ordinary user's subordinate ids: `newuidmap`, `newgidmap` and the ranges of /etc/subuid and /etc/subgid (`man 5
//! subuid`, config-linux.md#user-namespace-mappings).

use std::fs;
use std::path::{Path, PathBuf};

use rustix::mount::{UnmountFlags, mount_bind, unmount};
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::Done;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, mount_at, words};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{USER, as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(ordinary_user_maps_the_ranges_it_was_granted),
    test!(process_of_an_ordinary_user_can_be_another_user),
    test!(
        groups_are_set_in_an_ordinary_users_container,
        ("runc", "1.1", "refuses groups to an ordinary user")
    ),
    test!(terminals_of_an_ordinary_users_container_get_their_group),
    test!(range_that_was_not_granted_is_refused),
    test!(
        ordinary_user_maps_its_subordinate_ids,
        ("runc", "1.1", "lets no ordinary user give groups")
    ),
    test!(ordinary_user_cannot_map_more_than_its_subordinate_ids),
    test!(
        helpers_that_get_no_privilege_are_told_as_that,
        ("runc", "1.1", "passes on the helper's words alone"),
        ("crun", "1.8", "passes on the helper's words alone")
    ),
];

/// The first subordinate id, and how many there are.
pub(in crate::rooms) const IDS: (u32, u32) = (200_000, 65_536);

/// What stands in for the host's files while a test runs. Only the harness' own mount namespace sees it.
pub(in crate::rooms) struct Granted {
    places: Vec<PathBuf>,
}

impl Granted {
    pub(in crate::rooms) fn new(t: &Trial<'_>) -> Result<Self, Failure> {
        let helper = |name: &str| {
            ["/usr/bin", "/bin"]
                .iter()
                .any(|folder| Path::new(folder).join(name).exists())
        };
        if !helper("newuidmap") || !helper("newgidmap") {
            return Err(Failure::Skip(
                "the host has no newuidmap and newgidmap (package uidmap)".into(),
            ));
        }
        let granted = format!("conformance:{}:{}\n", IDS.0, IDS.1);
        let users = format!("root:x:0:0::/root:/bin/sh\nconformance:x:{USER}:{USER}::/:/bin/sh\n");
        let mut all = Self { places: Vec::new() };
        for (place, text) in [
            ("/etc/passwd", &users),
            ("/etc/subuid", &granted),
            ("/etc/subgid", &granted),
        ] {
            if !Path::new(place).exists() {
                return Err(Failure::Skip(format!("the host has no {place}")));
            }
            let file = t.dir.join(place.trim_start_matches("/etc/"));
            fs::write(&file, text)?;
            mount_bind(&file, place)?;
            all.places.push(place.into());
        }
        Ok(all)
    }
}

impl Drop for Granted {
    fn drop(&mut self) {
        for place in &self.places {
            // A runtime that still runs may have the file open.
            let _ = unmount(place, UnmountFlags::DETACH);
        }
    }
}

/// A bundle of an ordinary user who maps itself to root, and so many ids from this one on to those from 1 on.
fn with_ids(t: &Trial<'_>, first: u32, count: u32) -> Result<Bundle, Failure> {
    Ok(rootless(t)?.id_maps(json!([
        {"containerID": 0, "hostID": USER, "size": 1},
        {"containerID": 1, "hostID": first, "size": count}
    ])))
}

/// Runs a bundle with a thousand ids.
fn run(t: &Trial<'_>, first: u32, change: impl FnOnce(Bundle) -> Bundle) -> Result<Done, Failure> {
    let _granted = Granted::new(t)?;
    let bundle = change(with_ids(t, first, 1000)?);
    as_user(t, t.with_bundle(&["run"], &bundle)?)?.finish()
}

fn seen(done: &Done) -> Result<Vec<Value>, Failure> {
    ensure(done.code == 0, || done.err.clone())?;
    done.lines()
}

fn ordinary_user_maps_the_ranges_it_was_granted(t: &Trial<'_>) -> Verdict {
    let done = run(t, 200_000, |bundle| {
        bundle.probe("read /proc/self/uid_map , read /proc/self/gid_map")
    })?;
    for line in seen(&done)? {
        let words: Vec<&str> = words(&line);
        let wanted = "0 1000 1 1 200000 1000";
        same("map", &words, wanted.split(' ').collect::<Vec<_>>())?;
    }
    Ok(())
}

fn process_of_an_ordinary_user_can_be_another_user(t: &Trial<'_>) -> Verdict {
    let report = seen(&run(t, 200_000, |bundle| bundle.user(7, 8))?)?;
    same("uids", &report[0]["uids"], json!([7, 7, 7]))?;
    same("gids", &report[0]["gids"], json!([8, 8, 8]))
}

fn groups_are_set_in_an_ordinary_users_container(t: &Trial<'_>) -> Verdict {
    let report = seen(&run(t, 200_000, |bundle| {
        bundle.set("/process/user/additionalGids", json!([5, 900]))
    })?)?;
    let groups = report[0]["groups"].as_array().cloned().unwrap_or_default();
    ensure(groups.contains(&json!(5)) && groups.contains(&json!(900)), || {
        format!("groups {groups:?}")
    })
}

fn terminals_of_an_ordinary_users_container_get_their_group(t: &Trial<'_>) -> Verdict {
    let options = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"];
    let report = seen(&run(t, 200_000, |bundle| {
        bundle.mount("/dev/pts", "devpts", "devpts", &options)
    })?)?;
    let mount = mount_at(&report[0], "/dev/pts")?;
    // The kernel shows this id as the host has it.
    ensure(has(&mount["super"], "gid=200004"), || mount.to_string())
}

fn range_that_was_not_granted_is_refused(t: &Trial<'_>) -> Verdict {
    let done = run(t, 300_000, |bundle| bundle)?;
    ensure(done.code != 0, || "it runs".into())
}

fn ordinary_user_maps_its_subordinate_ids(t: &Trial<'_>) -> Verdict {
    let _granted = Granted::new(t)?;
    let bundle = with_ids(t, IDS.0, IDS.1)?
        .user(1234, 4321)
        .set("/process/user/additionalGids", json!([7, 8]))
        .probe("report , read /proc/self/uid_map , read /proc/self/gid_map , read /proc/self/setgroups");
    let done = as_user(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?;
    let seen = done.lines()?;
    same("uids", &seen[0]["uids"], json!([1234, 1234, 1234]))?;
    same("groups", &seen[0]["groups"], json!([7, 8]))?;
    for map in &seen[1..3] {
        let words: Vec<&str> = map["value"].as_str().unwrap_or_default().split_whitespace().collect();
        same("map", &json!(words), json!(["0", "1000", "1", "1", "200000", "65536"]))?;
    }
    let setgroups = seen[3]["value"].as_str().unwrap_or_default();
    same("setgroups", &setgroups.trim(), "allow")
}

fn ordinary_user_cannot_map_more_than_its_subordinate_ids(t: &Trial<'_>) -> Verdict {
    let _granted = Granted::new(t)?;
    let bundle = with_ids(t, IDS.0, IDS.1 + 1)?;
    let done = as_user(t, t.with_bundle(&["run"], &bundle)?)?.refusal(&[])?;
    ensure(done.err.contains("idmap"), || done.err.clone())
}

fn helpers_that_get_no_privilege_are_told_as_that(t: &Trial<'_>) -> Verdict {
    let _granted = Granted::new(t)?;
    let bundle = with_ids(t, IDS.0, 1000)?;
    let script = format!("exec setpriv --no-new-privs --reuid {USER} --regid {USER} --clear-groups \"$0\" \"$@\"");
    let call = as_user(t, t.with_bundle(&["run"], &bundle)?)?.script(&script);
    call.refuse(&["map ids by newgidmap", "the caller has no_new_privs"])
}
