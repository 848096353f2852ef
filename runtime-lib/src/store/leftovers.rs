//! `leftovers`: what is to be undone at the end, a line for each, written before it is made.

use super::Entry;
use crate::plan::{CgroupLeft, Leftover};
use crate::process::Identity;
use crate::resctrl::Group;
use crate::{Error, Failure};
use std::fs::File;
use std::io::Write;

pub(super) const LEFTOVERS: &str = "leftovers";

/// The first line: which form the others have.
const FORM: &[u8] = b"{\"version\":2}\n";

/// What is left on the host. Where a line corrects an earlier one, the later counts.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    list: Vec<Leftover>,
    file: Option<File>,
}

impl Leftovers {
    /// Writes down what will be left.
    pub(crate) fn add(&mut self, entry: &Entry, leftover: Leftover) -> Result<(), Error> {
        if leftover == Leftover::Poststop && self.is_poststop_due() {
            return Ok(());
        }
        let mut line = Vec::with_capacity(1024);
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                line.extend_from_slice(FORM);
                none.insert(entry.new_file(LEFTOVERS)?)
            }
        };
        let path = || entry.path().join(LEFTOVERS);
        serde_json::to_writer(&mut line, &leftover)
            .map_err(|error| Failure::plain(format!("write {:?}", path()), error.to_string()))?;
        line.push(b'\n');
        file.write_all(&line)
            .map_err(|error| Failure::io(format!("write {:?}", path()), &error))?;
        self.list.push(leftover);
        Ok(())
    }

    /// What these bytes tell of.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let Some(lines) = text.strip_prefix(FORM) else {
            // Whoever was to write the first line was killed: nothing was made yet.
            if FORM.starts_with(text) {
                return Ok(Self::default());
            }
            return Err("it is not of a form that this version knows".to_owned());
        };
        let mut list = Vec::new();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            // A line that is not whole was being written when its writer was killed, before what it tells of was made.
            if line.last() == Some(&b'\n') {
                list.push(serde_json::from_slice(line).map_err(|error| error.to_string())?);
            }
        }
        Ok(Self { list, file: None })
    }

    /// The bytes that tell of the same.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = FORM.to_vec();
        for leftover in &self.list {
            serde_json::to_writer(&mut bytes, leftover)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    pub(super) fn of(list: Vec<Leftover>) -> Self {
        Self { list, file: None }
    }

    pub(super) fn know(&mut self, leftover: Leftover) {
        self.list.push(leftover);
    }

    pub(crate) fn cgroup(&self) -> Option<&CgroupLeft> {
        self.list.iter().rev().find_map(|leftover| match leftover {
            Leftover::Cgroup(left) => Some(left),
            _ => None,
        })
    }

    pub(crate) fn resctrl(&self) -> Option<&Group> {
        self.list.iter().rev().find_map(|leftover| match leftover {
            Leftover::Resctrl(group) => Some(group),
            _ => None,
        })
    }

    pub(crate) fn init(&self) -> Option<&Identity> {
        self.list.iter().rev().find_map(|leftover| match leftover {
            Leftover::Init(identity) => Some(identity),
            _ => None,
        })
    }

    /// What could not be made may be somebody else's, and is not to be undone.
    pub(crate) fn forget(&mut self, is_such: impl Fn(&Leftover) -> bool) {
        self.list.retain(|leftover| !is_such(leftover));
    }

    /// Whether the poststop hooks are to be run in the end.
    pub(crate) fn is_poststop_due(&self) -> bool {
        self.list.contains(&Leftover::Poststop)
    }
}
