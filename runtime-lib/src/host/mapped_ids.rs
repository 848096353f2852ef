//! Which ids there are in a user namespace, and which of them the runtime may map in a new one
//! (`man 7 user_namespaces`, `man 1 newuidmap`).

use super::proc_file::read;
use crate::Error;
use crate::bundle::IdMapping;
use crate::users::Users;
use std::fmt;

/// The maps of a user namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct MappedIds {
    pub(crate) uids: Vec<IdMapping>,
    pub(crate) gids: Vec<IdMapping>,
}

impl MappedIds {
    /// Those of a process; `process` is its folder in a procfs, with a slash. `None` where they cannot be read.
    pub(super) fn of_process(process: &str) -> Option<Self> {
        let map = |file| Some(IdMapping::of_lines(&read(format!("{process}{file}")).ok()??));
        Some(Self {
            uids: map("uid_map")?,
            gids: map("gid_map")?,
        })
    }
}

/// Which ids of its own user namespace the runtime may map in a new one.
#[derive(Clone, Debug)]
pub(crate) struct Mappable {
    source: Source,
    /// First ids and how many there are from each.
    ranges: Vec<(u32, u32)>,
}

/// Where they are from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// The runtime is root: all that is mapped where it is.
    Namespace,
    /// The one of its own, without anybody's help.
    Own { helper: &'static str },
    /// Those that a file gives to the runtime's user.
    Subordinate { file: &'static str },
}

impl Mappable {
    /// Users; `None` where others than the usual files say which (`man 5 nsswitch.conf`, `subid`).
    ///
    /// # Errors
    /// A file of /proc that cannot be read.
    pub(super) fn users() -> Result<Option<Self>, Error> {
        let own = rustix::process::geteuid().as_raw();
        Self::look("/proc/self/uid_map", own, "newuidmap", "/etc/subuid")
    }

    /// The same of groups.
    ///
    /// # Errors
    /// A file of /proc that cannot be read.
    pub(super) fn groups() -> Result<Option<Self>, Error> {
        let own = rustix::process::getegid().as_raw();
        Self::look("/proc/self/gid_map", own, "newgidmap", "/etc/subgid")
    }

    fn look(map: &str, own: u32, helper: &'static str, file: &'static str) -> Result<Option<Self>, Error> {
        if rustix::process::geteuid().is_root() {
            let mappings = IdMapping::of_lines(&read(map)?.unwrap_or_default());
            return Ok(Some(Self {
                source: Source::Namespace,
                ranges: mappings.iter().map(|one| (one.container_id, one.size)).collect(),
            }));
        }
        let (source, mut ranges) = if !is_in_path(helper) {
            (Source::Own { helper }, Vec::new())
        } else if asks_others() {
            return Ok(None);
        } else {
            let uid = rustix::process::geteuid().as_raw();
            let text = std::fs::read(file).unwrap_or_default();
            let owners = [Users::read().name(uid), uid.to_string()];
            (
                Source::Subordinate { file },
                subordinate(&String::from_utf8_lossy(&text), &owners),
            )
        };
        ranges.push((own, 1));
        Ok(Some(Self { source, ranges }))
    }

    /// Whether all ids of a mapping are among them.
    pub(crate) fn has(&self, mapping: &IdMapping) -> bool {
        let (mut first, end) = (
            u64::from(mapping.host_id),
            u64::from(mapping.host_id) + u64::from(mapping.size),
        );
        let ends = |(start, count): &(u32, u32)| (u64::from(*start), u64::from(*start) + u64::from(*count));
        // newuidmap takes ranges that lie side by side for one; to the kernel each is for itself.
        while first < end {
            let mut containing = self.ranges.iter().map(ends);
            match containing.find(|(start, stop)| (*start..*stop).contains(&first)) {
                Some((_, stop)) if matches!(self.source, Source::Subordinate { .. }) => first = stop,
                Some((_, stop)) => return end <= stop,
                None => return false,
            }
        }
        true
    }
}

impl fmt::Display for Mappable {
    /// Why another id is not among them.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            Source::Namespace => out.write_str(
                "these ids are not mapped in the runtime's own user namespace, so that nobody can map them in one below",
            ),
            Source::Own { helper } => write!(
                out,
                "these ids are not the caller's: more than one's own id can only be mapped by {helper}, which is not in \
                 PATH (package uidmap)"
            ),
            Source::Subordinate { file } => write!(out, "these ids are not the caller's to map: {file} gives it no such"),
        }
    }
}

fn is_in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether subordinate ids are somebody else's to tell than the files'.
fn asks_others() -> bool {
    let text = std::fs::read("/etc/nsswitch.conf").unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().any(|line| line.trim_start().starts_with("subid:"))
}

/// The ranges that a file of subordinate ids gives to somebody (`man 5 subuid`).
fn subordinate(text: &str, owners: &[String]) -> Vec<(u32, u32)> {
    let ranges = text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let owner = fields.next()?;
        let first = fields.next()?.trim().parse().ok()?;
        let count = fields.next()?.trim().parse().ok()?;
        owners.iter().any(|one| one == owner).then_some((first, count))
    });
    ranges.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(host_id: u32, size: u32) -> IdMapping {
        IdMapping {
            container_id: 0,
            host_id,
            size,
        }
    }

    #[test]
    fn subordinate_ids_are_those_of_the_name_and_of_the_number() {
        let text = "ada:100000:10\nother:5:5\n1000:100010:10\nbroken\nada:x:1\n";
        let ranges = subordinate(text, &["ada".to_owned(), "1000".to_owned()]);
        assert_eq!(ranges, [(100_000, 10), (100_010, 10)]);
        let source = Source::Subordinate { file: "/etc/subuid" };
        let mappable = Mappable { source, ranges };
        assert!(mappable.has(&mapping(100_000, 20)));
        assert!(!mappable.has(&mapping(100_000, 21)));
        assert!(!mappable.has(&mapping(5, 1)));
    }

    #[test]
    fn the_kernel_maps_no_range_of_two_lines() {
        let mappable = Mappable {
            source: Source::Namespace,
            ranges: vec![(0, 10), (10, 10)],
        };
        assert!(mappable.has(&mapping(0, 10)));
        assert!(!mappable.has(&mapping(5, 10)));
        assert!(!mappable.has(&mapping(20, 1)));
    }
}
