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
    /// It is in no folder, since the process's environment has no `PATH`, or an empty one.
    NoPath,
    /// It is in none of the folders of `PATH`, which has others than absolute ones.
    OddPath,
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
            ExecFault::NotInPath | ExecFault::NoPath | ExecFault::OddPath => 127,
            ExecFault::NotExecutable(errno) | ExecFault::Refused(errno) if errno.raw() == libc::ENOENT => 127,
            _ => 126,
        }
    }
}

/// Engines look for these words.
const NOT_FOUND: &str = "executable file not found in $PATH";

impl fmt::Display for ExecFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.program;
        formatter.write_str("process.args: ")?;
        match self.fault {
            ExecFault::NotInPath => write!(formatter, "exec: {name:?}: {NOT_FOUND}"),
            ExecFault::NoPath => write!(
                formatter,
                "exec: {name:?}: {NOT_FOUND}; process.env has no PATH to look in, or an empty one"
            ),
            ExecFault::OddPath => write!(
                formatter,
                "exec: {name:?}: {NOT_FOUND}; PATH in process.env has folders that are not absolute (nothing is put in \
                 for a variable there)"
            ),
            // Both phrases: docker before 23.0.1 and podman know the second alone.
            ExecFault::IsDirectory => write!(formatter, "exec: {name:?}: is a directory: permission denied"),
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

    fn failure(fault: ExecFault) -> ExecFailure {
        ExecFailure {
            program: "/x".to_owned(),
            fault,
        }
    }

    /// How an engine's client tells a failure, by phrases for 127 that it looks for first, and phrases for 126.
    struct Client(&'static str, &'static [&'static str], &'static [&'static str]);

    const MISSING: &[&str] = &[
        "executable file not found",
        "no such file or directory",
        "system cannot find the file specified",
    ];

    const CLIENTS: [Client; 3] = [
        Client("docker before 23.0.1", MISSING, &["permission denied"]),
        Client("docker since 23.0.1", MISSING, &["permission denied", "is a directory"]),
        Client(
            "podman",
            &[
                "executable file not found in",
                "no such file or directory",
                "open executable",
            ],
            &["permission denied", "operation not permitted"],
        ),
    ];

    #[test]
    fn every_clients_exit_status_is_ours() {
        let errno = Errno::from_raw;
        for fault in [
            ExecFault::NotInPath,
            ExecFault::IsDirectory,
            ExecFault::NotExecutable(errno(libc::ENOENT)),
            ExecFault::NotExecutable(errno(libc::EACCES)),
            ExecFault::Refused(errno(libc::ENOENT)),
            ExecFault::Refused(errno(libc::EACCES)),
        ] {
            let failure = failure(fault);
            let text = failure.to_string();
            let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
            for Client(name, missing, forbidden) in CLIENTS {
                let status = if says(missing) {
                    127
                } else if says(forbidden) {
                    126
                } else {
                    125
                };
                assert_eq!(status, failure.exit_status(), "{name}: {text}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_127_and_what_cannot_be_executed_126() {
        let status = |fault| failure(fault).exit_status();
        let errno = Errno::from_raw;
        assert_eq!(status(ExecFault::NotInPath), 127);
        assert_eq!(status(ExecFault::NoPath), 127);
        assert_eq!(status(ExecFault::OddPath), 127);
        assert_eq!(status(ExecFault::NotExecutable(errno(libc::ENOENT))), 127);
        assert_eq!(status(ExecFault::NotExecutable(errno(libc::EACCES))), 126);
        assert_eq!(status(ExecFault::IsDirectory), 126);
        assert_eq!(status(ExecFault::Refused(errno(libc::ENOEXEC))), 126);
    }
}
