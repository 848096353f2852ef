//! `linux.rootfsPropagation` where the written path of the rootfs does not tell which mount holds it: through a linked
//! parent, or a `..` that leads into a subfolder of a shared mount. The host's mounts stay as they are.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_bind, mount_change, unmount};
use serde_json::json;

use crate::failure::{Failure, Verdict, ensure};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(linked_parent_of_the_rootfs_leaves_the_host_alone, RUNC),
    test!(dots_behind_a_link_leave_the_host_alone, RUNC),
    test!(rootfs_in_a_shared_mount_leaves_the_host_alone, RUNC),
];

const RUNC: Known = ("runc", "1.1", "makes the rootfs unbindable and fails to bind it");

const WORDS: [&str; 8] = [
    "shared",
    "rshared",
    "slave",
    "rslave",
    "private",
    "rprivate",
    "unbindable",
    "runbindable",
];

/// A shared mount with folders in it, which ends with the test.
struct Shared {
    point: PathBuf,
}

impl Shared {
    fn new(t: &Trial<'_>) -> Result<Self, Failure> {
        let point = t.dir.join("shared");
        fs::create_dir_all(point.join("above/below"))?;
        mount_bind(&point, &point)?;
        let shared = Self { point };
        mount_change(&shared.point, MountPropagationFlags::SHARED)?;
        Ok(shared)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = unmount(&self.point, UnmountFlags::DETACH);
    }
}

/// A run with each propagation, the rootfs being moved to `above` in a shared mount and named by `path`.
fn each(t: &Trial<'_>, path: impl Fn(&Shared, &str) -> Result<PathBuf, Failure>) -> Verdict {
    let shared = Shared::new(t)?;
    for word in WORDS {
        let bundle = t.bundle()?;
        let name = format!("rootfs-{word}");
        let target = shared.point.join("above").join(&name);
        let copied = std::process::Command::new("cp")
            .arg("-a")
            .args([bundle.rootfs(), target])
            .status()?;
        ensure(copied.success(), || "harness: cp".into())?;
        let bundle = bundle
            .set("/root/path", json!(path(&shared, &name)?))
            .set("/linux/rootfsPropagation", json!(word));
        let before = fs::read_to_string("/proc/self/mountinfo")?;
        let done = t.run(&bundle)?;
        let after = fs::read_to_string("/proc/self/mountinfo")?;
        ensure(before == after, || format!("{word}: the host's mounts are {after}"))?;
        ensure(done.code == 0, || format!("{word}: {}", done.err))?;
    }
    Ok(())
}

fn linked_parent_of_the_rootfs_leaves_the_host_alone(t: &Trial<'_>) -> Verdict {
    symlink("shared/above", t.dir.join("link"))?;
    each(t, |_, name| Ok(t.dir.join("link").join(name)))
}

fn dots_behind_a_link_leave_the_host_alone(t: &Trial<'_>) -> Verdict {
    symlink("shared/above/below", t.dir.join("link"))?;
    each(t, |_, name| Ok(t.dir.join("link/..").join(name)))
}

fn rootfs_in_a_shared_mount_leaves_the_host_alone(t: &Trial<'_>) -> Verdict {
    each(t, |shared, name| Ok(shared.point.join("above").join(name)))
}
