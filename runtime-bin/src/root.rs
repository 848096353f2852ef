//! The folder in which the containers' states are.

use crate::refusal::Refusal;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

const DEFAULT: &str = "/run/orlop";

/// The state root: the one of `--root`, or else the user's own.
pub(crate) fn choose(flag: Option<&OsStr>) -> Result<PathBuf, Refusal> {
    let Some(root) = flag.filter(|root| !root.is_empty()) else {
        return Ok(default());
    };
    let root = absolute(Path::new(root))?;
    if root == Path::new("/") {
        return Err("--root: \"/\" is no place for containers' states".into());
    }
    Ok(root)
}

fn default() -> PathBuf {
    of_user().unwrap_or_else(|| DEFAULT.into())
}

fn of_user() -> Option<PathBuf> {
    let dir = std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty())?;
    belongs_to_a_user().then(|| Path::new(&dir).join("orlop"))
}

/// Whether there is a place for the states that the user may be expected to write to.
pub(crate) fn is_own() -> bool {
    of_user().is_some() || rustix::process::geteuid().is_root()
}

/// Root has `/run` for itself, unless it is an ordinary user who is root only in a user namespace.
fn belongs_to_a_user() -> bool {
    if !rustix::process::geteuid().is_root() {
        return true;
    }
    let is_own = fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| !maps_everything(&map));
    is_own && std::env::var_os("USER").is_none_or(|user| user != "root")
}

/// Whether it is the map of the first user namespace.
pub(crate) fn maps_everything(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Absolute, without `.` and `..`. Links are left as they are.
fn absolute(path: &Path) -> Result<PathBuf, Refusal> {
    let path = std::path::absolute(path).map_err(|error| orlop::Failure::io("find the working directory", &error))?;
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            component => clean.push(component),
        }
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_absolute_and_not_the_root_itself() {
        assert_eq!(choose(Some("/a/./b/../c/".as_ref())).unwrap(), Path::new("/a/c"));
        assert_eq!(
            choose(Some("x".as_ref())).unwrap(),
            std::env::current_dir().unwrap().join("x")
        );
        assert!(choose(Some("/".as_ref())).is_err());
        assert!(choose(Some("/a/..".as_ref())).is_err());
    }

    #[test]
    fn the_first_user_namespace_is_known_by_its_map() {
        assert!(maps_everything("         0          0 4294967295\n"));
        assert!(!maps_everything("         0       1000          1\n"));
    }
}
