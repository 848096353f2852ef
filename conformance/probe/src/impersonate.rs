//! Speaks to a runtime in the name of a process that it is about to execute here.

use crate::sys;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a process that goes on as another one says to orlop: a turn's number, and the other one's pid.
const TURN: u32 = 8;

/// Until a file is there, tells whoever has a socket to a process that appears that it goes on as `pid`, whatever the
/// turn. How many processes were found that hold a socket.
pub(crate) fn impersonate(pid: &str, until: &str) -> io::Result<i64> {
    let end = Instant::now() + Duration::from_secs(300);
    let mut last = i64::from(std::process::id());
    let mut found = 0;
    let mut looked = 0_u32;
    loop {
        looked = looked.wrapping_add(1);
        if looked.is_multiple_of(1024) && (Path::new(until).exists() || Instant::now() > end) {
            return Ok(found);
        }
        for next in last + 1..last + 4 {
            let Ok(process) = sys::syscall(libc::SYS_pidfd_open, [next, 0, 0, 0, 0, 0]).and_then(sys::owned) else {
                continue;
            };
            last = next;
            let sent = (3..40)
                .filter(|number| speak(process.as_raw_fd().into(), *number, pid))
                .count();
            found += i64::from(sent > 0);
            break;
        }
    }
}

/// Whether this descriptor of a process could be taken and was one that takes messages.
fn speak(process: i64, number: i64, pid: &str) -> bool {
    let taken = sys::syscall(libc::SYS_pidfd_getfd, [process, number, 0, 0, 0, 0]);
    let Ok(socket) = taken.and_then(sys::owned) else {
        return false;
    };
    (0..4_u32).all(|turn| {
        let length = u32::try_from(pid.len()).unwrap_or(0);
        let words = [TURN, 0, 0, 0, turn, length];
        let mut message: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        message.extend(pid.as_bytes());
        sys::send(socket.as_raw_fd(), &message).is_ok()
    })
}
