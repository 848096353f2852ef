//! The container's terminal.

use crate::Init;
use crate::digits::decimal;
use crate::failure::{Failure, In, Outcome};
use crate::path::{self, Buffer};
use crate::step::Act;
use crate::step::terminal::{Console, TakeTerminal};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;

const DEVPTS_SUPER_MAGIC: u64 = 0x1cd1;

impl Act<Init> for Console {
    /// A pty from the container's own devpts: its number is right inside, and it goes away with the container.
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let root = init.hold_root()?;
        let master = open_master(root).of(Part::Source)?;
        sys::unlock_terminal(master).of(Part::Source)?;
        let slave = sys::terminal_peer(master).of(Part::Source)?;
        if self.rows != 0 || self.columns != 0 {
            let size = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
            sys::set_window_size(slave, size(self.rows), size(self.columns))?;
        }
        sys::change_owner(slave, self.uid, u32::MAX)?;
        if !self.is_further {
            init.bind_console(slave)?;
        }
        let number = i32::try_from(sys::terminal_number(master)?).unwrap_or(0);
        init.offer.push(b"/dev/pts/");
        init.offer.push(decimal(number, &mut [0; 12]));
        init.offer.file = master;
        if !self.is_further {
            sys::set_controlling_terminal(slave)?;
        }
        for number in 0..3 {
            sys::duplicate(slave, number)?;
        }
        sys::close(slave);
        Ok(())
    }
}

impl Act<Init> for TakeTerminal {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::set_controlling_terminal(Fd(0))?)
    }
}

/// Opens `ptmx` of the devpts at `/dev/pts`. Nothing else is opened, since the device rules are not in force yet: in a
/// devpts there is what the kernel puts there, and nothing that is mounted on it is taken for that.
fn open_master(root: Fd) -> sys::Result<Fd> {
    let terminals = path::open(root, c"dev/pts")?;
    if sys::filesystem(terminals)? != DEVPTS_SUPER_MAGIC {
        return Err(Errno::NODEV);
    }
    let resolve = sys::RESOLVE_BENEATH | sys::RESOLVE_NO_XDEV | sys::RESOLVE_NO_SYMLINKS;
    let master = sys::open_resolved(terminals, c"ptmx", sys::O_RDWR | sys::O_NOCTTY, resolve)?;
    sys::close(terminals);
    Ok(master)
}

impl Init {
    /// Puts the terminal on `/dev/console`. The last part of that path is never followed: a link there could lead to
    /// any file (the CVE-2025-52565 class).
    #[inline(never)]
    fn bind_console(&self, slave: Fd) -> Outcome {
        let mut name = Buffer::new();
        let (directory, name) = path::parent(self.root, c"dev/console", &mut name)?;
        let place = match path::file_in(directory, name, 0o666) {
            Err(Errno::LOOP) => return Err(Failure::new(Part::Exists, Errno::LOOP)),
            result => result.of(Part::Target)?,
        };
        let tree = sys::open_tree(slave, c"", sys::OPEN_TREE_CLONE | sys::AT_EMPTY_PATH).of(Part::Attach)?;
        path::attach(tree, place)?;
        for file in [tree, place, directory] {
            sys::close(file);
        }
        Ok(())
    }
}
