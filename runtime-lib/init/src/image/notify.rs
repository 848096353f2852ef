//! A filter whose notifications an agent answers (`man 2 seccomp_unotify`): the agent has the listener before the process is executed.
//!
//! The listener appears in the thread that loads the filter, and from then on that thread may be allowed nothing but execve. So another thread,
//! which the filter does not bind, waits for the listener, sends it to `start`, and is told when the agent has it. The execve ends that thread.

use crate::Init;
use crate::failure::{Failure, Outcome};
use crate::sys::{self, Fd};
use crate::wire::{Message, Part};
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// `SECCOMP_FILTER_FLAG_NEW_LISTENER`
pub(crate) const NEW_LISTENER: u64 = 1 << 3;

/// What the two threads share.
struct Shared {
    /// The connection of `start`.
    channel: Fd,
    /// The place of the step in the plan.
    step: u32,
    /// The listener's number, as soon as there is one.
    listener: AtomicI32,
    /// The agent has it.
    is_handed_over: AtomicBool,
}

impl Init<'_> {
    pub(crate) fn load_notifying_filter(&mut self, filter: &[u8], flags: u64, step: u32) -> Outcome {
        let shared = sys::thread(
            Shared {
                channel: self.channel,
                step,
                listener: AtomicI32::new(Fd::NONE.0),
                is_handed_over: AtomicBool::new(false),
            },
            hand_over,
        )?;
        let listener = sys::load_filter(filter, flags)?;
        let listener = i32::try_from(listener).map_err(|_| Failure::from(Part::Plan))?;
        shared.listener.store(listener, Ordering::Release);
        // Every way to sleep is a system call, which the filter may forbid. It is not long: `start` is connected with the agent already.
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
    let message = Message {
        kind: Message::LISTENER,
        step: shared.step,
        errno: 0,
        part: 0,
        detail: 0,
        length: 0,
    };
    let mut answer = [0; Message::SIZE];
    let answered = sys::send(shared.channel, &message.to_bytes(), Some(listener))
        .and_then(|()| sys::receive(shared.channel, &mut answer));
    match Message::from_bytes(&answer) {
        Ok((Message { kind: Message::GO, .. }, _)) if answered.is_ok() => {
            // Without it the kernel knows when the agent is gone: then calls that wait for its answer fail, the execve among them.
            sys::close(listener);
            shared.is_handed_over.store(true, Ordering::Release);
            sys::exit_thread()
        }
        // The agent did not take it: the process would wait for ever for its answers.
        _ => sys::exit(252),
    }
}
