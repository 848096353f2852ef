//! The loopback interface.

use crate::failure::Outcome;
use crate::sys;

/// A new network namespace has its loopback interface down.
pub(crate) fn bring_loopback_up() -> Outcome {
    const IFF_UP: u16 = 0x1;
    const IFF_RUNNING: u16 = 0x40;
    let socket = sys::datagram_socket()?;
    sys::set_interface_flags(socket, b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0", IFF_UP | IFF_RUNNING)?;
    sys::close(socket);
    Ok(())
}
