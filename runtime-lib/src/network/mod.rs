//! Network devices that move from the host into a container (runtime-spec: config-linux.md#network-devices).

mod counters;
mod netlink;

pub(crate) use counters::interfaces_of;

use crate::process::Pid;
use crate::{Error, Failure, JsonPath};
use netlink::{Address, Link, Socket, Target};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

/// A device that is in a container by now. Dropped, it comes back as it was.
#[derive(Debug)]
pub(crate) struct Moved {
    inside: Socket,
    outside: Socket,
    /// The namespace that it comes from.
    home: OwnedFd,
    /// Its name there.
    from: String,
    /// Its name in the container.
    to: String,
    was_up: bool,
    addresses: Vec<Address>,
    is_kept: bool,
}

impl Moved {
    /// Moves the device `from` to the network namespace of the process `pid`, with the name `to`, its lasting
    /// addresses, and brings it up. The `socket` is a netlink socket that was opened there. In `to`, `%d` stands for
    /// the lowest number that gives a free name.
    ///
    /// # Errors
    /// There is no such device, the name is taken, or the kernel does not let it go. The device is then where it was.
    pub(crate) fn into(pid: Pid, socket: &OwnedFd, from: &str, to: &str, origin: &JsonPath) -> Result<Self, Error> {
        let failed = |what: String| move |errno: Errno| Failure::new(what, errno).at(origin.clone());
        let find = || failed(format!("find the network device {from:?}"));
        let copy = rustix::io::fcntl_dupfd_cloexec(socket, 3).map_err(find())?;
        let inside = Socket::over(copy);
        let outside = Socket::open().map_err(find())?;
        let link = outside.link(from).map_err(find())?;
        let addresses = outside
            .lasting_addresses(link)
            .map_err(failed(format!("read the addresses of the network device {from:?}")))?;
        let attempted = || format!("move the network device {from:?} into the container");
        let Some(to) = free_name(&inside, to).map_err(failed(attempted()))? else {
            let why = format!("there is a network device {to:?} already");
            return Err(Failure::plain(attempted(), why).at(origin.clone()).into());
        };
        let home = openat(
            CWD,
            "/proc/thread-self/ns/net",
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(failed("open the network namespace".to_owned()))?;
        let moved = Self {
            inside,
            outside,
            home,
            from: from.to_owned(),
            to,
            was_up: link.is_up,
            addresses,
            is_kept: false,
        };
        moved
            .outside
            .transfer(link, &Target::Process(pid.get()), &moved.to)
            .map_err(failed(attempted()))?;
        // Its number may be another one there.
        let link = moved.inside.link(&moved.to).map_err(failed(attempted()))?;
        give(&moved.inside, link, &moved.addresses).map_err(failed(format!(
            "give the network device {:?} of the container its addresses",
            moved.to
        )))?;
        moved.inside.bring_up(link).map_err(failed(format!(
            "bring the network device {:?} of the container up",
            moved.to
        )))?;
        Ok(moved)
    }

    /// It stays in the container: when that ends, the kernel does with it as with all devices of a namespace that
    /// ends.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }

    fn back(&self) -> Result<(), Errno> {
        let link = match self.inside.link(&self.to) {
            // Moved, but not renamed.
            Err(Errno::NODEV) => self.inside.link(&self.from)?,
            link => link?,
        };
        self.inside.transfer(link, &Target::File(&self.home), &self.from)?;
        let link = self.outside.link(&self.from)?;
        give(&self.outside, link, &self.addresses)?;
        if self.was_up {
            self.outside.bring_up(link)
        } else {
            Ok(())
        }
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = self.back();
        }
    }
}

fn give(socket: &Socket, link: Link, addresses: &[Address]) -> Result<(), Errno> {
    addresses
        .iter()
        .try_for_each(|address| socket.add_address(link, address))
}

/// The name that a device will have in a namespace; `None` if it is taken. (The kernel knows `%d` too, but does not
/// tell what it chose.)
fn free_name(socket: &Socket, name: &str) -> Result<Option<String>, Errno> {
    let is_free = |name: &str| match socket.link(name) {
        Ok(_) => Ok(false),
        Err(Errno::NODEV) => Ok(true),
        Err(errno) => Err(errno),
    };
    if !name.contains("%d") {
        return Ok(is_free(name)?.then(|| name.to_owned()));
    }
    const LONGEST: usize = 15;
    for number in 0..32768 {
        let candidate = name.replacen("%d", &number.to_string(), 1);
        if candidate.len() > LONGEST {
            break;
        }
        if is_free(&candidate)? {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}
