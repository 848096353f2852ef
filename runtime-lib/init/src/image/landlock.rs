//! Landlock: what the process may do, whoever it is (`man 7 landlock`). The rules are made while the root can be reached by its descriptor; the process
//! is bound by them afterwards.

use crate::Init;
use crate::failure::{In, Outcome};
use crate::sys;
use crate::wire::Part;
use core::ffi::CStr;

/// `LANDLOCK_ACCESS_FS_*` that have a meaning for what is no directory: execute, write_file, read_file, truncate, ioctl_dev. The kernel refuses the
/// others there.
const OF_FILES: u64 = 0xc007;

impl Init<'_> {
    pub(crate) fn begin_ruleset(&mut self, filesystem: u64, network: u64, scoped: u64) -> Outcome {
        self.landlock = sys::create_ruleset(filesystem, network, scoped)?;
        Ok(())
    }

    pub(crate) fn allow_beneath(&mut self, path: &CStr, access: u64) -> Outcome {
        let place = crate::path::open(self.root, path).of(Part::Target)?;
        let status = sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?;
        let access = if status.mode & sys::S_IFMT == sys::S_IFDIR {
            access
        } else {
            access & OF_FILES
        };
        if access != 0 {
            sys::allow_beneath(self.landlock, place, access)?;
        }
        sys::close(place);
        Ok(())
    }
}
