//! Landlock: what the process may do, whoever it is (`man 7 landlock`). The rules are made while the root can be
//! reached by its descriptor; the process is bound by them afterwards.

use crate::Init;
use crate::failure::{In, Outcome};
use crate::step::Act;
use crate::step::landlock::{AllowPath, AllowPort, Ruleset};
use crate::sys;
use crate::wire::Part;

/// `LANDLOCK_ACCESS_FS_*` that have a meaning for what is no directory: execute, write_file, read_file, truncate,
/// ioctl_dev. The kernel refuses the others there.
const OF_FILES: u64 = 0xc007;

impl Act<Init> for Ruleset {
    fn act(&self, init: &mut Init) -> Outcome {
        init.landlock = sys::create_ruleset(self.filesystem, self.network, self.scoped)?;
        Ok(())
    }
}

impl Act<Init> for AllowPath<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        let place = crate::path::open(init.hold_root()?, self.path).of(Part::Target)?;
        let status = sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?;
        let access = if status.mode & sys::S_IFMT == sys::S_IFDIR {
            self.access
        } else {
            self.access & OF_FILES
        };
        if access != 0 {
            sys::allow_beneath(init.landlock, place, access)?;
        }
        sys::close(place);
        Ok(())
    }
}

impl Act<Init> for AllowPort {
    fn act(&self, init: &mut Init) -> Outcome {
        Ok(sys::allow_port(init.landlock, self.port, self.access)?)
    }
}
