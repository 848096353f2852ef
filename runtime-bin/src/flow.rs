//! Bytes on their way from one file to another.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// Bytes that were read and are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) bytes: Vec<u8>,
    /// The reader is at its end.
    pub(crate) is_closed: bool,
}

/// A pipe or terminal that is ready takes a part of this size at once.
pub(crate) const PART: usize = 4096;

impl Flow {
    pub(crate) fn wants_to_read(&self) -> bool {
        self.bytes.is_empty() && !self.is_closed
    }

    /// Reads so much at most.
    pub(crate) fn read(&mut self, from: BorrowedFd<'_>, room: usize) {
        let mut room = vec![0; room];
        match rustix::io::read(from, &mut room[..]) {
            Ok(0) => self.is_closed = true,
            Ok(count) => self.bytes.extend_from_slice(&room[..count]),
            Err(Errno::AGAIN | Errno::INTR) => {}
            // EIO: nobody has the pty open on the other side, or the terminal is gone.
            Err(_) => self.is_closed = true,
        }
    }

    /// Writes so much at most. What cannot be written is forgotten.
    pub(crate) fn write(&mut self, to: BorrowedFd<'_>, part: usize) -> Result<(), Errno> {
        let part = &self.bytes[..self.bytes.len().min(part)];
        match rustix::io::write(to, part) {
            Ok(count) => drop(self.bytes.drain(..count)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => {
                self.bytes.clear();
                return Err(errno);
            }
        }
        Ok(())
    }
}

/// Whether a file may be read or written without waiting.
pub(crate) fn is_ready(file: BorrowedFd<'_>, flags: PollFlags) -> bool {
    let mut files = [PollFd::from_borrowed_fd(file, flags)];
    matches!(poll(&mut files, Some(&Timespec::default())), Ok(1))
        && files[0].revents().intersects(flags | PollFlags::HUP | PollFlags::ERR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    #[test]
    fn a_flow_stops_reading_until_it_is_empty_and_sees_the_end() {
        let (mut read, mut write) = std::io::pipe().unwrap();
        write.write_all(b"hello").unwrap();
        let mut flow = Flow::default();
        flow.read(read.as_fd(), 100);
        assert_eq!(flow.bytes, b"hello");
        assert!(!flow.wants_to_read());
        flow.write(write.as_fd(), PART).unwrap();
        assert!(flow.wants_to_read());
        let mut back = [0; 5];
        read.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"hello");
        drop(write);
        flow.read(read.as_fd(), 100);
        assert!(!flow.wants_to_read());
    }
}
