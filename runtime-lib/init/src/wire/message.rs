//! What the two processes say to one another.

use super::{Malformed, Reader, Wire};

/// What init tells, its parent over the socket and `start` over the connection, and what its parent answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// One of [`Message::FAILED`] and its like.
    pub kind: u32,
    /// The step that it is about, by its place in the plan.
    pub step: u32,
    /// An errno; 0 for none.
    pub errno: i32,
    /// Which part of the step: one of [`Part`].
    pub part: u32,
    /// More about the part: an option's index, an exit status.
    pub detail: u32,
    /// So many bytes of text follow.
    pub length: u32,
}

impl Message {
    /// The step failed; init is ending.
    pub const FAILED: u32 = 1;
    /// Go on: the parent's answer to [`Message::TURN`]. A descriptor may come with it, the state for hooks' standard
    /// input.
    pub const GO: u32 = 6;
    /// It is the parent's turn, whose number is in `detail`. What init has made for the parent's deeds comes with the
    /// message: a short text, and a descriptor at most.
    pub const TURN: u32 = 8;

    /// How long a message is, without its text.
    pub const SIZE: usize = 24;
    /// How long its text may be.
    pub const TEXT: usize = 2048;
    /// How long the text of a turn may be.
    pub const TURN_TEXT: usize = 32;

    /// A message about a turn: init's that it begins, or the parent's to go on.
    pub fn of_turn(kind: u32, number: u32, length: u32) -> Self {
        Self {
            kind,
            step: 0,
            errno: 0,
            part: 0,
            detail: number,
            length,
        }
    }

    /// The message as it is sent.
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let words = [
            self.kind.to_ne_bytes(),
            self.step.to_ne_bytes(),
            self.errno.to_ne_bytes(),
            self.part.to_ne_bytes(),
            self.detail.to_ne_bytes(),
            self.length.to_ne_bytes(),
        ];
        for (place, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *place = word;
        }
        bytes
    }

    /// The message at the start of `bytes`, and its text.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut reader = Reader::new(bytes);
        let message = Self {
            kind: u32::take(&mut reader)?,
            step: u32::take(&mut reader)?,
            errno: i32::take(&mut reader)?,
            part: u32::take(&mut reader)?,
            detail: u32::take(&mut reader)?,
            length: u32::take(&mut reader)?,
        };
        let text = reader.bytes(message.length as usize)?;
        Ok((message, text))
    }
}
