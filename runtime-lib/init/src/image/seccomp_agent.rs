//! A filter whose notifications an agent answers (`man 2 seccomp_unotify`): the agent has the listener before the
//! process is executed.
//!
//! The listener appears in the thread that loads the filter, and from then on that thread may be allowed nothing but
//! execve. So another thread, which the filter does not bind, waits for the listener, and sends it to the agent
//! together with the container's state. The execve ends that thread.

use crate::Init;
use crate::failure::{Failure, In, Outcome, Text};
use crate::sys::{self, Fd};
use crate::wire::Part;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// What the two threads share.
struct Shared {
    /// Where failures are told.
    channel: Fd,
    /// The place of the step in the plan.
    step: u32,
    /// The connection with the agent.
    agent: Fd,
    /// What goes to it with the listener.
    state: &'static [u8],
    /// The listener's number, as soon as there is one.
    listener: AtomicI32,
    /// The agent has it.
    is_handed_over: AtomicBool,
}

impl Init {
    pub(crate) fn load_notifying_filter(&self, filter: &[u8], flags: u64, agent: Fd, state: &'static [u8]) -> Outcome {
        let shared = sys::thread(
            Shared {
                channel: self.channel,
                step: self.at,
                agent,
                state,
                listener: AtomicI32::new(Fd::NONE.0),
                is_handed_over: AtomicBool::new(false),
            },
            hand_over,
        )
        .of(Part::Agent)?;
        let listener = sys::load_filter(filter, flags).of(Part::Filter)?;
        let listener = i32::try_from(listener).map_err(|_| Failure::from(Part::Plan))?;
        shared.listener.store(listener, Ordering::Release);
        // Every way to sleep is a system call, which the filter may forbid. It is not long: the agent is connected
        // already.
        while !shared.is_handed_over.load(Ordering::Acquire) {
            core::hint::spin_loop();
        }
        Ok(())
    }
}

/// The thread that the filter does not bind.
extern "C" fn hand_over(shared: &'static Shared) -> ! {
    let listener = loop {
        match Fd(shared.listener.load(Ordering::Acquire)) {
            Fd::NONE => sys::nap(),
            listener => break listener,
        }
    };
    // In one piece, which agents read by one recvmsg. The connection ends with that, as the spec wants it.
    if let Err(errno) = sys::send(shared.agent, shared.state, Some(listener)) {
        // The process would wait for ever for answers.
        Failure::new(Part::Agent, errno).report(shared.channel, shared.step, &Text::new());
        sys::exit(1)
    }
    sys::close(shared.agent);
    // Without it the kernel knows when the agent is gone: then calls that wait for its answer fail, the execve among
    // them.
    sys::close(listener);
    shared.is_handed_over.store(true, Ordering::Release);
    sys::exit_thread()
}
