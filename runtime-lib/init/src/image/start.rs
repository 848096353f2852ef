//! Waiting for `start`.

use crate::Init;
use crate::failure::{Failure, Outcome};
use crate::sys::{self, Fd};
use crate::wire::{Message, Part, Slot};

/// What `start` sends as soon as it is connected. A connection that ends without it was only somebody who looked.
const GO: &[u8] = b"G";

/// Signals that end a process unless it says otherwise: SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM and SIGTERM.
const ENDING: [i32; 7] = [1, 2, 3, 10, 12, 14, 15];

impl Init<'_> {
    /// Tells the parent that all is set up. From its answer on the container is on its own, and waits for a connection.
    pub(crate) fn wait_for_start(&mut self, listener: Slot, preserve: u32, index: u32) -> Outcome {
        let listener = self.descriptor(listener)?;
        self.let_go_of_the_host(listener, preserve);
        sys::set_umask(self.umask);
        // As pid 1 of its namespace it would not see them otherwise. Before the parent says that the container is created; the execve ends it.
        for signal in ENDING {
            sys::exit_on(signal);
        }
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
                self.is_started = true;
                break;
            }
            sys::close(connection);
        }
        // The listener stays until the execve: so long the container is created, and not running.
        // Before a filter is loaded, which may forbid it.
        Ok(sys::close_on_exec_from(3 + preserve)?)
    }

    /// A container without a process only waits to be killed.
    pub(crate) fn idle(&mut self, listener: Slot, index: u32) -> Outcome {
        self.wait_for_start(listener, 0, index)?;
        Err(Failure::from(Part::NotFound))
    }

    /// Nothing of the host's stays open while the container waits, neither ours nor what the caller had open: others may join its namespaces meanwhile.
    fn let_go_of_the_host(&mut self, listener: Fd, preserve: u32) {
        // What `start` still needs is the state for hooks, which comes with the parent's answer, where they write to, the files for security labels, and
        // the ruleset.
        let [stdout, stderr] = self.hook_output;
        let mut kept = [
            listener,
            self.channel,
            self.state,
            self.apparmor,
            self.selinux,
            self.landlock,
            stdout,
            stderr,
        ]
        .map(|file| file.0);
        kept.sort_unstable();
        let mut next = 3 + preserve;
        for file in kept
            .into_iter()
            .filter_map(|file| u32::try_from(file).ok())
            .filter(|file| *file >= 3 + preserve)
        {
            if file > next {
                sys::close_range(next, file - 1);
            }
            next = file + 1;
        }
        sys::close_range(next, u32::MAX);
        (self.proc, self.root, self.mask, self.null) = (Fd::NONE, Fd::NONE, Fd::NONE, Fd::NONE);
    }
}
