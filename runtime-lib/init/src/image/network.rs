//! The network namespace: its loopback interface, and the way in for the host's devices.

use crate::Init;
use crate::failure::Outcome;
use crate::step::Act;
use crate::step::network::{Loopback, OpenNetlink};
use crate::sys;

impl Act<Init> for Loopback {
    /// A new network namespace has its loopback interface down.
    fn act(&self, _: &mut Init) -> Outcome {
        const IFF_UP: u16 = 0x1;
        const IFF_RUNNING: u16 = 0x40;
        let socket = sys::datagram_socket()?;
        sys::set_interface_flags(socket, b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0", IFF_UP | IFF_RUNNING)?;
        sys::close(socket);
        Ok(())
    }
}

impl Act<Init> for OpenNetlink {
    fn act(&self, init: &mut Init) -> Outcome {
        init.offer.file = sys::netlink_socket()?;
        Ok(())
    }
}
