//! A program that could not be executed.

use crate::errno::Errno;
use std::fmt;

/// The process's program could not be executed. `Display` gives runc's words, by which engines choose their exit
/// codes: 127 for what is not there, 126 for what cannot be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecFailure {
    /// The program, as `process.args[0]` says.
    pub program: String,
    /// What is the matter.
    pub fault: ExecFault,
}

/// What is the matter with a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecFault {
    /// It is in none of the folders of `PATH`.
    NotInPath,
    /// It is a directory.
    IsDirectory,
    /// It cannot be looked at, or has no permission to be executed.
    NotExecutable(Errno),
    /// The kernel does not execute it.
    Refused(Errno),
}

impl ExecFailure {
    /// The exit status by which shells and engines tell it: 127 where there is no such program, 126 where it cannot be
    /// executed.
    pub fn exit_status(&self) -> u8 {
        match self.fault {
            ExecFault::NotInPath => 127,
            ExecFault::NotExecutable(errno) | ExecFault::Refused(errno) if errno.raw() == libc::ENOENT => 127,
            _ => 126,
        }
    }
}

impl fmt::Display for ExecFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.program;
        formatter.write_str("process.args: ")?;
        match self.fault {
            ExecFault::NotInPath => write!(formatter, "exec: {name:?}: executable file not found in $PATH"),
            ExecFault::IsDirectory => write!(formatter, "exec: {name:?}: is a directory"),
            ExecFault::NotExecutable(errno) if errno.raw() == libc::ENOENT => {
                write!(formatter, "exec: {name:?}: stat {name}: {errno}")
            }
            ExecFault::NotExecutable(errno) => write!(formatter, "exec: {name:?}: {errno}"),
            ExecFault::Refused(errno) => {
                // Quoted only if it has to be, since engines look for `exec NAME: `.
                if name.bytes().all(|byte| byte.is_ascii_graphic()) {
                    write!(formatter, "exec {name}: {errno}")?;
                } else {
                    write!(formatter, "exec {name:?}: {errno}")?;
                }
                formatter.write_str(hint(errno))
            }
        }
    }
}

fn hint(errno: Errno) -> &'static str {
    match errno.raw() {
        libc::ENOENT => "; its interpreter (the first line of a script, or the dynamic loader) is not in the container",
        libc::ENOEXEC => {
            "; it is neither a program for this machine nor a script with a first line that names its interpreter"
        }
        libc::EACCES => {
            "; it may be on a filesystem that is mounted noexec, or its user, or Landlock, may not execute it"
        }
        libc::E2BIG => "; its arguments and environment are larger than the kernel takes",
        _ => "",
    }
}

impl std::error::Error for ExecFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_127_and_what_cannot_be_executed_126() {
        let status = |fault| {
            ExecFailure {
                program: "x".to_owned(),
                fault,
            }
            .exit_status()
        };
        let errno = Errno::from_raw;
        assert_eq!(status(ExecFault::NotInPath), 127);
        assert_eq!(status(ExecFault::NotExecutable(errno(libc::ENOENT))), 127);
        assert_eq!(status(ExecFault::NotExecutable(errno(libc::EACCES))), 126);
        assert_eq!(status(ExecFault::IsDirectory), 126);
        assert_eq!(status(ExecFault::Refused(errno(libc::ENOEXEC))), 126);
    }
}
