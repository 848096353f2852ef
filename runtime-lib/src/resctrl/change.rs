//! Other schemata for the class of a container that runs.

use super::schemata::of_both;
use super::{Group, MOUNT, refused};
use crate::{Error, Failure};
use std::path::Path;

/// What the host's resource director can bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Available {
    /// The third level's cache.
    pub(crate) cache: bool,
    /// The memory's bandwidth.
    pub(crate) bandwidth: bool,
}

impl Available {
    /// Looks at what is mounted.
    pub(crate) fn look() -> Self {
        let has = |names: &[&str]| {
            names
                .iter()
                .any(|name| Path::new(MOUNT).join("info").join(name).is_dir())
        };
        Self {
            // The two are for code and data apart (`cdp`).
            cache: has(&["L3", "L3CODE"]),
            bandwidth: has(&["MB"]),
        }
    }

    /// # Errors
    /// One of these is asked for, and the host cannot bound it.
    pub(crate) fn check(self, cache: Option<&str>, bandwidth: Option<&str>) -> Result<(), Failure> {
        let none = |what| {
            let why =
                format!("Intel RDT: {what} schema is not enabled: {MOUNT} has no such resource, or is not mounted");
            Err(Failure::plain("change the schemata of the container", why))
        };
        match (cache, bandwidth) {
            (Some(_), _) if !self.cache => none("l3 cache"),
            (_, Some(_)) if !self.bandwidth => none("memory bandwidth"),
            _ => Ok(()),
        }
    }
}

impl Group {
    /// How a change of its class's schemata reads, a line for each.
    pub(crate) fn changing(&self, cache: Option<&str>, bandwidth: Option<&str>) -> Vec<String> {
        let file = self.class.join("schemata");
        let lines = of_both(cache, bandwidth).into_iter();
        lines.map(|line| format!("write {line:?} to {file:?}")).collect()
    }

    /// Gives its class other schemata. The kernel takes all of them or none; what they do not name stays.
    ///
    /// # Errors
    /// What the kernel refuses, with what it says.
    pub(crate) fn change(&self, cache: Option<&str>, bandwidth: Option<&str>) -> Result<(), Error> {
        let mut text = of_both(cache, bandwidth).join("\n");
        text.push('\n');
        let file = self.class.join("schemata");
        std::fs::write(&file, &text).map_err(|error| {
            let attempted = format!("write {:?} to {file:?}", text.trim_end());
            refused(Failure::io(attempted, &error))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_cannot_bound_is_named() {
        let nothing = Available {
            cache: false,
            bandwidth: false,
        };
        let told = |cache, bandwidth| nothing.check(cache, bandwidth).unwrap_err().to_string();
        assert!(told(Some("L3:0=f"), Some("MB:0=10")).contains("Intel RDT: l3 cache schema is not enabled"));
        assert!(told(None, Some("MB:0=10")).contains("Intel RDT: memory bandwidth schema is not enabled"));
        assert_eq!(nothing.check(None, None), Ok(()));
        let cache = Available {
            cache: true,
            bandwidth: false,
        };
        assert_eq!(cache.check(Some("L3:0=f"), None), Ok(()));
    }

    #[test]
    fn all_lines_are_written_at_once() {
        let folder = std::env::temp_dir().join(format!("orlop-schemata-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let group = Group {
            class: folder.clone(),
            makes_class: false,
            is_named: true,
            monitor: None,
        };
        group
            .change(Some("L3:0=f\n L3:1=f0\nMB:0=5\n"), Some("MB:0=10"))
            .unwrap();
        let written = std::fs::read_to_string(folder.join("schemata")).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(written, "L3:0=f\nL3:1=f0\nMB:0=10\n");
        let error = group.change(Some("L3:0=f"), None).unwrap_err().to_string();
        assert!(error.contains("cannot write \"L3:0=f\" to"), "{error}");
    }
}
