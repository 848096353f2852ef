//! The rootfs: taking hold of it, making it the root, and closing it off.

use super::reads::{Failed, Member, Reads};
use super::words::{Escaped, Propagating, Quoted};
use crate::linux::{errno, mount_flag};
use crate::wire::{Part, Slot, Strings};
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

steps! { 3<'a>;
    /// Open the rootfs and the sources of bind mounts, while init is the user that it was started as: in a user
    /// namespace it will be another one, who may have no way there. What cannot be opened is left for the mount itself
    /// to fail at.
    OpenSources<'a> = 1 {
        /// Paths of the host's.
        paths: Strings<'a>,
        /// The number of the rootfs among them: a link in its place is not followed.
        rootfs: Option<u32>,
    }
    /// Change how mounts propagate, from the host's root on, in init's copy of the host's mounts.
    HostPropagation = 2 {
        /// `MS_SLAVE` or `MS_PRIVATE`.
        propagation: u64,
    }
    /// Make the mount that holds the rootfs private, so that nothing mounted there shows on the host.
    PrivateAround<'a> = 3 {
        /// The rootfs, absolute, on the host.
        path: &'a CStr,
        /// Its number among the sources that were opened early.
        opened: Option<u32>,
    }
    /// Mount the rootfs on itself, and take hold of it.
    OpenRoot<'a> = 4 {
        /// The rootfs, absolute, on the host.
        path: &'a CStr,
        /// Its number among the sources that were opened early.
        opened: Option<u32>,
        /// Its propagation while it is set up: `MS_PRIVATE`, or 0 to leave it.
        propagation: u64,
    }
    /// Make the rootfs the root, and let the host's mounts go (`man 2 pivot_root`).
    Pivot = 5 {
    }
    /// Make the rootfs the root also where `pivot_root` is refused, as on a host whose root is a ramdisk: by moving it
    /// over the root, letting go of what is mounted there, and chroot.
    MoveRoot = 6 {
    }
    /// Set how the root propagates mounts.
    RootPropagation = 7 {
        /// `MS_SHARED` and the like, with `MS_REC` if that was asked for.
        propagation: u64,
    }
    /// Make the root's mount read-only.
    ReadonlyRoot = 8 {
    }
    /// Make a path inside the container read-only. One that does not exist is no error.
    ReadonlyPath<'a> = 9 {
        /// Where, below the root.
        path: &'a CStr,
    }
    /// Hide a path inside the container: a file behind `/dev/null`, a directory behind an empty read-only filesystem.
    /// One that does not exist is no error.
    MaskPath<'a> = 10 {
        /// Where, below the root.
        path: &'a CStr,
    }
    /// Open the host's procfs while it can be reached, for what is done in the container's root.
    HoldProc = 11 {
    }
    /// Leave the mount namespace that the rootfs was put together in for the runtime's own, and take a copy of the
    /// rootfs that has no place in it as the root (`man 2 chroot`): what the container shares with the runtime is not
    /// changed.
    TakeRootAlong = 12 {
        /// The runtime's mount namespace.
        namespace: Slot,
    }
    /// Take the root of a process of the container as the root.
    ShareRoot = 13 {
        /// That root.
        root: Slot,
    }
    /// Take hold of the root of the container that init has joined. What is mounted there from now on is taken off
    /// again should a later step fail.
    HoldContainer<'a> = 14 {
        /// The ids, each a `u64`, of its mounts whose changes show outside of it: nothing is mounted on these.
        shared: &'a [u8],
        /// With this turn the parent gets hold of the first mount before it has its place, and with each further turn of
        /// the next one.
        turn: u32,
    }
    /// Take a source of a bind mount that the parent has opened in init's copy of the host's mounts: there is no way to
    /// it without privileges.
    TakeSource<'a> = 15 {
        /// The parent's turn.
        turn: u32,
        /// The number that the source has among those that were opened early.
        number: u32,
        /// Its path on the host.
        path: &'a CStr,
    }
}

/// Said where the mount API is missing.
pub(super) const MOUNT_API: &str = "the mount API needs Linux 5.12 or newer";

fn hint_of_the_mount_api(failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
    if failed.errno == errno::NOSYS {
        out.write_str(MOUNT_API)?;
    }
    Ok(())
}

impl Reads for OpenSources<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let mut list = super::words::List::new(out, ("open what will be bound: ", ", ", ""));
        for path in self.paths.iter() {
            list.word(Quoted(path))?;
        }
        list.end()
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        let rootfs = self.rootfs.and_then(|number| self.paths.iter().nth(number as usize));
        match rootfs.filter(|_| failed.part == Part::Target) {
            Some(path) => write!(out, "use the rootfs {}", Quoted(path)),
            None => self.phrase(out),
        }
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        (failed.part == Part::Target).then_some(Member::At("root.path"))
    }
}

impl Reads for TakeSource<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "take {}, which the runtime opens", Quoted(self.path))
    }
}

impl Reads for HostPropagation {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let propagation = Propagating(self.propagation | mount_flag::REC);
        write!(out, "make its copy of the host's mounts {propagation}")
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.errno {
            errno::INVAL => out.write_str(
                "the root of the runtime is no mount point, as in a chroot; mount that folder on itself before",
            ),
            _ => Ok(()),
        }
    }
}

/// What is said of a rootfs that cannot be used, by both steps that may open it.
fn unusable_rootfs(failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
    match (failed.part, failed.errno) {
        (Part::Target, 0) => out.write_str("it is a symbolic link, which could lead anywhere; give the folder itself"),
        _ => hint_of_the_mount_api(failed, out),
    }
}

impl Reads for PrivateAround<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "make the mount that holds {} private", Quoted(self.path))
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Target => write!(out, "use the rootfs {}", Quoted(self.path)),
            _ => self.phrase(out),
        }
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match (failed.part, failed.errno) {
            (Part::Attributes, 0) => {
                out.write_str("it begins above the root of the runtime, which is a chroot; mount the rootfs on itself")
            }
            _ => unusable_rootfs(failed, out),
        }
    }
}

impl Reads for OpenRoot<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "open the rootfs {}", Quoted(self.path))
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Target => write!(out, "use the rootfs {}", Quoted(self.path)),
            _ => self.phrase(out),
        }
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        unusable_rootfs(failed, out)
    }
}

impl Reads for HoldProc {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("take hold of the host's procfs")
    }
}

impl Reads for Pivot {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("make the rootfs the root, and let the host's mounts go")
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.errno == errno::INVAL {
            out.write_str("the root may be a ramdisk, where only --no-pivot works")?;
        }
        Ok(())
    }
}

impl Reads for MoveRoot {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("make the rootfs the root, by a move if pivot_root is refused, and let the host's mounts go")
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.part == Part::Attach {
            out.write_str("a mount of the host could not be let go, which the container would have reached")?;
        }
        Ok(())
    }
}

impl Reads for TakeRootAlong {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("go back to the runtime's mount namespace, with the rootfs as the root (chroot)")
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if (failed.part, failed.errno) == (Part::Attach, errno::PERM) {
            out.write_str("without a mount namespace in linux.namespaces it takes CAP_SYS_ADMIN and CAP_SYS_CHROOT")?;
        }
        Ok(())
    }
}

impl Reads for HoldContainer<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("take hold of the container's root")?;
        match self.shared.len() / 8 {
            0 => Ok(()),
            1 => out.write_str(", and leave the mount alone whose changes show outside of it"),
            count => write!(out, ", and leave {count} mounts alone whose changes show outside of it"),
        }
    }
}

impl Reads for ShareRoot {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("take the container's root as the root (chroot)")
    }
}

impl Reads for RootPropagation {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "make the rootfs {}", Propagating(self.propagation))
    }
}

impl Reads for ReadonlyRoot {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("make the rootfs read-only")
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        hint_of_the_mount_api(failed, out)
    }
}

impl Reads for ReadonlyPath<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "make /{} read-only, if it is there", Escaped(self.path))
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        hint_of_the_mount_api(failed, out)
    }
}

impl Reads for MaskPath<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "hide /{}, if it is there", Escaped(self.path))
    }
}
