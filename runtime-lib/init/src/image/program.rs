//! The container's process: where it stands, which file it is, and what it knows as its home.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::path::Buffer;
use crate::step::Act;
use crate::step::program::{Execute, FindProgram, LoadFilter, WorkingDirectory};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

/// What was found out about the program before `start`.
pub(crate) struct Program {
    path: Buffer,
    /// Empty where it was not looked for.
    home: Buffer,
}

impl Program {
    pub(crate) const fn new() -> Self {
        Self {
            path: Buffer::new(),
            home: Buffer::new(),
        }
    }

    /// `HOME=...`, where it was looked for.
    pub(crate) fn home(&self) -> Option<&CStr> {
        Some(self.home.as_c_str()).filter(|home| !home.is_empty())
    }
}

impl Act<Init> for WorkingDirectory<'_> {
    /// Makes sure that it is one of the container's: a path through `/proc/self/fd` could lead to a directory of the
    /// host (CVE-2024-21626).
    fn act(&self, _: &mut Init) -> Outcome {
        sys::change_directory(self.path)?;
        if sys::working_directory_is_inside().of(Part::Outside)? {
            Ok(())
        } else {
            Err(Failure::from(Part::Outside))
        }
    }
}

impl Act<Init> for FindProgram<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        if self.home {
            note_home(init, self.uid)?;
        }
        if self.name.to_bytes().contains(&b'/') {
            match executable(self.name) {
                Err(failure) if failure.is(Errno::NOENT) && is_of_the_process(self.name) => {}
                found => found?,
            }
            init.program.path.push(self.name.to_bytes())?;
            return Ok(());
        }
        let mut denied = None;
        for directory in self
            .search
            .to_bytes()
            .split(|byte| *byte == b':')
            .filter(|_| !self.search.is_empty())
        {
            let candidate = &mut init.program.path;
            candidate.clear();
            let directory = if directory.is_empty() { b"." } else { directory };
            let fits = candidate
                .push(directory)
                .and_then(|()| candidate.push(b"/"))
                .and_then(|()| candidate.push(self.name.to_bytes()));
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
}

/// Whether the path is of what the process itself has: nothing is there before the process is in its pid namespace, and
/// it is the kernel that looks it up then.
fn is_of_the_process(path: &CStr) -> bool {
    [&b"/proc/self/"[..], b"/proc/thread-self/", b"/dev/fd/"]
        .iter()
        .any(|place| path.to_bytes().starts_with(place))
}

impl Act<Init> for Execute<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let home = init.program.home();
        let count = self.env.len() + usize::from(home.is_some());
        // While no filter forbids it.
        let room = sys::room_for(self.args.len() + count)?;
        let state = match self.agent {
            Some(agent) => Some((init.descriptor(agent.socket)?, sys::map(init.descriptor(agent.state)?)?)),
            None => None,
        };
        if self.landlock {
            sys::restrict_self(init.landlock).of(Part::Landlock)?;
        }
        let (filter, flags) = (init.header.filter, init.header.filter_flags);
        match state {
            _ if self.instructions == 0 => {}
            None => drop(sys::load_filter(filter, flags).of(Part::Filter)?),
            Some((socket, state)) => init.load_notifying_filter(filter, flags, socket, state)?,
        }
        let program = init.program.path.as_c_str();
        let env = self.env.iter().chain(home);
        Err(sys::execute(room, program, self.args.iter(), self.args.len(), env, count).into())
    }
}

impl Act<Init> for LoadFilter {
    fn act(&self, init: &mut Init) -> Outcome {
        if self.landlock {
            sys::restrict_self(init.landlock).of(Part::Landlock)?;
        }
        sys::load_filter(init.header.filter, init.header.filter_flags).of(Part::Filter)?;
        if let Some(sets) = self.back_to {
            sys::set_capabilities(sets.effective, sets.permitted, sets.inheritable)?;
        }
        Ok(())
    }
}

/// Whether a file can be executed, as execvp asks: a regular file with an execute bit. The rest is execve's own to
/// say.
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

/// Notes `HOME=...` from the container's `/etc/passwd`; `/` for a user who is not in it.
#[inline(never)]
fn note_home(init: &mut Init, uid: u32) -> Outcome {
    init.program.home.push(b"HOME=")?;
    if let Ok(place) = sys::open(Fd::CWD, c"/etc/passwd", sys::O_PATH, 0) {
        let file = init.read_regular(place);
        sys::close(place);
        if let Ok(Some(file)) = file {
            let found = find_home(file, uid, &mut init.program.home)?;
            sys::close(file);
            if found {
                return Ok(());
            }
        }
    }
    init.program.home.clear();
    init.program.home.push(b"HOME=/")?;
    Ok(())
}

/// Reads `name:password:uid:gid:comment:home:shell` lines (`man 5 passwd`) as they come, in a bounded time whatever
/// the file's size.
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
                if line.is_of(uid, home) {
                    return Ok(true);
                }
                line.clear();
            } else {
                line.push(*byte);
            }
        }
    }
    Ok(line.is_of(uid, home))
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

    fn clear(&mut self) {
        (self.field, self.uid) = (0, None);
        self.home.clear();
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
            (_, 5) if self.home.push(&[byte]).is_err() => self.uid = None,
            _ => {}
        }
    }

    /// One that is longer than a path may be is nobody's.
    fn is_of(&self, uid: u32, home: &mut Buffer) -> bool {
        let path = self.home.as_c_str().to_bytes();
        self.uid == Some(uid) && !path.is_empty() && home.push(path).is_ok()
    }
}
