//! Walking the cgroups below a container's, which the container itself may have made: of any depth and breadth,
//! changing meanwhile.

use super::directory::Directory;
use rustix::io::Errno;
use std::ffi::CString;

/// Calls `visit` for `top` and every cgroup below it, parents first. No recursion and one descriptor: depth costs
/// neither stack nor the limit of open files.
pub(super) fn for_each(top: &Directory, mut visit: impl FnMut(&Directory) -> Result<(), Errno>) -> Result<(), Errno> {
    visit(top)?;
    descend(top, visit, |_, _| Ok(()))
}

/// Removes all cgroups below `top`, deepest first. Those that still have processes stay.
///
/// # Errors
/// EBUSY if one stayed.
pub(super) fn remove_all(top: &Directory) -> Result<(), Errno> {
    let mut busy = false;
    descend(
        top,
        |_| Ok(()),
        |parent, name| match parent.remove(name) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::BUSY) => {
                busy = true;
                Ok(())
            }
            Err(errno) => Err(errno),
        },
    )?;
    if busy { Err(Errno::BUSY) } else { Ok(()) }
}

/// Depth first: `enter` on the way down, `leave` with the parent and the name on the way up.
fn descend(
    top: &Directory,
    mut enter: impl FnMut(&Directory) -> Result<(), Errno>,
    mut leave: impl FnMut(&Directory, &CString) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let mut here: Option<Directory> = None;
    let mut names: Vec<CString> = Vec::new();
    let mut to_visit = vec![children(top)?];
    while let Some(level) = to_visit.last_mut() {
        let current = here.as_ref().unwrap_or(top);
        if let Some(name) = level.pop() {
            match current.child(&name) {
                Ok(child) => {
                    enter(&child)?;
                    to_visit.push(children(&child)?);
                    names.push(name);
                    here = Some(child);
                }
                Err(Errno::NOENT | Errno::NODEV) => {}
                Err(errno) => return Err(errno),
            }
            continue;
        }
        to_visit.pop();
        if let Some(name) = names.pop() {
            // As many steps up as there were down: never above `top`. A cgroup cannot be moved to another parent.
            let above = if names.is_empty() {
                None
            } else {
                Some(current.parent()?)
            };
            leave(above.as_ref().unwrap_or(top), &name)?;
            here = above;
        }
    }
    Ok(())
}

fn children(directory: &Directory) -> Result<Vec<CString>, Errno> {
    match directory.children() {
        Err(Errno::NOENT | Errno::NODEV) => Ok(Vec::new()),
        answer => answer,
    }
}
