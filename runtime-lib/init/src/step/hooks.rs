//! Hooks that run in the container's namespaces.

use super::reads::Reads;
use super::words::{List, Quoted};
use crate::wire::{Slot, Strings};
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

steps! { 8<'a>;
    /// Say where the output of the hooks that follow goes.
    HookOutput = 1 {
        /// The file that is their standard output; without one it is nowhere.
        stdout: Option<Slot>,
        /// The file that is their standard error; without one it is kept for an error's sentence only.
        stderr: Option<Slot>,
    }
    /// Run a hook in the container's namespaces.
    Hook<'a> = 2 {
        /// The program, absolute.
        path: &'a CStr,
        /// Its arguments.
        args: Strings<'a>,
        /// Its environment.
        env: Strings<'a>,
        /// To that belongs the `HOME` that was found for the process.
        home: bool,
        /// Seconds until it is killed; 0 for never.
        timeout: u32,
        /// What binds the process binds the hook, too, whose program may be the image's own: the filter, without the
        /// agent, and Landlock's rules.
        bound: bool,
    }
}

impl Reads for HookOutput {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        if (self.stdout, self.stderr) == (None, None) {
            return out.write_str("close the files for the output of hooks");
        }
        let mut list = List::new(out, ("append the ", " and ", " of hooks to a file"));
        for (name, slot) in [("standard output", self.stdout), ("standard error", self.stderr)] {
            if slot.is_some() {
                list.word(name)?;
            }
        }
        list.end()
    }
}

impl Reads for Hook<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let path = Quoted(self.path);
        write!(out, "run the hook {path} in the container's namespaces")?;
        if self.timeout != 0 {
            write!(out, " for at most {} s", self.timeout)?;
        }
        Ok(())
    }
}
