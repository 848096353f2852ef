//! The container's terminal.

use crate::Init;
use crate::digits::decimal;
use crate::failure::{Failure, In, Outcome};
use crate::path::{self, Buffer};
use crate::step::Act;
use crate::step::terminal::Console;
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;

const DEVPTS_SUPER_MAGIC: u64 = 0x1cd1;

impl Act<Init> for Console {
    /// A pty from the container's own devpts: its number is right inside, and it goes away with the container.
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let resolve = sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_MAGICLINKS;
        let master =
            sys::open_resolved(init.root, c"dev/pts/ptmx", sys::O_RDWR | sys::O_NOCTTY, resolve).of(Part::Source)?;
        let status = sys::status(master, c"", sys::AT_EMPTY_PATH).of(Part::Source)?;
        let genuine = status.mode & sys::S_IFMT == sys::S_IFCHR
            && (status.major, status.minor) == (5, 2)
            && sys::filesystem(master).of(Part::Source)? == DEVPTS_SUPER_MAGIC;
        if !genuine {
            return Err(Failure::from(Part::Source));
        }
        sys::unlock_terminal(master).of(Part::Source)?;
        let slave = sys::terminal_peer(master).of(Part::Source)?;
        if self.rows != 0 || self.columns != 0 {
            let size = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
            sys::set_window_size(slave, size(self.rows), size(self.columns))?;
        }
        sys::change_owner(slave, self.uid, u32::MAX)?;
        init.bind_console(slave)?;
        let number = i32::try_from(sys::terminal_number(master)?).unwrap_or(0);
        init.offer.push(b"/dev/pts/");
        init.offer.push(decimal(number, &mut [0; 12]));
        init.offer.file = master;
        sys::set_controlling_terminal(slave)?;
        for number in 0..3 {
            sys::duplicate(slave, number)?;
        }
        sys::close(slave);
        Ok(())
    }
}

impl Init {
    /// Puts the terminal on `/dev/console`. The last part of that path is never followed: a link there could lead to
    /// any file (the CVE-2025-52565 class).
    #[inline(never)]
    fn bind_console(&self, slave: Fd) -> Outcome {
        let mut name = Buffer::new();
        let (directory, name) = path::parent(self.root, c"dev/console", &mut name)?;
        let flags = sys::O_CREAT | sys::O_EXCL | sys::O_WRONLY | sys::O_NOFOLLOW;
        match sys::open(directory, name, flags, 0o666) {
            Ok(file) => sys::close(file),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(Failure::new(Part::Target, errno)),
        }
        let place = sys::open(directory, name, sys::O_PATH | sys::O_NOFOLLOW, 0).of(Part::Target)?;
        if sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?.mode & sys::S_IFMT == sys::S_IFLNK {
            return Err(Failure::new(Part::Exists, Errno::LOOP));
        }
        let tree = sys::open_tree(slave, c"", sys::OPEN_TREE_CLONE | sys::AT_EMPTY_PATH).of(Part::Attach)?;
        path::attach(tree, place)?;
        for file in [tree, place, directory] {
            sys::close(file);
        }
        Ok(())
    }
}
