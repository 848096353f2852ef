//! Lines of a `schemata` file: `L3:0=f;1=f0`.

use crate::bundle::IntelRdt;

/// The lines that a config asks for, in the order in which they are written.
pub(super) fn wanted(rdt: &IntelRdt) -> Vec<&str> {
    let mut lines = of_both(rdt.l3_cache_schema.as_deref(), rdt.mem_bw_schema.as_deref());
    let others = rdt.schemata.iter().map(|line| line.trim());
    lines.extend(others.filter(|line| !line.is_empty()));
    lines
}

/// The lines of the two schemata that have members of their own.
pub(super) fn of_both<'a>(cache: Option<&'a str>, bandwidth: Option<&'a str>) -> Vec<&'a str> {
    let lines = cache.unwrap_or_default().lines();
    // Of two lines about bandwidth, the one of its own member counts (runtime-spec: config-linux.md#intelrdt).
    let lines = lines.filter(|line| !(bandwidth.is_some() && line.trim().starts_with("MB:")));
    let lines = lines.chain(bandwidth).map(str::trim);
    lines.filter(|line| !line.is_empty()).collect()
}

/// The first wanted line that is not in force, as `found`, the kernel's file, tells.
pub(super) fn differing<'a>(wanted: &[&'a str], found: &str) -> Option<&'a str> {
    let in_force: Vec<_> = found.lines().flat_map(entries).collect();
    let holds = |line: &str| entries(line).iter().all(|entry| in_force.contains(entry));
    wanted.iter().find(|line| !holds(line)).copied()
}

/// The resource, domain and value of each part of a line. The kernel pads values, with zeros in front of a mask and
/// spaces in front of a percentage.
fn entries(line: &str) -> Vec<(String, String, String)> {
    let (resource, parts) = line.split_once(':').unwrap_or((line, ""));
    parts
        .split(';')
        .filter(|part| !part.trim().is_empty())
        .map(|part| {
            let (domain, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().trim_start_matches('0').to_ascii_lowercase();
            (resource.trim().to_owned(), domain.trim().to_owned(), value)
        })
        .collect()
}

/// A config's member, for tests.
#[cfg(test)]
pub(super) fn parsed(rdt: &serde_json::Value) -> IntelRdt {
    let config = serde_json::json!({
        "ociVersion": "1.3.0",
        "root": {"path": "rootfs"},
        "linux": {"intelRdt": rdt, "namespaces": [{"type": "mount"}]}
    });
    let bundle = crate::Bundle::parse("/bundle", &config.to_string()).unwrap();
    bundle.config().linux.intel_rdt.clone().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bandwidth_of_its_own_member_wins_over_the_caches_lines() {
        let cache = "L3:0=f;1=f0\nMB:0=10";
        let both = parsed(&json!({"l3CacheSchema": cache, "memBwSchema": "MB:0=20;1=70", "schemata": ["L2:0=3"]}));
        assert_eq!(wanted(&both), ["L3:0=f;1=f0", "MB:0=20;1=70", "L2:0=3"]);
        let cache_only = parsed(&json!({"l3CacheSchema": cache}));
        assert_eq!(wanted(&cache_only), ["L3:0=f;1=f0", "MB:0=10"]);
    }

    #[test]
    fn a_line_is_in_force_however_the_kernel_pads_it() {
        let found = "    MB:0= 20;1= 70\n    L3:0=0000f;1=000f0\n";
        assert_eq!(differing(&["L3:0=f", "MB:1=70;0=20"], found), None);
        assert_eq!(differing(&["L3:0=F;1=F0"], found), None);
        assert_eq!(differing(&["L3:0=f", "L3:1=f"], found), Some("L3:1=f"));
        assert_eq!(differing(&["L2:0=f"], found), Some("L2:0=f"));
    }
}
