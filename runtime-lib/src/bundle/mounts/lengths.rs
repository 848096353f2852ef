//! Filesystems' parameters that are longer than the mount API takes: the old call takes them, as long as all together
//! are not longer than a page.

use super::parameter::Parameter;
use super::reading::Reading;
use orlop_init::step::mounts::{LONGEST_DATA, LONGEST_PARAMETER, is_too_long};
use std::ffi::CStr;

/// Why no call takes these for a new filesystem.
pub(crate) fn too_long<'a>(source: &CStr, parameters: impl Iterator<Item = &'a CStr> + Clone) -> Option<String> {
    if source.count_bytes() <= LONGEST_PARAMETER && !parameters.clone().any(is_too_long) {
        return None;
    }
    let together: usize = parameters.map(|parameter| parameter.count_bytes() + 1).sum();
    (together > LONGEST_DATA + 1).then(|| {
        format!(
            "the filesystem's options are {} bytes together; where one of them, or the source, has more than {LONGEST_PARAMETER}, the kernel takes {LONGEST_DATA}",
            together - 1
        )
    })
}

/// Refuses what no call takes for a new filesystem.
pub(super) fn of_filesystem(reading: &mut Reading<'_>, source: &CStr, parameters: &[Parameter]) {
    if let Some(text) = too_long(source, parameters.iter().map(|parameter| &*parameter.text)) {
        reading.refuse_options(text);
    }
}

/// Refuses what no call takes for a filesystem that is there.
pub(super) fn of_remount(reading: &mut Reading<'_>, parameters: &[Parameter]) {
    if let Some(long) = parameters.iter().find(|parameter| is_too_long(&parameter.text)) {
        let text = format!("a remount takes at most {LONGEST_PARAMETER} bytes in an option");
        reading.refuse_option(long.place, text);
    }
}
