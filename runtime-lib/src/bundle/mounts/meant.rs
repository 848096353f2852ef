//! What an option was meant to be that is none of ours to know.

use super::words::option_names;
use crate::nearest::{asked, nearest};

/// Words of engines' command lines and of other systems that stand for options.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("nosymlink", "nosymfollow"),
    ("nosymlinks", "nosymfollow"),
    ("read-only", "ro"),
    ("read-write", "rw"),
    ("readonly", "ro"),
    ("readwrite", "rw"),
    ("recursive", "rbind"),
    ("writable", "rw"),
    ("write", "rw"),
];

/// A filesystem's own that look like slips.
const OF_FILESYSTEMS: [&str; 1] = ["nouuid"];

/// The option that a word was meant to be. A `key=value` is a filesystem's.
pub(super) fn by(word: &str) -> Option<&'static str> {
    if word.contains('=') || OF_FILESYSTEMS.contains(&word) {
        return None;
    }
    let plain = word.to_ascii_lowercase().replace('_', "-");
    let other = OTHER_WORDS.iter().find(|(other, _)| *other == plain);
    other
        .map(|(_, option)| *option)
        .or_else(|| nearest(word, option_names()))
}

/// The same as what stands behind a message.
pub(crate) fn told(word: &str) -> String {
    by(word).map(asked).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_options_and_are_none() {
        for (word, option) in OTHER_WORDS {
            assert!(option_names().all(|name| name != *word), "{word}");
            assert!(option_names().any(|name| name == *option), "{option}");
        }
    }

    #[test]
    fn near_misses_have_their_option_and_parameters_of_filesystems_none() {
        for (word, option) in [
            ("readonly", "ro"),
            ("Read_Only", "ro"),
            ("RO", "ro"),
            ("nosuidd", "nosuid"),
            ("noexecute", "noexec"),
            ("privat", "private"),
            ("rprivte", "rprivate"),
        ] {
            assert_eq!(by(word), Some(option), "{word}");
        }
        let theirs = [
            "noswap",
            "inode64",
            "volatile",
            "userxattr",
            "discard",
            "usrquota",
            "noload",
            "norecovery",
            "lowerdir",
            "nolock",
            "hard",
            "soft",
            "intr",
            "newinstance",
            "size=64k",
            "hidepid=2",
            "nouuid",
            "barrier",
            "xattr",
        ];
        for word in theirs {
            assert_eq!(by(word), None, "{word}");
        }
    }
}
