//! Ids that stand for nobody where the process will be (`man 7 user_namespaces`).

use crate::bundle::{IdMapping, Mount, MountKind, NamespaceType, Process};
use crate::host::MappedIds;
use crate::plan::compile::Compiler;
use crate::problem::JsonPath;

/// Users, or groups.
#[derive(Clone, Copy)]
enum Kind {
    User,
    Group,
}

impl Kind {
    /// Their ids, as engines and options call them.
    fn id(self) -> &'static str {
        match self {
            Self::User => "uid",
            Self::Group => "gid",
        }
    }

    fn of(self, mapped: &MappedIds) -> &[IdMapping] {
        match self {
            Self::User => &mapped.uids,
            Self::Group => &mapped.gids,
        }
    }
}

impl Compiler<'_> {
    /// Refuses the ids that no mapping has.
    pub(super) fn map_every_id(&mut self) {
        let linux = &self.config.linux;
        let (mapped, are_the_configs) = if self.makes(NamespaceType::User) {
            let mapped = MappedIds {
                uids: linux.uid_mappings.clone(),
                gids: linux.gid_mappings.clone(),
            };
            self.map_what_there_is(&mapped);
            (mapped, true)
        } else if let Some(mapped) = self.host.foresight.as_ref().and_then(|known| known.ids.clone()) {
            (mapped, false)
        } else {
            return;
        };
        let lacks = |kind: Kind, id: u32| {
            let is_lacking = IdMapping::on_host(kind.of(&mapped), id).is_none();
            is_lacking.then(|| match are_the_configs {
                true => format!("{id} is in none of linux.{}Mappings", kind.id()),
                false => format!("{id} is not mapped in the user namespace that the process will be in"),
            })
        };
        if let Some(process) = &self.config.process {
            self.map_user(process, lacks);
        }
        for mount in self.bundle.mounts() {
            self.map_options(mount, lacks);
        }
    }

    fn map_user(&mut self, process: &Process, lacks: impl Fn(Kind, u32) -> Option<String>) {
        let user = JsonPath::from("process.user");
        for (kind, id) in [(Kind::User, process.user.uid), (Kind::Group, process.user.gid)] {
            if let Some(why) = lacks(kind, id) {
                let name = kind.id();
                let text = format!("cannot set {name} to unmapped user in user namespace: {why}");
                self.problems.error(user.member(name), text);
            }
        }
        // Else they are not asked for.
        if self.host.denies_groups || self.bundle.annotated().keep_original_groups {
            return;
        }
        let groups = process.user.additional_gids.iter().enumerate();
        let mut unmapped = groups.filter_map(|(index, gid)| Some((index, lacks(Kind::Group, *gid)?)));
        if let Some((index, why)) = unmapped.next() {
            let text = format!("cannot set additional groups to unmapped group in user namespace: {why}");
            self.problems.error(user.member("additionalGids").index(index), text);
        }
    }

    /// The owners of what is in filesystems that are made for the container.
    fn map_options(&mut self, mount: &Mount, lacks: impl Fn(Kind, u32) -> Option<String>) {
        let MountKind::Filesystem(filesystem) = &mount.kind else {
            return;
        };
        if !matches!(filesystem.name.as_str(), "tmpfs" | "devpts") {
            return;
        }
        for parameter in &filesystem.parameters {
            let text = parameter.text.to_string_lossy();
            for kind in [Kind::User, Kind::Group] {
                let name = kind.id();
                let id = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
                if let Some(why) = id.and_then(number).and_then(|id| lacks(kind, id)) {
                    let text = format!("cannot specify {name}= mount options for unmapped {name}: {why}");
                    let path = mount.path().member("options").index(parameter.place);
                    self.problems.error(path, text);
                }
            }
        }
    }

    /// Refuses maps to what is not the runtime's to map.
    fn map_what_there_is(&mut self, mapped: &MappedIds) {
        let Some(foresight) = &self.host.foresight else {
            return;
        };
        for (kind, mappable) in [(Kind::User, &foresight.users), (Kind::Group, &foresight.groups)] {
            let Some(mappable) = mappable else { continue };
            let mut mappings = kind.of(mapped).iter();
            if let Some(index) = mappings.position(|mapping| !mappable.has(mapping)) {
                let list = JsonPath::from("linux").member(&format!("{}Mappings", kind.id()));
                self.problems
                    .error(list.index(index).member("hostID"), mappable.to_string());
            }
        }
    }
}

/// A number as the kernel reads it in an option: with a prefix for other bases than ten (Linux: `kstrtouint` of base 0).
fn number(text: &str) -> Option<u32> {
    let (digits, base) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    u32::from_str_radix(digits, base).ok()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn an_id_in_an_option_is_read_as_the_kernel_does() {
        for (text, id) in [
            ("5", Some(5)),
            ("0", Some(0)),
            ("010", Some(8)),
            ("0x10", Some(16)),
            ("x", None),
            ("", None),
            ("0xg", None),
        ] {
            assert_eq!(number(text), id, "{text}");
        }
    }
}
