//! What happens to a container.

use super::Container;
use crate::cgroup::OomWatch;
use crate::sys::has_ended;
use crate::{Error, Failure, StatusFault};
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Something that has happened to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// There was too little memory for it: the kernel has ended a process of it, or on v1, where it was told not to
    /// (`disableOOMKiller`), lets the processes wait.
    OutOfMemory {
        /// How many times since the last event, 1 at least.
        count: u64,
    },
    /// Its process has ended. Nothing more will happen.
    Ended,
}

/// What happens to a container from now on ([`Container::events`]).
///
/// As an iterator it **blocks** until something happens, and ends after [`Event::Ended`]. Its descriptor is readable
/// when something has happened, for whoever waits for more than this; [`Events::next_within`] then does not wait.
#[derive(Debug)]
pub struct Events {
    all: OwnedFd,
    memory: Option<OomWatch>,
    init: OwnedFd,
    has_ended: bool,
}

impl Container {
    /// Watches it. Without a cgroup that counts memory only its end is told.
    ///
    /// # Errors
    /// [`StatusFault::Ended`] if it has ended; what the kernel refuses, as a limit of descriptors.
    pub fn events(&self) -> Result<Events, Error> {
        let over = || StatusFault::Ended(self.id.clone());
        let (record, init) = self.living()?.ok_or_else(over)?;
        let memory = OomWatch::new(&record.cgroup)?;
        let all =
            together(memory.as_ref(), &init).map_err(|errno| Failure::new("wait for the container's events", errno))?;
        Ok(Events {
            all,
            memory,
            init,
            has_ended: false,
        })
    }
}

fn together(memory: Option<&OomWatch>, init: &OwnedFd) -> Result<OwnedFd, Errno> {
    let all = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let readable = epoll::EventFlags::IN;
    epoll::add(&all, init, epoll::EventData::new_u64(0), readable)?;
    if let Some(memory) = memory {
        epoll::add(&all, memory, epoll::EventData::new_u64(1), readable)?;
    }
    Ok(all)
}

impl Events {
    /// The next event, if there is one in this time. After [`Event::Ended`] there is none.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub fn next_within(&mut self, time: Duration) -> Result<Option<Event>, Error> {
        self.wait(Some(time))
    }

    /// Without a time: until there is one.
    fn wait(&mut self, time: Option<Duration>) -> Result<Option<Event>, Error> {
        if self.has_ended {
            return Ok(None);
        }
        let end = time.map(|time| Instant::now() + time);
        loop {
            // Before the end is looked for: the process may have ended for want of memory.
            let has_ended = rustix::io::retry_on_intr(|| has_ended(&self.init))
                .map_err(|errno| Failure::new("look for the container's process", errno))?;
            if let Some(memory) = &mut self.memory {
                match memory.take()? {
                    0 => {}
                    count => return Ok(Some(Event::OutOfMemory { count })),
                }
            }
            if has_ended {
                self.has_ended = true;
                return Ok(Some(Event::Ended));
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(None);
            }
            self.poll(left)?;
        }
    }

    fn poll(&self, time: Option<Duration>) -> Result<(), Error> {
        let time = time.and_then(|time| Timespec::try_from(time).ok());
        let mut ready = [epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        }];
        match epoll::wait(&self.all, &mut ready, time.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(Failure::new("wait for the container's events", errno).into()),
        }
    }
}

impl Iterator for Events {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.wait(None).transpose()
    }
}

impl AsFd for Events {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.all.as_fd()
    }
}
