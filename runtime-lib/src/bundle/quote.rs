//! Strings of a config as they stand in messages: quoted, escaped and not too long.

use std::borrow::Cow;
use std::fmt;

/// At most so many characters of a string are shown.
const SHOWN: usize = 64;

/// A string in quotes, control characters escaped, cut where it is long.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(SHOWN) {
            None => write!(formatter, "{:?}", self.0),
            Some((cut, _)) => write!(formatter, "{:?}... ({} bytes)", &self.0[..cut], self.0.len()),
        }
    }
}

/// A name that stands in a path, cut where it is long.
pub(crate) fn cut(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(SHOWN) {
        None => Cow::Borrowed(name),
        Some((cut, _)) => Cow::Owned(format!("{}...", &name[..cut])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_string_is_cut_and_control_characters_are_escaped() {
        assert_eq!(Quoted("a\nb\u{1b}").to_string(), r#""a\nb\u{1b}""#);
        let long = Quoted(&"ü".repeat(70_000)).to_string();
        assert!(long.len() < 200 && long.ends_with("... (140000 bytes)"), "{long}");
    }
}
