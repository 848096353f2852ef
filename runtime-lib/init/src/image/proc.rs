//! Writing to procfs, and to nothing that only looks like it.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::path::Buffer;
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

const PROC_SUPER_MAGIC: u64 = 0x9fa0;
const PROC_ROOT_INODE: u64 = 1;

impl Init<'_> {
    /// The host's procfs: opened while the host's mounts are still ours to see and nothing of the container is mounted on them, and verified to be
    /// procfs's own root. Look-ups below it cross no mount and follow no link (the CVE-2025-52881 class).
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

    #[inline(never)]
    pub(crate) fn sysctl(&mut self, path: &CStr, value: &CStr) -> Outcome {
        let mut full = Buffer::new();
        full.push(b"sys/")?;
        full.push(path.to_bytes())?;
        self.write_proc(full.as_c_str(), sys::RESOLVE_NO_SYMLINKS, value.to_bytes())
    }

    /// Before a user namespace is entered that others live in: they could look into a process that can be dumped.
    pub(crate) fn open_time_offsets(&mut self) -> Outcome {
        self.time_offsets = self.open_own(c"self/timens_offsets")?;
        Ok(())
    }

    pub(crate) fn time_offsets(&mut self, text: &CStr) -> Outcome {
        if self.time_offsets == Fd::NONE {
            self.open_time_offsets()?;
        }
        sys::write(self.time_offsets, text.to_bytes())?;
        sys::close(self.time_offsets);
        Ok(())
    }

    /// By itself, init enters it with its execve only, and before Linux 6.3 not even then.
    pub(crate) fn enter_time_namespace(&mut self) -> Outcome {
        const CLONE_NEWTIME: u64 = 0x80;
        self.open_proc()?;
        // The name is a magic link, which stays no place below.
        let file = sys::open(self.proc, c"self/ns/time_for_children", sys::O_RDONLY, 0)?;
        sys::join_namespace(file, CLONE_NEWTIME)?;
        sys::close(file);
        Ok(())
    }

    pub(crate) fn oom_score(&mut self, value: i32) -> Outcome {
        let mut digits = [0; 12];
        let file = self.open_own(c"self/oom_score_adj")?;
        sys::write(file, decimal(value, &mut digits))?;
        sys::close(file);
        Ok(())
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

    /// Opens a file about init itself. While it cannot be dumped, these are the files of the root of the user namespace that it was executed in, who may
    /// be nobody here; so for this moment it can be.
    fn open_own(&mut self, path: &CStr) -> Result<Fd, Failure> {
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

/// A number as text, without the formatting machinery of `core`, which is larger than all of this program.
pub(crate) fn decimal(number: i32, buffer: &mut [u8; 12]) -> &[u8] {
    let mut rest = number.unsigned_abs();
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        start -= 1;
        buffer[start] = b'-';
    }
    &buffer[start..]
}
