//! Sources and parameters that are longer than `fsconfig` takes (`man 2 fsconfig`): their filesystem is mounted by the
//! old call, and then taken from its place again, so that all that follows finds what it finds otherwise, a mount
//! without a place.

use super::old_call;
use crate::Init;
use crate::digits::octal;
use crate::failure::{Failure, In};
use crate::path::Buffer;
use crate::step::mounts::{LONGEST_PARAMETER, Mount, is_too_long};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

/// The words that are flags of the old call, not data, and whether they set theirs.
const FLAGS: [(&[u8], u64, bool); 9] = [
    (b"ro", sys::MS_RDONLY, true),
    (b"rw", sys::MS_RDONLY, false),
    (b"sync", sys::MS_SYNCHRONOUS, true),
    (b"async", sys::MS_SYNCHRONOUS, false),
    (b"dirsync", sys::MS_DIRSYNC, true),
    (b"lazytime", sys::MS_LAZYTIME, true),
    (b"nolazytime", sys::MS_LAZYTIME, false),
    (b"mand", sys::MS_MANDLOCK, true),
    (b"nomand", sys::MS_MANDLOCK, false),
];

/// Whether the old call is needed.
pub(super) fn are_too_long(filesystem: &Mount<'_>) -> bool {
    let mut parameters = filesystem.parameters.iter();
    filesystem.source.count_bytes() > LONGEST_PARAMETER || parameters.any(is_too_long)
}

impl Init {
    #[inline(never)]
    pub(super) fn create_by_old_call(
        &mut self,
        filesystem: &Mount<'_>,
        place: Fd,
        like: Option<Fd>,
    ) -> Result<Fd, Failure> {
        let late = filesystem.attributes & sys::MOUNT_ATTR_RDONLY;
        let mut flags = old_call::flags(filesystem.attributes & !late);
        let mut data = Buffer::new();
        let mut has_mode = false;
        for (index, parameter) in (0..).zip(filesystem.parameters.iter()) {
            let parameter = parameter.to_bytes();
            if let Some((_, flag, is_set)) = FLAGS.iter().find(|(word, ..)| *word == parameter) {
                flags = flags & !flag | if *is_set { *flag } else { 0 };
                continue;
            }
            has_mode |= parameter.starts_with(b"mode=");
            add(&mut data, parameter).map_err(|errno| Failure::new(Part::Parameter, errno).detail(index))?;
        }
        if let Some(like) = like
            && !has_mode
        {
            let mode = sys::status(like, c"", sys::AT_EMPTY_PATH)?.mode & 0o7777;
            add(&mut data, b"mode=")?;
            data.push(octal(mode, &mut [0; 8])?.to_bytes())?;
        }
        let (kind, source) = (filesystem.kind, filesystem.source);
        self.by_name(place, &mut |name| {
            sys::mount_filesystem_at(source, name, kind, flags, data.as_c_str())
        })?;
        let mut mounted = Fd::NONE;
        self.by_name(place, &mut |link| {
            mounted = uppermost(place, link)?;
            Ok(())
        })
        .map_err(|failure| failure.within(Part::Target))?;
        let tree = sys::open_tree(mounted, c"", sys::OPEN_TREE_CLONE | sys::AT_EMPTY_PATH).of(Part::Attach)?;
        self.unmount(mounted).map_err(|failure| failure.within(Part::Attach))?;
        sys::close(mounted);
        if late != 0 && !filesystem.copy_up && flags & sys::MS_RDONLY == 0 {
            sys::set_attributes(tree, false, late, 0, 0).of(Part::Attributes)?;
        }
        Ok(tree)
    }
}

/// Adds a parameter to the old call's data. What has a comma of its own goes between quotes, which only labels can
/// have.
fn add(data: &mut Buffer, parameter: &[u8]) -> sys::Result<()> {
    if !data.as_c_str().is_empty() {
        data.push(b",")?;
    }
    let quoted = parameter.contains(&b',') && !parameter.contains(&b'\\');
    match parameter.iter().position(|byte| *byte == b'=') {
        Some(at) if quoted => {
            let (key, value) = parameter.split_at_checked(at + 1).ok_or(Errno::INVAL)?;
            data.push(key)?;
            data.push(b"\"")?;
            data.push(value)?;
            data.push(b"\"")
        }
        _ => data.push(parameter),
    }
}

/// What is mounted on the directory `place` now. Nothing leads there from below it, so it is looked up from above: the
/// parent is the descriptor's own, the name that which the kernel knows for it, by a link of procfs.
#[inline(never)]
fn uppermost(place: Fd, link: &CStr) -> sys::Result<Fd> {
    let mut bytes = [0; 4096];
    let path = sys::read_link(Fd::CWD, link, &mut bytes)?;
    let at = path.iter().rposition(|byte| *byte == b'/').ok_or(Errno::NOENT)?;
    let mut name = Buffer::new();
    name.push(path.get(at + 1..).unwrap_or_default())?;
    if name.as_c_str().is_empty() {
        return Err(Errno::INVAL);
    }
    let above = sys::open(place, c"..", sys::O_PATH | sys::O_DIRECTORY, 0)?;
    let found = sys::open(
        above,
        name.as_c_str(),
        sys::O_PATH | sys::O_DIRECTORY | sys::O_NOFOLLOW,
        0,
    )?;
    sys::close(above);
    // Whoever can rename directories there could have put another in its place.
    let (before, now) = (
        sys::status(place, c"", sys::AT_EMPTY_PATH)?,
        sys::status(found, c"", sys::AT_EMPTY_PATH)?,
    );
    if now.is_mount_root == Some(false) || (now.mount, now.filesystem) == (before.mount, before.filesystem) {
        return Err(Errno::NOENT);
    }
    Ok(found)
}
