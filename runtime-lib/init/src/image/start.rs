//! From a container that is set up to its start.

use crate::Init;
use crate::failure::Outcome;
use crate::step::Act;
use crate::step::start::{AwaitStart, CatchSignals, CloseOnExecute, End, LetGoOfHost, Outlive};
use crate::sys::{self, Errno, Fd};

/// What `start` sends as soon as it is connected. A connection that ends without it was only somebody who looked.
const GO: &[u8] = b"G";

/// So many connections may be silent at once; one more takes the place of the eldest.
const SILENT: usize = 4;

/// Signals that end a process unless it says otherwise: SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM and
/// SIGTERM.
const ENDING: [i32; 7] = [1, 2, 3, 10, 12, 14, 15];

impl Act<Init> for LetGoOfHost {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let slot = |slot: Option<_>| slot.map_or(Ok(Fd::NONE), |slot| init.descriptor(slot));
        let [stdout, stderr] = init.hook_output;
        // What start hooks and the process need: the state for hooks, which comes with the parent's answer at the
        // latest, where hooks write to, the files for security labels, the ruleset, the agent. And what goes to the
        // parent with its next turn, a terminal for example.
        let mut kept = [
            slot(self.listener)?,
            slot(self.agent.map(|agent| agent.socket))?,
            slot(self.agent.map(|agent| agent.state))?,
            init.channel,
            init.offer.file,
            init.state,
            init.apparmor,
            init.selinux,
            init.landlock,
            stdout,
            stderr,
        ]
        .map(|file| file.0);
        kept.sort_unstable();
        let mut next = 3 + self.preserve;
        for file in kept
            .into_iter()
            .filter_map(|file| u32::try_from(file).ok())
            .filter(|file| *file >= 3 + self.preserve)
        {
            if file > next {
                sys::close_range(next, file - 1);
            }
            next = file + 1;
        }
        sys::close_range(next, u32::MAX);
        (init.proc, init.root, init.mask, init.null) = (Fd::NONE, Fd::NONE, Fd::NONE, Fd::NONE);
        Ok(())
    }
}

impl Act<Init> for CatchSignals {
    /// Before the parent says that the container is created; the execve ends it.
    fn act(&self, _: &mut Init) -> Outcome {
        for signal in ENDING {
            sys::exit_on(signal);
        }
        Ok(())
    }
}

impl Act<Init> for Outlive {
    /// From here on the socket's end is what tells of the parent's: a signal could come when the parent has said its
    /// word and is already gone.
    fn act(&self, _: &mut Init) -> Outcome {
        sys::process_control(sys::PR_SET_PDEATHSIG, 0, 0)?;
        Ok(())
    }
}

impl Act<Init> for End {
    fn act(&self, _: &mut Init) -> Outcome {
        sys::exit(0)
    }
}

impl Act<Init> for AwaitStart {
    fn act(&self, init: &mut Init) -> Outcome {
        let listener = init.descriptor(self.listener)?;
        sys::close(init.channel);
        init.channel = Fd::NONE;
        sys::release_stack();
        init.await_word(listener)
    }
}

impl Init {
    /// Goes on with the first connection that says the word, over which failures are told from then on. One that says
    /// nothing, of a program that was stopped for example, keeps nobody else from saying it. The listener stays until
    /// the execve: so long the container is created, and not running.
    #[inline(never)]
    fn await_word(&mut self, listener: Fd) -> Outcome {
        let mut connections = [Fd::NONE; SILENT];
        let mut next = 0;
        loop {
            let [a, b, c, d] = connections;
            // As long as there is none, the next one is all that there is to wait for.
            let is_first = connections == [Fd::NONE; SILENT];
            let [is_called, ready @ ..] = if is_first {
                [true, false, false, false, false]
            } else {
                match sys::poll([listener, a, b, c, d], None) {
                    Err(Errno::INTR) => continue,
                    ready => ready?,
                }
            };
            for (connection, _) in connections.iter_mut().zip(ready).filter(|(_, is_ready)| *is_ready) {
                self.channel = *connection;
                let mut word = [0; 1];
                match sys::read(*connection, &mut word) {
                    Ok(1) if word == GO => return Ok(()),
                    Err(Errno::INTR) => {}
                    Ok(_) | Err(Errno::CONNRESET) => sys::close(core::mem::replace(connection, Fd::NONE)),
                    Err(errno) => return Err(errno.into()),
                }
                self.channel = Fd::NONE;
            }
            if is_called && let Some(place) = connections.get_mut(next % SILENT) {
                let connection = match sys::accept(listener) {
                    Err(Errno::INTR) => continue,
                    connection => connection?,
                };
                if *place != Fd::NONE {
                    sys::close(*place);
                }
                *place = connection;
                next += 1;
            }
        }
    }
}

impl Act<Init> for CloseOnExecute {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::close_on_exec_from(3 + self.preserve)?)
    }
}
