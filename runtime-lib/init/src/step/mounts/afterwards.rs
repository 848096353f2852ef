//! How that reads which is done to a mount that has its place.

use super::faults::{locked_flag, member_of_a_mount, refused_parameter, said};
use super::propagation::propagating;
use super::{
    ChangeAttributes, ChangeMount, CopyMounts, LabelMount, PropagateHeld, ReadonlyHeld, Remount, TakeTree, Unmount,
};
use crate::linux::errno;
use crate::step::reads::{Failed, Member, Reads};
use crate::step::words::{Escaped, List, Quoted, attributes, cleared};
use crate::wire::Part;
use core::fmt::{Formatter, Result};

impl Reads for ChangeMount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "change what is mounted on /{}", Escaped(self.target))?;
        let mut list = List::in_parentheses(out);
        self.changes.words(&mut list)?;
        for parameter in self.parameters.iter() {
            list.word(Escaped(parameter))?;
        }
        propagating(&mut list, self.propagation)?;
        list.end()
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Parameter => refused_parameter(self, self.parameters, failed, out),
            _ => self.phrase(out),
        }
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        match (failed.part, failed.errno) {
            (Part::Source | Part::Attributes, errno::INVAL) => Some(Member::Of("destination")),
            _ => member_of_a_mount(failed),
        }
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match (failed.part, failed.errno) {
            (Part::Source, errno::XDEV) => out
                .write_str("something else is mounted there, and may be the host's, too: its options stay as they are"),
            (Part::Source | Part::Attributes, errno::INVAL) => out.write_str("nothing is mounted there"),
            (Part::Attributes, errno::PERM) => locked_flag(out),
            (Part::Parameter | Part::Whole, _) => said(failed, out),
            _ => Ok(()),
        }
    }
}

impl Reads for Remount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let target = Escaped(self.target);
        write!(
            out,
            "change the flags of what is mounted on /{target} to {:#x}",
            self.flags
        )
    }
}

impl Reads for ChangeAttributes<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let mut list = List::new(out, ("set ", ",", ""));
        attributes(&mut list, self.set, "")?;
        cleared(&mut list, self.set, self.clear, "")?;
        list.end()?;
        write!(out, " on /{}", Escaped(self.target))
    }
}

impl Reads for ReadonlyHeld<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "set ro on /{}", Escaped(self.target))
    }
}

impl Reads for PropagateHeld<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let mut list = List::new(out, ("make a mount ", ", ", " again"));
        propagating(&mut list, self.propagation)?;
        list.end()
    }
}

impl Reads for LabelMount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "label /{} {}", Escaped(self.target), Quoted(self.label))
    }
}

impl Reads for Unmount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "take off what was mounted on /{}", Escaped(self.target))
    }

    fn member(&self, _: &Failed<'_>) -> Option<Member> {
        Some(Member::Of("destination"))
    }
}

impl Reads for CopyMounts {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("make a copy of the host's mounts, to take from it what will be bound")
    }
}

impl Reads for TakeTree<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let below = if self.recursive {
            " with all mounts below it"
        } else {
            ""
        };
        write!(out, "take {}{below} to bind it", Quoted(self.path))
    }

    fn attempted(&self, _: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        write!(out, "open {} to bind it", Quoted(self.path))
    }

    fn member(&self, _: &Failed<'_>) -> Option<Member> {
        Some(Member::Of("source"))
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.errno {
            errno::INVAL if !self.recursive => out.write_str(
                "without the mounts below it, what they cover would show, which a user namespace may not bring about: bind \
                 it with them (rbind)",
            ),
            errno::ACCES => out.write_str("in the container's user namespace the caller's capabilities do not count"),
            _ => Ok(()),
        }
    }
}
