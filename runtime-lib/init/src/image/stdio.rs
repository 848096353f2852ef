//! Standard input, output and error.

use crate::failure::{In, Outcome};
use crate::linux::terminal::is_a_users;
use crate::sys::{self, Fd, Status};
use crate::wire::Part;
use core::ffi::CStr;

const NOTHING: &CStr = c"";

/// Puts the descriptors that the parent chose on 0, 1 and 2.
pub(crate) fn take_over(chosen: [i32; 3]) -> Outcome {
    for (number, file) in (0..).zip(chosen) {
        if file >= 0 {
            sys::duplicate(Fd(file), number).of(Part::Whole)?;
        }
    }
    Ok(())
}

/// Gives those of stdio that the parent lets go of, a bit for each, to the process's user, so that it can open
/// `/dev/stdout` anew. What is not ours to give is left:
/// `/dev/null` is everybody's, and a file that is only read could be written by its owner. A refusal (a read-only
/// filesystem, an unmapped owner) costs the process that one convenience.
pub(crate) fn give_to(uid: u32, given: u32) {
    for number in (0..3).filter(|number| given & (1 << number) != 0) {
        let file = Fd(number);
        let Ok(status) = sys::status(file, NOTHING, sys::AT_EMPTY_PATH) else {
            continue;
        };
        let is_to_give = match status.mode & sys::S_IFMT {
            sys::S_IFIFO | sys::S_IFSOCK => true,
            sys::S_IFREG => status.uid != uid && sys::is_writable(file),
            sys::S_IFCHR => is_a_users(status.major, status.minor),
            _ => false,
        };
        if status.uid != uid && is_to_give {
            let _ = sys::change_owner(file, uid, u32::MAX);
        }
    }
}

/// Puts a `/dev/null` of the container's where stdio is the host's: through `/proc/self/fd` the container's root could
/// change the mode and the owner of that for everybody. Whoever may make no such node owns no other.
pub(crate) fn open_null_anew() {
    let is_hosts = |number: &i32| sys::status(Fd(*number), NOTHING, sys::AT_EMPTY_PATH).is_ok_and(|it| it.is_null());
    let mut hosts = (0..3).filter(is_hosts).peekable();
    if hosts.peek().is_none() {
        return;
    }
    let Some(null) = containers_null().or_else(|| null_of_nobody().ok()) else {
        return;
    };
    for number in hosts {
        let _ = sys::duplicate(null, number);
    }
    sys::close(null);
}

/// The container's `/dev/null`, if it is one: a container may have put something else there before an exec.
fn containers_null() -> Option<Fd> {
    let path = c"/dev/null";
    sys::status(Fd::CWD, path, sys::AT_SYMLINK_NOFOLLOW)
        .ok()
        .filter(Status::is_null)?;
    let null = sys::open(Fd::CWD, path, sys::O_RDWR | sys::O_NOFOLLOW | sys::O_NOCTTY, 0).ok()?;
    if sys::status(null, NOTHING, sys::AT_EMPTY_PATH).is_ok_and(|it| it.is_null()) {
        return Some(null);
    }
    sys::close(null);
    None
}

/// A node on a filesystem in memory that is mounted nowhere.
fn null_of_nobody() -> sys::Result<Fd> {
    let context = sys::open_filesystem(c"tmpfs")?;
    let mount = sys::create_filesystem(context).and_then(|()| sys::mount_filesystem(context, 0));
    sys::close(context);
    let mount = mount?;
    let null = sys::make_node(mount, c"null", sys::S_IFCHR | 0o666, 1, 3)
        .and_then(|()| sys::open(mount, c"null", sys::O_RDWR, 0));
    sys::close(mount);
    null
}
