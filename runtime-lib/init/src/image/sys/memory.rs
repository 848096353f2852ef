//! Structures that the kernel reads and writes, and what a program without a libc has to bring itself.

use super::{call, number};

/// `struct statx`, as far as it is read.
#[repr(C)]
#[derive(Default)]
pub(super) struct Statx {
    mask: u32,
    block_size: u32,
    pub(super) attributes: u64,
    links: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u16,
    padding: u16,
    pub(super) inode: u64,
    pub(super) size: u64,
    blocks: u64,
    pub(super) attributes_mask: u64,
    times: [u64; 8],
    pub(super) device_major: u32,
    pub(super) device_minor: u32,
    pub(super) filesystem_major: u32,
    pub(super) filesystem_minor: u32,
    pub(super) mount: u64,
    rest: [u64; 13],
}

const _: () = assert!(size_of::<Statx>() == 256);

/// `struct pollfd`.
#[repr(C)]
pub(super) struct Poll {
    pub(super) file: i32,
    pub(super) events: i16,
    pub(super) returned: i16,
}

/// `struct msghdr` with one `struct iovec` and room for one descriptor (`man 3 cmsg`).
pub(super) struct SocketMessage {
    vector: [usize; 2],
    control: [u64; 3],
    control_length: usize,
}

const CONTROL_HEADER: u64 = 16;
/// `SOL_SOCKET` and `SCM_RIGHTS`, as the two ints behind the length.
const RIGHTS: u64 = 1 | 1 << 32;

impl SocketMessage {
    pub(super) fn new(address: usize, length: usize) -> Self {
        Self {
            vector: [address, length],
            control: [0; 3],
            control_length: 0,
        }
    }

    pub(super) fn pass(&mut self, file: i32) {
        self.control = [CONTROL_HEADER + 4, RIGHTS, u64::from(file.cast_unsigned())];
        self.control_length = size_of_val(&self.control);
    }

    pub(super) fn expect_descriptor(&mut self) {
        self.control_length = size_of_val(&self.control);
    }

    pub(super) fn with_header<T>(&mut self, run: impl FnOnce(usize) -> T) -> T {
        let control = if self.control_length == 0 {
            0
        } else {
            self.control.as_mut_ptr().expose_provenance()
        };
        // name, name's length, vector, vectors, control, control's length, flags
        let header = [
            0,
            0,
            (&raw const self.vector).expose_provenance(),
            1,
            control,
            self.control_length,
            0,
        ];
        run(header.as_ptr().expose_provenance())
    }

    pub(super) fn passed(&self) -> Option<i32> {
        let one = self.control[0] == CONTROL_HEADER + 4 && self.control[1] == RIGHTS;
        one.then(|| i32::from_ne_bytes((self.control[2] & 0xffff_ffff).to_ne_bytes().as_chunks::<4>().0[0]))
    }
}

/// `struct sock_fprog`.
#[repr(C)]
pub(super) struct FilterProgram {
    length: u16,
    filter: usize,
}

impl FilterProgram {
    pub(super) fn new(filter: &[u8]) -> Option<Self> {
        Some(Self {
            length: u16::try_from(filter.len() / 8).ok()?,
            filter: filter.as_ptr().expose_provenance(),
        })
    }
}

unsafe extern "C" {
    /// Calls clone with `flags`; the new thread calls `run` with `argument` on the stack that ends at `stack`.
    fn orlop_init_thread(flags: usize, stack: usize, run: usize, argument: usize) -> isize;
}

pub(super) fn thread<T: Sync>(shared: T, run: extern "C" fn(&'static T) -> !) -> super::Result<&'static T> {
    const SIZE: usize = 64 << 10;
    const _: () = assert!(SIZE.is_multiple_of(16));
    const PROT_READ_WRITE: usize = 3;
    const MAP_PRIVATE_ANONYMOUS: usize = 0x22;
    /// `CLONE_VM`, `CLONE_FS`, `CLONE_FILES`, `CLONE_SIGHAND`, `CLONE_THREAD`, `CLONE_SYSVSEM`
    const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;
    let address = call(
        number::MMAP,
        [0, SIZE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, usize::MAX, 0],
    )?;
    let place = core::ptr::with_exposed_provenance_mut::<T>(address);
    // SAFETY: the kernel just mapped so many bytes there, for nobody else, and nobody unmaps them; a page is aligned for every type. The stack's
    // other end is the thread's, `run` takes just this argument, and never returns. `T` is `Sync`, so both threads may look at it.
    unsafe {
        place.write(shared);
        let result = orlop_init_thread(THREAD, address + SIZE, run as *const () as usize, address);
        if result < 0 {
            return Err(super::Errno(i32::try_from(-result).unwrap_or(i32::MAX)));
        }
        Ok(&*place)
    }
}

unsafe extern "C" {
    /// Returns from a signal handler; the kernel wants its address.
    fn orlop_init_restore();
}

pub(super) fn set_handler(signal: i32, handler: Option<extern "C" fn(i32)>) {
    const SA_RESTORER: usize = 0x0400_0000;
    let address = handler.map_or(0, |handler| handler as *const () as usize);
    let restore = orlop_init_restore as *const () as usize;
    // struct sigaction of the kernel: handler, flags, restorer, mask.
    let action = [address, if handler.is_some() { SA_RESTORER } else { 0 }, restore, 0];
    let _ = call(
        number::RT_SIGACTION,
        [
            signal.cast_unsigned() as usize,
            action.as_ptr().expose_provenance(),
            0,
            8,
            0,
            0,
        ],
    );
}

pub(super) fn monotonic_milliseconds() -> u64 {
    let mut time = [0u64; 2];
    const CLOCK_MONOTONIC: usize = 1;
    let _ = call(
        number::CLOCK_GETTIME,
        [CLOCK_MONOTONIC, time.as_mut_ptr().expose_provenance(), 0, 0, 0, 0],
    );
    time[0] * 1000 + time[1] / 1_000_000
}

/// # Safety
/// As C's memcpy: both regions hold `length` bytes and do not overlap.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: the caller answers for both regions. Volatile, or the compiler would turn the loop into a call of memcpy.
    unsafe {
        for index in 0..length {
            to.add(index).write_volatile(*from.add(index));
        }
    }
    to
}

/// # Safety
/// As C's memmove: both regions hold `length` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: the caller answers for both regions; from the end when the start would be overwritten too early.
    unsafe {
        if to.addr() <= from.addr() {
            for index in 0..length {
                to.add(index).write_volatile(*from.add(index));
            }
        } else {
            for index in (0..length).rev() {
                to.add(index).write_volatile(*from.add(index));
            }
        }
    }
    to
}

/// # Safety
/// As C's memset: the region holds `length` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8 {
    // SAFETY: the caller answers for the region.
    unsafe {
        for index in 0..length {
            to.add(index).write_volatile(byte.to_le_bytes()[0]);
        }
    }
    to
}

/// # Safety
/// As C's memcmp: both regions hold `length` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    // SAFETY: the caller answers for both regions.
    unsafe {
        for index in 0..length {
            let (left, right) = (left.add(index).read_volatile(), right.add(index).read_volatile());
            if left != right {
                return i32::from(left) - i32::from(right);
            }
        }
    }
    0
}

/// # Safety
/// As C's bcmp: both regions hold `length` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    // SAFETY: the caller answers for both regions.
    unsafe { memcmp(left, right, length) }
}

/// # Safety
/// As C's strlen: a NUL ends the string.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn strlen(string: *const u8) -> usize {
    let mut length = 0;
    // SAFETY: the caller answers for the NUL.
    while unsafe { string.add(length).read_volatile() } != 0 {
        length += 1;
    }
    length
}

/// The library `core` is compiled for unwinding and names this; nothing here ever unwinds.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rust_eh_personality() {}

/// Named by the unwind tables of `core` on some targets; never called.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn _Unwind_Resume() -> ! {
    super::exit(255)
}
