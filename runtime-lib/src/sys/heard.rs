//! Receiving a message with what the kernel says of its sender.

use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use rustix::io::Errno;
use std::mem::size_of;

/// What came on a socket with `SO_PASSCRED` (`man 7 unix`).
pub(crate) struct Heard {
    /// So many bytes; 0 at the end.
    pub(crate) length: usize,
    pub(crate) file: Option<OwnedFd>,
    /// The sender's pid; 0 for one that has none in this pid namespace, or where the kernel does not say.
    pub(crate) sender: i32,
}

/// Room for a descriptor and for credentials, aligned as `struct cmsghdr` is.
#[repr(align(8))]
struct Control([u8; 64]);

/// Receives a message, with one descriptor at most (`man 2 recvmsg`). `rustix` takes a pid for granted, where there may be
/// none.
pub(crate) fn hear(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Heard, Errno> {
    let mut control = Control([0; 64]);
    let mut bytes = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: zero is right for all members of the structure.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len() as _;
    // SAFETY: the buffers that the structures name live longer than the call, and have the lengths that stand there.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
    let length = usize::try_from(length)
        .map_err(|_| Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))?;
    let mut heard = Heard {
        length,
        file: None,
        sender: 0,
    };
    // SAFETY: the kernel has filled the buffer in, and the length in `message` with it.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    while !header.is_null() {
        // SAFETY: the header is a whole one in the buffer, its data follow it, and are as long as it says.
        unsafe {
            let data = libc::CMSG_DATA(header);
            let length = ((*header).cmsg_len as usize).saturating_sub(libc::CMSG_LEN(0) as usize);
            match ((*header).cmsg_level, (*header).cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_RIGHTS) => {
                    for at in 0..length / size_of::<libc::c_int>() {
                        let number = data.cast::<libc::c_int>().add(at).read_unaligned();
                        // The kernel has made the descriptor for this message, and it has no other owner; a second one
                        // is closed.
                        let file = OwnedFd::from_raw_fd(number);
                        heard.file.get_or_insert(file);
                    }
                }
                (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) if length >= size_of::<libc::ucred>() => {
                    heard.sender = data.cast::<libc::ucred>().read_unaligned().pid;
                }
                _ => {}
            }
            header = libc::CMSG_NXTHDR(&raw const message, header);
        }
    }
    Ok(heard)
}
