//! Waiting for `start`.

use crate::Init;
use crate::failure::{Failure, Outcome};
use crate::sys::{self, Fd};
use crate::wire::{Message, Part, Slot};

/// What `start` sends as soon as it is connected. A connection that ends without it was only somebody who looked.
const GO: &[u8] = b"G";

impl Init<'_> {
    /// Tells the parent that all is set up. From its answer on the container is on its own, and waits for a connection.
    pub(crate) fn wait_for_start(&mut self, listener: Slot, preserve: u32, index: u32) -> Outcome {
        let listener = self.descriptor(listener)?;
        self.let_go_of_the_host(listener);
        sys::set_umask(self.umask);
        // As pid 1 of its namespace it would not see them otherwise. Before the parent says that the container is created.
        sys::exit_on(sys::SIGTERM);
        sys::exit_on(sys::SIGINT);
        // From here on the socket's end is what tells of the parent's: a signal could come when the parent has said its word and is already gone.
        sys::process_control(sys::PR_SET_PDEATHSIG, 0, 0)?;
        self.handshake(Message::READY, index, 0)?;
        sys::close(self.channel);
        sys::release_stack();
        loop {
            let connection = sys::accept(listener)?;
            let mut word = [0; 1];
            if sys::read(connection, &mut word) == Ok(1) && word == GO {
                self.channel = connection;
                break;
            }
            sys::close(connection);
        }
        sys::close(listener);
        sys::default_effect(sys::SIGTERM);
        sys::default_effect(sys::SIGINT);
        // Before a filter is loaded, which may forbid it.
        Ok(sys::close_on_exec_from(3 + preserve)?)
    }

    /// A container without a process only waits to be killed.
    pub(crate) fn idle(&mut self, listener: Slot, index: u32) -> Outcome {
        self.wait_for_start(listener, 0, index)?;
        Err(Failure::from(Part::NotFound))
    }

    /// Nothing of the host's stays open while the container waits: others may join its namespaces meanwhile.
    fn let_go_of_the_host(&mut self, listener: Fd) {
        for file in [self.proc, self.root, self.mask] {
            if file != Fd::NONE {
                sys::close(file);
            }
        }
        (self.proc, self.root, self.mask) = (Fd::NONE, Fd::NONE, Fd::NONE);
        for slot in 0.. {
            match self.header.descriptor(Slot(slot)) {
                Ok(file) if Fd(file) != listener => sys::close(Fd(file)),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        for file in self.header.stdio {
            if file > 2 {
                sys::close(Fd(file));
            }
        }
    }
}
