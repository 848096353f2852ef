//! The container's terminal.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::path::{self, Buffer};
use crate::proc::decimal;
use crate::sys::{self, Errno, Fd};
use crate::wire::{Message, Part};

const DEVPTS_SUPER_MAGIC: u64 = 0x1cd1;

impl Init<'_> {
    /// A pty from the container's own devpts: its number is right inside, and it goes away with the container.
    #[inline(never)]
    pub(crate) fn console(&mut self, rows: u32, columns: u32, uid: u32) -> Outcome {
        let resolve = sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_MAGICLINKS;
        let master =
            sys::open_resolved(self.root, c"dev/pts/ptmx", sys::O_RDWR | sys::O_NOCTTY, resolve).of(Part::Source)?;
        let status = sys::status(master, c"", sys::AT_EMPTY_PATH).of(Part::Source)?;
        let genuine = status.mode & sys::S_IFMT == sys::S_IFCHR
            && (status.major, status.minor) == (5, 2)
            && sys::filesystem(master).of(Part::Source)? == DEVPTS_SUPER_MAGIC;
        if !genuine {
            return Err(Failure::from(Part::Source));
        }
        sys::unlock_terminal(master).of(Part::Source)?;
        let slave = sys::terminal_peer(master).of(Part::Source)?;
        if rows != 0 || columns != 0 {
            let size = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
            sys::set_window_size(slave, size(rows), size(columns))?;
        }
        sys::change_owner(slave, uid, u32::MAX)?;
        self.bind_console(slave)?;
        self.send_console(master)?;
        sys::set_controlling_terminal(slave)?;
        for number in 0..3 {
            sys::duplicate(slave, number)?;
        }
        sys::close(slave);
        Ok(())
    }

    /// Puts the terminal on `/dev/console`. The last part of that path is never followed: a link there could lead to any file (the CVE-2025-52565 class).
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
        sys::attach(tree, place).of(Part::Attach)?;
        for file in [tree, place, directory] {
            sys::close(file);
        }
        Ok(())
    }

    #[inline(never)]
    fn send_console(&self, master: Fd) -> Outcome {
        let mut name = Buffer::new();
        name.push(b"/dev/pts/")?;
        let number = i32::try_from(sys::terminal_number(master)?).unwrap_or(0);
        name.push(decimal(number, &mut [0; 12]))?;
        let name = name.as_c_str().to_bytes();
        let length = u32::try_from(name.len()).unwrap_or(0);
        let message = Message {
            kind: Message::CONSOLE,
            step: 0,
            errno: 0,
            part: 0,
            detail: 0,
            length,
        };
        let mut bytes = [0; Message::SIZE + 24];
        let (head, tail) = bytes.split_at_mut(Message::SIZE);
        head.copy_from_slice(&message.to_bytes());
        for (place, byte) in tail.iter_mut().zip(name) {
            *place = *byte;
        }
        sys::send(
            self.channel,
            bytes.get(..Message::SIZE + name.len()).unwrap_or_default(),
            Some(master),
        )?;
        sys::close(master);
        Ok(())
    }
}
