//! Huge pages: those that are reserved, where the kernel counts these, otherwise those that are in use.

use super::Files;
use crate::stats::HugePages;
use std::collections::BTreeMap;

pub(super) fn huge_pages(files: &Files) -> BTreeMap<String, HugePages> {
    let usage = if files.is_v2() { ".current" } else { ".usage_in_bytes" };
    let names = files.names();
    let sizes = names.iter().filter_map(|name| size(name, usage));
    sizes
        .map(|size| {
            let reserved = format!("hugetlb.{size}.rsvd");
            let is_counted = names.contains(&format!("{reserved}{usage}"));
            let name = if is_counted {
                reserved
            } else {
                format!("hugetlb.{size}")
            };
            let number = |file: &str| files.number(&format!("{name}{file}"));
            let pages = HugePages {
                usage: number(usage),
                max: if files.is_v2() {
                    0
                } else {
                    number(".max_usage_in_bytes")
                },
                // What is reserved has no events of its own.
                failcnt: if files.is_v2() {
                    files.value(&format!("hugetlb.{size}.events"), "max")
                } else {
                    number(".failcnt")
                },
            };
            (size.to_owned(), pages)
        })
        .collect()
}

/// The size in the name of a file that tells how much is in use.
fn size<'a>(name: &'a str, usage: &str) -> Option<&'a str> {
    let size = name.strip_prefix("hugetlb.")?.strip_suffix(usage)?;
    (!size.contains('.')).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_is_named_once() {
        assert_eq!(size("hugetlb.2MB.current", ".current"), Some("2MB"));
        assert_eq!(size("hugetlb.2MB.rsvd.current", ".current"), None);
        assert_eq!(size("hugetlb.1GB.max", ".current"), None);
        assert_eq!(size("hugetlb.1GB.usage_in_bytes", ".usage_in_bytes"), Some("1GB"));
    }
}
