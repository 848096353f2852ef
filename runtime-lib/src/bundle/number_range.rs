//! Lists such as `0-3,7`, in which the kernel writes processors and memory nodes (`man 7 cpuset`).

use std::ops::RangeInclusive;

/// The numbers that an item of such a list means: `7` or `0-3`. `None` if it is neither. What a list may hold besides
/// (blanks, nothing at all), and which numbers are too large, is for whoever reads it to say.
pub(crate) fn number_range(item: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = item.split_once('-').unwrap_or((item, item));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(first..=last)
}

/// A list as bits of `u64`s, as the kernel takes it; `None` if a number is not below `most`. Items may be empty.
pub(crate) fn number_mask(list: &str, most: u32) -> Option<Vec<u64>> {
    let mut words = Vec::new();
    for item in list.split(',').filter(|item| !item.is_empty()) {
        for number in number_range(item).filter(|numbers| *numbers.end() < most)? {
            let word = (number / 64) as usize;
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            words[word] |= 1u64 << (number % 64);
        }
    }
    Some(words)
}

fn number(text: &str) -> Option<u32> {
    // A sign is no digit, which `parse` would take.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::{number_mask, number_range};

    #[test]
    fn a_list_becomes_bits() {
        assert_eq!(number_mask("0-3,7", 1024).unwrap(), [0x8f]);
        assert_eq!(number_mask("64", 1024).unwrap(), [0, 1]);
        assert_eq!(number_mask("", 1024).unwrap(), [0u64; 0]);
        assert_eq!(number_mask("1023", 1024).unwrap().len(), 16);
        assert_eq!(number_mask("0-1024", 1024), None);
        assert_eq!(number_mask("8191", 8192).unwrap().len(), 128);
        assert_eq!(number_mask("0-8192", 8192), None);
    }

    #[test]
    fn an_item_is_a_number_or_a_range() {
        assert_eq!(number_range("7"), Some(7..=7));
        assert_eq!(number_range("0-3"), Some(0..=3));
        assert_eq!(number_range("3-3"), Some(3..=3));
        for item in ["", "-", "1-", "-1", "3-2", "+1", "1-2-3", " 1", "x", "4294967296"] {
            assert_eq!(number_range(item), None, "{item:?}");
        }
    }
}
