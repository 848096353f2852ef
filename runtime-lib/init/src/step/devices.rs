//! Device nodes, directories and links inside the rootfs.

use super::reads::{Failed, Member, Reads};
use super::words::{Escaped, Quoted};
use crate::linux::errno;
use crate::wire::Part;
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

/// What has to be so of a node that exists already.
pub mod demand {
    /// Its permissions are those of the step.
    pub const MODE: u32 = 1;
    /// So is its owner.
    pub const UID: u32 = 2;
    /// So is its group.
    pub const GID: u32 = 4;
    /// Nobody asked for just this node: what an image or a mount puts there is as good, and over a plain file the
    /// device is bound.
    pub const DEFAULT: u32 = 8;
    /// No node can be made where the runtime is: a plain file is what was left of the last time that the device was
    /// bound over it.
    pub const BOUND: u32 = 16;
}

steps! { 5<'a>;
    /// Make a directory inside the rootfs, and those above it, if it is not there.
    Directory<'a> = 1 {
        /// Where, below the rootfs.
        path: &'a CStr,
        /// Its permissions.
        mode: u32,
    }
    /// Make a device node or a FIFO inside the rootfs. An equal one that exists is kept as it is.
    Node<'a> = 2 {
        /// Where, below the rootfs.
        path: &'a CStr,
        /// `S_IFCHR`, `S_IFBLK` or `S_IFIFO`, and the permissions.
        mode: u32,
        /// Its major number.
        major: u32,
        /// Its minor number.
        minor: u32,
        /// Its owner.
        uid: u32,
        /// Its group.
        gid: u32,
        /// What has to be so also of one that exists: [`demand`]s.
        demands: u32,
    }
    /// Make a symbolic link inside the rootfs, if nothing is there.
    Link<'a> = 3 {
        /// Where, below the rootfs.
        path: &'a CStr,
        /// What it says.
        target: &'a CStr,
        /// Take away what is there.
        replace: bool,
    }
}

impl Reads for Directory<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let path = Escaped(self.path);
        write!(
            out,
            "make the directory /{path} (mode {:04o}) if it is missing",
            self.mode
        )
    }
}

impl Reads for Node<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let (path, mode) = (Escaped(self.path), self.mode & 0o7777);
        let Self {
            major, minor, uid, gid, ..
        } = self;
        let kind = match self.mode & crate::linux::file_type::S_IFMT {
            crate::linux::file_type::S_IFIFO => {
                return write!(out, "make the FIFO /{path} (mode {mode:04o}, owner {uid}:{gid})");
            }
            crate::linux::file_type::S_IFBLK => "block",
            _ => "character",
        };
        write!(
            out,
            "make the {kind} device /{path} ({major}:{minor}, mode {mode:04o}, owner {uid}:{gid})"
        )
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        match failed.part {
            Part::Target | Part::Exists | Part::Outside | Part::Root => Some(Member::Of("path")),
            _ => None,
        }
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if (failed.part, failed.errno) != (Part::Source, errno::NODEV) {
            return Ok(());
        }
        let Self { major, minor, .. } = self;
        write!(
            out,
            "in a user namespace no device can be made, and the host's /dev has none with the numbers {major}:{minor} \
             that could be bound; if it has one elsewhere, bind that by an entry in mounts"
        )
    }
}

impl Reads for Link<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "link /{} to {}", Escaped(self.path), Quoted(self.target))
    }
}
