//! How mounting a new filesystem reads.

use super::Mount;
use super::changes::mapped;
use super::faults::{READ_ONLY, member_of_a_mount, on_the_way, refused_parameter, said};
use super::propagation::propagating;
use crate::linux::errno;
use crate::step::reads::{Failed, Member, Reads};
use crate::step::rootfs::MOUNT_API;
use crate::step::words::{Escaped, List, Quoted, attributes};
use crate::wire::Part;
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

impl Reads for Mount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("mount")?;
        if self.source != self.kind && !self.source.is_empty() {
            write!(out, " {}", Quoted(self.source))?;
        }
        write!(out, " of type {} on /{}", Escaped(self.kind), Escaped(self.target))?;
        let mut list = List::in_parentheses(out);
        attributes(&mut list, self.attributes, "")?;
        for parameter in self.parameters.iter() {
            list.word(Escaped(parameter))?;
        }
        if self.copy_up {
            list.word("with a copy of what is there")?;
        }
        mapped(&mut list, self.mapping)?;
        propagating(&mut list, self.propagation)?;
        list.end()
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Parameter => refused_parameter(self, self.parameters, failed, out),
            Part::Target => {
                write!(out, "make the mount point /{} to ", Escaped(self.target))?;
                self.phrase(out)
            }
            _ => self.phrase(out),
        }
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        match failed.part {
            Part::Kind => Some(Member::Of("type")),
            // What the kernel says of something that is to be a filesystem's device.
            Part::Whole if matches!(failed.errno, errno::NOTBLK | errno::NXIO) => Some(Member::Of("source")),
            _ => member_of_a_mount(failed),
        }
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        let is_special = self.kind == c"proc" || self.kind == c"sysfs";
        match (failed.part, failed.errno) {
            (Part::Target, errno::LOOP) if is_special => {
                let target = Escaped(self.target);
                write!(out, "/{target} must be mounted on ordinary directory, not on a link")
            }
            (Part::OntoFile, _) => {
                let target = Escaped(self.target);
                write!(
                    out,
                    "/{target} is a file, and a filesystem must be mounted on ordinary directory"
                )
            }
            (Part::Parameter | Part::Whole | Part::Source, _) if !failed.text.is_empty() => said(failed, out),
            (Part::Target, errno::NOTDIR) => on_the_way(self.target, out),
            (Part::Target, errno::ROFS) => out.write_str(READ_ONLY),
            (_, errno::PERM) => out.write_str(not_permitted(self.kind)),
            (_, errno::NODEV) => write!(out, "the kernel has no filesystem {} loaded", Quoted(self.kind)),
            (_, errno::NOSYS) => out.write_str(MOUNT_API),
            _ => Ok(()),
        }
    }
}

/// Why a filesystem may not be mounted in a user namespace.
fn not_permitted(kind: &CStr) -> &'static str {
    match kind.to_bytes() {
        b"proc" => {
            "it needs a pid namespace of the user namespace's own, and a procfs outside of which no part is masked: bind \
             /proc instead"
        }
        b"sysfs" => {
            "it needs a network namespace of the user namespace's own, and a sysfs outside of which no part is masked: \
             bind /sys instead"
        }
        b"mqueue" => "it needs an ipc namespace of the user namespace's own: bind /dev/mqueue instead",
        _ => "it needs CAP_SYS_ADMIN, in a user namespace a filesystem that may be mounted there: bind it instead",
    }
}
