//! Standard input, output and error.

use crate::failure::{In, Outcome};
use crate::linux::terminal::is_a_users;
use crate::sys::{self, Fd};
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

/// Gives stdio to the process's user, so that it can open `/dev/stdout` anew. What is not ours to give is left:
/// `/dev/null` is everybody's, and a file that is only read could be written by its owner. A refusal (a read-only
/// filesystem, an unmapped owner) costs the process that one convenience.
pub(crate) fn give_to(uid: u32) -> Outcome {
    for number in 0..3 {
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
    Ok(())
}
