//! An ordinary user's subordinate ids (`man 5 subuid`), which only `newuidmap` and `newgidmap` may map.

use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::mount::{UnmountFlags, mount_bind, unmount};

use super::users::{USER, as_user, rootless};
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::suite::{Test, test};
use crate::trial::Trial;

/// The first subordinate id, and how many there are.
const IDS: (u32, u32) = (200_000, 65_536);

pub(crate) const TESTS: &[Test] = &[
    test!(
        ordinary_user_maps_its_subordinate_ids,
        ("runc", "1.1", "lets no ordinary user give groups")
    ),
    test!(ordinary_user_cannot_map_more_than_its_subordinate_ids),
];

/// The user's entries, laid over the host's files in the harness' own mount namespace: the host's stay as they are, whatever becomes of the test.
struct Entries(Vec<PathBuf>);

impl Entries {
    fn new(t: &Trial<'_>) -> Result<Self, Failure> {
        for helper in ["newuidmap", "newgidmap"] {
            if !Path::new("/usr/bin").join(helper).exists() {
                return Err(Failure::Skip(format!("{helper} is not installed")));
            }
        }
        let mut entries = Self(Vec::new());
        for name in ["subuid", "subgid"] {
            let target = Path::new("/etc").join(name);
            if !target.exists() {
                return Err(Failure::Skip(format!("there is no {}", target.display())));
            }
            let source = t.dir.join(name);
            fs::write(&source, format!("{USER}:{}:{}\n", IDS.0, IDS.1))?;
            mount_bind(&source, &target)?;
            entries.0.push(target);
        }
        Ok(entries)
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        for target in &self.0 {
            // A runtime that still runs may have the file open.
            let _ = unmount(target, UnmountFlags::DETACH);
        }
    }
}

/// The user's own id is root inside, and its subordinate ones follow.
fn with_ids(t: &Trial<'_>, count: u32) -> Result<Bundle, Failure> {
    let map = json!([
        {"containerID": 0, "hostID": USER, "size": 1},
        {"containerID": 1, "hostID": IDS.0, "size": count}
    ]);
    Ok(rootless(t)?
        .set("/linux/uidMappings", map.clone())
        .set("/linux/gidMappings", map))
}

fn ordinary_user_maps_its_subordinate_ids(t: &Trial<'_>) -> Verdict {
    let _entries = Entries::new(t)?;
    let bundle = with_ids(t, IDS.1)?
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
    let _entries = Entries::new(t)?;
    let bundle = with_ids(t, IDS.1 + 1)?;
    let done = as_user(t, t.with_bundle(&["run"], &bundle)?)?.refuse(&[])?;
    ensure(done.err.contains("idmap"), || done.err.clone())
}
