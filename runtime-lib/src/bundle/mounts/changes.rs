//! Attributes of mounts to set and to clear, added up word by word in the order of the list.

use super::attribute::ATIME;

/// `MOUNT_ATTR_*` to set and to clear. The times of access are one value: where it is set, all of its bits are among
/// those to clear, which is how the kernel wants it. One value alone among those to clear ends that one, and leaves
/// another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) set: u64,
    pub(crate) clear: u64,
}

impl Changes {
    /// Adds a word that is said later: it wins.
    pub(super) fn add(&mut self, word: Self) {
        let ended = word.clear & ATIME;
        if ended != 0 && ended != ATIME {
            if self.clear & ATIME != ATIME {
                self.clear |= ended;
            } else if self.set & ATIME == ended {
                self.set &= !ATIME;
            }
            return;
        }
        self.set = self.set & !word.clear | word.set;
        self.clear = self.clear & !(word.set & !ATIME) | word.clear;
    }

    /// What is left to do where `done` was done just before.
    pub(crate) fn after(self, done: Self) -> Self {
        let times = |changes: Self| (changes.set & ATIME, changes.clear & ATIME);
        let same_times = if times(self) == times(done) { ATIME } else { 0 };
        Self {
            set: self.set & !(done.set & !ATIME | same_times),
            clear: self.clear & !(done.clear & !ATIME | same_times),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::attribute::{NOATIME, NOEXEC, NOSUID, RDONLY, STRICTATIME};
    use super::*;

    fn sum(words: &[(u64, u64)]) -> (u64, u64) {
        let mut sum = Changes::default();
        for (clear, set) in words {
            sum.add(Changes {
                clear: *clear,
                set: *set,
            });
        }
        (sum.clear, sum.set)
    }

    #[test]
    fn the_later_word_wins() {
        assert_eq!(sum(&[(0, RDONLY), (RDONLY, 0)]), (RDONLY, 0));
        assert_eq!(sum(&[(RDONLY, 0), (0, RDONLY)]), (0, RDONLY));
        assert_eq!(sum(&[(ATIME, NOATIME), (ATIME, STRICTATIME)]), (ATIME, STRICTATIME));
        assert_eq!(sum(&[(ATIME, NOATIME), (0, NOEXEC)]), (ATIME, NOATIME | NOEXEC));
    }

    #[test]
    fn one_time_of_access_is_ended_without_another() {
        assert_eq!(sum(&[(NOATIME, 0)]), (NOATIME, 0));
        assert_eq!(sum(&[(NOATIME, 0), (STRICTATIME, 0)]), (NOATIME | STRICTATIME, 0));
        assert_eq!(sum(&[(ATIME, NOATIME), (NOATIME, 0)]), (ATIME, 0));
        assert_eq!(sum(&[(ATIME, NOATIME), (STRICTATIME, 0)]), (ATIME, NOATIME));
        assert_eq!(sum(&[(STRICTATIME, 0), (ATIME, STRICTATIME)]), (ATIME, STRICTATIME));
    }

    #[test]
    fn what_the_whole_tree_got_need_not_be_done_again() {
        let tree = Changes {
            set: RDONLY | NOATIME,
            clear: NOSUID | ATIME,
        };
        assert_eq!(tree.after(tree), Changes::default());
        let one = Changes {
            set: NOSUID | STRICTATIME,
            clear: RDONLY | ATIME,
        };
        assert_eq!(one.after(tree), one);
    }
}
