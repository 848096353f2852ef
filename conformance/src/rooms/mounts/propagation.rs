//! Propagation as it acts, not as it is shown: mounts that are made later, on the host or inside
//! (config.md#linux-mount-options).

use std::fs;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount};
use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Verdict, ensure, same};
use crate::report::{has, has_start, mount_at};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

const NO_PROPAGATION: Known = ("crun", "1.8", "drops the propagation of a bind");

pub(crate) const TESTS: &[Test] = &[
    test!(mount_on_the_host_arrives_in_a_slave_bind, NO_PROPAGATION),
    test!(mount_on_the_host_arrives_in_a_shared_bind, NO_PROPAGATION),
    test!(mount_on_the_host_does_not_arrive_in_a_private_bind),
    test!(mount_inside_arrives_on_the_host_from_a_shared_bind),
    test!(mount_inside_stays_inside_in_a_slave_bind),
    test!(mount_inside_stays_inside_by_default),
    test!(
        mount_on_the_host_arrives_in_a_slave_root,
        ("crun", "1.8", "the root is private")
    ),
    test!(mount_on_the_host_does_not_arrive_in_a_private_root),
    test!(
        several_words_are_carried_out_one_after_the_other,
        ("crun", "1.8", "drops the propagation of a bind")
    ),
    test!(
        mounts_own_words_hold_beside_the_roots,
        ("crun", "1.8", "drops the propagation of a bind")
    ),
];

/// A shared mount on the host, unmounted in the end with all that is on it.
struct Shared {
    folder: PathBuf,
}

impl Shared {
    fn new(folder: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(folder.join("below"))?;
        mount_bind(folder, folder)?;
        mount_change(folder, MountPropagationFlags::SHARED)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Mounts something on it.
    fn add(&self) -> std::io::Result<()> {
        let below = self.folder.join("below");
        mount("none", &below, "tmpfs", MountFlags::empty(), None)?;
        fs::write(below.join("late"), "")
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = unmount(self.folder.join("below"), UnmountFlags::DETACH);
        let _ = unmount(&self.folder, UnmountFlags::DETACH);
    }
}

/// Mounts on the host when the container runs, and has a look inside at `path`, what was mounted then.
fn late_mount_is_seen(t: &Trial<'_>, shared: &Shared, bundle: Bundle, path: &str, wanted: bool) -> Verdict {
    let bundle = bundle
        .bind("/run", &t.dir, &["bind"])
        .probe(&format!("await /run/go , stat {path}"));
    let created = t.launch(&bundle)?;
    let pid = t.pid(&created.id)?;
    shared.add()?;
    fs::write(t.dir.join("go"), "")?;
    t.exit_of(pid)?;
    let lines = created.lines()?;
    same("seen inside", &lines[1]["errno"].is_null(), wanted)
}

/// Whether what is mounted on the host later is seen in a bind with these options.
fn arrives(t: &Trial<'_>, options: &[&str], wanted: bool) -> Verdict {
    let shared = Shared::new(&t.dir.join("shared"))?;
    let bundle = t.bundle()?.bind("/data", &shared.folder, options);
    late_mount_is_seen(t, &shared, bundle, "/data/below/late", wanted)
}

fn mount_on_the_host_arrives_in_a_slave_bind(t: &Trial<'_>) -> Verdict {
    arrives(t, &["rbind", "rslave"], true)
}

fn mount_on_the_host_arrives_in_a_shared_bind(t: &Trial<'_>) -> Verdict {
    arrives(t, &["rbind", "rshared"], true)
}

fn mount_on_the_host_does_not_arrive_in_a_private_bind(t: &Trial<'_>) -> Verdict {
    arrives(t, &["rbind", "rprivate"], false)
}

/// Whether what is mounted inside is seen on the host. Engines give the root a propagation of its own for that.
fn leaves(t: &Trial<'_>, root: Option<&str>, options: &[&str], wanted: bool) -> Verdict {
    let shared = Shared::new(&t.dir.join("shared"))?;
    let bundle = t
        .bundle()?
        .capabilities(&["CAP_SYS_ADMIN"])
        .bind("/data", &shared.folder, options)
        .probe("mount x /data/below tmpfs 0 , write /data/below/late , sleep 60");
    let bundle = match root {
        Some(word) => bundle.set("/linux/rootfsPropagation", json!(word)),
        None => bundle,
    };
    let created = t.launch(&bundle)?;
    t.until("the mount inside", || {
        let text = created.out()?;
        let done = text.lines().count() >= 2;
        ensure(!done || text.matches("\"errno\":null").count() == 2, || text.clone())?;
        Ok(done)
    })?;
    let seen = shared.folder.join("below/late").exists();
    t.call(&["delete", "--force", &created.id]).succeed()?;
    same("seen on the host", &seen, wanted)
}

fn mount_inside_arrives_on_the_host_from_a_shared_bind(t: &Trial<'_>) -> Verdict {
    leaves(t, Some("rshared"), &["rbind", "rshared"], true)
}

fn mount_inside_stays_inside_in_a_slave_bind(t: &Trial<'_>) -> Verdict {
    leaves(t, Some("rslave"), &["rbind", "rslave"], false)
}

fn mount_inside_stays_inside_by_default(t: &Trial<'_>) -> Verdict {
    leaves(t, None, &["rbind"], false)
}

/// Whether what is mounted on the host's rootfs later is seen inside.
fn arrives_in_the_root(t: &Trial<'_>, word: &str, wanted: bool) -> Verdict {
    let bundle = t.bundle()?;
    let shared = Shared::new(&bundle.rootfs())?;
    let bundle = bundle.set("/linux/rootfsPropagation", json!(word));
    late_mount_is_seen(t, &shared, bundle, "/below/late", wanted)
}

fn mount_on_the_host_arrives_in_a_slave_root(t: &Trial<'_>) -> Verdict {
    arrives_in_the_root(t, "rslave", true)
}

fn mount_on_the_host_does_not_arrive_in_a_private_root(t: &Trial<'_>) -> Verdict {
    arrives_in_the_root(t, "rprivate", false)
}

fn several_words_are_carried_out_one_after_the_other(t: &Trial<'_>) -> Verdict {
    for (number, (words, is_slave)) in [
        (["private", "shared"], false),
        (["rprivate", "rshared"], false),
        (["slave", "shared"], true),
        (["rslave", "shared"], true),
    ]
    .into_iter()
    .enumerate()
    {
        let shared = Shared::new(&t.dir.join(format!("shared{number}")))?;
        let hosts = peer_group(&fs::read_to_string("/proc/self/mountinfo")?, &shared.folder);
        let bundle = t.bundle()?.set("/linux/rootfsPropagation", json!("rshared")).bind(
            "/data",
            &shared.folder,
            &["rbind", words[0], words[1]],
        );
        let report = t.see_one(&bundle)?;
        let tags = &mount_at(&report, "/data")?["tags"];
        ensure(has_start(tags, "shared:"), || format!("{words:?}: {tags}"))?;
        ensure(!has(tags, &format!("shared:{hosts}")), || {
            format!("{words:?}: still the host's peer: {tags}")
        })?;
        same(
            &format!("{words:?}: a slave of the host's"),
            &has(tags, &format!("master:{hosts}")),
            is_slave,
        )?;
    }
    Ok(())
}

/// The number of the peer group of the mount at a place.
fn peer_group(table: &str, place: &Path) -> String {
    let place = format!(" {} ", place.display());
    let line = table.lines().find(|line| line.contains(&place)).unwrap_or_default();
    let tag = line.split(' ').find_map(|word| word.strip_prefix("shared:"));
    tag.unwrap_or_default().to_owned()
}

fn mounts_own_words_hold_beside_the_roots(t: &Trial<'_>) -> Verdict {
    for (number, (root, word, is_shared, is_slave)) in [
        ("rslave", "rshared", true, true),
        ("rprivate", "rshared", true, false),
        ("rshared", "rprivate", false, false),
        ("rshared", "rslave", false, true),
        ("private", "rslave", false, true),
    ]
    .into_iter()
    .enumerate()
    {
        let shared = Shared::new(&t.dir.join(format!("shared{number}")))?;
        let bundle =
            t.bundle()?
                .set("/linux/rootfsPropagation", json!(root))
                .bind("/data", &shared.folder, &["rbind", word]);
        let report = t.see_one(&bundle)?;
        let tags = &mount_at(&report, "/data")?["tags"];
        let seen = (has_start(tags, "shared:"), has_start(tags, "master:"));
        ensure(seen == (is_shared, is_slave), || format!("{root}, {word}: {tags}"))?;
    }
    Ok(())
}
