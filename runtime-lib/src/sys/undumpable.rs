//! Keeping others out of a child that shares this process's memory and is in a new user namespace already.

use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};
use std::sync::{Mutex, PoisonError};

/// While one lives, this process cannot be dumped, and so nobody reaches its memory, or a process that shares it,
/// who has no right to trace in this process's user namespace. A child in a new one is otherwise open to who owns that
/// one: whoever has the uid of its maker, with or without capabilities (`man 2 ptrace`, `man 7 user_namespaces`).
///
/// The attribute is the process's, so those who need it at the same time are counted.
#[derive(Debug)]
pub(crate) struct Undumpable;

static HELD: Mutex<Held> = Mutex::new(Held {
    count: 0,
    is_to_be_restored: false,
});

struct Held {
    count: usize,
    is_to_be_restored: bool,
}

impl Undumpable {
    pub(super) fn new() -> Self {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        if held.count == 0 {
            // What cannot be dumped, for another reason, stays so.
            held.is_to_be_restored = matches!(dumpable_behavior(), Ok(DumpableBehavior::Dumpable))
                && set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok();
        }
        held.count += 1;
        Self
    }
}

impl Drop for Undumpable {
    fn drop(&mut self) {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.count -= 1;
        if held.count == 0 && held.is_to_be_restored {
            let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
        }
    }
}
