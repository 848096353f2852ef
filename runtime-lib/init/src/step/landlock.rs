//! Rules of Landlock (`man 7 landlock`).

use super::reads::Reads;
use super::words::{Escaped, Named};
use crate::linux::landlock::{FILES, PORTS, SCOPES};
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

steps! { 13<'a>;
    /// Begin a ruleset of Landlock (`man 2 landlock_create_ruleset`).
    Ruleset = 1 {
        /// What it denies of files, `LANDLOCK_ACCESS_FS_*`.
        filesystem: u64,
        /// What it denies of the network, `LANDLOCK_ACCESS_NET_*`.
        network: u64,
        /// What does not reach out, `LANDLOCK_SCOPE_*`.
        scoped: u64,
    }
    /// Allow something at and below a place (`man 2 landlock_add_rule`).
    AllowPath<'a> = 2 {
        /// Where, below the root.
        path: &'a CStr,
        /// `LANDLOCK_ACCESS_FS_*`.
        access: u64,
    }
    /// Allow something with a port.
    AllowPort = 3 {
        /// The port.
        port: u64,
        /// `LANDLOCK_ACCESS_NET_*`.
        access: u64,
    }
}

impl Reads for Ruleset {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let mut list = super::words::List::new(out, ("make Landlock rules: ", "; ", ""));
        if self.filesystem != 0 {
            list.word(format_args!("deny {} of files", Named(FILES, self.filesystem)))?;
        }
        if self.network != 0 {
            list.word(format_args!("deny {} of ports", Named(PORTS, self.network)))?;
        }
        if self.scoped != 0 {
            list.word(format_args!("keep {} inside", Named(SCOPES, self.scoped)))?;
        }
        list.end()
    }
}

impl Reads for AllowPath<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let rights = Named(FILES, self.access);
        write!(out, "allow {rights} at and below /{} (Landlock)", Escaped(self.path))
    }
}

impl Reads for AllowPort {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let rights = Named(PORTS, self.access);
        write!(out, "allow {rights} with port {} (Landlock)", self.port)
    }
}
