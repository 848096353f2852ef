//! A connection to a bus, or to a service that listens itself.

use super::address::Address;
use super::authentication::{Answer, HELLO, LONGEST_LINE};
use super::deadline::Deadline;
use super::message::{HEAD, Kind, Message};
use super::unmarshal::Malformed;
use crate::Failure;
use crate::bundle::Quoted;
use rustix::event::PollFlags;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType};
use rustix::net::{connect, recv, send, socket_with};
use std::time::Duration;

/// So long connecting and authenticating may take, which is the bus's own work.
const AT_THE_DOOR: Duration = Duration::from_secs(5);

/// So long an answer may take: systemd answers nobody while it reads its units anew.
const FOR_AN_ANSWER: Duration = Duration::from_secs(10);

/// A connection.
#[derive(Debug)]
pub(in super::super) struct Connection {
    socket: OwnedFd,
    address: Address,
    /// What has been received and not read yet.
    received: Vec<u8>,
    serial: u32,
}

/// A method that is called.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Call<'a> {
    pub(in super::super) destination: &'a str,
    pub(in super::super) path: &'a str,
    pub(in super::super) interface: &'a str,
    pub(in super::super) member: &'a str,
    /// The types of the arguments.
    pub(in super::super) signature: &'a str,
}

/// Why a call has no answer that is worth something.
#[derive(Debug)]
pub(in super::super) enum CallFault {
    /// Whoever was called refuses.
    Refused {
        /// `org.freedesktop.systemd1.UnitExists`.
        name: String,
        /// The sentence about it.
        failure: Failure,
    },
    /// Nobody knows what became of the call.
    Lost(Failure),
}

impl From<CallFault> for Failure {
    fn from(fault: CallFault) -> Self {
        match fault {
            CallFault::Refused { failure, .. } | CallFault::Lost(failure) => failure,
        }
    }
}

impl CallFault {
    /// Whether it is the error of this name.
    pub(in super::super) fn is(&self, error: &str) -> bool {
        matches!(self, Self::Refused { name, .. } if name == error)
    }
}

impl Connection {
    /// Connects, and gets through the door.
    ///
    /// # Errors
    /// Nobody listens (its errno says so), does not answer in time, or does not let this user in.
    pub(in super::super) fn open(address: &Address) -> Result<Self, Failure> {
        let deadline = Deadline::after(AT_THE_DOOR);
        let attempted = || format!("connect to the bus {address}");
        let socket = connected(address, &deadline).map_err(|errno| told(attempted(), errno, &deadline))?;
        let mut connection = Self {
            socket,
            address: address.clone(),
            received: Vec::new(),
            serial: 0,
        };
        connection.authenticate(&deadline)?;
        Ok(connection)
    }

    pub(in super::super) fn address(&self) -> &Address {
        &self.address
    }

    fn authenticate(&mut self, deadline: &Deadline) -> Result<(), Failure> {
        let attempted = format!("authenticate with the bus {}", self.address);
        let failed = |errno| told(attempted.clone(), errno, deadline);
        self.write(HELLO, deadline).map_err(failed)?;
        loop {
            if let Some((answer, length)) = Answer::first(&self.received) {
                let refusal = match answer {
                    Answer::Challenge | Answer::Welcome => None,
                    Answer::Refused => Some("it does not let this user in".to_owned()),
                    Answer::Unknown(line) => Some(format!(
                        "it says {}, which is no word of D-Bus",
                        Quoted(&String::from_utf8_lossy(line))
                    )),
                };
                if let Some(refusal) = refusal {
                    return Err(Failure::plain(attempted, refusal));
                }
                let is_welcome = answer == Answer::Welcome;
                self.received.drain(..length);
                if is_welcome {
                    return Ok(());
                }
                continue;
            }
            if self.received.len() > LONGEST_LINE {
                return Err(Failure::plain(attempted, "it says what is no word of D-Bus"));
            }
            self.fill(deadline).map_err(failed)?;
        }
    }

    /// Calls a method and waits for its answer; `passes` sees the signals that come before it.
    pub(in super::super) fn call(
        &mut self,
        call: &Call<'_>,
        body: Vec<u8>,
        mut passes: impl FnMut(&Message),
    ) -> Result<Message, CallFault> {
        self.serial += 1;
        let serial = self.serial;
        let owned = |text: &str| Some(text.to_owned());
        let message = Message {
            kind: Kind::Call,
            serial,
            path: owned(call.path),
            interface: owned(call.interface),
            member: owned(call.member),
            destination: owned(call.destination),
            signature: call.signature.to_owned(),
            body,
            ..Message::default()
        };
        let deadline = Deadline::after(FOR_AN_ANSWER);
        let attempted = format!("call {}.{} over {}", call.interface, call.member, self.address);
        let lost = |errno| CallFault::Lost(told(attempted.clone(), errno, &deadline));
        self.write(&message.to_bytes(), &deadline).map_err(lost)?;
        loop {
            let answer = match self.receive(&deadline) {
                Ok(answer) => answer,
                Err(fault) => return Err(CallFault::Lost(self.fault(&attempted, fault, &deadline))),
            };
            match answer.kind {
                Kind::Reply if answer.answers == Some(serial) => return Ok(answer),
                Kind::Error if answer.answers == Some(serial) => {
                    return Err(refused(attempted, answer));
                }
                Kind::Signal => passes(&answer),
                Kind::Call | Kind::Reply | Kind::Error => {}
            }
        }
    }

    /// The next signal.
    pub(in super::super) fn signal(&mut self, attempted: &str, deadline: &Deadline) -> Result<Message, Failure> {
        loop {
            match self.receive(deadline) {
                Ok(message) if message.kind == Kind::Signal => return Ok(message),
                Ok(_) => {}
                Err(fault) => return Err(self.fault(attempted, fault, deadline)),
            }
        }
    }

    fn fault(&self, attempted: &str, fault: Fault, deadline: &Deadline) -> Failure {
        match fault {
            Fault::Kernel(errno) => told(attempted.to_owned(), errno, deadline),
            Fault::Malformed(Malformed(what)) => Failure::plain(attempted, format!("{} sent {what}", self.address)),
        }
    }

    fn receive(&mut self, deadline: &Deadline) -> Result<Message, Fault> {
        loop {
            if let Some(head) = self.received.first_chunk::<HEAD>() {
                let length = Message::length(head)?;
                if let Some(whole) = self.received.get(..length) {
                    let message = Message::parse(whole);
                    self.received.drain(..length);
                    return Ok(message?);
                }
            }
            if deadline.is_over() {
                // Somebody who sends one signal after the other is no answer either.
                return Err(Errno::TIMEDOUT.into());
            }
            self.fill(deadline)?;
        }
    }

    /// Waits for more.
    fn fill(&mut self, deadline: &Deadline) -> Result<(), Errno> {
        let mut buffer = [0; 4096];
        loop {
            match recv(&self.socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((_, 0)) => return Err(Errno::CONNRESET),
                Ok((_, count)) => {
                    self.received.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    return Ok(());
                }
                Err(Errno::AGAIN) => deadline.wait(&self.socket, PollFlags::IN)?,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    fn write(&self, bytes: &[u8], deadline: &Deadline) -> Result<(), Errno> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match send(&self.socket, rest, SendFlags::NOSIGNAL) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(Errno::AGAIN) => deadline.wait(&self.socket, PollFlags::OUT)?,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

/// Why nothing can be received.
enum Fault {
    Kernel(Errno),
    Malformed(Malformed),
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::Kernel(errno)
    }
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

fn refused(attempted: String, answer: Message) -> CallFault {
    let text = answer.signature.starts_with('s').then(|| {
        let signature = answer.signature.clone();
        answer.read(&signature, |reader| reader.string().map(ToOwned::to_owned))
    });
    let name = answer.error.unwrap_or_else(|| "an error without a name".to_owned());
    let hint = match text {
        Some(Ok(text)) => format!("{name}: {text}"),
        _ => name.clone(),
    };
    CallFault::Refused {
        name,
        failure: Failure::plain(attempted, hint),
    }
}

/// A step that the kernel refused, or that nobody answered.
fn told(attempted: String, errno: Errno, deadline: &Deadline) -> Failure {
    match errno {
        Errno::TIMEDOUT => Failure::plain(attempted, format!("no answer within {} s", deadline.seconds())),
        Errno::CONNRESET | Errno::PIPE => Failure::plain(attempted, "the connection was closed before an answer came"),
        errno => Failure::new(attempted, errno),
    }
}

fn connected(address: &Address, deadline: &Deadline) -> Result<OwnedFd, Errno> {
    let name = match address {
        Address::Path(path) => SocketAddrUnix::new(path)?,
        Address::Abstract(name) => SocketAddrUnix::new_abstract_name(name)?,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    loop {
        match connect(&socket, &name) {
            Ok(()) => return Ok(socket),
            Err(Errno::INTR) => {}
            // Nobody accepts connections, and the queue is full: a socket that is not connected cannot be waited for.
            Err(Errno::AGAIN) if !deadline.is_over() => nap(),
            Err(Errno::AGAIN) => return Err(Errno::TIMEDOUT),
            Err(errno) => return Err(errno),
        }
    }
}

fn nap() {
    let moment = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 5_000_000,
    };
    let _ = rustix::thread::nanosleep(&moment);
}
