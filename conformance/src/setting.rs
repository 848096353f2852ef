//! The setting of one test: a runtime, a folder, a state root, a deadline, and the notes on what was called.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Verdict, wrong};
use crate::runtime::Runtime;

/// Where and with what a test's calls are made.
pub(crate) struct Setting<'a> {
    /// The binary under test.
    pub(crate) runtime: &'a Runtime,
    /// Older binaries, of this runtime and others.
    older: &'a [Runtime],
    /// A folder of the test's own.
    pub(crate) dir: PathBuf,
    /// The runtime's state folder.
    pub(crate) root: PathBuf,
    /// When the test must have ended.
    pub(crate) deadline: Instant,
    serial: Cell<u32>,
    notes: RefCell<Vec<String>>,
}

impl<'a> Setting<'a> {
    /// # Errors
    /// Where the folder cannot be made.
    pub(crate) fn new(
        runtime: &'a Runtime,
        older: &'a [Runtime],
        dir: PathBuf,
        limit: Duration,
    ) -> std::io::Result<Self> {
        fs::create_dir_all(dir.join("streams"))?;
        Ok(Self {
            runtime,
            older,
            root: dir.join("state"),
            dir,
            deadline: Instant::now() + limit,
            serial: Cell::new(0),
            notes: RefCell::default(),
        })
    }

    /// The older binaries of the runtime under test, of which there is one at least.
    ///
    /// # Errors
    /// None was given: the test is skipped.
    pub(crate) fn older(&self) -> Result<Vec<&'a Runtime>, Failure> {
        let older: Vec<_> = self
            .older
            .iter()
            .filter(|older| older.name == self.runtime.name)
            .collect();
        if older.is_empty() {
            let why = format!("no older binary of {} was given (--older)", self.runtime.name);
            return Err(Failure::Skip(why));
        }
        Ok(older)
    }

    /// A number that the test has not had yet.
    pub(crate) fn fresh_number(&self) -> u32 {
        self.serial.set(self.serial.get() + 1);
        self.serial.get()
    }

    /// Where a call's stdout and stderr go.
    pub(crate) fn fresh_streams(&self) -> (PathBuf, PathBuf) {
        let number = self.fresh_number();
        let path = |kind| self.dir.join("streams").join(format!("{number}.{kind}"));
        (path("out"), path("err"))
    }

    /// Remembers what was done, for the report of a failure.
    pub(crate) fn note(&self, text: &str) {
        let mut notes = self.notes.borrow_mut();
        if notes.last().is_none_or(|last| last != text) {
            notes.push(text.to_owned());
        }
    }

    /// What was done, in order.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// Polls until the condition holds.
    pub(crate) fn until(&self, what: &str, condition: impl FnMut() -> Result<bool, Failure>) -> Verdict {
        self.until_within(Duration::from_secs(20), what, condition)
    }

    /// The same for what may take longer.
    pub(crate) fn until_within(
        &self,
        limit: Duration,
        what: &str,
        mut condition: impl FnMut() -> Result<bool, Failure>,
    ) -> Verdict {
        let end = self.deadline.min(Instant::now() + limit);
        while !condition()? {
            if Instant::now() > end {
                return wrong(format!("waited in vain for {what}"));
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        Ok(())
    }
}
