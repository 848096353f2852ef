//! The rootfs becomes the root where `pivot_root` is refused: it is moved over the root, and the mounts of the host that
//! were there are let go, one after the other. One that stayed would be the container's: a user namespace inside could
//! mount a procfs of its own by the host's, which is not masked (`man 7 user_namespaces`, and `mount_too_revealing` in
//! the kernel).

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::path::Buffer;
use crate::rootfs;
use crate::step::Act;
use crate::step::rootfs::MoveRoot;
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

/// One that is hidden by another can only be let go after that one: so often the list is gone through.
const PASSES: u32 = 64;

impl Act<Init> for MoveRoot {
    /// Nothing of the host is left after `pivot_root`, so it is tried all the same.
    fn act(&self, init: &mut Init) -> Outcome {
        rootfs::leave_chroot()?;
        // The list of mounts is the kernel's for the root that init has now.
        init.open_proc()?;
        if let Ok(old) = rootfs::swap_roots(init) {
            return rootfs::leave(old);
        }
        let resolve = sys::RESOLVE_BENEATH | sys::RESOLVE_NO_XDEV | sys::RESOLVE_NO_MAGICLINKS;
        let list = sys::open_resolved(init.proc, c"self/mountinfo", sys::O_RDONLY, resolve).of(Part::Proc)?;
        let old = sys::status(Fd::CWD, c"/", 0)?.mount;
        sys::enter_directory(init.root)?;
        // Letting go of what is mounted on the old root must not reach the host.
        sys::mount(c"none", c"/", sys::MS_PRIVATE).of(Part::Attributes)?;
        sys::mount(c".", c"/", sys::MS_MOVE)?;
        let (new, _, _) = init.root_is;
        let mut passes = 0;
        while let_go(list, old, new)? {
            passes += 1;
            if passes == PASSES {
                return Err(Failure::from(Part::Attach));
            }
        }
        sys::close(list);
        sys::change_root(c".")?;
        Ok(sys::change_directory(c"/")?)
    }
}

/// Lets go of what is mounted on the mount `old`, but for `new`; whether there was anything.
#[inline(never)]
fn let_go(list: Fd, old: u64, new: u64) -> Result<bool, Failure> {
    sys::rewind(list)?;
    let mut found = false;
    let mut line = Line::new();
    let mut buffer = [0; 1024];
    loop {
        let length = sys::read(list, &mut buffer).of(Part::Proc)?;
        if length == 0 {
            return Ok(found);
        }
        for byte in buffer.get(..length).unwrap_or_default() {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            if line.above == old && line.id != new && line.id != old {
                found = true;
                detach(line.point.as_c_str())?;
            }
            line.clear();
        }
    }
}

fn detach(point: &CStr) -> Outcome {
    // Neither what is mounted below it: that may have peers on the host.
    match sys::mount(c"none", point, sys::MS_PRIVATE | sys::MS_REC) {
        // Another mount hides it as yet.
        Err(Errno::INVAL | Errno::NOENT | Errno::NOTDIR) => return Ok(()),
        result => result.of(Part::Attributes)?,
    }
    match sys::unmount(point, sys::MNT_DETACH | sys::UMOUNT_NOFOLLOW) {
        Err(Errno::INVAL | Errno::NOENT | Errno::NOTDIR) => Ok(()),
        result => result.of(Part::Attach),
    }
}

/// A line of mountinfo (`man 5 proc_pid_mountinfo`): the mount's id, that of the mount it is on, and where.
struct Line {
    field: u32,
    id: u64,
    above: u64,
    point: Buffer,
    /// Digits of an octal escape that are still to come, and those that came.
    escape: Option<(u32, u8)>,
}

impl Line {
    const fn new() -> Self {
        Self {
            field: 0,
            id: 0,
            above: 0,
            point: Buffer::new(),
            escape: None,
        }
    }

    fn clear(&mut self) {
        (self.field, self.id, self.above, self.escape) = (0, 0, 0, None);
        self.point.clear();
    }

    fn push(&mut self, byte: u8) {
        match (byte, self.field) {
            (b' ', _) => self.field += 1,
            (b'0'..=b'9', 0) => self.id = self.id.saturating_mul(10).saturating_add(u64::from(byte - b'0')),
            (b'0'..=b'9', 1) => self.above = self.above.saturating_mul(10).saturating_add(u64::from(byte - b'0')),
            (_, 4) => self.push_to_point(byte),
            _ => {}
        }
    }

    /// A blank, a tab, a line's end and the backslash stand there as `\` and three octal digits.
    fn push_to_point(&mut self, byte: u8) {
        let whole = match (self.escape.take(), byte) {
            (None, b'\\') => {
                self.escape = Some((3, 0));
                return;
            }
            (Some((left, value)), b'0'..=b'7') => {
                let value = value << 3 | (byte - b'0');
                if left > 1 {
                    self.escape = Some((left - 1, value));
                    return;
                }
                value
            }
            _ => byte,
        };
        // A path that is too long leads nowhere: the mount is found again in every pass, and that is told.
        let _ = self.point.push(&[whole]);
    }
}
