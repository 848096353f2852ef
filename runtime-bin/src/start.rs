//! The program's entry, instead of Rust's own: it saves the runtime's set-up (60 µs of a start), and SIGPIPE stays at
//! its default.

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;

// SAFETY: nothing else in the program defines `main`, and this is the signature that the C library calls
// (`man 3 exec`).
#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    let words: Vec<OsString> = (0..count)
        .map(|at| {
            // SAFETY: the kernel and the C library give `count` pointers to strings that live as long as the process.
            let word = unsafe { CStr::from_ptr(*words.add(at)) };
            OsStr::from_bytes(word.to_bytes()).to_owned()
        })
        .collect();
    open_missing_stdio();
    c_int::from(crate::run(words))
}

/// A caller may have closed descriptors 0 to 2; then files of ours would take their numbers. Rust's runtime does the
/// same at start.
fn open_missing_stdio() {
    use rustix::fs::{Mode, OFlags, open};
    use rustix::io::fcntl_getfd;
    use rustix::stdio::{stderr, stdin, stdout};
    for file in [stdin(), stdout(), stderr()] {
        if fcntl_getfd(file).is_err() {
            // The lowest free number is this one, as those below are open by now.
            let _ = open("/dev/null", OFlags::RDWR, Mode::empty()).map(std::mem::forget);
        }
    }
}
