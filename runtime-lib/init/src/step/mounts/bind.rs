//! How binding reads.

use super::changes::mapped;
use super::faults::{READ_ONLY, locked_flag, member_of_a_mount, on_the_way};
use super::propagation::propagating;
use super::{Bind, Source};
use crate::linux::errno;
use crate::step::reads::{Failed, Member, Reads};
use crate::step::rootfs::MOUNT_API;
use crate::step::words::{Escaped, List, Quoted};
use crate::wire::Part;
use core::fmt::{Formatter, Result};

impl Reads for Bind<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "bind {}", Quoted(self.source.path()))?;
        if let Source::Either(_, second) = self.source {
            write!(out, ", or {} if that is not there,", Quoted(second))?;
        }
        if self.recursive {
            out.write_str(" with all mounts below it")?;
        }
        write!(out, " on /{}", Escaped(self.target))?;
        let mut list = List::in_parentheses(out);
        self.changes.words(&mut list)?;
        mapped(&mut list, self.mapping)?;
        propagating(&mut list, self.propagation)?;
        if self.links.copy {
            list.word("a link is copied")?;
        } else if self.links.source || self.links.target {
            list.word("links are taken as they are")?;
        }
        list.end()
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Target => write!(out, "make the mount point /{} to ", Escaped(self.target))?,
            Part::Source => write!(out, "open {} to ", Quoted(self.source.path()))?,
            _ => {}
        }
        self.phrase(out)
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        member_of_a_mount(failed)
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        let (source, target) = (Quoted(self.source.path()), Escaped(self.target));
        match (failed.part, failed.errno) {
            (Part::OntoFile, _) => write!(out, "{source} is a directory, and /{target} a file"),
            (Part::OntoDirectory, _) => write!(out, "{source} is a file, and /{target} a directory"),
            (Part::Target, errno::NOTDIR) => on_the_way(self.target, out),
            (Part::Target, errno::ROFS) => out.write_str(READ_ONLY),
            (Part::Attributes, errno::PERM) => locked_flag(out),
            (_, errno::NOSYS) => out.write_str(MOUNT_API),
            _ => Ok(()),
        }
    }
}
