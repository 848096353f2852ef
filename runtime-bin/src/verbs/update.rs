//! `update`.

use super::file_or_stdin::read;
use crate::call::Call;
use crate::command::{Command, Count, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::{Declared, flags};
use crate::matches::Given;
use crate::refusal::{Outcome, Refusal};
use crate::shared_flags::Help;
use orlop::bundle::parse_resources;
use serde_json::{Map, Value, json};
use std::ffi::OsStr;

flags! {
    File: Text("resources", "file with the new resources, or -").short("r");
    BlockWeight: Text("blkio-weight", "I/O weight, 10 to 1000").integer();
    CpuPeriod: Text("cpu-period", "CFS period in microseconds");
    CpuQuota: Text("cpu-quota", "CFS quota in microseconds; -1 for none");
    CpuBurst: Text("cpu-burst", "CFS burst in microseconds");
    CpuShare: Text("cpu-share", "CPU shares");
    RealtimePeriod: Text("cpu-rt-period", "real-time period in microseconds");
    RealtimeRuntime: Text("cpu-rt-runtime", "real-time runtime in microseconds");
    CpuIdle: Text("cpu-idle", "1 for SCHED_IDLE");
    Cpus: Text("cpuset-cpus", "CPUs to use");
    Mems: Text("cpuset-mems", "memory nodes to use");
    Memory: Text("memory", "memory limit in bytes, or with a unit (64M); -1 for none");
    Reservation: Text("memory-reservation", "soft memory limit in bytes, or with a unit");
    Swap: Text("memory-swap", "limit of memory and swap in bytes, or with a unit; -1 for none");
    PidsLimit: Text("pids-limit", "number of processes; -1 for no limit").integer();
    CacheSchema: Text("l3-cache-schema", "schema of the L3 cache, of a container with linux.intelRdt");
    BandwidthSchema: Text("mem-bw-schema", "schema of the memory bandwidth, of such a container");
    KernelMemory: Text("kernel-memory", "has no effect").hidden();
    KernelTcpMemory: Text("kernel-memory-tcp", "has no effect").hidden();
}

#[derive(Debug)]
pub(crate) struct Update;

impl Verb for Update {
    const COMMAND: Command = Command {
        name: "update",
        summary: "change a container's resources",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        surplus: ONE_AT_A_TIME,
        offers: &[Offer::Containers],
        flags: &[
            File::FLAG,
            BlockWeight::FLAG,
            CpuPeriod::FLAG,
            CpuQuota::FLAG,
            CpuBurst::FLAG,
            CpuShare::FLAG,
            RealtimePeriod::FLAG,
            RealtimeRuntime::FLAG,
            CpuIdle::FLAG,
            Cpus::FLAG,
            Mems::FLAG,
            KernelMemory::FLAG,
            KernelTcpMemory::FLAG,
            Memory::FLAG,
            Reservation::FLAG,
            Swap::FLAG,
            PidsLimit::FLAG,
            CacheSchema::FLAG,
            BandwidthSchema::FLAG,
            Help::FLAG,
        ],
        description: "What no flag names stays as it is. A file of resources is linux.resources of a config.json, and takes the place of \
                      the flags.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let container = call.container()?;
        let (cache, bandwidth) = (schema(flags.text(CacheSchema)), schema(flags.text(BandwidthSchema)));
        let kernel = size(flags.text(KernelMemory), "kernel-memory")?;
        if kernel
            .or(size(flags.text(KernelTcpMemory), "kernel-memory-tcp")?)
            .is_some()
        {
            call.warn(&"kernel memory has no limit of its own any more: the flag has no effect");
        }
        let changes_schemata = cache.is_some() || bandwidth.is_some();
        let text = match flags.text(File).filter(|file| !file.is_empty()) {
            Some(file) => read("resources", file)?,
            None => of_flags(flags)?.to_string(),
        };
        let (resources, problems) = parse_resources(&text)?;
        problems.iter().for_each(|problem| call.warn(problem));
        if changes_schemata {
            container.update_schemata(cache.as_deref(), bandwidth.as_deref())?;
        }
        let warnings = container.update(&resources)?;
        warnings.iter().for_each(|warning| call.warn(warning));
        Ok(0)
    }
}

/// Lines for the class of the resource director; an empty text is none.
fn schema(text: Option<&OsStr>) -> Option<String> {
    let text = text.map(|text| text.to_string_lossy().into_owned());
    text.filter(|text| !text.trim().is_empty())
}

/// The resources that the flags ask for. An empty text asks for nothing: scripts pass variables that are not set.
fn of_flags(flags: &Given<'_, Update>) -> Result<Value, Refusal> {
    let mut resources = Map::new();
    let mut put = |section: &str, member: &str, value: Option<Value>| {
        if let Some(value) = value {
            let section = resources.entry(section).or_insert_with(|| json!({}));
            section[member] = value;
        }
    };
    put("blockIO", "weight", number(flags.text(BlockWeight), "blkio-weight")?);
    put("cpu", "period", number(flags.text(CpuPeriod), "cpu-period")?);
    put("cpu", "quota", number(flags.text(CpuQuota), "cpu-quota")?);
    put("cpu", "burst", number(flags.text(CpuBurst), "cpu-burst")?);
    put("cpu", "shares", number(flags.text(CpuShare), "cpu-share")?);
    put(
        "cpu",
        "realtimePeriod",
        number(flags.text(RealtimePeriod), "cpu-rt-period")?,
    );
    put(
        "cpu",
        "realtimeRuntime",
        number(flags.text(RealtimeRuntime), "cpu-rt-runtime")?,
    );
    put("cpu", "idle", number(flags.text(CpuIdle), "cpu-idle")?);
    put(
        "cpu",
        "cpus",
        flags.text(Cpus).map(|list| list.to_string_lossy().into()),
    );
    put(
        "cpu",
        "mems",
        flags.text(Mems).map(|list| list.to_string_lossy().into()),
    );
    put("memory", "limit", size(flags.text(Memory), "memory")?);
    put(
        "memory",
        "reservation",
        size(flags.text(Reservation), "memory-reservation")?,
    );
    put("memory", "swap", size(flags.text(Swap), "memory-swap")?);
    put("pids", "limit", number(flags.text(PidsLimit), "pids-limit")?);
    if flags.are_none() {
        return Err(
            "nothing is to be updated: name what is, by a flag or by --resources; see orlop update --help".into(),
        );
    }
    Ok(resources.into())
}

fn number(text: Option<&OsStr>, flag: &str) -> Result<Option<Value>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let text = text.to_string_lossy();
    let number: i64 = text
        .parse()
        .map_err(|_| format!("invalid value for {flag}: {text:?} is not a number"))?;
    Ok(Some(number.into()))
}

/// Bytes, or a number with a unit, each 1024 of the one before.
fn size(text: Option<&OsStr>, flag: &str) -> Result<Option<Value>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let text = text.to_string_lossy();
    let bytes = bytes(&text).ok_or_else(|| format!("invalid value for {flag}: {text:?} is no size such as 64M"))?;
    Ok(Some(bytes.into()))
}

fn bytes(text: &str) -> Option<i64> {
    if text == "-1" {
        return Some(-1);
    }
    let lower = text.to_ascii_lowercase();
    let plain = lower.trim_end_matches('b').trim_end_matches('i');
    let (digits, power) = match plain.char_indices().next_back()? {
        (end, unit) if unit.is_ascii_alphabetic() => (&plain[..end], "kmgtp".find(unit)? + 1),
        _ => (plain, 0),
    };
    let digits = digits.trim_end();
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "a number of bytes has no fraction")]
    let bytes = (number * 1024f64.powi(i32::try_from(power).ok()?)) as i64;
    (number.is_finite() && bytes >= 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_units_of_1024() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("4096", Some(4096)),
            ("64k", Some(65_536)),
            ("50M", Some(52_428_800)),
            ("50mb", Some(52_428_800)),
            ("1.5GiB", Some(1_610_612_736)),
            ("1 t", Some(1 << 40)),
            ("", None),
            ("M", None),
            ("-2", None),
            ("5x", None),
            ("1e400", None),
            ("1e8", None),
            ("+60M", None),
            ("inf", None),
        ] {
            assert_eq!(bytes(text), expected, "{text:?}");
        }
    }
}
