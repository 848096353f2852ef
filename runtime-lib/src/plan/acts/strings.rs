//! Texts of the config in the form in which init reads them.

use orlop_init::wire::Strings;
use std::ffi::{CStr, CString};

/// A list of strings that is being put together.
#[derive(Clone, Debug, Default)]
pub(crate) struct StringList {
    count: u32,
    bytes: Vec<u8>,
}

impl StringList {
    /// Adds a string. It holds no NUL: the config's texts are checked for that.
    pub(crate) fn push(&mut self, string: &str) {
        self.push_bytes(string.as_bytes());
    }

    /// Adds a string of the host's, which need not be UTF-8.
    pub(crate) fn push_host(&mut self, string: &CStr) {
        self.push_bytes(string.to_bytes());
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        self.count += 1;
        self.bytes.extend_from_slice(bytes);
        self.bytes.push(0);
    }

    pub(crate) fn as_strings(&self) -> Strings<'_> {
        Strings::new(self.count, &self.bytes).unwrap_or(Strings::EMPTY)
    }
}

impl<S: AsRef<str>> FromIterator<S> for StringList {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut list = Self::default();
        for string in strings {
            list.push(string.as_ref());
        }
        list
    }
}

/// A text of the config as the kernel takes it; it holds no NUL.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}
