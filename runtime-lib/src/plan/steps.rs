//! A list of steps in the form in which init reads it, with who asked for each.

use crate::bundle::IdMapping;
use crate::problem::JsonPath;
use orlop_init::wire::{Reader, Sink, Slot, Step, Strings, Wire};
use std::borrow::Cow;
use std::ffi::{CStr, CString};

/// Who asked for a step. Kept as it is until somebody wants to read it: most plans are only carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody in the config: it is what the spec, or this runtime, does for every container.
    Default,
    /// A member of the config.
    Member(&'static str),
    /// An element of a list in the config.
    Element(&'static str, usize),
    /// A mount, with the places among its options of the parameters that the filesystem gets.
    Mount { index: usize, options: Vec<u32> },
    /// A member of the config whose name comes from it.
    Named(JsonPath),
}

impl Origin {
    /// The place in the config; `None` where nobody asked.
    pub(crate) fn path(&self) -> Option<JsonPath> {
        match self {
            Self::Default => None,
            Self::Member(path) => Some(JsonPath::from(*path)),
            Self::Element(list, index) => Some(JsonPath::from(*list).index(*index)),
            Self::Mount { index, .. } => Some(JsonPath::from("mounts").index(*index)),
            Self::Named(path) => Some(path.clone()),
        }
    }
}

/// The steps of a plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    bytes: Bytes,
    origins: Vec<Origin>,
}

#[derive(Clone, Debug, Default)]
struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl Steps {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Bytes(Vec::with_capacity(bytes)),
            origins: Vec::with_capacity(64),
        }
    }

    pub(crate) fn push(&mut self, step: Step<'_>, origin: Origin) {
        step.put(&mut self.bytes);
        self.origins.push(origin);
    }

    /// The steps as init reads them.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes.0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Step<'_>, &Origin)> {
        let mut reader = Reader::new(&self.bytes.0);
        self.origins
            .iter()
            .map_while(move |origin| Some((Step::take(&mut reader).ok()?, origin)))
    }

    /// The step of this number, as init counts them.
    pub(crate) fn get(&self, index: usize) -> Option<(Step<'_>, &Origin)> {
        self.iter().nth(index)
    }
}

/// A list of strings that is being put together.
#[derive(Clone, Debug, Default)]
pub(crate) struct StringList {
    count: u32,
    bytes: Vec<u8>,
}

impl StringList {
    /// Adds a string. It holds no NUL: the config's texts are checked for that.
    pub(crate) fn push(&mut self, string: &str) {
        self.count += 1;
        self.bytes.extend_from_slice(string.as_bytes());
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

/// A path of the config as a place below the root: no leading slash, no `.`, no `..`, nothing twice.
pub(crate) fn below_root(path: &str) -> CString {
    let mut parts: Vec<&str> = Vec::with_capacity(8);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    c_string(&parts.join("/"))
}

/// A C string for a person: on one line, and without a word to the terminal.
pub(crate) fn shown(string: &CStr) -> Cow<'_, str> {
    let text = string.to_string_lossy();
    if !text.contains(char::is_control) {
        return text;
    }
    let escaped = text.chars().map(|letter| {
        if letter.is_control() {
            letter.escape_default().to_string()
        } else {
            letter.to_string()
        }
    });
    Cow::Owned(escaped.collect())
}

/// A descriptor that init inherits, and where the parent gets it from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The listening socket that `start` connects to.
    StartSocket,
    /// The file of a namespace to join, with its `CLONE_NEW*` flag.
    Namespace {
        path: String,
        kind: u64,
        origin: JsonPath,
        /// What in the config sets something of the namespace's, so that it must not be the runtime's own.
        set_by: Option<JsonPath>,
    },
    /// The file of the v1 cgroup hierarchy of this number that a process joins by.
    CgroupTasks(usize),
    /// A file that the output of hooks is appended to.
    HookOutput { path: std::path::PathBuf, origin: JsonPath },
    /// A user namespace that nobody lives in: its maps are those of mounts.
    Maps {
        uids: Vec<IdMapping>,
        gids: Vec<IdMapping>,
        origin: JsonPath,
    },
    /// A tree of the host's that only the runtime has a way to.
    Tree { source: String, propagation: u64 },
    /// A tree of mounts of the host's whose ids are mapped by the namespace of this slot.
    MappedTree {
        source: String,
        recursive: bool,
        propagation: u64,
        maps: Slot,
        map_recursive: bool,
        origin: JsonPath,
    },
}

/// The descriptors that init inherits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs(Vec<Input>);

impl Inputs {
    pub(crate) fn add(&mut self, input: Input) -> Slot {
        self.0.push(input);
        Slot(u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX))
    }

    /// The slot of the first input that is like this.
    pub(crate) fn find(&self, is_like: impl Fn(&Input) -> bool) -> Option<Slot> {
        let at = self.0.iter().position(is_like)?;
        u32::try_from(at).ok().map(Slot)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Input> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_below_the_root() {
        for (path, place) in [
            ("/proc", "proc"),
            ("data//x/./y/", "data/x/y"),
            ("/../../etc", "etc"),
            ("/a/b/../c", "a/c"),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(below_root(path).to_str().unwrap(), place);
        }
    }
}
