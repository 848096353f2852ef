//! Container ids.

use std::fmt;
use std::str::FromStr;

/// A folder's name can have 255 bytes, and a few are for names beside it.
const LONGEST: usize = 240;

/// A container's id: runc's letters (word characters and `+-.`), at most 240 bytes, and nothing that a path gives a
/// meaning to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

/// Why a text is no container's id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdFault {
    /// It is empty.
    Empty,
    /// It has so many bytes.
    TooLong(usize),
    /// It has other characters than those allowed.
    Characters(String),
    /// `.` or `..`.
    Directory(String),
}

impl Id {
    /// The id of this text.
    ///
    /// # Errors
    /// It is none.
    pub fn new(id: impl Into<String>) -> Result<Self, IdFault> {
        let id = id.into();
        if id.is_empty() {
            return Err(IdFault::Empty);
        }
        if id.len() > LONGEST {
            return Err(IdFault::TooLong(id.len()));
        }
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-.".contains(&byte);
        if !id.bytes().all(is_allowed) {
            return Err(IdFault::Characters(id));
        }
        if id == "." || id == ".." {
            return Err(IdFault::Directory(id));
        }
        Ok(Self(id))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = IdFault;

    fn from_str(id: &str) -> Result<Self, IdFault> {
        Self::new(id)
    }
}

impl TryFrom<&str> for Id {
    type Error = IdFault;

    fn try_from(id: &str) -> Result<Self, IdFault> {
        Self::new(id)
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for IdFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("container id cannot be empty"),
            Self::TooLong(length) => write!(formatter, "it has {length} bytes, and an id has at most {LONGEST}"),
            Self::Characters(id) => {
                write!(
                    formatter,
                    "{id:?} has other characters than letters, digits, and \"_+-.\""
                )
            }
            Self::Directory(id) => write!(
                formatter,
                "{id:?} is a directory's name for itself or for the one above"
            ),
        }
    }
}

impl std::error::Error for IdFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_plain_name() {
        for good in ["a", "0f3c", "my.box+1-x_y", "...", &"x".repeat(240)] {
            assert_eq!(Id::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a/b", "/", "a b", "é", "a\nb", &"x".repeat(241)] {
            let error = crate::Error::from(Id::new(bad).unwrap_err()).to_string();
            assert!(error.starts_with("invalid container ID format"), "{bad}");
        }
    }
}
