//! Terminals (`man 2 ioctl_tty`, `man 7 pty`). ENOTTY from what is none.

use super::file::{O_CLOEXEC, O_NOCTTY, O_RDWR};
use super::{Arg, Fd, Result, call, number};

/// `struct winsize`.
#[repr(C)]
struct WindowSize {
    rows: u16,
    columns: u16,
    pixels: [u16; 2],
}

/// The number of a master's other end in `/dev/pts` (`TIOCGPTN`).
pub(crate) fn terminal_number(master: Fd) -> Result<u32> {
    const TIOCGPTN: u32 = 0x8004_5430;
    let mut number = 0u32;
    // SAFETY: the kernel writes an unsigned int, as the request's own bits say, and that is borrowed mutably.
    unsafe {
        call(
            number::IOCTL,
            [master.into(), TIOCGPTN.into(), Arg::from_mut(&mut number)],
        )
    }?;
    Ok(number)
}

/// Lets a master's other end be opened (`TIOCSPTLCK`).
pub(crate) fn unlock_terminal(master: Fd) -> Result<()> {
    const TIOCSPTLCK: u32 = 0x4004_5431;
    let locked = 0i32;
    // SAFETY: the kernel reads an int, as the request's own bits say, and that is borrowed.
    unsafe {
        call(
            number::IOCTL,
            [master.into(), TIOCSPTLCK.into(), Arg::from_ref(&locked)],
        )
    }
    .map(drop)
}

/// The other end of a pty, whatever its path shows by now (`TIOCGPTPEER`, Linux 4.13).
pub(crate) fn terminal_peer(master: Fd) -> Result<Fd> {
    const TIOCGPTPEER: u32 = 0x5441;
    let flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
    // SAFETY: the arguments are a descriptor and numbers.
    unsafe { call(number::IOCTL, [master.into(), TIOCGPTPEER.into(), flags.into()]) }.map(Fd::new)
}

/// In characters (`TIOCSWINSZ`).
pub(crate) fn set_window_size(terminal: Fd, rows: u16, columns: u16) -> Result<()> {
    const TIOCSWINSZ: u32 = 0x5414;
    let size = WindowSize {
        rows,
        columns,
        pixels: [0; 2],
    };
    // SAFETY: a terminal reads a struct winsize, which is borrowed.
    unsafe {
        call(
            number::IOCTL,
            [terminal.into(), TIOCSWINSZ.into(), Arg::from_ref(&size)],
        )
    }
    .map(drop)
}

/// Makes it the terminal of this process's session (`TIOCSCTTY`). EPERM for one that another session has.
pub(crate) fn set_controlling_terminal(terminal: Fd) -> Result<()> {
    const TIOCSCTTY: u32 = 0x540e;
    // SAFETY: the arguments are a descriptor and numbers.
    unsafe { call(number::IOCTL, [terminal.into(), TIOCSCTTY.into(), Arg::NULL]) }.map(drop)
}
