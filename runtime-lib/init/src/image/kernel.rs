//! Names and parameters of the kernel's.

use crate::Init;
use crate::failure::Outcome;
use crate::path::Buffer;
use crate::step::Act;
use crate::step::kernel::{Domainname, Hostname, Sysctl};
use crate::sys;

impl Act<Init> for Sysctl<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let mut full = Buffer::new();
        full.push(b"sys/")?;
        full.push(self.path.to_bytes())?;
        init.write_proc(full.as_c_str(), sys::RESOLVE_NO_SYMLINKS, self.value.to_bytes())
    }
}

impl Act<Init> for Hostname<'_> {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::set_hostname(self.name)?)
    }
}

impl Act<Init> for Domainname<'_> {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::set_domainname(self.name)?)
    }
}
