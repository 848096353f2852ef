//! Why a step failed, on its way to the process that turns it into a sentence.

use crate::sys::{self, Errno, Fd};
use crate::wire::{Malformed, Message, Part};

/// What a step gives.
pub(crate) type Outcome = Result<(), Failure>;

/// Which part of a step failed, and why.
#[derive(Debug)]
pub(crate) struct Failure {
    errno: i32,
    part: Part,
    detail: u32,
}

/// Words that come with a failure: a filesystem's own, or a hook's.
pub(crate) struct Text {
    bytes: [u8; Message::TEXT],
    length: usize,
}

impl Text {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; Message::TEXT],
            length: 0,
        }
    }

    /// Appends what still fits.
    pub(crate) fn push(&mut self, more: &[u8]) {
        for byte in more {
            if let Some(place) = self.bytes.get_mut(self.length) {
                *place = *byte;
                self.length += 1;
            }
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Failure {
    pub(crate) fn new(part: Part, errno: Errno) -> Self {
        Self {
            errno: errno.0,
            part,
            detail: 0,
        }
    }

    /// Whether this is why.
    pub(crate) fn is(&self, errno: Errno) -> bool {
        self.errno == errno.0
    }

    /// The same failure, as one of this part of the step.
    pub(crate) fn within(mut self, part: Part) -> Self {
        self.part = part;
        self
    }

    pub(crate) fn detail(mut self, detail: u32) -> Self {
        self.detail = detail;
        self
    }

    /// Sends it, as the failure of the step `index`, with what was said about it.
    pub(crate) fn report(&self, channel: Fd, index: u32, text: &Text) {
        let text = text.as_bytes();
        let length = u32::try_from(text.len()).unwrap_or(0);
        let part = self.part as u32;
        let message = Message {
            kind: Message::FAILED,
            step: index,
            errno: self.errno,
            part,
            detail: self.detail,
            length,
        };
        let mut buffer = [0; Message::SIZE + Message::TEXT];
        let (head, tail) = buffer.split_at_mut(Message::SIZE);
        head.copy_from_slice(&message.to_bytes());
        for (place, byte) in tail.iter_mut().zip(text) {
            *place = *byte;
        }
        // By write, the one call besides execve that is left to us behind a filter.
        let _ = sys::write(channel, buffer.get(..Message::SIZE + text.len()).unwrap_or_default());
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::new(Part::Whole, errno)
    }
}

impl From<Part> for Failure {
    fn from(part: Part) -> Self {
        Self::new(part, Errno(0))
    }
}

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Self {
        Self::from(Part::Plan)
    }
}

/// Names the part of a step whose system call failed.
pub(crate) trait In<T> {
    fn of(self, part: Part) -> Result<T, Failure>;
}

impl<T> In<T> for sys::Result<T> {
    fn of(self, part: Part) -> Result<T, Failure> {
        self.map_err(|errno| Failure::new(part, errno))
    }
}
