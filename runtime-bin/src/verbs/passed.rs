//! The descriptors that the container's process gets from this program's own: sockets of a service manager, and what
//! `--preserve-fds` names.

use crate::refusal::Refusal;
use orlop::{Arguments, Failure, Passed};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// The first number behind standard error.
const FIRST: u32 = 3;

/// The descriptors that the arguments have room for, as far as they are open. Among the preserved ones there may be
/// gaps, which stay gaps: callers give the highest number that they have.
pub(super) fn descriptors(arguments: &Arguments) -> Result<Vec<Passed>, Refusal> {
    open(arguments.listen_fds, arguments.preserve_fds)
}

/// The first descriptors behind standard error, as far as they are open.
pub(super) fn descriptors_from_stdio_on(preserved: u32) -> Result<Vec<Passed>, Refusal> {
    open(0, preserved)
}

fn open(sockets: u32, preserved: u32) -> Result<Vec<Passed>, Refusal> {
    let count = u64::from(sockets) + u64::from(preserved);
    if count == 0 {
        return Ok(Vec::new());
    }
    if getrlimit(Resource::Nofile).current.is_some_and(|most| count >= most) {
        let last = preserved.saturating_sub(1);
        let attempted = format!("preserve descriptors: unable to stat preserved-fd {last} (of {preserved})");
        return Err(Failure::io(attempted, &Errno::BADF.into())
            .hint("it is more than a process may have (RLIMIT_NOFILE)")
            .into());
    }
    let mut passed = Vec::new();
    for index in 0..sockets.saturating_add(preserved) {
        passed.extend(Passed::inherited(FIRST.saturating_add(index))?);
    }
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(listen_fds: u32, preserve_fds: u32) -> String {
        let mut arguments = Arguments::new(orlop::Id::new("box").unwrap());
        arguments.listen_fds = listen_fds;
        arguments.preserve_fds = preserve_fds;
        match descriptors(&arguments) {
            Ok(passed) => panic!("{} descriptors are passed", passed.len()),
            Err(refusal) => refusal.0,
        }
    }

    #[test]
    fn more_than_a_process_may_have_is_refused() {
        for (sockets, preserved) in [(0, u32::MAX), (u32::MAX, u32::MAX), (1 << 31, 1 << 31)] {
            let text = refused(sockets, preserved);
            assert!(text.contains("RLIMIT_NOFILE"), "{text}");
        }
    }
}
