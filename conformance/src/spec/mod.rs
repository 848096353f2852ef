//! What the runtime specification asks for, property by property, and the tests that look at it.
//!
//! A file per document of runtime-spec 1.3.0, and some for its large parts. The words are our own; a section's anchor
//! leads to those of the specification.

mod beyond;
mod config;
mod config_linux;
mod config_linux_devices;
mod config_linux_seccomp;
mod config_mounts;
mod features;
mod features_linux;
mod register;
mod runtime;
mod runtime_linux;

pub(crate) use register::{Document, Entry};

/// Every document, in the order of a reader.
pub(crate) const DOCUMENTS: &[Document] = &[
    runtime::RUNTIME,
    runtime_linux::RUNTIME_LINUX,
    config::CONFIG,
    config_linux::CONFIG_LINUX,
    features::FEATURES,
    features_linux::FEATURES_LINUX,
    beyond::BEYOND,
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn entries() -> impl Iterator<Item = (String, &'static Entry)> {
        DOCUMENTS.iter().flat_map(|document| {
            let sections = document.sections.iter();
            sections.flat_map(move |section| {
                let place = format!("{}#{}", document.name, section.anchor);
                section.entries.iter().map(move |entry| (place.clone(), entry))
            })
        })
    }

    #[test]
    fn every_test_that_is_named_exists() {
        let known: BTreeSet<String> = crate::rooms::all()
            .map(|(room, test)| format!("{room}: {}", test.name))
            .collect();
        for (place, entry) in entries() {
            for test in entry.tests {
                assert!(known.contains(*test), "{place} {:?} names {test:?}", entry.what);
            }
        }
    }

    #[test]
    fn every_entry_has_a_test_or_says_why_not() {
        for (place, entry) in entries() {
            assert!(
                !entry.tests.is_empty() || entry.note.is_some_and(|note| note.len() > 10),
                "{place} {:?}",
                entry.what
            );
        }
    }

    #[test]
    fn no_entry_and_no_test_is_named_twice_in_its_place() {
        let mut seen = BTreeSet::new();
        for (place, entry) in entries() {
            assert!(seen.insert((place.clone(), entry.what)), "{place} {:?}", entry.what);
            let tests: BTreeSet<_> = entry.tests.iter().collect();
            assert_eq!(tests.len(), entry.tests.len(), "{place} {:?}", entry.what);
        }
    }

    /// A test that stands for very many properties says little about each.
    #[test]
    fn no_test_stands_for_too_many_properties() {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, entry) in entries() {
            for test in entry.tests {
                *counts.entry(test).or_default() += 1;
            }
        }
        for (test, count) in counts {
            assert!(count <= 8, "{test:?} stands for {count} properties");
        }
    }

    #[test]
    fn entries_are_short_and_fit_into_a_table() {
        for (place, entry) in entries() {
            assert!(entry.what.len() <= 110, "{place} {:?}", entry.what);
            for text in [Some(entry.what), entry.note].into_iter().flatten() {
                assert!(!text.contains(['|', '\n']) && !text.ends_with('.'), "{place} {text:?}");
            }
        }
    }

    #[test]
    fn sections_are_named_once_and_are_not_empty() {
        let mut seen = BTreeSet::new();
        for document in DOCUMENTS {
            for section in document.sections {
                assert!(seen.insert((document.name, section.anchor)), "{}", section.anchor);
                assert!(!section.entries.is_empty(), "{}", section.anchor);
            }
        }
    }
}
