//! Words that several steps' phrases have in common.

use crate::linux::{mount_attribute, mount_flag};
use core::ffi::CStr;
use core::fmt::{Display, Formatter, Result, Write};

/// A C string on one line, without a word to the terminal.
pub struct Escaped<'a>(pub &'a CStr);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        for letter in letters(self.0) {
            if letter.is_control() {
                write!(out, "{}", letter.escape_default())?;
            } else {
                out.write_char(letter)?;
            }
        }
        Ok(())
    }
}

/// A C string between quotes.
pub struct Quoted<'a>(pub &'a CStr);

impl Display for Quoted<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        out.write_char('"')?;
        for letter in letters(self.0) {
            match letter {
                '\'' => out.write_char(letter)?,
                letter => write!(out, "{}", letter.escape_debug())?,
            }
        }
        out.write_char('"')
    }
}

/// What is no UTF-8 is shown as what stands for it everywhere.
fn letters(string: &CStr) -> impl Iterator<Item = char> {
    string.to_bytes().utf8_chunks().flat_map(|chunk| {
        let unreadable = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().chain(unreadable)
    })
}

/// Words with something between them.
pub(super) struct List<'f, 'o> {
    out: &'f mut Formatter<'o>,
    /// What stands before the first word, between two, and behind the last.
    around: (&'static str, &'static str, &'static str),
    is_empty: bool,
}

impl<'f, 'o> List<'f, 'o> {
    /// ` (a, b)`; nothing at all for no words.
    pub(super) fn in_parentheses(out: &'f mut Formatter<'o>) -> Self {
        Self::new(out, (" (", ", ", ")"))
    }

    pub(super) fn new(out: &'f mut Formatter<'o>, around: (&'static str, &'static str, &'static str)) -> Self {
        Self {
            out,
            around,
            is_empty: true,
        }
    }

    pub(super) fn word(&mut self, word: impl Display) -> Result {
        let (first, between, _) = self.around;
        write!(self.out, "{}{word}", if self.is_empty { first } else { between })?;
        self.is_empty = false;
        Ok(())
    }

    pub(super) fn end(self) -> Result {
        if self.is_empty {
            return Ok(());
        }
        self.out.write_str(self.around.2)
    }
}

/// Names by their flags: those of the flags that are set, with commas between them.
pub(super) struct Named<'a>(pub(super) &'a [(u64, &'a str)], pub(super) u64);

impl Display for Named<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let mut list = List::new(out, ("", ", ", ""));
        for (_, name) in self.0.iter().filter(|(flag, _)| self.1 & flag != 0) {
            list.word(name)?;
        }
        list.end()
    }
}

/// The words that set attributes of a mount.
pub(super) fn attributes(list: &mut List<'_, '_>, attributes: u64, suffix: &str) -> Result {
    const WORDS: [(u64, &str); 6] = [
        (mount_attribute::RDONLY, "ro"),
        (mount_attribute::NOSUID, "nosuid"),
        (mount_attribute::NODEV, "nodev"),
        (mount_attribute::NOEXEC, "noexec"),
        (mount_attribute::NODIRATIME, "nodiratime"),
        (mount_attribute::NOSYMFOLLOW, "nosymfollow"),
    ];
    for (flag, word) in WORDS {
        if attributes & flag != 0 {
            list.word(format_args!("{word}{suffix}"))?;
        }
    }
    match attributes & mount_attribute::ATIME {
        mount_attribute::NOATIME => list.word(format_args!("noatime{suffix}")),
        mount_attribute::STRICTATIME => list.word(format_args!("strictatime{suffix}")),
        _ => Ok(()),
    }
}

/// The words that clear attributes of a mount which are not set again.
pub(super) fn cleared(list: &mut List<'_, '_>, set: u64, clear: u64, suffix: &str) -> Result {
    const WORDS: [(u64, &str); 6] = [
        (mount_attribute::RDONLY, "rw"),
        (mount_attribute::NOSUID, "suid"),
        (mount_attribute::NODEV, "dev"),
        (mount_attribute::NOEXEC, "exec"),
        (mount_attribute::NODIRATIME, "diratime"),
        (mount_attribute::NOSYMFOLLOW, "symfollow"),
    ];
    for (flag, word) in WORDS {
        if clear & flag != 0 {
            list.word(format_args!("{word}{suffix}"))?;
        }
    }
    let ended = clear & mount_attribute::ATIME;
    if ended == mount_attribute::ATIME {
        if set & mount_attribute::ATIME == 0 {
            list.word(format_args!("relatime{suffix}"))?;
        }
        return Ok(());
    }
    if ended & mount_attribute::NOATIME != 0 {
        list.word(format_args!("atime{suffix}"))?;
    }
    if ended & mount_attribute::STRICTATIME != 0 {
        list.word(format_args!("nostrictatime{suffix}"))?;
    }
    Ok(())
}

/// How mounts propagate: `MS_SHARED` and the like, with `MS_REC` where it reaches those below.
pub(super) struct Propagating(pub(super) u64);

impl Display for Propagating {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        if self.0 & mount_flag::REC != 0 {
            out.write_char('r')?;
        }
        out.write_str(match self.0 & !mount_flag::REC {
            mount_flag::SHARED => "shared",
            mount_flag::SLAVE => "slave",
            mount_flag::UNBINDABLE => "unbindable",
            _ => "private",
        })
    }
}
