//! The network namespace.

use super::reads::Reads;
use core::fmt::{Formatter, Result};

steps! { 7;
    /// Bring the loopback interface up.
    Loopback = 1 {
    }
    /// Open a netlink socket (`man 7 rtnetlink`), which goes to the parent with the next turn: a socket keeps the
    /// namespace that it was opened in, so that the parent, who stays outside, can set devices up in init's.
    OpenNetlink = 2 {
    }
}

impl Reads for Loopback {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("bring the loopback interface up")
    }
}

impl Reads for OpenNetlink {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("open a netlink socket in the network namespace")
    }
}
