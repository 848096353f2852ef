//! Deviations that several rooms declare.

use crate::sentence::Known;

/// Of containers with a user namespace.
pub(super) const GIVES_NULL: Known = ("crun", "1.8", "gives the host's own /dev/null to the container's user");

/// Of mistakes that are told of.
pub(super) const RUNC_IS_SILENT: Known = ("runc", "1.1", "says nothing, or something else");
pub(super) const CRUN_IS_SILENT: Known = ("crun", "1.8", "says nothing, or something else");

/// Of properties that came with runtime-spec 1.1 and later.
pub(super) const OLD_RUNC: Known = ("runc", "1.1", "is older than this property, and ignores it");
pub(super) const OLD_CRUN: Known = ("crun", "1.8", "is older than this property, and ignores it");
