//! Names of cgroups below the container's own.

use crate::bundle::quote::Quoted;
use std::path::PathBuf;

/// The path below the container's cgroup, of one name or more; a slash before it means nothing. `None` for an empty
/// value.
///
/// # Errors
/// A path that leaves that cgroup or is itself, or holds a character that no cgroup's name can have.
pub(super) fn read(value: &str) -> Result<Option<PathBuf>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    if value.contains(['\0', '\n']) {
        return Err(format!(
            "{} has a character that a cgroup's name cannot have",
            Quoted(value)
        ));
    }
    let names: Vec<&str> = value.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    if names.contains(&"..") {
        return Err(format!("{} leaves the container's cgroup", Quoted(value)));
    }
    if names.is_empty() {
        return Err(format!(
            "{} is the container's cgroup itself, not one below it",
            Quoted(value)
        ));
    }
    Ok(Some(names.iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cgroup_is_below_the_containers() {
        assert_eq!(read(""), Ok(None));
        for (value, below) in [
            ("payload", "payload"),
            ("/init", "init"),
            ("a//./b/", "a/b"),
            ("a..b", "a..b"),
        ] {
            assert_eq!(read(value), Ok(Some(below.into())), "{value}");
        }
        for value in ["/", ".", "./", "..", "a/../b", "a\nb", "a\0"] {
            assert!(read(value).is_err(), "{value:?}");
        }
    }
}
