//! Where a path of the container's leads, seen from its root.

use std::ffi::CString;

/// A path of the config as a place below the root: no leading slash, no `.`, no `..`, nothing twice.
pub(crate) fn below_root(path: &str) -> CString {
    let mut parts: Vec<&str> = Vec::with_capacity(8);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    // The config's texts hold no NUL.
    CString::new(parts.join("/")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_below_the_root() {
        for (path, place) in [
            ("/proc", "proc"),
            ("data//x/./y/", "data/x/y"),
            ("/../../etc", "etc"),
            ("/a/b/../c", "a/c"),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(below_root(path).to_str().unwrap(), place);
        }
    }
}
