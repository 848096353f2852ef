//! How long what a filesystem is told of may be.

use core::ffi::CStr;

/// So many bytes can a source or a parameter of a filesystem have where it is made by `man 2 fsconfig`.
pub const LONGEST_PARAMETER: usize = 255;

/// So many bytes can all parameters have together, with commas between them, where the filesystem is mounted by
/// `man 2 mount`.
pub const LONGEST_DATA: usize = 4095;

/// Whether a parameter, `key` or `key=value`, is too long for `fsconfig`.
pub fn is_too_long(parameter: &CStr) -> bool {
    parameter
        .to_bytes()
        .splitn(2, |byte| *byte == b'=')
        .any(|part| part.len() > LONGEST_PARAMETER)
}
