//! What a filesystem takes.

use std::ffi::CString;

/// `key`, or `key=value`, as the filesystem takes it.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// The place in the list of the option that it comes from.
    pub(crate) place: usize,
    pub(crate) text: CString,
}
