//! Links among the paths of a bind mount.

/// Which links of a bind's paths are not followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Links {
    /// A source that is a link is bound as such.
    pub(crate) keep_source: bool,
    /// What a target that is a link points to is left alone.
    pub(crate) keep_target: bool,
    /// A link like the source is made.
    pub(crate) copy: bool,
}

impl Links {
    pub(crate) fn are_followed(self) -> bool {
        self == Self::default()
    }
}
