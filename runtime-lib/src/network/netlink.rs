//! As much of rtnetlink as moving a device needs (`man 7 rtnetlink`, linux/rtnetlink.h).

use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_NEW: u16 = 0x600;
const RTM_GETLINK: u16 = 18;
const RTM_SETLINK: u16 = 19;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const IFLA_IFNAME: u16 = 3;
const IFLA_NET_NS_PID: u16 = 19;
const IFLA_NET_NS_FD: u16 = 28;
const IFA_LABEL: u16 = 3;
const IFA_CACHEINFO: u16 = 6;
const IFA_FLAGS: u16 = 8;
const IFA_F_PERMANENT: u32 = 0x80;
/// `IFA_F_NODAD`, `HOMEADDRESS`, `MANAGETEMPADDR`, `NOPREFIXROUTE`, `MCAUTOJOIN`: what somebody chose; the others are
/// the kernel's to say.
const IFA_F_CHOSEN: u32 = 0x2 | 0x10 | 0x100 | 0x200 | 0x400;
const RT_SCOPE_UNIVERSE: u8 = 0;
const IFF_UP: u32 = 1;

/// A socket that speaks for the network namespace that it was opened in, whoever holds it.
#[derive(Debug)]
pub(super) struct Socket(OwnedFd);

/// A device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) is_up: bool,
}

/// An address as the kernel told it, but for its device.
#[derive(Debug)]
pub(super) struct Address {
    family_and_prefix: [u8; 2],
    attributes: Vec<u8>,
}

/// The namespace that a device moves to.
pub(super) enum Target<'a> {
    /// That of a process.
    Process(i32),
    /// A file in /proc/PID/ns.
    File(&'a OwnedFd),
}

impl Socket {
    /// For the calling thread's namespace.
    pub(super) fn open() -> Result<Self, Errno> {
        // NETLINK_ROUTE is protocol 0.
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None).map(Self)
    }

    /// One that was opened by somebody else.
    pub(super) fn over(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// The device of this name.
    pub(super) fn link(&self, name: &str) -> Result<Link, Errno> {
        let mut request = Request::new(RTM_GETLINK, NLM_F_REQUEST, &[0; 16]);
        request.string(IFLA_IFNAME, name);
        let mut link = None;
        self.ask(request, |body| {
            link = Some(Link {
                index: word(body, 4)?,
                is_up: word(body, 8)? & IFF_UP != 0,
            });
            Some(())
        })?;
        link.ok_or(Errno::NODEV)
    }

    /// Moves a device, and gives it a name there.
    pub(super) fn transfer(&self, link: Link, target: &Target<'_>, name: &str) -> Result<(), Errno> {
        let mut request = Request::new(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, &link_header(link.index, 0));
        match target {
            Target::Process(pid) => request.attribute(IFLA_NET_NS_PID, &pid.to_ne_bytes()),
            Target::File(file) => request.attribute(IFLA_NET_NS_FD, &file.as_raw_fd().to_ne_bytes()),
        }
        request.string(IFLA_IFNAME, name);
        self.ask(request, |_| Some(()))
    }

    pub(super) fn bring_up(&self, link: Link) -> Result<(), Errno> {
        let header = link_header(link.index, IFF_UP);
        self.ask(Request::new(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, &header), |_| {
            Some(())
        })
    }

    /// The addresses that somebody gave the device for good and for the world: neither those from DHCP or router
    /// advertisements, which would end, nor those that the kernel makes itself.
    pub(super) fn lasting_addresses(&self, link: Link) -> Result<Vec<Address>, Errno> {
        let mut addresses = Vec::new();
        self.ask(Request::new(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &[0; 8]), |body| {
            if word(body, 4)? != link.index {
                return Some(());
            }
            let [family, prefix, flags, scope] = *body.first_chunk()?;
            let mut flags = u32::from(flags);
            let mut attributes = Vec::new();
            for (kind, whole, value) in Attributes(body.get(8..)?) {
                match kind {
                    IFA_FLAGS => flags = word(value, 0)?,
                    // The label has the old name in it; the kernel makes a new one.
                    IFA_LABEL | IFA_CACHEINFO => {}
                    _ => attributes.extend_from_slice(whole),
                }
            }
            if scope == RT_SCOPE_UNIVERSE && flags & IFA_F_PERMANENT != 0 {
                push_attribute(&mut attributes, IFA_FLAGS, &(flags & IFA_F_CHOSEN).to_ne_bytes());
                addresses.push(Address {
                    family_and_prefix: [family, prefix],
                    attributes,
                });
            }
            Some(())
        })?;
        Ok(addresses)
    }

    pub(super) fn add_address(&self, link: Link, address: &Address) -> Result<(), Errno> {
        let [family, prefix] = address.family_and_prefix;
        let mut header = [family, prefix, 0, RT_SCOPE_UNIVERSE, 0, 0, 0, 0];
        header[4..].copy_from_slice(&link.index.to_ne_bytes());
        let mut request = Request::new(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_NEW, &header);
        request.0.extend_from_slice(&address.attributes);
        self.ask(request, |_| Some(()))
    }

    /// Sends a request and reads what comes until its end: the bodies of the kernel's messages, each given to `take`,
    /// which has no answer for one that is cut off.
    fn ask(&self, request: Request, mut take: impl FnMut(&[u8]) -> Option<()>) -> Result<(), Errno> {
        let (request, is_dump) = request.finish();
        send(self.0.as_fd(), &request, SendFlags::empty())?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let (length, whole) = match recv(self.0.as_fd(), buffer.as_mut_slice(), RecvFlags::TRUNC) {
                Err(Errno::INTR) => continue,
                result => result?,
            };
            if whole > length {
                return Err(Errno::MSGSIZE);
            }
            let mut rest = buffer.get(..length).unwrap_or_default();
            while let Some((kind, body)) = next_message(&mut rest) {
                match kind {
                    NLMSG_DONE => return Ok(()),
                    NLMSG_ERROR => {
                        let errno = word(body, 0).ok_or(Errno::BADMSG)?.cast_signed();
                        return if errno == 0 {
                            Ok(())
                        } else {
                            Err(Errno::from_raw_os_error(-errno))
                        };
                    }
                    _ => take(body).ok_or(Errno::BADMSG)?,
                }
                if !is_dump && kind != NLMSG_ERROR {
                    return Ok(());
                }
            }
        }
    }
}

/// A request that is being put together.
struct Request(Vec<u8>);

impl Request {
    fn new(kind: u16, flags: u16, header: &[u8]) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&flags.to_ne_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(header);
        Self(bytes)
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        push_attribute(&mut self.0, kind, value);
    }

    fn string(&mut self, kind: u16, value: &str) {
        self.attribute(kind, &[value.as_bytes(), b"\0"].concat());
    }

    /// The bytes, and whether they ask for a list.
    fn finish(mut self) -> (Vec<u8>, bool) {
        let length = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        let is_dump = u16::from_ne_bytes([self.0[6], self.0[7]]) & NLM_F_DUMP == NLM_F_DUMP;
        (self.0, is_dump)
    }
}

fn push_attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// `struct ifinfomsg`: flags that are given are set, the others are left.
fn link_header(index: u32, flags: u32) -> [u8; 16] {
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..].copy_from_slice(&flags.to_ne_bytes());
    header
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_ne_bytes(*word))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|half| u16::from_ne_bytes(*half))
}

/// The kind and the body of the first message, which is taken away.
fn next_message<'a>(rest: &mut &'a [u8]) -> Option<(u16, &'a [u8])> {
    let length = word(rest, 0)? as usize;
    let kind = half(rest, 4)?;
    let body = rest.get(16..length)?;
    *rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, body))
}

/// The attributes behind a header: kind, all bytes with the padding, and the value.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(half(self.0, 0)?);
        let value = self.0.get(4..length)?;
        let (whole, rest) = self.0.split_at(length.next_multiple_of(4).min(self.0.len()));
        let kind = half(self.0, 2)?;
        self.0 = rest;
        Some((kind, whole, value))
    }
}
