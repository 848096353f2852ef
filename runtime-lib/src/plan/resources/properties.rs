//! What is written to a cgroup of v2, as properties of a systemd unit (`man 5 systemd.resource-control`): systemd writes
//! a unit's files anew when it reads its units anew, and knows nothing else. What there is no property for stays as it
//! was written.

use super::knob::{Knob, Missing};
use crate::bundle::{UnitProperty, UnitValue, number_range};
use crate::host::CgroupVersion;
use crate::problem::JsonPath;
use std::str::FromStr;

/// A property, and who asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) property: UnitProperty,
    pub(crate) origin: Option<JsonPath>,
}

/// The first versions of systemd that have a property.
const CPU_SETS: u32 = 244;
const CPU_QUOTA_PERIOD: u32 = 242;
const CPU_IDLE: u32 = 252;
const MEMORY_ZSWAP: u32 = 253;

/// What systemd takes for the kernel's period where none is named, in microseconds.
pub(crate) const USUAL_PERIOD: u64 = 100_000;

/// The properties that say what these writes do, for a systemd of this version. `period`: that of the quota of CPU time
/// where a write names none.
pub(crate) fn properties(knobs: &[Knob], version: u32, period: u64) -> Vec<Asked> {
    let mut told = Told {
        version,
        period,
        list: Vec::new(),
    };
    for knob in knobs.iter().filter(|knob| knob.version == CgroupVersion::V2) {
        told.knob(knob);
    }
    told.list
}

struct Told {
    version: u32,
    period: u64,
    list: Vec<Asked>,
}

impl Told {
    /// A value that systemd could not take is left to the file: the kernel says what is wrong with it.
    fn knob(&mut self, knob: &Knob) -> Option<()> {
        // bfq has a file of its own; the property is of both.
        let (file, value) = match &knob.missing {
            Missing::Instead(file, value) => (&**file, value.as_str()),
            _ => (&*knob.file, knob.value.as_str()),
        };
        let value = value.trim();
        match file {
            "memory.max" => self.number(knob, "MemoryMax", value, 1),
            "memory.high" => self.number(knob, "MemoryHigh", value, 1),
            "memory.low" => self.number(knob, "MemoryLow", value, 0),
            "memory.min" => self.number(knob, "MemoryMin", value, 0),
            "memory.swap.max" => self.number(knob, "MemorySwapMax", value, 0),
            "memory.zswap.max" if self.version >= MEMORY_ZSWAP => self.number(knob, "MemoryZSwapMax", value, 0),
            "pids.max" => {
                // systemd knows no 0. Whoever is there already is one, so that neither lets anybody be added.
                let tasks = number(value)?.max(1);
                self.put(knob, "TasksMax", UnitValue::Uint64(tasks))
            }
            "cpu.weight" => self.weight(knob, "CPUWeight", value),
            // An idle group has no weight.
            "cpu.idle" if value == "1" && self.version >= CPU_IDLE => self.put(knob, "CPUWeight", UnitValue::Uint64(0)),
            "cpu.max" => self.bandwidth(knob, value),
            "cpuset.cpus" if self.version >= CPU_SETS => {
                let bits = bits(value)?;
                self.put(knob, "AllowedCPUs", UnitValue::Bits(bits))
            }
            "cpuset.mems" if self.version >= CPU_SETS => {
                let bits = bits(value)?;
                self.put(knob, "AllowedMemoryNodes", UnitValue::Bits(bits))
            }
            "io.weight" => match value.split_once(' ') {
                None => self.weight(knob, "IOWeight", value),
                Some(("default", weight)) => self.weight(knob, "IOWeight", weight.trim()),
                Some((device, weight)) => self.device(knob, "IODeviceWeight", device, weight.trim()),
            },
            "io.max" => self.throttles(knob, value),
            _ => None,
        }
    }

    fn put(&mut self, knob: &Knob, name: &'static str, value: UnitValue) -> Option<()> {
        let asked = Asked {
            property: UnitProperty::new(name, value),
            origin: knob.origin.clone(),
        };
        let known = self.list.iter_mut().find(|asked| asked.property.name == name);
        match (known, asked) {
            // The last word counts, as it does for a file.
            (Some(known), asked) => match (&mut known.property.value, asked.property.value) {
                (UnitValue::PerDevice(devices), UnitValue::PerDevice(more)) => {
                    devices.retain(|(device, _)| more.iter().all(|(other, _)| other != device));
                    devices.extend(more);
                }
                (value, other) => {
                    *value = other;
                    known.origin = asked.origin;
                }
            },
            (None, asked) => self.list.push(asked),
        }
        Some(())
    }

    fn number(&mut self, knob: &Knob, name: &'static str, value: &str, least: u64) -> Option<()> {
        let number = number(value).filter(|number| *number >= least)?;
        self.put(knob, name, UnitValue::Uint64(number))
    }

    fn weight(&mut self, knob: &Knob, name: &'static str, value: &str) -> Option<()> {
        let weight = value.parse().ok().filter(|weight| (1..=10_000).contains(weight))?;
        self.put(knob, name, UnitValue::Uint64(weight))
    }

    fn device(&mut self, knob: &Knob, name: &'static str, device: &str, value: &str) -> Option<()> {
        let (major, minor) = device.split_once(':')?;
        let (major, minor) = (u32::from_str(major).ok()?, u32::from_str(minor).ok()?);
        let node = format!("/dev/block/{major}:{minor}");
        self.put(knob, name, UnitValue::PerDevice(vec![(node, number(value)?)]))
    }

    fn throttles(&mut self, knob: &Knob, value: &str) -> Option<()> {
        let (device, limits) = value.split_once(' ')?;
        for limit in limits.split_whitespace() {
            let (key, value) = limit.split_once('=')?;
            let name = match key {
                "rbps" => "IOReadBandwidthMax",
                "wbps" => "IOWriteBandwidthMax",
                "riops" => "IOReadIOPSMax",
                "wiops" => "IOWriteIOPSMax",
                _ => return None,
            };
            self.device(knob, name, device, value)?;
        }
        Some(())
    }

    fn bandwidth(&mut self, knob: &Knob, value: &str) -> Option<()> {
        // systemd writes a unit's settings down as a percentage without a fraction.
        const ONE_PERCENT: u128 = 10_000;
        let mut words = value.split_whitespace();
        let quota = number(words.next()?)?;
        let period = match words.next() {
            Some(period) => Some(period.parse::<u64>().ok()?),
            None => None,
        };
        let over = u128::from(period.unwrap_or(self.period).max(1));
        let per_second = match quota {
            u64::MAX => u64::MAX,
            quota => {
                let exact = (u128::from(quota) * 1_000_000).div_ceil(over);
                u64::try_from(exact.next_multiple_of(ONE_PERCENT)).ok()?
            }
        };
        self.put(knob, "CPUQuotaPerSecUSec", UnitValue::Uint64(per_second));
        if self.version >= CPU_QUOTA_PERIOD && (period.is_some() || self.period != USUAL_PERIOD) {
            let period = period.unwrap_or(self.period);
            self.put(knob, "CPUQuotaPeriodUSec", UnitValue::Uint64(period));
        }
        Some(())
    }
}

/// A number, or `max`, which systemd knows as the largest one.
fn number(value: &str) -> Option<u64> {
    match value {
        "max" => Some(u64::MAX),
        value => value.parse().ok().filter(|number| *number != u64::MAX),
    }
}

/// A list such as `0-2,16` (`man 7 cpuset`) as a bit for each.
fn bits(list: &str) -> Option<Vec<u8>> {
    const MOST: u32 = 8192;
    let mut bits = Vec::new();
    for item in list.split(',').map(str::trim) {
        for number in number_range(item).filter(|range| *range.end() < MOST)? {
            let byte = (number / 8) as usize;
            if bits.len() <= byte {
                bits.resize(byte + 1, 0);
            }
            *bits.get_mut(byte)? |= 1 << (number % 8);
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::super::knobs;
    use super::*;
    use crate::Host;

    fn told(resources: &str, version: u32) -> Vec<String> {
        let (resources, _) = crate::bundle::parse_resources(resources).unwrap();
        let host = Host::v2();
        let (knobs, problems) = knobs(&resources, &"linux.resources".into(), &host.hierarchies);
        assert!(!problems.has_errors(), "{:?}", problems.all());
        let list = properties(&knobs, version, USUAL_PERIOD);
        list.iter().map(|asked| asked.property.to_string()).collect()
    }

    #[test]
    fn every_limit_that_systemd_knows_is_a_property() {
        let resources = r#"{"memory":{"limit":67108864,"swap":134217728,"reservation":4096},
            "cpu":{"shares":512,"quota":50000,"period":200000,"cpus":"0-2,9","mems":"0"},"pids":{"limit":77},
            "blockIO":{"weight":500,"weightDevice":[{"major":8,"minor":0,"weight":10}],
            "throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1000},{"major":8,"minor":16,"rate":5}],
            "throttleWriteIOPSDevice":[{"major":8,"minor":16,"rate":7}]},
            "unified":{"memory.high":"60000000","memory.zswap.max":"0","memory.oom.group":"1"},
            "hugepageLimits":[{"pageSize":"2MB","limit":4096}]}"#;
        assert_eq!(
            told(resources, 252),
            [
                "MemoryMax=67108864",
                "MemorySwapMax=67108864",
                "MemoryLow=4096",
                "CPUWeight=59",
                "CPUQuotaPerSecUSec=250000",
                "CPUQuotaPeriodUSec=200000",
                "AllowedCPUs=0 1 2 9",
                "AllowedMemoryNodes=0",
                "TasksMax=77",
                "IOWeight=4950",
                "IODeviceWeight=/dev/block/8:0 1",
                "IOReadBandwidthMax=/dev/block/8:0 1000 /dev/block/8:16 5",
                "IOWriteIOPSMax=/dev/block/8:16 7",
                "MemoryHigh=60000000",
            ]
        );
        let older = told(resources, 241);
        assert!(
            !older
                .iter()
                .any(|line| line.starts_with("Allowed") || line.contains("Period")),
            "{older:?}"
        );
        assert!(told(resources, 253).contains(&"MemoryZSwapMax=0".to_owned()));
    }

    #[test]
    fn no_limit_is_infinity_and_no_task_is_one() {
        assert_eq!(
            told(r#"{"memory":{"limit":-1},"cpu":{"quota":-1},"pids":{"limit":-1}}"#, 252),
            [
                "MemoryMax=infinity",
                "MemorySwapMax=infinity",
                "CPUQuotaPerSecUSec=infinity",
                "TasksMax=infinity"
            ]
        );
        assert_eq!(told(r#"{"pids":{"limit":0}}"#, 252), ["TasksMax=1"]);
    }

    #[test]
    fn a_file_that_is_named_has_the_last_word() {
        let resources = r#"{"memory":{"limit":4096},"cpu":{"shares":2},
            "unified":{"memory.max":"8192","cpu.weight":"7","io.weight":"default 9","cpu.max":"max 5000"}}"#;
        assert_eq!(
            told(resources, 252),
            [
                "MemoryMax=8192",
                "CPUWeight=7",
                "CPUQuotaPerSecUSec=infinity",
                "CPUQuotaPeriodUSec=5000",
                "IOWeight=9"
            ]
        );
    }

    #[test]
    fn idle_is_a_weight_of_0_since_252() {
        assert_eq!(told(r#"{"cpu":{"idle":1,"shares":1024}}"#, 252), ["CPUWeight=0"]);
        assert_eq!(told(r#"{"cpu":{"idle":1,"shares":1024}}"#, 251), ["CPUWeight=100"]);
    }

    #[test]
    fn a_quota_is_whole_percents_of_a_second_rounded_up() {
        let quota = |quota: u64, period: u64| {
            let resources = format!(r#"{{"cpu":{{"quota":{quota},"period":{period}}}}}"#);
            told(&resources, 252).remove(0)
        };
        assert_eq!(quota(1000, 100_000), "CPUQuotaPerSecUSec=10000");
        assert_eq!(quota(33_333, 100_000), "CPUQuotaPerSecUSec=340000");
        assert_eq!(quota(250_000, 100_000), "CPUQuotaPerSecUSec=2500000");
        // The period that holds already.
        let (resources, _) = crate::bundle::parse_resources(r#"{"cpu":{"quota":5000}}"#).unwrap();
        let (knobs, _) = knobs(&resources, &"".into(), &Host::v2().hierarchies);
        let list = properties(&knobs, 252, 10_000);
        let list: Vec<_> = list.iter().map(|asked| asked.property.to_string()).collect();
        assert_eq!(list, ["CPUQuotaPerSecUSec=500000", "CPUQuotaPeriodUSec=10000"]);
    }

    #[test]
    fn what_systemd_could_not_take_is_left_to_the_file() {
        for unified in [
            r#"{"memory.max":"0"}"#,
            r#"{"memory.max":"many"}"#,
            r#"{"cpu.weight":"10001"}"#,
            r#"{"cpuset.cpus":"9-1"}"#,
            r#"{"cpuset.cpus":"0-99999"}"#,
            r#"{"io.max":"8:0"}"#,
            r#"{"io.weight":"../x 5"}"#,
            r#"{"cpu.max":"5 x"}"#,
        ] {
            assert_eq!(
                told(&format!("{{\"unified\":{unified}}}"), 252),
                Vec::<String>::new(),
                "{unified}"
            );
        }
    }
}
