//! Devices that every container may use, and rules that engines give to every container.

use super::set::{Devices, Kind};
use crate::bundle::Access;

const MKNOD: Access = Access {
    read: false,
    write: false,
    mknod: true,
};

/// What every container may use, as in runc: all nodes may be made, and the devices that the runtime itself puts into
/// /dev, and ptys. runc allows /dev/net/tun (10:200) as well, which nothing asks for: here it takes a rule.
pub(super) const ALWAYS_ALLOWED: [Devices; 10] = [
    char(None, None, MKNOD),
    Devices {
        kind: Kind::Block,
        major: None,
        minor: None,
        access: MKNOD,
    },
    char(Some(1), Some(3), Access::ALL),
    char(Some(1), Some(5), Access::ALL),
    char(Some(1), Some(7), Access::ALL),
    char(Some(1), Some(8), Access::ALL),
    char(Some(1), Some(9), Access::ALL),
    char(Some(5), Some(0), Access::ALL),
    char(Some(5), Some(2), Access::ALL),
    char(Some(136), None, Access::ALL),
];

/// What engines allow besides to every container: `/dev/console` and `/dev/net/tun`.
const HABITUAL: [Devices; 2] = [
    char(Some(5), Some(1), Access::ALL),
    char(Some(10), Some(200), Access::ALL),
];

const fn char(major: Option<u32>, minor: Option<u32>, access: Access) -> Devices {
    Devices {
        kind: Kind::Char,
        major,
        minor,
        access,
    }
}

/// Whether a rule about these devices is one of those that nobody misses where it cannot be written.
pub(super) fn are_usual(devices: &Devices) -> bool {
    ALWAYS_ALLOWED.contains(devices) || HABITUAL.contains(devices)
}

#[cfg(test)]
mod tests {
    use super::super::Rules;

    fn usual(rules: &str) -> bool {
        let (resources, _) = crate::bundle::parse_resources(&format!("{{\"devices\":{rules}}}")).unwrap();
        let (rules, _) = Rules::of(&resources.devices, &"devices".into()).unwrap();
        rules.are_usual()
    }

    #[test]
    fn what_engines_write_for_every_container_is_usual() {
        assert!(usual(r#"[{"allow":false,"access":"rwm"}]"#));
        assert!(usual(r#"[{"allow":true,"access":"rwm"}]"#));
        assert!(usual(
            r#"[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":5,"minor":1,"access":"rwm"},
            {"allow":false,"type":"c","major":10,"minor":229,"access":"rwm"}]"#
        ));
    }

    #[test]
    fn what_somebody_asked_for_is_not() {
        let kvm = r#"{"allow":true,"type":"c","major":10,"minor":232,"access":"rw"}"#;
        assert!(!usual(&format!(r#"[{{"allow":false,"access":"rwm"}},{kvm}]"#)));
        assert!(!usual(
            r#"[{"allow":true,"access":"rwm"},{"allow":false,"type":"b","major":8,"access":"rw"}]"#
        ));
    }
}
