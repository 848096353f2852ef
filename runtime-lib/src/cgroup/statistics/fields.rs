//! The kernel's ways to write numbers in cgroup files (Linux: cgroup-v2.rst, "Format").

use crate::bundle::number_range;

/// The words of a line.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_ascii_whitespace()
}

/// A number, or `max`, which is the greatest one. What is neither counts as 0.
pub(super) fn number_or_max(text: &str) -> u64 {
    match text.trim() {
        "max" => u64::MAX,
        number => number.parse().unwrap_or_default(),
    }
}

/// The lines `key number` of a flat keyed file.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.lines().filter_map(|line| {
        let (key, value) = line.split_once(' ')?;
        Some((key, number_or_max(value)))
    })
}

/// The number of a key; 0 if there is none.
pub(in crate::cgroup) fn value(text: &str, key: &str) -> u64 {
    pairs(text).find(|(name, _)| *name == key).map_or(0, |(_, value)| value)
}

/// Numbers with blanks between them.
pub(super) fn numbers(text: &str) -> Vec<u64> {
    words(text).filter_map(|word| word.parse().ok()).collect()
}

/// The numbers of a list of ranges: `0-2,7`.
pub(super) fn ranges(text: &str) -> Vec<u32> {
    /// More than any kernel has: a range is never long because a file is strange.
    const MOST: u32 = 65_536;
    let ranges = text.trim().split(',').filter_map(number_range);
    ranges.filter(|range| *range.end() < MOST).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_each_way() {
        assert_eq!(number_or_max("max\n"), u64::MAX);
        assert_eq!(number_or_max("12\n"), 12);
        assert_eq!(number_or_max("-3"), 0);
        assert_eq!(value("a 1\nab 2\n", "ab"), 2);
        assert_eq!(value("a 1\n", "b"), 0);
        assert_eq!(numbers("1 2 x 3\n"), [1, 2, 3]);
    }

    #[test]
    fn ranges_are_written_out() {
        assert_eq!(ranges("0-2,7\n"), [0, 1, 2, 7]);
        assert_eq!(ranges("3-2,x,,0-4000000000\n"), [0_u32; 0]);
        assert_eq!(ranges("\n"), [0_u32; 0]);
    }
}
