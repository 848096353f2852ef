//! Standard input, output and error.

use crate::failure::{In, Outcome};
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
/// `/dev/null` is everybody's, and a refusal (a read-only filesystem, an unmapped owner) costs the process that one
/// convenience.
pub(crate) fn give_to(uid: u32, null: Fd) -> Outcome {
    let null = sys::status(null, NOTHING, sys::AT_EMPTY_PATH).ok();
    for number in 0..3 {
        let file = Fd(number);
        let Ok(status) = sys::status(file, NOTHING, sys::AT_EMPTY_PATH) else {
            continue;
        };
        let is_null = null.is_some_and(|null| {
            status.mode & sys::S_IFMT == sys::S_IFCHR && (status.major, status.minor) == (null.major, null.minor)
        });
        if status.uid != uid && !is_null {
            let _ = sys::change_owner(file, uid, u32::MAX);
        }
    }
    Ok(())
}
