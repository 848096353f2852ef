//! What the kernel at hand is too old for.

use std::path::Path;

use crate::failure::{Failure, Verdict};

/// TMPFS_MAGIC of linux/magic.h.
const TMPFS: u64 = 0x0102_1994;

/// Whether the kernel is of this version or newer.
pub(crate) fn is_since(major: u32, minor: u32) -> bool {
    let name = rustix::system::uname();
    version(&name.release().to_string_lossy()) >= (major, minor)
}

fn version(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|it: char| !it.is_ascii_digit()).map(str::parse);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    (next(), next())
}

/// Whether the owners in a folder can be mapped by an id-mapped mount. What of the filesystems that are usual on a disk
/// cannot is told by the runtime; tmpfs learned it late.
pub(crate) fn maps_ids(folder: &Path) -> bool {
    let is_tmpfs = rustix::fs::statfs(folder).is_ok_and(|found| u64::try_from(found.f_type) == Ok(TMPFS));
    !is_tmpfs || tmpfs_maps_ids()
}

/// Whether a tmpfs can be mounted with mapped ids.
pub(crate) fn tmpfs_maps_ids() -> bool {
    is_since(6, 3)
}

/// Skips where the tests' folder is on a tmpfs whose ids cannot be mapped.
pub(crate) fn needs_mapped_ids(folder: &Path) -> Verdict {
    if maps_ids(folder) {
        return Ok(());
    }
    let why = format!(
        "{} is on a tmpfs, whose ids can be mapped since Linux 6.3",
        folder.display()
    );
    Err(Failure::Skip(why))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn version_begins_a_release() {
        assert_eq!(version("6.1.0-56-amd64"), (6, 1));
        assert_eq!(version("5.15+"), (5, 15));
        assert_eq!(version("7-rc1"), (7, 0));
        assert!(version("6.18.44") > version("6.3.0"));
    }
}
