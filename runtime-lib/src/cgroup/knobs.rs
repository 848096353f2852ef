//! Writing knobs.

use super::directory::{Directory, open_to_write, read, write_once};
use super::nap::Naps;
use crate::error::{Error, Failure};
use crate::host::CgroupVersion;
use crate::plan::{Knob, Missing, Placement, ordered};
use rustix::io::Errno;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// A kernel without swap has no such file (`man 5 proc`).
const SWAPS: &str = "/proc/swaps";

/// Processors give back in no time what they have charged ahead, unless they are very busy.
const DRAINED: Duration = Duration::from_millis(100);

/// The directories of a cgroup that knobs are written in, each with the number of its place.
pub(super) type Directories = Vec<(usize, Directory)>;

/// The number of the place that a knob's file is in.
pub(super) fn number_of(placement: &Placement, knob: &Knob) -> Option<usize> {
    placement.places().position(|place| match knob.version {
        CgroupVersion::V1 => place.has(&knob.controller),
        CgroupVersion::V2 => place.controllers.is_empty(),
    })
}

/// Writes knobs, and gives back those that are not written.
pub(super) fn write<'a, 'd>(
    knobs: &'a [Knob],
    directory_of: impl Fn(&Knob) -> Option<BorrowedFd<'d>>,
) -> Result<Vec<&'a Knob>, Error> {
    let current = |knob: &Knob| read(directory_of(knob)?, &*knob.file).ok();
    let mut left: Vec<&Knob> = Vec::new();
    let mut files = Files::default();
    let mut are_devices_refused = false;
    for knob in ordered(knobs, current) {
        let is_device = knob.controller == "devices";
        let Some(directory) = directory_of(knob).filter(|_| !(is_device && are_devices_refused)) else {
            left.push(knob);
            continue;
        };
        match files.write(directory, knob) {
            Ok(()) => {}
            Err(Errno::PERM) if is_device && !crate::sys::may_set_device_rules() => {
                are_devices_refused = true;
                left.push(knob);
            }
            Err(errno) => return Err(refused(knob, errno).into()),
        }
    }
    Ok(left)
}

fn refused(knob: &Knob, errno: Errno) -> Failure {
    let failure = Failure::new(format!("write {:?} to {}", knob.value, knob.file), errno).at(knob.place());
    match (&*knob.controller, errno) {
        ("devices", _) => failure.hint("the parent cgroup may allow less, or the cgroup has cgroups below it"),
        (_, Errno::NOENT) => failure.hint("this kernel has no such file"),
        ("memory", Errno::BUSY) => failure.hint("the container's processes use more than that already"),
        ("cpuset", Errno::INVAL) if !is_list(&knob.value) => {
            failure.hint("it is no list of numbers and ranges such as 0-3,7")
        }
        // Linux: `kernel/sched/core.c`, `min_cfs_quota_period` and `max_cfs_quota_period`.
        ("cpu", Errno::INVAL) if ["cpu.cfs_period_us", "cpu.max"].contains(&&*knob.file) => failure.hint(
            "a period has 1000 to 1000000 microseconds, a quota at least 1000, and the parent cgroup may allow less",
        ),
        ("cpu", Errno::INVAL) if knob.file.starts_with("cpu.rt_") => {
            failure.hint("a runtime is from 0 to its period, and the parent cgroup may allow less")
        }
        ("cpu" | "cpuset", Errno::INVAL | Errno::ACCESS) => failure.hint("the parent cgroup may allow less"),
        ("io" | "blkio", Errno::NODEV) => failure.hint("no block device has these numbers"),
        _ => failure,
    }
}

/// Whether it looks like a list of CPUs or memory nodes (`man 7 cpuset`, list format).
fn is_list(text: &str) -> bool {
    let mut ends = text.trim().split(',').flat_map(|range| range.splitn(2, '-'));
    ends.all(|end| end.parse::<u32>().is_ok())
}

/// Files that are held open, since several knobs may be of the same.
#[derive(Default)]
struct Files<'a>(Vec<(&'a Knob, OwnedFd)>);

impl<'a> Files<'a> {
    fn write(&mut self, directory: BorrowedFd<'_>, knob: &'a Knob) -> Result<(), Errno> {
        let is_same = |other: &Knob| (other.version, &other.file) == (knob.version, &knob.file);
        // The kernel takes one rule a write.
        if let Some((_, file)) = self.0.iter().find(|(other, _)| is_same(other)) {
            return write_once(file, &knob.value);
        }
        let file = match (open_to_write(directory, &*knob.file), &knob.missing) {
            (Err(Errno::NOENT), Missing::Fulfilled) => return Ok(()),
            (Err(Errno::NOENT), Missing::WithoutSwap) if !Path::new(SWAPS).exists() => return Ok(()),
            (Err(Errno::NOENT), Missing::Instead(file, value)) => {
                return write_once(open_to_write(directory, &**file)?, value);
            }
            (opened, _) => opened?,
        };
        let outcome = match write_once(&file, &knob.value) {
            Err(Errno::BUSY) if (knob.version, &*knob.controller) == (CgroupVersion::V1, "memory") => {
                write_when_drained(&file, &knob.value)
            }
            outcome => outcome,
        };
        self.0.push((knob, file));
        outcome
    }
}

/// Each processor has charged up to 256 KiB more than it needs to a cgroup of v1. The kernel has them give that back when
/// a limit is below what is charged, and does not wait for it (Linux: mm/memcontrol.c, `drain_all_stock`).
fn write_when_drained(file: &OwnedFd, value: &str) -> Result<(), Errno> {
    let mut naps = Naps::new(DRAINED);
    loop {
        match write_once(file, value) {
            Err(Errno::BUSY) if naps.nap() => {}
            outcome => return outcome,
        }
    }
}
