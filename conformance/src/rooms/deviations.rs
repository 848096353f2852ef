//! Deviations that several rooms declare.

use crate::sentence::Known;

/// Of what only some runtimes have.
pub(super) const NOT_IN_RUNC: Known = ("runc", "1.1", "has nothing like it");
pub(super) const NOT_IN_CRUN: Known = ("crun", "1.8", "has nothing like it");

/// Of containers with a user namespace.
pub(super) const GIVES_NULL: Known = ("crun", "1.8", "gives the host's own /dev/null to the container's user");

/// Of mistakes that are told of.
pub(super) const RUNC_IS_SILENT: Known = ("runc", "1.1", "says nothing, or something else");
pub(super) const CRUN_IS_SILENT: Known = ("crun", "1.8", "says nothing, or something else");

/// Of properties that came with runtime-spec 1.1 and later.
pub(super) const OLD_RUNC: Known = ("runc", "1.1", "is older than this property, and ignores it");
pub(super) const OLD_CRUN: Known = ("crun", "1.8", "is older than this property, and ignores it");

/// Of shares where there is cgroup v2: others and newer ones of both follow a curve.
pub(super) const RUNC_WEIGHS_ALONG_A_LINE: Known = ("runc", "1.1", "makes 39 of the usual 1024 shares on cgroup v2");
pub(super) const CRUN_WEIGHS_ALONG_A_LINE: Known = ("crun", "1.8", "makes 39 of the usual 1024 shares on cgroup v2");
