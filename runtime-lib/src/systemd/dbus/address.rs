//! Addresses of buses (D-Bus specification: "Server Addresses").

use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Where a bus listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Address {
    /// A socket in the file system.
    Path(PathBuf),
    /// A socket whose name is none of a file (`man 7 unix`, "Address format").
    Abstract(Vec<u8>),
}

impl Address {
    /// The addresses of a list such as `unix:path=/run/user/1000/bus,guid=...;unix:abstract=/tmp/dbus-x`, in their
    /// order. Those of other kinds (tcp, for example) are left out.
    pub(in super::super) fn list(text: &[u8]) -> Vec<Self> {
        let addresses = text.split(|byte| *byte == b';');
        addresses.filter_map(Self::parse).collect()
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let pairs = text.strip_prefix(b"unix:")?;
        pairs.split(|byte| *byte == b',').find_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            let value = unescaped(pair.get(at + 1..)?)?;
            match pair.get(..at)? {
                b"path" => Some(Self::Path(PathBuf::from(std::ffi::OsString::from_vec(value)))),
                b"abstract" => Some(Self::Abstract(value)),
                _ => None,
            }
        })
    }
}

/// The bytes of a value in which `%20` stands for a space; none where what follows a `%` is no number.
fn unescaped(value: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'%' {
            bytes.push(*byte);
            rest = after;
            continue;
        }
        let digits = after
            .get(..2)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after.get(2..)?;
    }
    Some(bytes)
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(formatter, "unix:path={}", path.as_os_str().as_bytes().escape_ascii()),
            Self::Abstract(name) => write!(formatter, "unix:abstract={}", name.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_sockets_of_a_list_are_taken_in_their_order() {
        let path = |path: &str| Address::Path(path.into());
        let list = |text: &str| Address::list(text.as_bytes());
        assert_eq!(list("unix:path=/run/user/1000/bus"), [path("/run/user/1000/bus")]);
        assert_eq!(
            list("tcp:host=x,port=1;unix:guid=00,path=/a%20b;unix:abstract=/tmp/dbus-1"),
            [path("/a b"), Address::Abstract(b"/tmp/dbus-1".into())]
        );
        for nothing in [
            "",
            ";",
            "unix:",
            "unix:path",
            "unix:path=%zz",
            "unix:path=%+1",
            "unix:path=%2",
            "/run/bus",
        ] {
            assert_eq!(list(nothing), [], "{nothing:?}");
        }
    }
}
