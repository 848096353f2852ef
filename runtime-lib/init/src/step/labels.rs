//! Labels of security modules.

use super::reads::{Failed, Reads};
use super::words::Quoted;
use crate::linux::errno;
use crate::wire::{Malformed, Reader, Sink, Wire};
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

/// A security module that labels processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityModule {
    /// AppArmor.
    AppArmor,
    /// SELinux.
    SeLinux,
}

impl SecurityModule {
    /// The file that takes the label for the next execve.
    pub fn file(self) -> &'static str {
        match self {
            Self::AppArmor => "/proc/self/attr/apparmor/exec",
            Self::SeLinux => "/proc/self/attr/exec",
        }
    }
}

impl Wire<'_> for SecurityModule {
    fn put(&self, sink: &mut impl Sink) {
        (*self as u8).put(sink);
    }
    fn take(reader: &mut Reader<'_>) -> core::result::Result<Self, Malformed> {
        match u8::take(reader)? {
            0 => Ok(Self::AppArmor),
            1 => Ok(Self::SeLinux),
            _ => Err(Malformed),
        }
    }
}

steps! { 12<'a>;
    /// Open the file that takes the label for the process's execve.
    OpenLabel = 1 {
        /// Whose label.
        module: SecurityModule,
    }
    /// Set the label that the next execve takes up.
    Label<'a> = 2 {
        /// Whose label.
        module: SecurityModule,
        /// The label, or the profile's name.
        text: &'a CStr,
    }
    /// Set the SELinux label of keys that are made from here to the execve, so that the process may use its session
    /// keyring.
    KeyLabel<'a> = 3 {
        /// The label.
        label: &'a CStr,
    }
}

impl Reads for OpenLabel {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "open {} for the process's label", self.module.file())
    }
}

impl Reads for Label<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let what = match self.module {
            SecurityModule::AppArmor => "AppArmor profile",
            SecurityModule::SeLinux => "SELinux label",
        };
        let (text, file) = (Quoted(self.text), self.module.file());
        write!(out, "set the {what} {text} (write {file})")
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.errno {
            errno::NOENT => out.write_str("no such profile is loaded"),
            errno::INVAL => out.write_str("no policy knows it"),
            _ => Ok(()),
        }
    }
}

impl Reads for KeyLabel<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let label = Quoted(self.label);
        write!(out, "label its keys {label} (write /proc/self/attr/keycreate)")
    }
}
