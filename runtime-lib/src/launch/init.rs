//! Init, as its parent holds it.

use super::channel::{Channel, Received, Sender};
use super::start::verify as verify_executed;
use super::{Cancel, broken, failure};
use crate::plan::Plan;
use crate::process::{ExitStatus, Pid, Signal, await_end, is_child};
use crate::{Error, Failure, sys};
use orlop_init::wire::Message;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
use std::time::Duration;

/// Init, until it is released. Dropped before that, it is killed and reaped.
#[derive(Debug)]
pub(crate) struct Init {
    pub(crate) pid: Pid,
    pidfd: Option<OwnedFd>,
    channel: Channel,
}

/// So long it may take to end when a creation is given up, and somebody waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// What init has made for the deeds of a turn.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    pub(crate) text: String,
    pub(crate) file: Option<OwnedFd>,
}

impl Init {
    pub(crate) fn new(pid: Pid, pidfd: OwnedFd, channel: Channel) -> Self {
        Self {
            pid,
            pidfd: Some(pidfd),
            channel,
        }
    }

    pub(crate) fn pidfd(&self) -> Result<&OwnedFd, Error> {
        self.pidfd
            .as_ref()
            .ok_or_else(|| broken("an init without a descriptor"))
    }

    /// Waits until init says that it is this turn. Where it has failed, `failed_at` becomes the step's number.
    pub(crate) fn await_turn(
        &self,
        turn: u32,
        plan: &Plan,
        cancel: Cancel<'_>,
        failed_at: &mut Option<usize>,
    ) -> Result<Offer, Error> {
        // A child of init's has the other end of the socket as well: that end says nothing of init's.
        let end = plan.acts.follows_at(turn).then(|| self.pidfd()).transpose()?;
        let init = Sender {
            pid: self.pid,
            end: end.map(AsFd::as_fd),
        };
        match self.channel.receive_from(init, cancel)? {
            Received::Message(message, text, _) if message.kind == Message::FAILED => {
                Err(failed(plan, &message, &text, failed_at))
            }
            Received::Message(message, text, file) if (message.kind, message.detail) == (Message::TURN, turn) => {
                Ok(Offer { text, file })
            }
            Received::Message(message, ..) => {
                let (kind, number) = (message.kind, message.detail);
                Err(broken(&format!(
                    "a message of kind {kind} with number {number} at turn {turn}"
                )))
            }
            Received::End => Err(self.ended_early()),
            Received::Cancelled => Err(Error::Cancelled),
        }
    }

    /// Waits until init has executed the process, which closes its end of the socket. Where it has failed, `failed_at`
    /// becomes the step's number.
    pub(crate) fn await_execute(
        &self,
        plan: &Plan,
        cancel: Cancel<'_>,
        failed_at: &mut Option<usize>,
    ) -> Result<(), Error> {
        // Whoever has taken the other end from init keeps it open.
        let init = Sender {
            pid: self.pid,
            end: Some(self.pidfd()?.as_fd()),
        };
        match self.channel.receive_from(init, cancel)? {
            Received::Message(message, text, _) if message.kind == Message::FAILED => {
                Err(failed(plan, &message, &text, failed_at))
            }
            Received::Message(message, ..) => Err(broken(&format!("a message of kind {} at its end", message.kind))),
            Received::End => {
                let filter = plan.filter.as_ref().map_or(&[][..], |filter| &filter.program);
                verify_executed(self.pid, self.pidfd()?, filter)
            }
            Received::Cancelled => Err(Error::Cancelled),
        }
    }

    /// Tells init that the turn is over. That it cannot be told anything is not what the user has to know.
    pub(crate) fn go(&self, turn: u32, descriptor: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        self.channel.go(turn, descriptor).map_err(|error| match &self.pidfd {
            Some(pidfd) if sys::has_ended(pidfd) == Ok(true) => self.ended_early(),
            _ => error,
        })
    }

    /// Init goes on as another process, also a child of the caller: no other is taken for it, and ended later on.
    pub(crate) fn follow(&mut self, pid: Pid) -> Result<(), Error> {
        let pidfd =
            pidfd_open(pid.rustix(), PidfdFlags::empty()).map_err(|errno| Failure::new("open init's pidfd", errno))?;
        if !is_child(pidfd.as_fd()) {
            return Err(broken("a successor that is no child"));
        }
        if let Some(before) = self.pidfd.replace(pidfd) {
            let _ = crate::process::wait(before.as_fd());
        }
        self.pid = pid;
        Ok(())
    }

    /// Lets go of init: from now on it lives on its own.
    pub(crate) fn release(mut self) -> Result<OwnedFd, Error> {
        self.pidfd.take().ok_or_else(|| broken("an init without a descriptor"))
    }

    /// Kills and reaps it, unless it hangs in the kernel.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        let Some(pidfd) = self.pidfd.take() else {
            return Ok(());
        };
        let _ = pidfd_send_signal(&pidfd, rustix::process::Signal::KILL);
        await_end(&pidfd, PATIENCE)?;
        let _ = crate::process::wait(pidfd.as_fd());
        Ok(())
    }

    fn ended_early(&self) -> Error {
        let status = self
            .pidfd
            .as_ref()
            .and_then(|pidfd| crate::process::wait(pidfd.as_fd()).ok());
        let how = match status {
            Some(ExitStatus::Signaled(Signal::KILL)) => {
                "it was killed (SIGKILL); a memory limit may be too small".to_owned()
            }
            Some(ExitStatus::Signaled(signal)) => format!("it was ended by signal {}", signal.number()),
            Some(ExitStatus::Exited(status)) => format!("it exited with status {status}"),
            None => "it is gone".to_owned(),
        };
        Failure::plain("set the container up: init ended early", how).into()
    }
}

/// What init has failed at.
fn failed(plan: &Plan, message: &Message, text: &str, failed_at: &mut Option<usize>) -> Error {
    *failed_at = Some(message.step as usize);
    failure::of_plan(&plan.acts, message, text)
}

impl Drop for Init {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
