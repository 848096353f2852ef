//! `linux.cgroupsPath` as those have it who leave cgroups to systemd: `slice:prefix:name`.

use crate::bundle::Quoted;
use crate::systemd::Bus;
use std::path::PathBuf;

/// A unit for a container, and the slice that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnitName {
    /// `system.slice`.
    pub(crate) slice: String,
    /// `libpod-1234.scope`.
    pub(crate) unit: String,
}

const SLICE: &str = ".slice";

/// The root of all slices (`man 7 systemd.special`).
const ROOT: &str = "-.slice";

/// systemd's own limit (`man 5 systemd.unit`).
const LONGEST: usize = 255;

impl UnitName {
    /// The unit that is asked for; none asked for is one that is named after the container.
    ///
    /// # Errors
    /// Why systemd has no such unit, in runc's words where runc has some.
    pub(crate) fn of(asked: Option<&str>, id: &str, bus: Bus) -> Result<Self, String> {
        let asked = asked.filter(|path| !path.is_empty());
        let default = format!(":orlop:{id}");
        let parts: Vec<&str> = asked.unwrap_or(&default).split(':').collect();
        let [slice, prefix, name] = *parts else {
            return Err(format!(
                "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got {} instead",
                Quoted(asked.unwrap_or_default())
            ));
        };
        let slice = match (slice, bus) {
            ("", Bus::System) => "system.slice",
            ("", Bus::User) => "user.slice",
            (slice, _) => slice,
        };
        if levels(slice).is_none() {
            return Err(format!(
                "invalid slice name: {}; one is a.slice, or a-b.slice in that",
                Quoted(slice)
            ));
        }
        if name.ends_with(SLICE) {
            return Err(format!(
                "{} would be a slice, which holds units and no processes; the container needs a scope of its own in it: \
                 slice:prefix:name, where name is the container's",
                Quoted(name)
            ));
        }
        let unit = format!("{prefix}-{name}.scope");
        if let Some(letter) = unit.chars().find(|letter| !is_allowed(*letter)) {
            return Err(format!(
                "a unit's name cannot have the character {letter:?}: {}",
                Quoted(&unit)
            ));
        }
        if unit.len() > LONGEST {
            return Err(format!("a unit's name has at most {LONGEST} bytes: {}", Quoted(&unit)));
        }
        Ok(Self {
            slice: slice.to_owned(),
            unit,
        })
    }

    /// The unit's cgroup, below systemd's own: `a-b.slice` is in `a.slice`.
    pub(crate) fn below(&self) -> PathBuf {
        let mut path: PathBuf = levels(&self.slice).unwrap_or_default().into_iter().collect();
        path.push(&self.unit);
        path
    }
}

/// The slices from the outermost one to this, which is the last; none if its name is no slice's.
fn levels(slice: &str) -> Option<Vec<String>> {
    if slice == ROOT {
        return Some(Vec::new());
    }
    let name = slice.strip_suffix(SLICE)?;
    let is_right = slice.len() <= LONGEST && name.chars().all(is_allowed);
    let mut levels = Vec::new();
    let mut above = String::new();
    for part in name.split('-') {
        if part.is_empty() || !is_right {
            return None;
        }
        levels.push(format!("{above}{part}{SLICE}"));
        above = format!("{above}{part}-");
    }
    Some(levels)
}

fn is_allowed(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || ":-_.\\@".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(asked: &str) -> Result<String, String> {
        let unit = UnitName::of(Some(asked), "box", Bus::System)?;
        Ok(unit.below().to_string_lossy().into_owned())
    }

    #[test]
    fn a_unit_is_in_its_slice_and_that_in_those_it_names() {
        for (asked, expected) in [
            ("system.slice:libpod:1", "system.slice/libpod-1.scope"),
            (":docker:1", "system.slice/docker-1.scope"),
            ("a-b-c.slice:cri:x", "a.slice/a-b.slice/a-b-c.slice/cri-x.scope"),
            ("-.slice:p:q", "p-q.scope"),
            ("", "system.slice/orlop-box.scope"),
            // As runc has it.
            ("system.slice::n", "system.slice/-n.scope"),
        ] {
            assert_eq!(path(asked).as_deref(), Ok(expected), "{asked}");
        }
        let user = UnitName::of(None, "box", Bus::User).unwrap();
        assert_eq!(user.below().to_str(), Some("user.slice/orlop-box.scope"));
    }

    #[test]
    fn what_is_no_unit_is_refused() {
        for (asked, words) in [
            (
                "/docker/1",
                "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"/docker/1\" instead",
            ),
            ("a:b", "expected cgroupsPath to be of format"),
            ("a:b:c:d", "expected cgroupsPath to be of format"),
            ("foo:p:q", "invalid slice name: \"foo\""),
            (".slice:p:q", "invalid slice name: \".slice\""),
            ("a--b.slice:p:q", "invalid slice name: \"a--b.slice\""),
            ("-a.slice:p:q", "invalid slice name"),
            ("a-.slice:p:q", "invalid slice name"),
            ("../x.slice:p:q", "invalid slice name"),
            ("system.slice:p:name.slice", "would be a slice"),
            ("system.slice:p:a b", "cannot have the character ' '"),
            ("system.slice:p:../x", "cannot have the character '/'"),
        ] {
            let refused = path(asked).unwrap_err();
            assert!(
                refused.starts_with(words) || refused.contains(words),
                "{asked}: {refused}"
            );
        }
        assert!(
            path(&format!("::{}", "x".repeat(300)))
                .unwrap_err()
                .contains("255 bytes")
        );
    }
}
