//! Network interfaces, and the sockets that they are asked for with.

use super::file::O_CLOEXEC;
use super::{Arg, Fd, Result, call, number};

/// Any socket that takes `man 7 netdevice`'s requests (`man 2 socket`).
pub(crate) fn datagram_socket() -> Result<Fd> {
    const AF_INET: u32 = 2;
    const SOCK_DGRAM: u32 = 2;
    socket(AF_INET, SOCK_DGRAM)
}

/// `man 7 rtnetlink`
pub(crate) fn netlink_socket() -> Result<Fd> {
    const AF_NETLINK: u32 = 16;
    const SOCK_RAW: u32 = 3;
    socket(AF_NETLINK, SOCK_RAW)
}

fn socket(family: u32, kind: u32) -> Result<Fd> {
    // SOCK_CLOEXEC is the same number.
    let kind = kind | O_CLOEXEC;
    // SAFETY: the arguments are numbers.
    unsafe { call(number::SOCKET, [family.into(), kind.into(), Arg::NULL]) }.map(Fd::new)
}

/// `struct ifreq`, of which the flags are used.
#[repr(C)]
struct Request {
    name: [u8; 16],
    flags: u16,
    rest: [u16; 11],
}

/// Sets an interface's flags `IFF_*` (`man 7 netdevice`, `SIOCSIFFLAGS`).
pub(crate) fn set_interface_flags(socket: Fd, name: &[u8; 16], flags: u16) -> Result<()> {
    const SIOCSIFFLAGS: u32 = 0x8914;
    let mut request = Request {
        name: *name,
        flags,
        rest: [0; 11],
    };
    let arguments = [socket.into(), SIOCSIFFLAGS.into(), Arg::from_mut(&mut request)];
    // SAFETY: the kernel reads a struct ifreq, and at most writes it back; it is borrowed mutably.
    unsafe { call(number::IOCTL, arguments) }.map(drop)
}
