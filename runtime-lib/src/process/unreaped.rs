//! Processes that have ended, and that nobody has waited for: the end of their pid namespace waits for that.

use super::Pid;
use std::fs;

/// A dead process that is in its pid namespace all the same.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreaped {
    pid: Pid,
    parent: Pid,
    /// The parent's name, as the kernel has it.
    parent_name: String,
}

impl Unreaped {
    /// One in the pid namespace of this process, other than the process itself, with a parent outside of it. As procfs
    /// tells: for messages only.
    pub(super) fn beside(init: Pid) -> Option<Self> {
        let namespace = namespace(init)?;
        let numbers = fs::read_dir("/proc").ok()?.flatten();
        let pids = numbers.filter_map(|entry| Pid::new(entry.file_name().to_str()?.parse().ok()?));
        pids.filter(|&pid| pid != init).find_map(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let parent = parent_of_the_dead(&stat)?;
            if self::namespace(pid)? != namespace || self::namespace(parent)? == namespace {
                return None;
            }
            let name = fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
            Some(Self {
                pid,
                parent,
                parent_name: name.trim_end().to_owned(),
            })
        })
    }

    /// Why init does not end, and what helps.
    pub(super) fn hint(&self) -> String {
        let Self {
            pid,
            parent,
            parent_name,
        } = self;
        format!(
            "its pid namespace ends when process {pid}, a zombie, is reaped: it came from outside, as those of exec do, and \
             its parent, process {parent} ({parent_name}), has not waited for it; when that has, or has ended, delete the \
             container by force"
        )
    }
}

fn namespace(pid: Pid) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

/// The parent, by `/proc/PID/stat`, of a process that is dead; the name before that may hold anything.
fn parent_of_the_dead(stat: &str) -> Option<Pid> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let is_dead = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok().and_then(Pid::new);
    parent.filter(|_| is_dead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parent_is_that_of_a_zombie_whatever_its_name_is() {
        assert_eq!(parent_of_the_dead("7 (a) Z 1 (b) Z 45 7 7 0"), Pid::new(45));
        assert_eq!(parent_of_the_dead("7 (a) S 45 7 7 0"), None);
        assert_eq!(parent_of_the_dead("7 (a) Z 0 7 7 0"), None);
        assert_eq!(parent_of_the_dead(""), None);
    }

    #[test]
    fn parent_in_the_same_namespace_is_no_reason() {
        let own = Pid::own();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        assert_eq!(Unreaped::beside(own), None);
        child.wait().unwrap();
    }
}
