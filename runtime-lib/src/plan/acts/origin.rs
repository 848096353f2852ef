//! Who asked for an act.

use crate::problem::JsonPath;

/// Who asked for an act. Kept as it is until somebody wants to read it: most plans are only carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody in the config: it is what the spec, or this runtime, does for every container.
    Default,
    /// A member of the config.
    Member(&'static str),
    /// An element of a list in the config.
    Element(&'static str, usize),
    /// A mount, with the places among its options of the parameters that the filesystem gets, and of those that change
    /// its attributes, by the numbers of their bits.
    Mount {
        index: usize,
        options: Vec<u32>,
        attributes: Vec<u32>,
    },
    /// A member of the config whose name comes from it.
    Named(JsonPath),
}

/// The place of a parameter that comes from no option.
pub(crate) const NO_OPTION: u32 = u32::MAX;

impl Origin {
    /// The place in the config; `None` where nobody asked.
    pub(crate) fn path(&self) -> Option<JsonPath> {
        match self {
            Self::Default => None,
            Self::Member(path) => Some(JsonPath::from(*path)),
            Self::Element(list, index) => Some(JsonPath::from(*list).index(*index)),
            Self::Mount { index, .. } => Some(JsonPath::from("mounts").index(*index)),
            Self::Named(path) => Some(path.clone()),
        }
    }

    /// The option that became this parameter of a filesystem; the list of options if it is none of its list.
    pub(crate) fn option(&self, parameter: u32) -> Option<JsonPath> {
        self.option_in(parameter, |origin| match origin {
            Self::Mount { options, .. } => Some(options),
            _ => None,
        })
    }

    /// The option that changes the attribute with the bit of this number; the list of options if that is not known.
    pub(crate) fn option_of_attribute(&self, bit: u32) -> Option<JsonPath> {
        self.option_in(bit, |origin| match origin {
            Self::Mount { attributes, .. } => Some(attributes),
            _ => None,
        })
    }

    fn option_in(&self, number: u32, places: impl Fn(&Self) -> Option<&Vec<u32>>) -> Option<JsonPath> {
        let options = self.path()?.member("options");
        match places(self).and_then(|places| places.get(number as usize)) {
            Some(place) if *place != NO_OPTION => Some(options.index(*place as usize)),
            _ => Some(options),
        }
    }
}
