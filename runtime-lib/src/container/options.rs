//! How a container is created, beyond what its bundle says.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// Where the terminal goes, for a config with `process.terminal`.
#[derive(Debug, Default)]
pub enum Console {
    /// No place: a config that asks for a terminal is refused.
    #[default]
    None,
    /// The pty's master is sent over this unix socket (`SCM_RIGHTS`, with the pty's name as data), which is all an engine needs.
    Socket(PathBuf),
    /// The pty's master is handed back in [`Created::console`](super::Created::console).
    Return,
}

/// Options of [`Runtime::create`](super::Runtime::create). The default suits a container whose stdio is the caller's.
#[derive(Debug, Default)]
pub struct CreateOptions {
    /// Where the terminal goes.
    pub console: Console,
    /// Standard input, output and error of the container's process, instead of the caller's. Not used with a terminal.
    pub stdio: [Option<OwnedFd>; 3],
    /// Init's pid is written here: decimal, no newline, atomically.
    pub pid_file: Option<PathBuf>,
    /// Init's pidfd is sent over this unix socket.
    pub pidfd_socket: Option<PathBuf>,
    /// `MS_MOVE` and chroot instead of pivot_root, for a root on a ramdisk. Less safe.
    pub no_pivot: bool,
    /// Keep the caller's session keyring.
    pub no_new_keyring: bool,
    /// So many descriptors from 3 on are passed to the container's process, by the same numbers: those of them that are open and not close-on-exec.
    pub preserve_fds: u32,
    /// So many descriptors from 3 on are sockets of `man 3 sd_listen_fds`: they come before the preserved ones, and the process gets `LISTEN_FDS` and `LISTEN_PID`.
    pub listen_fds: u32,
    /// The process gets a socket on which it tells when it is ready (`man 3 sd_notify`): at `/run/notify`, and in its environment as `NOTIFY_SOCKET`. See
    /// [`Container::readiness`](super::Container::readiness).
    pub notify: bool,
    /// When this becomes readable, the creation is given up and undone: a `signalfd` or a pipe.
    pub cancel: Option<OwnedFd>,
}
