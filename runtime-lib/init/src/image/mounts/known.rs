//! Mounts that are known again, and taken off: whatever is at their places by now, nothing else is touched.

use crate::Init;
use crate::digits::decimal;
use crate::failure::{Failure, In, Outcome};
use crate::path;
use crate::step::Act;
use crate::step::mounts::{KnownMount, Unmount};
use crate::sys::{self, Errno, Fd, MountPlace};
use crate::wire::Part;
use core::ffi::CStr;

/// So often a mount is looked for that somebody moves meanwhile.
const TRIES: u32 = 16;

/// What the kernel says of where a mount is.
enum Whereabouts {
    /// In this mount namespace it is not any more.
    Gone,
    /// It was there a moment ago.
    At,
    /// It is mounted, and nothing says where.
    Somewhere,
}

impl Act<Init> for Unmount<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let mut gone = 0;
        for mount in self.mounts.iter() {
            if let Some(mounted) = init.find_known(self.target, &mount)? {
                // What covers it from this moment on would come off first: only who may mount in the container, and so
                // take this mount off as well, can bring that about, and with mounts of its own.
                init.unmount(mounted).map_err(|failure| failure.within(Part::Attach))?;
                sys::close(mounted);
                break;
            }
            gone += 1;
        }
        init.offer.push(decimal(gone, &mut [0; 12]));
        init.announce(self.turn)?;
        init.await_go(self.turn)
    }
}

impl Init {
    /// The mount, by a descriptor of its root; nothing if it is not mounted any more.
    fn find_known(&mut self, target: &CStr, mount: &KnownMount) -> Result<Option<Fd>, Failure> {
        let mut place = MountPlace::NOWHERE;
        for _ in 0..TRIES {
            if let Some(found) = self.known_at(target, mount)? {
                return Ok(Some(found));
            }
            match self.whereabouts(mount, &mut place)? {
                Whereabouts::Gone => return Ok(None),
                Whereabouts::At => {
                    // Without the first `/`; what has none is out of reach.
                    let below = place.path().to_bytes_with_nul().get(1..).unwrap_or_default();
                    if let Ok(below) = CStr::from_bytes_with_nul(below)
                        && let Some(found) = self.known_at(below, mount)?
                    {
                        return Ok(Some(found));
                    }
                }
                Whereabouts::Somewhere => break,
            }
        }
        Err(Failure::from(Part::Covered))
    }

    /// What is mounted at `path`, if it is this mount.
    fn known_at(&self, path: &CStr, mount: &KnownMount) -> Result<Option<Fd>, Failure> {
        let Ok(place) = path::open(self.root, path) else {
            return Ok(None);
        };
        let status = sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?;
        let is_it = if mount.unique != 0 {
            sys::unique_mount(place).of(Part::Target)? == Some(mount.unique)
        } else {
            (status.mount, status.filesystem, status.inode) == (mount.id, mount.device, mount.inode)
        };
        if !is_it || status.is_mount_root == Some(false) {
            sys::close(place);
            return Ok(None);
        }
        if self.is_root(&status) {
            return Err(Failure::from(Part::Root));
        }
        Ok(Some(place))
    }

    /// Where the mount is; its place, if that is known.
    fn whereabouts(&mut self, mount: &KnownMount, place: &mut MountPlace) -> Result<Whereabouts, Failure> {
        let asked = match mount.unique {
            0 => Err(Errno::NOSYS),
            unique => sys::place_of(unique, place),
        };
        Ok(match asked {
            Ok(()) => Whereabouts::At,
            Err(Errno::NOENT) => Whereabouts::Gone,
            // The kernel is too old, or a filter around the runtime refuses the call.
            Err(_) if self.has_mount(mount.id)? => Whereabouts::Somewhere,
            Err(_) => Whereabouts::Gone,
        })
    }

    /// Whether a mount with this id, the same one or a later one, is among those of init's mount namespace
    /// (`man 5 proc_pid_mountinfo`): it is the first word of a line.
    fn has_mount(&mut self, id: u64) -> Result<bool, Failure> {
        self.open_proc()?;
        let resolve = sys::RESOLVE_BENEATH | sys::RESOLVE_NO_XDEV | sys::RESOLVE_NO_MAGICLINKS;
        let file = sys::open_resolved(self.proc, c"self/mountinfo", sys::O_RDONLY, resolve).of(Part::Proc)?;
        let mut bytes = [0; 4096];
        // The number that the line begins with, until that ends.
        let mut first = Some(0_u64);
        let mut is_there = false;
        loop {
            let length = sys::read(file, &mut bytes).of(Part::Proc)?;
            let read = bytes.get(..length).unwrap_or_default();
            for byte in read {
                first = match (byte, first) {
                    (b'\n', _) => Some(0),
                    (b'0'..=b'9', Some(number)) => Some(number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'))),
                    (_, ended) => {
                        is_there |= ended == Some(id);
                        None
                    }
                };
            }
            if length == 0 || is_there {
                break;
            }
        }
        sys::close(file);
        Ok(is_there)
    }
}
