//! Flags of a bind mount's source that a user namespace may not end.

use crate::bundle::{Mount, attribute};
use crate::plan::acts::NO_OPTION;
use crate::plan::compile::Compiler;
use crate::problem::Problem;
use orlop_init::step::mounts::Changes;

/// The attributes that are told by their places, and their names.
const NEVER_ENDED: [(u64, &str); 3] = [
    (attribute::NOSUID, "nosuid"),
    (attribute::NODEV, "nodev"),
    (attribute::NOEXEC, "noexec"),
];

/// All that is about times of access: locked as one.
const TIMES: u64 = attribute::ATIME | attribute::NODIRATIME;

impl Compiler<'_> {
    /// Leaves what is locked as it is, where nobody is less safe for it; the rest is refused.
    pub(super) fn without_locked(&mut self, mount: &Mount, mut changes: Changes) -> Changes {
        let Some(in_force) = self.host.locked_flags.in_force(mount.index) else {
            return changes;
        };
        if mount
            .as_bind()
            .is_none_or(|bind| self.is_made_by_an_earlier_mount(mount.index, &bind.source))
        {
            return changes;
        }
        let surely = self.host.locked_flags.surely;
        let asked = changes.clear | changes.clear_all;
        if asked & in_force & attribute::RDONLY != 0 {
            changes.clear &= !attribute::RDONLY;
            changes.clear_all &= !attribute::RDONLY;
            if surely {
                changes.clear_unlocked &= !attribute::RDONLY;
            } else {
                changes.clear_unlocked |= attribute::RDONLY;
            }
            let text = "the source is read-only outside of the user namespace, in which nobody can end that: it stays \
                        read-only";
            self.tell_of_option(mount, attribute::RDONLY, |path| Problem::warning(path, text));
        }
        for (flag, name) in NEVER_ENDED {
            if surely && asked & in_force & flag != 0 {
                let text = format!(
                    "the source is {name} outside of the user namespace, in which nobody can end that (operation not \
                     permitted): cannot clear the locked flag on \"/{}\"",
                    mount.target.to_string_lossy()
                );
                self.tell_of_option(mount, flag, |path| Problem::error(path, text));
            }
        }
        if changes_times(&changes, in_force) {
            for (set, clear) in [
                (&mut changes.set, &mut changes.clear),
                (&mut changes.set_all, &mut changes.clear_all),
            ] {
                *set &= !TIMES;
                *clear &= !TIMES;
            }
            let text = "times of access are kept as outside of the user namespace, in which nobody can change that";
            self.tell_of_option(mount, TIMES, |path| Problem::warning(path, text));
        }
        changes
    }

    fn tell_of_option(&mut self, mount: &Mount, attributes: u64, problem: impl FnOnce(crate::JsonPath) -> Problem) {
        let options = mount.path().member("options");
        let entry = self.config.mounts.get(mount.index);
        self.problems.push(problem(
            match entry.and_then(|entry| entry.option_that_changes(attributes)) {
                Some(place) => options.index(place),
                None => options,
            },
        ));
    }

    /// The places of the options that change each attribute, by the number of its bit.
    pub(super) fn options_of_attributes(&self, mount: &Mount) -> Vec<u32> {
        let Some(entry) = self.config.mounts.get(mount.index) else {
            return Vec::new();
        };
        let place = |bit: u32| {
            let attributes = match 1_u64 << bit {
                one if one & TIMES != 0 => TIMES,
                one => one,
            };
            let place = entry.option_that_changes(attributes)?;
            u32::try_from(place).ok()
        };
        let bits = 0..u64::BITS - TIMES.leading_zeros();
        bits.map(|bit| place(bit).unwrap_or(NO_OPTION)).collect()
    }
}

/// Whether the times of access are to be others than those in force.
fn changes_times(changes: &Changes, in_force: u64) -> bool {
    let now = in_force & attribute::ATIME;
    let differ = |set: u64, clear: u64| {
        let times = match clear & attribute::ATIME {
            0 => false,
            attribute::ATIME => set & attribute::ATIME != now,
            ended => now & ended != 0,
        };
        let of_folders = attribute::NODIRATIME;
        times || set & of_folders & !in_force != 0 || clear & of_folders & in_force != 0
    };
    differ(changes.set, changes.clear) || differ(changes.set_all, changes.clear_all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use attribute::{ATIME, NOATIME, NODIRATIME, RELATIME, STRICTATIME};

    #[test]
    fn times_of_access_that_are_in_force_are_no_change() {
        for (set, clear, in_force, change) in [
            (RELATIME, ATIME, RELATIME, false),
            (NOATIME, ATIME, RELATIME, true),
            (RELATIME, ATIME, NOATIME, true),
            (STRICTATIME, ATIME, STRICTATIME | NODIRATIME, false),
            (0, NOATIME, NOATIME, true),
            (0, NOATIME, RELATIME, false),
            (NODIRATIME, 0, RELATIME, true),
            (NODIRATIME, 0, NODIRATIME, false),
            (0, NODIRATIME, NODIRATIME, true),
            (0, 0, NOATIME, false),
        ] {
            assert_eq!(
                changes_times(&Changes::one(set, clear), in_force),
                change,
                "{set} {clear} {in_force}"
            );
        }
    }
}
