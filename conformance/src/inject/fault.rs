//! What happens to a system call.

use nix::errno::Errno;

/// What happens to one system call instead of the call itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process is killed before it.
    Kill,
    /// It is not made, and comes back with this.
    Error(Errno),
}

/// Those that are tried, with their names.
pub(super) const ALL: [(&str, Fault); 5] = [
    ("KILL", Fault::Kill),
    ("ENOMEM", Fault::Error(Errno::ENOMEM)),
    ("EINTR", Fault::Error(Errno::EINTR)),
    ("EIO", Fault::Error(Errno::EIO)),
    ("EPERM", Fault::Error(Errno::EPERM)),
];

impl Fault {
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|(known, _)| *known == name).map(|(_, fault)| *fault)
    }

    pub(super) fn name(self) -> &'static str {
        ALL.iter()
            .find(|(_, fault)| *fault == self)
            .map_or("?", |(name, _)| name)
    }
}
