//! The words of the specification's table of mount options that reach the mounts below, too
//! (config.md#linux-mount-options, from `ratime` to `rsymfollow`), each by itself.

use rustix::mount::MountFlags;

use super::nested::nested_options;
use crate::failure::{Verdict, ensure};
use crate::report::has;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

/// Declares the tests of this room: the name, what is looked at, and who does not follow.
macro_rules! words {
    ($($name:ident = $look:expr $(, $known:expr)*;)+) => {
        pub(crate) const TESTS: &[Test] = &[$(test!($name $(, $known)*)),+];
        $(fn $name(t: &Trial<'_>) -> Verdict {
            $look(t)
        })+
    };
}

/// As `MS_NOSYMFOLLOW` of linux/mount.h, which rustix does not name.
const NOSYMFOLLOW: MountFlags = MountFlags::from_bits_retain(256);

const CRUN_ATIME: Known = ("crun", "1.8", "gives it to the kernel in a way that the kernel refuses");
const RUNC_ATIME: Known = ("runc", "1.1", "gives it to the kernel in a way that the kernel refuses");
const NO_SYMFOLLOW: Known = ("crun", "1.8", "does not know it");

words! {
    rro_reaches_below = shows("rro", MountFlags::empty(), "ro", true);
    rrw_reaches_below = shows("rrw", MountFlags::RDONLY, "ro", false);
    rnosuid_reaches_below = shows("rnosuid", MountFlags::empty(), "nosuid", true);
    rsuid_reaches_below = shows("rsuid", MountFlags::NOSUID, "nosuid", false);
    rnodev_reaches_below = shows("rnodev", MountFlags::empty(), "nodev", true);
    rdev_reaches_below = shows("rdev", MountFlags::NODEV, "nodev", false);
    rnoexec_reaches_below = shows("rnoexec", MountFlags::empty(), "noexec", true);
    rexec_reaches_below = shows("rexec", MountFlags::NOEXEC, "noexec", false);
    rnoatime_reaches_below = shows("rnoatime", MountFlags::empty(), "noatime", true), CRUN_ATIME;
    ratime_reaches_below = shows("ratime", MountFlags::NOATIME, "noatime", false), CRUN_ATIME, RUNC_ATIME;
    rnodiratime_reaches_below = shows("rnodiratime", MountFlags::empty(), "nodiratime", true), CRUN_ATIME;
    rdiratime_reaches_below = shows("rdiratime", MountFlags::NODIRATIME, "nodiratime", false), CRUN_ATIME;
    rrelatime_reaches_below = shows("rrelatime", MountFlags::STRICTATIME, "relatime", true), ("crun", "1.8", "drops it");
    rnorelatime_is_taken = shows("rnorelatime", MountFlags::empty(), "noatime", false);
    rstrictatime_reaches_below = shows("rstrictatime", MountFlags::empty(), "relatime", false), CRUN_ATIME;
    rnostrictatime_reaches_below = shows("rnostrictatime", MountFlags::STRICTATIME, "relatime", true), CRUN_ATIME, RUNC_ATIME;
    rnosymfollow_reaches_below = shows("rnosymfollow", MountFlags::empty(), "nosymfollow", true), NO_SYMFOLLOW;
    rsymfollow_reaches_below = shows("rsymfollow", NOSYMFOLLOW, "nosymfollow", false), NO_SYMFOLLOW;
}

/// Whether a word is shown for a bind and for the mount below it, both with these flags on the host.
fn shows(word: &'static str, flags: MountFlags, shown: &'static str, wanted: bool) -> impl Fn(&Trial<'_>) -> Verdict {
    move |t| {
        for options in nested_options(t, 0, flags, &["rbind", word])? {
            ensure(has(&options, shown) == wanted, || format!("{word}: {options}"))?;
        }
        Ok(())
    }
}
