//! Names of members, and words of closed lists.

use crate::nearest::meant;
use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};
use std::fmt;

/// Reads the name of a member: its number in a list of the known ones, or nothing.
pub(crate) struct MemberName(pub(crate) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|known| *known == name))
    }
}

/// Reads one of a closed list of words: its number in the list.
pub(crate) struct Word {
    pub(crate) noun: &'static str,
    pub(crate) words: &'static [&'static str],
    /// Whether the empty string means that the member is unset, which is then the number after the last.
    pub(crate) empty: bool,
}

impl Visitor<'_> for Word {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<usize, E> {
        if self.empty && text.is_empty() {
            return Ok(self.words.len());
        }
        match self.words.iter().position(|word| *word == text) {
            Some(at) => Ok(at),
            None => Err(E::custom(format_args!(
                "{} {} {}{}",
                // In runc's words, which engines' tests look for.
                if self.noun.starts_with("memory policy") {
                    "invalid"
                } else {
                    "unknown"
                },
                self.noun,
                super::quote::Quoted(text),
                meant(text, self.words.iter().copied())
            ))),
        }
    }
}
