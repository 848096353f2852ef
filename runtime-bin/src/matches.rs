//! What a command line gives: flags and arguments.

use crate::flag::{Declared, Flag, HasFlags, List, Number, Switch, Text, Time, has};
use crate::go_duration;
use crate::shared_flags::{Bundle, Help};
use std::ffi::{OsStr, OsString};
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

/// The flags and arguments that were given.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    flags: Vec<(&'static str, OsString)>,
    pub(crate) arguments: Vec<OsString>,
}

impl Matches {
    pub(crate) fn add(&mut self, flag: &'static Flag, value: OsString) {
        self.flags.push((flag.name, value));
    }

    /// Whether help is asked for, which every row has.
    pub(crate) fn asks_for_help(&self) -> bool {
        self.value(Help::FLAG.name).is_some_and(|value| value == "true")
    }

    /// The last value given for a flag. Private: a name is checked by nobody, [`Given`] looks up by types.
    fn value(&self, name: &str) -> Option<&OsStr> {
        self.flags
            .iter()
            .rev()
            .find(|(flag, _)| *flag == name)
            .map(|(_, value)| value.as_os_str())
    }

    #[cfg(test)]
    pub(crate) fn by_name(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(OsStr::to_str)
    }
}

/// The flags given to `T`, the program or a verb. Looking up a flag that the row of `T` lacks does not build.
#[derive(Debug)]
pub(crate) struct Given<'a, T> {
    matches: &'a Matches,
    row: PhantomData<T>,
}

impl<'a, T: HasFlags> Given<'a, T> {
    pub(crate) fn of(matches: &'a Matches) -> Self {
        Self {
            matches,
            row: PhantomData,
        }
    }

    fn value<F: Declared>(&self) -> Option<&'a OsStr> {
        const { assert!(has(T::FLAGS, &F::FLAG), "the row does not have this flag") };
        self.matches.value(F::FLAG.name)
    }

    /// Whether no flag at all was given.
    pub(crate) fn are_none(&self) -> bool {
        self.matches.flags.is_empty()
    }

    /// Whether a switch is on.
    pub(crate) fn is_on<F: Declared<Kind = Switch>>(&self, _: F) -> bool {
        self.value::<F>().is_some_and(|value| value == "true")
    }

    /// The last text given for a flag.
    pub(crate) fn text<F: Declared<Kind = Text>>(&self, _: F) -> Option<&'a OsStr> {
        self.value::<F>()
    }

    /// The last text given for a flag, if it is not empty.
    pub(crate) fn path<F: Declared<Kind = Text>>(&self, flag: F) -> Option<PathBuf> {
        self.text(flag).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// All texts given for a flag, in their order.
    pub(crate) fn list<F: Declared<Kind = List>>(&self, _: F) -> impl Iterator<Item = &'a OsStr> + use<'a, F, T> {
        const { assert!(has(T::FLAGS, &F::FLAG), "the row does not have this flag") };
        let flags = self.matches.flags.iter();
        flags
            .filter(|(flag, _)| *flag == F::FLAG.name)
            .map(|(_, value)| value.as_os_str())
    }

    /// The last number given for a flag, which was checked when it was read; 0 without one.
    pub(crate) fn number<F: Declared<Kind = Number>>(&self, _: F) -> u32 {
        self.value::<F>()
            .and_then(OsStr::to_str)
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }

    /// The last length of time given for a flag, which was checked when it was read.
    pub(crate) fn time<F: Declared<Kind = Time>>(&self, _: F) -> Option<Duration> {
        self.value::<F>().and_then(OsStr::to_str).and_then(go_duration::parse)
    }

    /// The folder of `--bundle`, or the current one.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.path(Bundle).map_or_else(|| ".".into(), folder_of)
    }
}

/// A bundle's folder, which may be named by its `config.json`.
pub(crate) fn folder_of(path: PathBuf) -> PathBuf {
    if path.file_name() != Some(OsStr::new("config.json")) || path.is_dir() {
        return path;
    }
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => ".".into(),
        Some(folder) => folder.to_owned(),
        None => path,
    }
}
