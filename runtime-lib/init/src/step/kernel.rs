//! Names and parameters of the kernel's that belong to the container's namespaces.

use super::reads::{Failed, Reads};
use super::words::{Escaped, Quoted};
use crate::linux::errno;
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

steps! { 9<'a>;
    /// Set a kernel parameter of the container's namespaces.
    Sysctl<'a> = 1 {
        /// Below `/proc/sys`.
        path: &'a CStr,
        /// Its value.
        value: &'a CStr,
    }
    /// Set the host's name (`man 2 sethostname`).
    Hostname<'a> = 2 {
        /// The name.
        name: &'a CStr,
    }
    /// Set the NIS domain's name (`man 2 setdomainname`).
    Domainname<'a> = 3 {
        /// The name.
        name: &'a CStr,
    }
}

impl Reads for Sysctl<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let path = Escaped(self.path);
        write!(out, "set the kernel parameter {path} to {}", Quoted(self.value))
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.errno == errno::NOENT {
            out.write_str("the kernel has no such parameter")?;
        }
        Ok(())
    }
}

impl Reads for Hostname<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "set the hostname to {}", Quoted(self.name))
    }
}

impl Reads for Domainname<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "set the domain name to {}", Quoted(self.name))
    }
}
