//! A system call's refusal.

use std::fmt;

/// A system call's refusal (`man 3 errno`). `Display` gives it as a person reads it: `no such device (ENODEV)`, in the
/// C library's words, in lower case as engines match them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(i32);

impl Errno {
    /// The error of this number.
    pub const fn from_raw(number: i32) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// Its symbol, `ENODEV` for example, if it is one that a runtime meets.
    pub fn name(self) -> Option<&'static str> {
        NAMES
            .iter()
            .find(|(known, _)| known.raw_os_error() == self.0)
            .map(|(_, name)| *name)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = std::io::Error::from_raw_os_error(self.0).to_string();
        let words = words.split(" (os error").next().unwrap_or_default();
        let mut letters = words.chars();
        if let Some(first) = letters.next() {
            write!(formatter, "{}{}", first.to_lowercase(), letters.as_str())?;
        }
        match self.name() {
            Some(name) => write!(formatter, " ({name})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "errno {}", self.0),
        }
    }
}

impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.0)
    }
}

/// What the crates below give for an errno.
pub(crate) trait Refusal {
    fn errno(self) -> Errno;
}

impl Refusal for Errno {
    fn errno(self) -> Errno {
        self
    }
}

impl Refusal for rustix::io::Errno {
    fn errno(self) -> Errno {
        Errno(self.raw_os_error())
    }
}

macro_rules! names {
    ($($name:ident $symbol:literal)*) => {
        const NAMES: &[(rustix::io::Errno, &str)] = &[$((rustix::io::Errno::$name, $symbol)),*];
    };
}

names! {
    ACCESS "EACCES"
    ADDRINUSE "EADDRINUSE"
    AGAIN "EAGAIN"
    BADF "EBADF"
    BUSY "EBUSY"
    CHILD "ECHILD"
    CONNREFUSED "ECONNREFUSED"
    CONNRESET "ECONNRESET"
    DQUOT "EDQUOT"
    EXIST "EEXIST"
    FAULT "EFAULT"
    FBIG "EFBIG"
    INTR "EINTR"
    INVAL "EINVAL"
    IO "EIO"
    ISDIR "EISDIR"
    LOOP "ELOOP"
    MFILE "EMFILE"
    NAMETOOLONG "ENAMETOOLONG"
    NFILE "ENFILE"
    NODEV "ENODEV"
    NOENT "ENOENT"
    NOEXEC "ENOEXEC"
    NOMEM "ENOMEM"
    NOSPC "ENOSPC"
    NOSYS "ENOSYS"
    NOTBLK "ENOTBLK"
    NOTCONN "ENOTCONN"
    NOTDIR "ENOTDIR"
    NOTEMPTY "ENOTEMPTY"
    NOTTY "ENOTTY"
    NXIO "ENXIO"
    OPNOTSUPP "EOPNOTSUPP"
    OVERFLOW "EOVERFLOW"
    PERM "EPERM"
    PIPE "EPIPE"
    RANGE "ERANGE"
    ROFS "EROFS"
    SRCH "ESRCH"
    STALE "ESTALE"
    TIMEDOUT "ETIMEDOUT"
    TOOBIG "E2BIG"
    TXTBSY "ETXTBSY"
    USERS "EUSERS"
    XDEV "EXDEV"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_find_their_key_phrases_in_lower_case() {
        for (errno, phrase) in [
            (libc::ENOENT, "no such file or directory (ENOENT)"),
            (libc::EACCES, "permission denied (EACCES)"),
            (libc::EISDIR, "is a directory (EISDIR)"),
            (libc::EPERM, "operation not permitted (EPERM)"),
            (libc::ESRCH, "no such process (ESRCH)"),
        ] {
            assert_eq!(Errno::from_raw(errno).to_string(), phrase);
        }
    }
}
