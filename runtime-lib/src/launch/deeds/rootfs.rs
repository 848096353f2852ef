//! A look at the root filesystem, before anything is made.

use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, CheckRootfs};
use crate::{Error, Failure};
use rustix::fs::FileType;
use rustix::io::Errno;
use std::path::Path;

impl Carry<Launching<'_>> for CheckRootfs {
    fn carry_out(&self, _: &Origin, _: &mut Launching<'_>) -> Result<(), Error> {
        Ok(check_rootfs(&self.path)?)
    }
}

/// Looks whether the root filesystem is there, and a folder. A symbolic link is refused as runc does.
pub(crate) fn check_rootfs(rootfs: &Path) -> Result<(), Failure> {
    let attempted = || format!("use the rootfs {rootfs:?}");
    let kind = match rustix::fs::lstat(rootfs) {
        Ok(status) => FileType::from_raw_mode(status.st_mode),
        Err(errno) => return Err(Failure::new(attempted(), errno).at("root.path")),
    };
    match kind {
        FileType::Directory => Ok(()),
        FileType::Symlink => {
            let why = "it is a symbolic link, which could lead anywhere; give the folder itself";
            Err(Failure::plain(attempted(), why).at("root.path"))
        }
        _ => Err(Failure::new(attempted(), Errno::NOTDIR).at("root.path")),
    }
}
