//! A new v1 cpuset has no CPUs and no memory nodes, and refuses processes until it has (`man 7 cpuset`).

use super::directory::Directory;
use rustix::io::Errno;
use std::path::Path;

const FILES: [&str; 2] = ["cpuset.cpus", "cpuset.mems"];

/// Gives the cpuset `below`, and each parent that has none, what its parent has.
pub(super) fn inherit(root: &Directory, below: &Path) -> Result<(), Errno> {
    for file in FILES {
        let value = value_of(root, below.parent().unwrap_or(Path::new("")), file)?;
        let here = below.join(file);
        // One that was there before keeps what it was given.
        if is_empty(&root.read(&here)?) {
            super::directory::write_once(root.writer(&here)?, &value)?;
        }
    }
    Ok(())
}

/// What the cpuset `below` has; an empty one gets its parent's first. The root's is never empty.
fn value_of(root: &Directory, below: &Path, file: &str) -> Result<String, Errno> {
    let mut empty = Vec::new();
    let mut value = String::new();
    for level in below.ancestors() {
        value = root.read(&level.join(file))?;
        if !is_empty(&value) {
            break;
        }
        empty.push(level);
    }
    for level in empty.iter().rev() {
        super::directory::write_once(root.writer(&level.join(file))?, &value)?;
    }
    Ok(value)
}

fn is_empty(value: &str) -> bool {
    value.trim_end().is_empty()
}
