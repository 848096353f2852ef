//! A mount with another one below it.

use std::fs;

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use serde_json::Value;

use crate::failure::Failure;
use crate::report::mount_at;
use crate::trial::Trial;

/// The options that the mounts at `/data` and `/data/below` have inside, where the host has them with these flags and
/// the config binds them with these options.
pub(super) fn nested_options(
    t: &Trial<'_>,
    number: usize,
    flags: MountFlags,
    options: &[&str],
) -> Result<[Value; 2], Failure> {
    let folder = t.dir.join(format!("tree{number}"));
    fs::create_dir(&folder)?;
    mount("none", &folder, "tmpfs", flags, None)?;
    // A read-only mount gets its folder before.
    let result = (|| {
        let below = folder.join("below");
        if flags.contains(MountFlags::RDONLY) {
            mount_remount(&folder, MountFlags::empty(), "")?;
        }
        fs::create_dir(&below)?;
        mount("none", &below, "tmpfs", flags, None)?;
        if flags.contains(MountFlags::RDONLY) {
            mount_remount(&folder, flags | MountFlags::BIND, "")?;
        }
        let report = t.see_one(&t.bundle()?.bind("/data", &folder, options));
        unmount(&below, UnmountFlags::DETACH)?;
        let report = report?;
        Ok([
            mount_at(&report, "/data")?["options"].clone(),
            mount_at(&report, "/data/below")?["options"].clone(),
        ])
    })();
    unmount(&folder, UnmountFlags::DETACH)?;
    result
}
