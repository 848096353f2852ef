//! Messages over sockets, with descriptors beside them (`man 7 unix`).

use super::file::O_CLOEXEC;
use super::{Arg, Errno, Fd, Result, call, number, retry};
use core::marker::PhantomData;

const SOL_SOCKET: i32 = 1;
const SCM_RIGHTS: i32 = 1;

/// `struct iovec`.
#[repr(C)]
struct Vector<'a> {
    base: *mut u8,
    length: usize,
    bytes: PhantomData<&'a mut [u8]>,
}

/// `struct cmsghdr`.
#[repr(C)]
struct ControlHeader {
    length: usize,
    level: i32,
    kind: i32,
}

/// A control message with one descriptor (`man 3 cmsg`).
#[repr(C)]
struct Control {
    header: ControlHeader,
    file: i32,
    padding: i32,
}

/// `struct msghdr`.
#[repr(C)]
struct MessageHeader<'a> {
    name: usize,
    name_length: u32,
    vectors: &'a Vector<'a>,
    vectors_count: usize,
    control: Option<&'a mut Control>,
    control_length: usize,
    flags: i32,
}

impl Control {
    /// `CMSG_LEN(sizeof(int))`
    const LENGTH: usize = size_of::<ControlHeader>() + size_of::<i32>();

    fn new(length: usize, file: Fd) -> Self {
        Self {
            header: ControlHeader {
                length,
                level: SOL_SOCKET,
                kind: SCM_RIGHTS,
            },
            file: file.0,
            padding: 0,
        }
    }

    fn passed(&self) -> Option<Fd> {
        let ControlHeader { length, level, kind } = self.header;
        (length == Self::LENGTH && level == SOL_SOCKET && kind == SCM_RIGHTS).then_some(Fd(self.file))
    }
}

impl<'a> MessageHeader<'a> {
    fn new(vector: &'a Vector<'a>, control: Option<&'a mut Control>) -> Self {
        Self {
            name: 0,
            name_length: 0,
            vectors: vector,
            vectors_count: 1,
            control_length: if control.is_some() { size_of::<Control>() } else { 0 },
            control,
            flags: 0,
        }
    }
}

/// The next connection of a listening socket; close-on-exec (`man 2 accept4`).
pub(crate) fn accept(listener: Fd) -> Result<Fd> {
    // SAFETY: the arguments are a descriptor and a number; the kernel writes the peer's address nowhere.
    unsafe {
        call(
            number::ACCEPT4,
            [listener.into(), Arg::NULL, Arg::NULL, O_CLOEXEC.into()],
        )
    }
    .map(Fd::new)
}

/// Sends one message, and a descriptor with it (`man 2 sendmsg`). EPIPE, and no signal, when nobody is at the other
/// end, or goes before all of it is there.
pub(crate) fn send(socket: Fd, bytes: &[u8], passed: Option<Fd>) -> Result<()> {
    const MSG_NOSIGNAL: u32 = 0x4000;
    let vector = Vector {
        base: bytes.as_ptr().cast_mut(),
        length: bytes.len(),
        bytes: PhantomData,
    };
    let mut control = passed.map(|file| Control::new(Control::LENGTH, file));
    let header = MessageHeader::new(&vector, control.as_mut());
    // SAFETY: the kernel reads the header and what it points to: one vector, its bytes, and a control message; all are
    // borrowed until the end.
    retry(|| unsafe {
        call(
            number::SENDMSG,
            [socket.into(), Arg::from_ref(&header), MSG_NOSIGNAL.into()],
        )
    })
    .and_then(|sent| if sent == bytes.len() { Ok(()) } else { Err(Errno::PIPE) })
}

/// Receives one message; a length of 0 is the end (`man 2 recvmsg`). A descriptor that comes with it is close-on-exec.
pub(crate) fn receive(socket: Fd, buffer: &mut [u8]) -> Result<(usize, Option<Fd>)> {
    const MSG_CMSG_CLOEXEC: u32 = 0x4000_0000;
    let vector = Vector {
        base: buffer.as_mut_ptr(),
        length: buffer.len(),
        bytes: PhantomData,
    };
    let mut control = Control::new(0, Fd::NONE);
    let mut header = MessageHeader::new(&vector, Some(&mut control));
    let length = retry(|| {
        let arguments = [socket.into(), Arg::from_mut(&mut header), MSG_CMSG_CLOEXEC.into()];
        // SAFETY: the kernel writes lengths and flags into the header, at most `control_length` bytes of control
        // messages, and at most the vector's length of bytes to the buffer; all three are borrowed mutably, here and
        // in the header and the vector.
        unsafe { call(number::RECVMSG, arguments) }
    })?;
    Ok((length, control.passed()))
}
