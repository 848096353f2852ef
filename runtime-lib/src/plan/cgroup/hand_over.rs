//! Who owns the container's cgroup on v2: a process that may write to its cgroup filesystem is given what the kernel
//! says can be delegated (runtime-spec: config-linux.md#cgroup-ownership).

use crate::bundle::{Bundle, IdMapping, Mount, NamespaceType};

/// That the cgroup is given away, and to whom. Its group stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandOver {
    /// The host's user.
    pub(crate) uid: u32,
}

impl HandOver {
    /// It goes to the host's user behind `process.user.uid`, if the container has a cgroup namespace of its own and
    /// mounts its cgroup filesystem read/write; `None` where nobody else is to own it.
    pub(crate) fn of(bundle: &Bundle) -> Option<Self> {
        let config = bundle.config();
        let linux = &config.linux;
        let namespace = linux.namespace(NamespaceType::Cgroup)?;
        let is_new = namespace.path.is_none();
        let is_writable = bundle.mounts().iter().any(Mount::has_writable_cgroups);
        let uid = on_host(&linux.uid_mappings, config.process.as_ref()?.user.uid)?;
        (is_new && is_writable && uid != 0).then_some(Self { uid })
    }
}

fn on_host(mappings: &[IdMapping], uid: u32) -> Option<u32> {
    if mappings.is_empty() {
        return Some(uid);
    }
    mappings.iter().find_map(|mapping| {
        let offset = uid
            .checked_sub(mapping.container_id)
            .filter(|offset| *offset < mapping.size)?;
        mapping.host_id.checked_add(offset)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_to_the_process_user_who_may_write_to_a_cgroup_filesystem_of_the_containers_own() {
        let of = |user: u32, options: &str, namespace: &str| {
            let config = format!(
                r#"{{"ociVersion":"1.0.2","root":{{"path":"rootfs"}},
                "process":{{"args":["/x"],"cwd":"/","user":{{"uid":{user},"gid":0}}}},
                "mounts":[{{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":[{options}]}}],
                "linux":{{"namespaces":[{{"type":"mount"}}{namespace}]}}}}"#
            );
            HandOver::of(&Bundle::parse("/bundle", &config).unwrap())
        };
        let own = r#",{"type":"cgroup"}"#;
        assert_eq!(of(7, r#""ro","rw""#, own), Some(HandOver { uid: 7 }));
        assert_eq!(of(7, r#""ro""#, own), None);
        assert_eq!(of(7, r#""nosuid,ro""#, own), None);
        assert_eq!(of(0, "", own), None);
        assert_eq!(of(7, "", ""), None);
    }

    #[test]
    fn a_user_is_found_behind_the_maps() {
        let mapping = |container_id, host_id, size| IdMapping {
            container_id,
            host_id,
            size,
        };
        let maps = [mapping(0, 100_000, 10), mapping(10, 5, 1)];
        assert_eq!(on_host(&maps, 3), Some(100_003));
        assert_eq!(on_host(&maps, 10), Some(5));
        assert_eq!(on_host(&maps, 11), None);
        assert_eq!(on_host(&[], 7), Some(7));
    }
}
