//! Device rules that engines give to every container, so that it is not worth a warning each time when none can be applied.

use super::devices::v1_rules;
use crate::bundle::DeviceRule;

/// What engines allow besides to every container: `/dev/console` and `/dev/net/tun`.
const HABITUAL: [&str; 2] = ["c 5:1 rwm", "c 10:200 rwm"];

/// Whether the rules say no more than usual: everything denied but what each container may use, or everything allowed, as privileged ones have it.
pub(super) fn are_usual(rules: &[DeviceRule]) -> bool {
    let (Ok((usual, _)), Ok((writes, _))) = (v1_rules(&[]), v1_rules(rules)) else {
        return false;
    };
    let is_usual = |line: &str| usual.iter().any(|write| write.line == line) || HABITUAL.contains(&line);
    writes.iter().all(|write| is_usual(&write.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(rules: &str) -> bool {
        let (resources, _) = crate::bundle::parse_resources(&format!("{{\"devices\":{rules}}}")).unwrap();
        are_usual(&resources.devices)
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
