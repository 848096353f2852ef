//! The network namespace: its loopback interface, and the host's devices that move there.

use crate::Init;
use crate::failure::Outcome;
use crate::sys;
use crate::wire::Message;

/// A new network namespace has its loopback interface down.
pub(crate) fn bring_loopback_up() -> Outcome {
    const IFF_UP: u16 = 0x1;
    const IFF_RUNNING: u16 = 0x40;
    let socket = sys::datagram_socket()?;
    sys::set_interface_flags(socket, b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0", IFF_UP | IFF_RUNNING)?;
    sys::close(socket);
    Ok(())
}

impl Init<'_> {
    /// A socket keeps the namespace that it was opened in, so the parent, who stays outside, can set a device up in ours.
    pub(crate) fn network_device(&mut self, step: u32) -> Outcome {
        let socket = sys::netlink_socket()?;
        let message = Message {
            kind: Message::NETWORK,
            step,
            errno: 0,
            part: 0,
            detail: 0,
            length: 0,
        };
        sys::send(self.channel, &message.to_bytes(), Some(socket))?;
        sys::close(socket);
        self.await_go()
    }
}
