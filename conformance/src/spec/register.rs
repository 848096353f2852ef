//! What the register of the specification is made of.

/// A document of the specification.
pub(crate) struct Document {
    /// The file, for example `config.md`.
    pub(crate) name: &'static str,
    /// Its sections that ask something of a runtime.
    pub(crate) sections: &'static [Section],
}

/// A section of a document.
pub(crate) struct Section {
    /// The part of its address after the `#`.
    pub(crate) anchor: &'static str,
    /// What it asks for.
    pub(crate) entries: &'static [Entry],
}

/// A property, or something that a runtime must or should do.
pub(crate) struct Entry {
    /// What it is, in our own words.
    pub(crate) what: &'static str,
    /// The tests that look at it, each as `room: name`.
    pub(crate) tests: &'static [&'static str],
    /// Why there is no test, or how far the tests go.
    pub(crate) note: Option<&'static str>,
}

/// A property with tests for all of it.
pub(super) const fn tested(what: &'static str, tests: &'static [&'static str]) -> Entry {
    Entry {
        what,
        tests,
        note: None,
    }
}

/// A property whose tests do not reach all of it.
pub(super) const fn partly(what: &'static str, tests: &'static [&'static str], note: &'static str) -> Entry {
    Entry {
        what,
        tests,
        note: Some(note),
    }
}

/// A property without a test, and why.
pub(super) const fn untested(what: &'static str, why: &'static str) -> Entry {
    Entry {
        what,
        tests: &[],
        note: Some(why),
    }
}
