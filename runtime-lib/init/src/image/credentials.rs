//! Who the container's process is, and what it may do.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::step::Act;
use crate::step::process::Credentials;
use crate::sys::{self, Errno};
use crate::wire::Part;

impl Act<Init> for Credentials<'_> {
    /// The order is the kernel's: the groups and the bounding set need privileges that the last two calls give up.
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        if !self.keep_groups {
            match sys::set_groups(self.groups) {
                // A user namespace that was mapped without privileges lets nobody drop a group
                // (`man 7 user_namespaces`, setgroups).
                Err(Errno::PERM) if self.groups.is_empty() && init.denies_groups() => {}
                result => result.of(Part::Groups)?,
            }
        }
        drop_bounding(self.bounding)?;
        sys::process_control(sys::PR_SET_KEEPCAPS, 1, 0)?;
        sys::set_gid(self.gid).of(Part::Gid)?;
        sys::set_uid(self.uid).of(Part::Uid)?;
        sys::set_capabilities(self.effective, self.permitted, self.inheritable)?;
        raise_ambient(self.ambient)?;
        // A change of user made init's memory readable for that user's other processes, or cleared what tells of the
        // parent's end.
        let _ = sys::process_control(sys::PR_SET_DUMPABLE, 0, 0);
        Ok(())
    }
}

fn drop_bounding(keep: u64) -> Outcome {
    for capability in (0..64).filter(|capability| keep >> capability & 1 == 0) {
        match sys::process_control(sys::PR_CAPBSET_READ, capability, 0) {
            // The kernel knows no capability of this number, and none above.
            Err(_) => return Ok(()),
            Ok(0) => {}
            Ok(_) => {
                let dropped = sys::process_control(sys::PR_CAPBSET_DROP, capability, 0);
                dropped.map_err(|errno| failure(Part::Bounding, errno, capability))?;
            }
        }
    }
    Ok(())
}

fn raise_ambient(ambient: u64) -> Outcome {
    sys::process_control(sys::PR_CAP_AMBIENT, u64::from(sys::PR_CAP_AMBIENT_CLEAR_ALL), 0)?;
    for capability in (0..64).filter(|capability| ambient >> capability & 1 == 1) {
        let raised = sys::process_control(sys::PR_CAP_AMBIENT, u64::from(sys::PR_CAP_AMBIENT_RAISE), capability);
        raised.map_err(|errno| failure(Part::Ambient, errno, capability))?;
    }
    Ok(())
}

fn failure(part: Part, errno: sys::Errno, capability: u64) -> Failure {
    Failure::new(part, errno).detail(u32::try_from(capability).unwrap_or(0))
}
