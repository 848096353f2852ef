//! Filesystems that are new, and what they say about their parameters.

use crate::digits::octal;
use crate::failure::{Failure, In, Text};
use crate::path::Buffer;
use crate::step::mounts::Mount;
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

/// Makes the filesystem. A tmpfs without a mode of its own takes that of its mount point, as with runc.
#[inline(never)]
pub(super) fn create(filesystem: &Mount<'_>, like: Option<Fd>, said: &mut Text) -> Result<Fd, Failure> {
    let context = sys::open_filesystem(filesystem.kind).of(Part::Kind)?;
    if !filesystem.source.is_empty() {
        sys::configure(context, c"source", filesystem.source)
            .map_err(|errno| explained(context, Part::Source, errno, 0, said))?;
    }
    let mut has_mode = false;
    for (index, parameter) in (0..).zip(filesystem.parameters.iter()) {
        has_mode |= parameter.to_bytes().starts_with(b"mode=");
        configure(context, parameter).map_err(|errno| explained(context, Part::Parameter, errno, index, said))?;
    }
    if let Some(place) = like
        && !has_mode
    {
        let mode = sys::status(place, c"", sys::AT_EMPTY_PATH)?.mode & 0o7777;
        sys::configure(context, c"mode", octal(mode, &mut [0; 8])?)?;
    }
    sys::create_filesystem(context).map_err(|errno| explained(context, Part::Whole, errno, 0, said))?;
    let attributes = filesystem.attributes
        & if filesystem.copy_up {
            !sys::MOUNT_ATTR_RDONLY
        } else {
            u64::MAX
        };
    let tree = sys::mount_filesystem(context, attributes).of(Part::Attributes)?;
    sys::close(context);
    Ok(tree)
}

#[inline(never)]
pub(super) fn configure(context: Fd, parameter: &CStr) -> sys::Result<()> {
    let bytes = parameter.to_bytes();
    let Some(at) = bytes.iter().position(|byte| *byte == b'=') else {
        return sys::configure_flag(context, parameter);
    };
    let mut key = Buffer::new();
    key.push(bytes.get(..at).unwrap_or_default())?;
    let value = parameter
        .to_bytes_with_nul()
        .get(at + 1..)
        .and_then(|value| CStr::from_bytes_with_nul(value).ok());
    sys::configure(context, key.as_c_str(), value.unwrap_or(c""))
}

/// A failure with what the filesystem itself says about it (`man 2 fsconfig`: messages are read from the context).
#[inline(never)]
pub(super) fn explained(context: Fd, part: Part, errno: Errno, detail: u32, said: &mut Text) -> Failure {
    let mut line = [0; 256];
    let mut is_first = true;
    while let Ok(length) = sys::read(context, &mut line) {
        if length == 0 {
            break;
        }
        if !is_first {
            said.push(b"; ");
        }
        is_first = false;
        // "e tmpfs: Bad value for 'size'": the letter is the severity.
        let line = line.get(..length).unwrap_or_default();
        said.push(line.get(2..).unwrap_or(line));
    }
    Failure::new(part, errno).detail(detail)
}
