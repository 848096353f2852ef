//! Writing to procfs, and to nothing that only looks like it.

use crate::Init;
use crate::digits::decimal;
use crate::failure::{Failure, In, Outcome};
use crate::path::Buffer;
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

pub(crate) const PROC_SUPER_MAGIC: u64 = 0x9fa0;
const PROC_ROOT_INODE: u64 = 1;

impl Init {
    /// The host's procfs: opened while the host's mounts are still ours to see and nothing of the container is mounted
    /// on them, and verified to be procfs's own root. Look-ups below it cross no mount and follow no link (the
    /// CVE-2025-52881 class).
    pub(crate) fn open_proc(&mut self) -> Outcome {
        if self.proc != Fd::NONE {
            return Ok(());
        }
        let proc = sys::open(Fd::CWD, c"/proc", sys::O_PATH | sys::O_DIRECTORY, 0).of(Part::Proc)?;
        let genuine = sys::filesystem(proc).of(Part::Proc)? == PROC_SUPER_MAGIC
            && sys::status(proc, c"", sys::AT_EMPTY_PATH).of(Part::Proc)?.inode == PROC_ROOT_INODE;
        if !genuine {
            return Err(Failure::from(Part::Proc));
        }
        self.proc = proc;
        Ok(())
    }

    /// Opens a file of procfs for writing.
    pub(crate) fn open_proc_file(&mut self, path: &CStr, flags: u64) -> Result<Fd, Failure> {
        self.open_proc()?;
        let resolve = sys::RESOLVE_BENEATH | sys::RESOLVE_NO_XDEV | sys::RESOLVE_NO_MAGICLINKS | flags;
        Ok(sys::open_resolved(self.proc, path, sys::O_WRONLY, resolve)?)
    }

    #[inline(never)]
    pub(crate) fn write_proc(&mut self, path: &CStr, flags: u64, value: &[u8]) -> Outcome {
        let file = self.open_proc_file(path, flags)?;
        let written = sys::write(file, value)?;
        sys::close(file);
        if written == value.len() {
            Ok(())
        } else {
            Err(Errno::INVAL.into())
        }
    }

    /// Opens a regular file that a descriptor is only a place of (`O_PATH`), for reading. What is none is not opened:
    /// of a FIFO that would wait, and a device would notice it, which the container may have no right to.
    pub(crate) fn read_regular(&mut self, place: Fd) -> Result<Option<Fd>, Failure> {
        if sys::status(place, c"", sys::AT_EMPTY_PATH)?.mode & sys::S_IFMT != sys::S_IFREG {
            return Ok(None);
        }
        self.open_proc()?;
        let resolve = sys::RESOLVE_BENEATH | sys::RESOLVE_NO_XDEV | sys::RESOLVE_NO_MAGICLINKS;
        let own = sys::open_resolved(self.proc, c"self/fd", sys::O_PATH | sys::O_DIRECTORY, resolve)?;
        let mut name = Buffer::new();
        name.push(decimal(place.0, &mut [0; 12]))?;
        // The link is followed to the very file that was looked at.
        let file = sys::open(own, name.as_c_str(), sys::O_RDONLY, 0)?;
        sys::close(own);
        Ok(Some(file))
    }

    /// Whether init's user namespace, its own or the runtime's, lets nobody leave a group.
    pub(crate) fn denies_groups(&mut self) -> bool {
        let mut read = || -> Result<bool, Failure> {
            self.open_proc()?;
            let resolve = sys::RESOLVE_BENEATH | sys::RESOLVE_NO_XDEV | sys::RESOLVE_NO_MAGICLINKS;
            let file = sys::open_resolved(self.proc, c"self/setgroups", sys::O_RDONLY, resolve)?;
            let mut word = [0; 4];
            let length = sys::read(file, &mut word)?;
            sys::close(file);
            Ok(word.get(..length) == Some(b"deny"))
        };
        read().unwrap_or(false)
    }

    /// Opens a file about init itself. While it cannot be dumped, these are the files of the root of the user
    /// namespace that it was executed in, who may be nobody here; so for this moment it can be.
    pub(crate) fn open_own(&mut self, path: &CStr) -> Result<Fd, Failure> {
        match self.open_proc_file(path, 0) {
            Err(failure) if failure.is(Errno::ACCES) => {
                let _ = sys::process_control(sys::PR_SET_DUMPABLE, 1, 0);
                let result = self.open_proc_file(path, 0);
                let _ = sys::process_control(sys::PR_SET_DUMPABLE, 0, 0);
                result
            }
            result => result,
        }
    }
}
