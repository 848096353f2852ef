//! To and from the types of the crate oci-spec, for programs that make their configs with it.
//!
//! Both ways lead through JSON, so that there is one parser and one set of checks.

use super::load::Bundle;
use crate::error::{Error, Failure};
use oci_spec::runtime::Spec;
use std::path::Path;

impl Bundle {
    /// Checks a config of oci-spec's; `dir` is the bundle's folder, which relative paths in it start from, and is not
    /// looked at.
    ///
    /// # Errors
    /// The first fault in it. Where oci-spec's types cannot tell unset from 0, or spell a word otherwise than the spec
    /// does (some scheduler flags, as of 0.10), what it writes is what counts.
    pub fn from_spec(spec: &Spec, dir: impl AsRef<Path>) -> Result<Self, Error> {
        let json = serde_json::to_string(spec)
            .map_err(|error| Failure::plain("write the config as JSON", error.to_string()))?;
        Self::parse(dir, &json)
    }

    /// The config as oci-spec's types have it. Members for other platforms, which are ignored here, are left out.
    ///
    /// # Errors
    /// It holds what they have no place for: a capability that oci-spec does not know.
    pub fn to_spec(&self) -> Result<Spec, Error> {
        let json = serde_json::to_string(self.config())
            .map_err(|error| Failure::plain("write the config as JSON", error.to_string()))?;
        serde_json::from_str(&json)
            .map_err(|error| Failure::plain("hold the config in oci-spec's types", error.to_string()).into())
    }
}
