//! Which devices a container may use, by the v1 devices cgroup (runtime-spec: config-linux.md#allowed-device-list).
//!
//! The kernel keeps a default (allow or deny) and a list of exceptions to it
//! (`Documentation/admin-guide/cgroup-v1/devices.rst`). Two of its habits would drop a rule in silence: a removal
//! only works on an exception of exactly these numbers, and a rule of type `a` means everything, whatever else it
//! says. So the list is worked out beforehand, and a rule that v1 cannot do is refused.

use super::Knob;
use super::device_list::List;
use super::devices::{Devices, Kind};
use super::usual_devices::ALWAYS_ALLOWED;
use crate::bundle::{Access, DeviceRule, DeviceRuleType};
use crate::problem::{JsonPath, Problem, Problems};

/// The writes that bring a cgroup from any state to the one that `rules` describe: deny everything first (also
/// without any rule: GHSA-g54h-m393-cpwq), then the rules in their order, then what is always allowed. Writes that
/// change nothing are left out. The devices of `linux.devices` get nodes by that, no access: as in runc, a rule has
/// to allow it.
///
/// # Errors
/// A rule that v1 cannot do, with its JSON path. Notices come with the writes.
pub(super) fn v1(rules: &[DeviceRule]) -> Result<(Vec<Knob>, Problems), Problem> {
    let mut list = List::new();
    let mut problems = Problems::default();
    for (index, rule) in rules.iter().enumerate() {
        let path = JsonPath::from("linux.resources.devices").index(index);
        let access = match rule.access {
            Some(access) if access != Access::default() => access,
            _ => {
                return Err(Problem::error(
                    path.member("access"),
                    "is missing: a rule says which of r, w and m it is about",
                ));
            }
        };
        let number = |value: Option<i64>, name: &str| match value {
            None | Some(-1) => Ok(None),
            Some(value) => match u32::try_from(value) {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err(Problem::error(
                    path.member(name),
                    format!("{value} is no device number"),
                )),
            },
        };
        let (major, minor) = (number(rule.major, "major")?, number(rule.minor, "minor")?);
        let kinds: &[Kind] = match rule.device_type() {
            DeviceRuleType::All if major.is_none() && minor.is_none() && access == Access::ALL => {
                list.reset(rule.allow, Some(&path));
                continue;
            }
            DeviceRuleType::All => &[Kind::Block, Kind::Char],
            DeviceRuleType::Block => &[Kind::Block],
            DeviceRuleType::Char => &[Kind::Char],
        };
        for &kind in kinds {
            let devices = Devices {
                kind,
                major,
                minor,
                access,
            };
            if !rule.allow
                && let Some(always) = ALWAYS_ALLOWED.iter().find(|always| always.meets(&devices))
            {
                // Engines deny by habit that nodes are made, which changes nothing for a container.
                let text = format!("{always} is allowed to every container nevertheless");
                problems.push(Problem::warning(path.clone(), text).into_notice());
            }
            list.apply(rule.allow, devices, Some(&path))?;
        }
    }
    for devices in ALWAYS_ALLOWED {
        list.apply(true, devices, None)?;
    }
    Ok((list.knobs, problems))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;

    fn writes(json: &str) -> Result<Vec<String>, String> {
        let (resources, _) = crate::bundle::parse_resources(&format!("{{\"devices\":{json}}}")).unwrap();
        let (writes, _) = v1(&resources.devices).map_err(|problem| problem.to_string())?;
        Ok(writes
            .iter()
            .map(|knob| format!("{} {}", knob.file.trim_start_matches("devices."), knob.value))
            .collect())
    }

    const ALWAYS: [&str; 11] = [
        "deny a",
        "allow c *:* m",
        "allow b *:* m",
        "allow c 1:3 rwm",
        "allow c 1:5 rwm",
        "allow c 1:7 rwm",
        "allow c 1:8 rwm",
        "allow c 1:9 rwm",
        "allow c 5:0 rwm",
        "allow c 5:2 rwm",
        "allow c 136:* rwm",
    ];

    #[test]
    fn without_rules_everything_but_the_usual_is_denied() {
        assert_eq!(writes("[]").unwrap(), ALWAYS);
        assert_eq!(writes(r#"[{"allow":false,"access":"rwm"}]"#).unwrap(), ALWAYS);
    }

    #[test]
    fn rules_come_in_their_order_and_repeated_ones_once() {
        let given = r#"[{"allow":true,"type":"c","major":9,"minor":9,"access":"r"},{"allow":false,"access":"rwm"},
            {"allow":true,"type":"c","major":10,"minor":229,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}]"#;
        let mut expected = vec!["deny a", "allow c 10:229 rwm", "allow c 1:3 rwm"];
        expected.extend(ALWAYS[1..].iter().filter(|line| !line.contains("1:3 ")));
        assert_eq!(writes(given).unwrap(), expected);
    }

    #[test]
    fn a_rule_for_everything_is_one_write() {
        assert_eq!(writes(r#"[{"allow":true,"access":"rwm"}]"#).unwrap(), ["allow a"]);
        assert_eq!(
            writes(r#"[{"allow":true,"type":"a","major":-1,"minor":-1,"access":"mrw"}]"#).unwrap(),
            ["allow a"]
        );
    }

    #[test]
    fn type_a_with_less_than_all_access_is_both_types_and_not_everything() {
        let got = writes(r#"[{"allow":true,"type":"a","access":"r"}]"#).unwrap();
        assert_eq!(got[..3], ["deny a", "allow b *:* r", "allow c *:* r"]);
    }

    #[test]
    fn a_denial_takes_back_what_it_covers_and_refuses_what_v1_cannot_do() {
        let allow = r#"{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"}"#;
        let got = writes(&format!(
            r#"[{allow},{{"allow":false,"type":"c","major":10,"access":"w"}}]"#
        ))
        .unwrap();
        assert_eq!(got[..3], ["deny a", "allow c 10:229 rw", "deny c 10:229 w"]);
        let wide = r#"{"allow":true,"type":"c","major":10,"access":"rw"}"#;
        let error = writes(&format!(
            r#"[{wide},{{"allow":false,"type":"c","major":10,"minor":229,"access":"w"}}]"#
        ))
        .unwrap_err();
        assert!(
            error.starts_with("linux.resources.devices[1]: cannot punch hole in existing wildcard rule"),
            "{error}"
        );
    }

    #[test]
    fn denials_from_everything_are_kept_and_the_usual_devices_come_back() {
        let got = writes(
            r#"[{"allow":true,"access":"rwm"},{"allow":false,"type":"b","major":8,"access":"rw"},
            {"allow":false,"type":"c","major":1,"minor":3,"access":"w"}]"#,
        );
        assert_eq!(
            got.unwrap(),
            ["allow a", "deny b 8:* rw", "deny c 1:3 w", "allow c 1:3 w"]
        );
        let error = writes(r#"[{"allow":true,"access":"rwm"},{"allow":false,"type":"c","access":"rw"}]"#).unwrap_err();
        assert!(error.starts_with("linux.resources.devices[1]: "), "{error}");
    }

    #[test]
    fn denying_what_every_container_has_is_noticed() {
        let resources = r#"{"devices":[{"allow":false,"type":"c","major":1,"minor":3,"access":"w"}]}"#;
        let (_, told) = v1(&crate::bundle::parse_resources(resources).unwrap().0.devices).unwrap();
        assert_eq!(told.all().len(), 1);
        assert_eq!(told.all()[0].path.as_str(), "linux.resources.devices[0]");
        assert_eq!(told.all()[0].severity, Severity::Notice);
    }

    #[test]
    fn a_rule_without_access_is_refused() {
        let error = writes(r#"[{"allow":true,"type":"c","major":1,"minor":3}]"#).unwrap_err();
        assert!(error.starts_with("linux.resources.devices[0].access: "), "{error}");
    }
}
