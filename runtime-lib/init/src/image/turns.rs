//! The parent's turns.

use crate::Init;
use crate::failure::Outcome;
use crate::step::Act;
use crate::step::turns::Turn;
use crate::sys::{self, Fd};
use crate::wire::Message;

/// What goes to the parent with a turn.
pub(crate) struct Offer {
    text: [u8; Message::TURN_TEXT],
    length: usize,
    pub(crate) file: Fd,
}

impl Offer {
    pub(crate) const NOTHING: Self = Self {
        text: [0; Message::TURN_TEXT],
        length: 0,
        file: Fd::NONE,
    };

    /// Appends what still fits.
    pub(crate) fn push(&mut self, more: &[u8]) {
        for byte in more {
            if let Some(place) = self.text.get_mut(self.length) {
                *place = *byte;
                self.length += 1;
            }
        }
    }
}

impl Act<Init> for Turn {
    fn act(&self, init: &mut Init) -> Outcome {
        init.announce(self.number)?;
        init.await_go(self.number)
    }
}

impl Init {
    /// Tells the parent that it is its turn.
    #[inline(never)]
    pub(crate) fn announce(&mut self, number: u32) -> Outcome {
        let offer = core::mem::replace(&mut self.offer, Offer::NOTHING);
        let length = u32::try_from(offer.length).unwrap_or(0);
        let mut bytes = [0; Message::SIZE + Message::TURN_TEXT];
        let (head, tail) = bytes.split_at_mut(Message::SIZE);
        head.copy_from_slice(&Message::of_turn(Message::TURN, number, length).to_bytes());
        tail.copy_from_slice(&offer.text);
        let passed = (offer.file != Fd::NONE).then_some(offer.file);
        let message = bytes.get(..Message::SIZE + offer.length).unwrap_or_default();
        sys::send(self.channel, message, passed)?;
        if let Some(file) = passed {
            sys::close(file);
        }
        Ok(())
    }

    /// Waits for the parent's word to go on. What comes with that word is the state for hooks.
    #[inline(never)]
    pub(crate) fn await_go(&mut self, number: u32) -> Outcome {
        let mut buffer = [0; Message::SIZE];
        let (length, passed) = sys::receive(self.channel, &mut buffer)?;
        match Message::from_bytes(buffer.get(..length).unwrap_or_default()) {
            Ok((message, _)) if (message.kind, message.detail) == (Message::GO, number) => {
                if let Some(state) = passed {
                    self.state = state;
                }
                Ok(())
            }
            // The parent is gone, or lost: nobody would clean up after a container that goes on.
            _ => sys::exit(252),
        }
    }
}
