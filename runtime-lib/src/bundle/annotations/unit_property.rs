//! Properties of a systemd unit, and their values (`man 5 org.freedesktop.systemd1`).

use std::borrow::Cow;
use std::fmt;

/// A property that a unit is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnitProperty {
    /// As D-Bus knows it: `MemoryMax`.
    pub(crate) name: Cow<'static, str>,
    pub(crate) value: UnitValue,
}

/// A property's value, of one of the types that units' properties have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnitValue {
    Boolean(bool),
    Int32(i32),
    Uint32(u32),
    Uint64(u64),
    String(String),
    Strings(Vec<String>),
    /// A set of small numbers, CPUs for example, a bit each, the lowest first.
    Bits(Vec<u8>),
    Pids(Vec<u32>),
    /// A number for each of some block devices, which are named by their nodes.
    PerDevice(Vec<(String, u64)>),
}

impl UnitProperty {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, value: UnitValue) -> Self {
        Self {
            name: name.into(),
            value,
        }
    }
}

/// As `systemctl show` has it, about.
impl fmt::Display for UnitProperty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.name, self.value)
    }
}

impl fmt::Display for UnitValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(yes) => formatter.write_str(if *yes { "yes" } else { "no" }),
            Self::Int32(number) => write!(formatter, "{number}"),
            Self::Uint32(number) => write!(formatter, "{number}"),
            Self::Uint64(u64::MAX) => formatter.write_str("infinity"),
            Self::Uint64(number) => write!(formatter, "{number}"),
            Self::String(text) => formatter.write_str(text),
            Self::Strings(texts) => formatter.write_str(&texts.join(" ")),
            Self::Bits(bits) => formatter.write_str(&numbers_of(bits).join(" ")),
            Self::Pids(pids) => write!(formatter, "{pids:?}"),
            Self::PerDevice(devices) => {
                let each = devices.iter().map(|(device, number)| format!("{device} {number}"));
                formatter.write_str(&each.collect::<Vec<_>>().join(" "))
            }
        }
    }
}

fn numbers_of(bits: &[u8]) -> Vec<String> {
    let is_set = |number: &usize| bits.get(number / 8).is_some_and(|byte| byte & (1 << (number % 8)) != 0);
    let numbers = (0..bits.len() * 8).filter(is_set);
    numbers.map(|number| number.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_reads_as_systemctl_shows_it() {
        let read = |value| UnitProperty::new("X", value).to_string();
        assert_eq!(read(UnitValue::Uint64(u64::MAX)), "X=infinity");
        assert_eq!(read(UnitValue::Boolean(true)), "X=yes");
        assert_eq!(read(UnitValue::Bits(vec![0b101, 0, 1])), "X=0 2 16");
        assert_eq!(
            read(UnitValue::PerDevice(vec![("/dev/block/8:0".into(), 7)])),
            "X=/dev/block/8:0 7"
        );
    }
}
