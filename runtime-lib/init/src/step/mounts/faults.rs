//! What failures of several steps have in common: the member at fault, and what may help.

use crate::linux::errno;
use crate::step::reads::{Failed, Member, Reads};
use crate::step::words::{Escaped, Quoted};
use crate::wire::{Part, Strings};
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

/// What the kernel said, if it did.
pub(super) fn said(failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
    if failed.text.is_empty() {
        return Ok(());
    }
    write!(out, "the kernel says: {}", failed.text)
}

/// How the parameter reads that the filesystem refuses.
pub(super) fn refused_parameter(
    phrase: &dyn Reads,
    parameters: Strings<'_>,
    failed: &Failed<'_>,
    out: &mut Formatter<'_>,
) -> Result {
    phrase.phrase(out)?;
    let parameter = parameters.iter().nth(failed.detail as usize).unwrap_or_default();
    write!(out, ": the option {} is refused", Quoted(parameter))
}

/// The member of a mount's entry that a part of its step comes from.
pub(super) fn member_of_a_mount(failed: &Failed<'_>) -> Option<Member> {
    Some(match failed.part {
        Part::Parameter => Member::Option(failed.detail),
        Part::Source => Member::Of("source"),
        Part::Target
        | Part::Attach
        | Part::OntoFile
        | Part::OntoDirectory
        | Part::Root
        | Part::Outside
        | Part::InProc
        | Part::NoProc
        | Part::Shared => Member::Of("destination"),
        Part::Attributes if failed.errno == errno::PERM => Member::Attribute(failed.detail),
        Part::Attributes | Part::CopyUp => Member::Of("options"),
        _ => return None,
    })
}

/// Where a mount point was to be made.
pub(super) const READ_ONLY: &str = "no mount point can be made there: mount on what is there";

/// A directory that was to be opened or made is none.
pub(super) fn on_the_way(target: &CStr, out: &mut Formatter<'_>) -> Result {
    write!(out, "/{} is a file, or something on the way there is", Escaped(target))
}

pub(super) fn locked_flag(out: &mut Formatter<'_>) -> Result {
    out.write_str("the mount comes from a more privileged user namespace, where a flag that is to be cleared was set")
}
