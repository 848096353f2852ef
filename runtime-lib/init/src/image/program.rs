//! The container's process: where it stands, which file it is, and what it knows as its home.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::path::Buffer;
use crate::sys::{self, Errno, Fd};
use crate::wire::{Part, Strings};
use core::ffi::CStr;

/// What was found out about the program before `start`.
pub(crate) struct Program {
    path: Buffer,
    home: Option<Buffer>,
    /// For the lists of its arguments and its environment.
    room: Option<&'static mut [usize]>,
}

impl Program {
    pub(crate) const fn new() -> Self {
        Self {
            path: Buffer::new(),
            home: None,
            room: None,
        }
    }
}

/// Enters the working directory, and makes sure that it is one of the container's: a path through `/proc/self/fd` could lead to a directory of the host
/// (CVE-2024-21626).
pub(crate) fn enter_working_directory(path: &CStr) -> Outcome {
    sys::change_directory(path)?;
    if sys::working_directory_is_inside().of(Part::Outside)? {
        Ok(())
    } else {
        Err(Failure::from(Part::Outside))
    }
}

impl Init<'_> {
    #[inline(never)]
    pub(crate) fn find_program(&mut self, name: &CStr, search: &CStr, home: bool, uid: u32) -> Outcome {
        if home {
            self.program.home = Some(home_of(uid)?);
        }
        if name.to_bytes().contains(&b'/') {
            executable(name)?;
            self.program.path.push(name.to_bytes())?;
            return Ok(());
        }
        let mut denied = None;
        for directory in search
            .to_bytes()
            .split(|byte| *byte == b':')
            .filter(|_| !search.is_empty())
        {
            let candidate = &mut self.program.path;
            candidate.clear();
            let directory = if directory.is_empty() { b"." } else { directory };
            let fits = candidate
                .push(directory)
                .and_then(|()| candidate.push(b"/"))
                .and_then(|()| candidate.push(name.to_bytes()));
            if fits.is_err() {
                continue;
            }
            match executable(candidate.as_c_str()) {
                Ok(()) => return Ok(()),
                Err(failure) if failure.is(Errno::ACCES) => denied = Some(failure),
                Err(_) => {}
            }
        }
        Err(denied.unwrap_or_else(|| Failure::new(Part::NotFound, Errno::NOENT)))
    }

    /// Takes the memory that [`Self::execute`] needs, while no filter forbids it.
    pub(crate) fn make_room(&mut self, args: Strings<'_>, env: Strings<'_>) -> Outcome {
        let home = usize::from(self.program.home.is_some());
        self.program.room = Some(sys::room_for(args.len() + env.len() + home)?);
        Ok(())
    }

    pub(crate) fn execute(&mut self, args: Strings<'_>, env: Strings<'_>) -> Outcome {
        if self.program.room.is_none() {
            self.make_room(args, env)?;
        }
        let program = self.program.path.as_c_str();
        let home = self.program.home.as_ref().map(Buffer::as_c_str);
        let count = env.len() + usize::from(home.is_some());
        let room = self.program.room.take().unwrap_or_default();
        Err(sys::execute(room, program, args.iter(), args.len(), env.iter().chain(home), count).into())
    }
}

/// Whether a file can be executed, as execvp asks: a regular file with an execute bit. The rest is execve's own to say.
fn executable(path: &CStr) -> Outcome {
    let status = sys::status(Fd::CWD, path, 0).of(Part::Source)?;
    if status.mode & sys::S_IFMT == sys::S_IFDIR {
        return Err(Failure::new(Part::IsDirectory, Errno::ISDIR));
    }
    if status.mode & 0o111 == 0 {
        return Err(Failure::new(Part::Source, Errno::ACCES));
    }
    Ok(())
}

/// `HOME=...` from the container's `/etc/passwd`; `/` for a user who is not in it.
#[inline(never)]
fn home_of(uid: u32) -> Result<Buffer, Failure> {
    let mut home = Buffer::new();
    home.push(b"HOME=")?;
    // Without O_NONBLOCK a FIFO there would stop us for ever.
    if let Ok(file) = sys::open(
        Fd::CWD,
        c"/etc/passwd",
        sys::O_RDONLY | sys::O_NONBLOCK | sys::O_NOCTTY,
        0,
    ) {
        let is_file = sys::status(file, c"", sys::AT_EMPTY_PATH)?.mode & sys::S_IFMT == sys::S_IFREG;
        let found = is_file && find_home(file, uid, &mut home)?;
        sys::close(file);
        if found {
            return Ok(home);
        }
    }
    home.clear();
    home.push(b"HOME=/")?;
    Ok(home)
}

/// Reads `name:password:uid:gid:comment:home:shell` lines (`man 5 passwd`) as they come, in a bounded time whatever the file's size.
#[inline(never)]
fn find_home(file: Fd, uid: u32, home: &mut Buffer) -> Result<bool, Failure> {
    const LARGEST: usize = 1 << 20;
    let mut seen = 0;
    let mut line = Line::new();
    let mut buffer = [0; 1024];
    while seen < LARGEST {
        let length = sys::read(file, &mut buffer)?;
        if length == 0 {
            break;
        }
        seen += length;
        for byte in buffer.get(..length).unwrap_or_default() {
            if *byte == b'\n' {
                if line.is_of(uid, home)? {
                    return Ok(true);
                }
                line = Line::new();
            } else {
                line.push(*byte);
            }
        }
    }
    line.is_of(uid, home)
}

/// One line of a passwd file: its third and sixth field.
struct Line {
    field: u32,
    uid: Option<u32>,
    home: Buffer,
}

impl Line {
    const fn new() -> Self {
        Self {
            field: 0,
            uid: None,
            home: Buffer::new(),
        }
    }

    fn push(&mut self, byte: u8) {
        match (byte, self.field) {
            (b':', _) => self.field += 1,
            (b'0'..=b'9', 2) => {
                let digit = u32::from(byte - b'0');
                self.uid = self
                    .uid
                    .unwrap_or(0)
                    .checked_mul(10)
                    .and_then(|uid| uid.checked_add(digit));
                if self.uid.is_none() {
                    // Too large for a uid: nobody's line.
                    self.field = u32::MAX / 2;
                }
            }
            (_, 2) => self.field = u32::MAX / 2,
            (_, 5) => {
                let _ = self.home.push(&[byte]);
            }
            _ => {}
        }
    }

    fn is_of(&self, uid: u32, home: &mut Buffer) -> Result<bool, Failure> {
        let path = self.home.as_c_str().to_bytes();
        if self.uid != Some(uid) || path.is_empty() {
            return Ok(false);
        }
        home.push(path)?;
        Ok(true)
    }
}
