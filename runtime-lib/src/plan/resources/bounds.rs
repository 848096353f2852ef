//! The order in which knobs are written that the kernel compares with each other: a value that is right in the end
//! may be refused while the other one still has its former value.

use super::Knob;

/// Two files of one cgroup, of which the kernel looks at one when the other is written.
struct Bound {
    inner: &'static str,
    outer: &'static str,
    relation: Relation,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// The inner value is limited by the outer one: the outer is written first when it grows, and last when it
    /// shrinks.
    Within,
    /// No value is compared, and yet the outer is written first.
    After,
}

const fn within(inner: &'static str, outer: &'static str) -> Bound {
    Bound {
        inner,
        outer,
        relation: Relation::Within,
    }
}

const BOUNDS: &[Bound] = &[
    // v1 (Linux: `Documentation/admin-guide/cgroup-v1/memory.rst`): memory alone is never more than memory and swap.
    within("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    // v1 (Linux: `Documentation/scheduler/sched-bwc.rst`): what quota and period make together is limited by the
    // parent, so that a period that shrinks would let the former quota be too much.
    within("cpu.cfs_quota_us", "cpu.cfs_period_us"),
    within("cpu.cfs_burst_us", "cpu.cfs_quota_us"),
    within("cpu.rt_runtime_us", "cpu.rt_period_us"),
    // v2: quota and period are one file.
    within("cpu.max.burst", "cpu.max"),
    // v1 and v2 (`man 7 cpuset`): a node is where its CPUs are, and pages move when the nodes change.
    Bound {
        inner: "cpuset.mems",
        outer: "cpuset.cpus",
        relation: Relation::After,
    },
];

/// The knobs in an order in which the kernel takes them; those that no other bounds stay in theirs. `current` tells
/// what the file of a knob holds now, and is asked for the outer one of two only; where it cannot tell, the file is
/// taken to hold no limit, as in a new cgroup.
pub(crate) fn ordered(knobs: &[Knob], mut current: impl FnMut(&Knob) -> Option<String>) -> Vec<&Knob> {
    // Pairs of which the first is written first.
    let mut pairs: Vec<(&Knob, &Knob)> = Vec::new();
    for bound in BOUNDS {
        let find = |file| knobs.iter().find(|knob| knob.file == file);
        let (Some(inner), Some(outer)) = (find(bound.inner), find(bound.outer)) else {
            continue;
        };
        if inner.version != outer.version {
            continue;
        }
        let outer_first = match bound.relation {
            Relation::After => true,
            Relation::Within => {
                let now = current(outer).map_or(u64::MAX, |text| amount(&text));
                amount(&outer.value) > now
            }
        };
        pairs.push(if outer_first { (outer, inner) } else { (inner, outer) });
    }
    let mut left: Vec<&Knob> = knobs.iter().collect();
    if pairs.is_empty() {
        return left;
    }
    let mut written = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |knob: &Knob| {
            let mut earlier = pairs.iter().filter(|(_, then)| std::ptr::eq(*then, knob));
            earlier.any(|(first, _)| left.iter().any(|other| std::ptr::eq(*other, *first)))
        };
        // The pairs of the table make no circle, in whichever direction each stands.
        let next = left.iter().position(|knob| !waits(knob)).unwrap_or(0);
        written.push(left.remove(next));
    }
    written
}

/// The limit that a file's text stands for: its first word (`cpu.max` holds a period besides).
fn amount(text: &str) -> u64 {
    // `max` and -1 are no limit.
    let word = text.split_whitespace().next().unwrap_or_default();
    word.parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::CgroupVersion;
    use crate::plan::resources::Missing;

    /// The files in the order in which they are written, from `new` values over `now`.
    fn order(new: &[(&'static str, &str)], now: &[(&str, &str)]) -> Vec<String> {
        let knob = |(file, value): &(&'static str, &str)| Knob {
            controller: file.split('.').next().unwrap().into(),
            version: CgroupVersion::V1,
            file: (*file).into(),
            value: (*value).into(),
            missing: Missing::Refused,
            origin: None,
            is_usual: false,
        };
        let knobs: Vec<Knob> = new.iter().map(knob).collect();
        let current = |knob: &Knob| {
            let found = now.iter().find(|(file, _)| *file == knob.file);
            found.map(|(_, value)| format!("{value}\n"))
        };
        ordered(&knobs, current)
            .iter()
            .map(|knob| knob.file.to_string())
            .collect()
    }

    const LIMIT: &str = "memory.limit_in_bytes";
    const MEMSW: &str = "memory.memsw.limit_in_bytes";
    const QUOTA: &str = "cpu.cfs_quota_us";
    const PERIOD: &str = "cpu.cfs_period_us";
    const BURST: &str = "cpu.cfs_burst_us";

    #[test]
    fn what_grows_is_written_from_the_outside() {
        let new = [(LIMIT, "200"), (MEMSW, "300")];
        assert_eq!(order(&new, &[(LIMIT, "100"), (MEMSW, "100")]), [MEMSW, LIMIT]);
        let without_limit = [(LIMIT, "200"), (MEMSW, "-1")];
        assert_eq!(order(&without_limit, &[(MEMSW, "100")]), [MEMSW, LIMIT]);
    }

    #[test]
    fn what_shrinks_is_written_from_the_inside() {
        let new = [(MEMSW, "300"), (LIMIT, "200")];
        assert_eq!(order(&new, &[(MEMSW, "9223372036854771712")]), [LIMIT, MEMSW]);
        assert_eq!(order(&new, &[]), [LIMIT, MEMSW]);
        let v2 = [("cpu.max", "50000 100000"), ("cpu.max.burst", "10000")];
        assert_eq!(order(&v2, &[("cpu.max", "max 100000")]), ["cpu.max.burst", "cpu.max"]);
        assert_eq!(order(&v2, &[("cpu.max", "20000 100000")]), ["cpu.max", "cpu.max.burst"]);
    }

    #[test]
    fn a_chain_holds_whichever_way_each_pair_stands() {
        let new = [(BURST, "10"), (QUOTA, "50"), (PERIOD, "1000")];
        assert_eq!(order(&new, &[(QUOTA, "20"), (PERIOD, "500")]), [PERIOD, QUOTA, BURST]);
        assert_eq!(order(&new, &[(QUOTA, "20"), (PERIOD, "2000")]), [QUOTA, BURST, PERIOD]);
        assert_eq!(order(&new, &[(QUOTA, "90"), (PERIOD, "500")]), [BURST, PERIOD, QUOTA]);
    }

    #[test]
    fn cpus_come_before_memory_nodes_and_nothing_is_asked_for_it() {
        let files = order(&[("cpuset.mems", "0"), ("pids.max", "9"), ("cpuset.cpus", "0-1")], &[]);
        assert_eq!(files, ["pids.max", "cpuset.cpus", "cpuset.mems"]);
    }

    #[test]
    fn knobs_that_bound_nothing_keep_their_order() {
        let rules = [
            ("devices.deny", "a"),
            ("devices.allow", "c 1:3 rwm"),
            ("devices.deny", "b 8:* w"),
        ];
        assert_eq!(order(&rules, &[]), ["devices.deny", "devices.allow", "devices.deny"]);
    }
}
