//! How the parts of a config are read from JSON, and written back.
//!
//! serde's own traits for `Option`, `Vec` and structs are too lax here (a struct may be an array) or too strict
//! (`null` for a list), so the members of a config are read by a trait of their own on top of serde.

// The macros and the other rooms find all they need to read a value here.
pub(crate) use super::number::Range;
pub use super::number::{Bounded, Mode};
pub(crate) use super::word::{MemberName, Word};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// What a JSON value may hold, as far as the names of members go.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A value without named members, or one whose members are not looked at.
    Leaf,
    /// An object with these members.
    Object(&'static [(&'static str, &'static Shape)]),
    /// A list of such values.
    List(&'static Self),
    /// An object whose members' names are data, each with such a value.
    Map(&'static Self),
}

/// A type that stands for a JSON value.
pub(crate) trait Json: Sized {
    /// The names of the members below it.
    const SHAPE: &'static Shape;

    /// Reads the value.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Reads the value where it may be left out; the empty string means that for text and words.
    fn read_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer).map(Some)
    }

    /// Reads the value of a member: `null` is what a member has that is not there, and gives `None`.
    fn read_member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_option(Member(PhantomData))
    }

    /// The value of a member that is not there; `None` if it must be.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether the value is what an absent member has.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Reads a member whose own type knows nothing of `null`.
struct Member<T>(PhantomData<T>);

impl<'de, T: Json> Visitor<'de> for Member<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::read(deserializer).map(Some)
    }
}

/// Lets serde's objects read a member that is a [`Json`].
pub(crate) struct MemberSeed<T>(PhantomData<T>);

impl<T> MemberSeed<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Json> DeserializeSeed<'de> for MemberSeed<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::read_member(deserializer)
    }
}

/// Lets serde's lists read a [`Json`].
pub(crate) struct Seed<T>(PhantomData<T>);

impl<T> Seed<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Json> DeserializeSeed<'de> for Seed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

impl<T: Json> Json for Option<T> {
    const SHAPE: &'static Shape = T::SHAPE;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Optional<T>(PhantomData<T>);

        impl<'de, T: Json> Visitor<'de> for Optional<T> {
            type Value = Option<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value or null")
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                T::read_optional(deserializer)
            }
        }

        deserializer.deserialize_option(Optional(PhantomData))
    }

    fn read_member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Json> Json for Vec<T> {
    const SHAPE: &'static Shape = &Shape::List(T::SHAPE);

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);

        impl<'de, T: Json> Visitor<'de> for List<T> {
            type Value = Vec<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_seq(self)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = elements.next_element_seed(Seed::new())? {
                    list.push(element);
                }
                Ok(list)
            }
        }

        deserializer.deserialize_option(List(PhantomData))
    }

    fn read_member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<K: Json + Ord, V: Json> Json for BTreeMap<K, V> {
    const SHAPE: &'static Shape = &Shape::Map(V::SHAPE);

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Json + Ord, V: Json> Visitor<'de> for Members<K, V> {
            type Value = BTreeMap<K, V>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(BTreeMap::new())
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_map(self)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut map = BTreeMap::new();
                while let Some(key) = members.next_key_seed(Seed::<K>::new())? {
                    if map.contains_key(&key) {
                        return Err(A::Error::custom(DUPLICATE));
                    }
                    map.insert(key, members.next_value_seed(MemberSeed::new())?);
                }
                let present = map.into_iter().filter_map(|(key, value)| Some((key, value?)));
                Ok(present.collect())
            }
        }

        deserializer.deserialize_option(Members(PhantomData))
    }

    fn read_member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// The error of a member that is there twice. JSON leaves its meaning open, and peers differ in which they take.
pub(crate) const DUPLICATE: &str = "is given twice";

impl Json for bool {
    const SHAPE: &'static Shape = &Shape::Leaf;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(Bool)
    }

    fn read_member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(false)
    }

    fn is_absent(&self) -> bool {
        !self
    }
}

/// A value that must be there where its type's own reading would do without.
pub(crate) struct Strict<T>(pub(crate) T);

impl Json for Strict<bool> {
    const SHAPE: &'static Shape = &Shape::Leaf;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bool(Bool).map(Self)
    }
}

struct Bool;

impl<'de> Visitor<'de> for Bool {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("true or false")
    }

    fn visit_none<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_bool(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }
}

/// Whether a member is there and not `null`; what it holds is not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Present(pub bool);

impl Json for Present {
    const SHAPE: &'static Shape = &Shape::Leaf;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = <Option<IgnoredAny> as serde::Deserialize>::deserialize(deserializer)?;
        Ok(Self(value.is_some()))
    }

    fn read_member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(Self(false))
    }

    /// What it held is not known, so it is never written.
    fn is_absent(&self) -> bool {
        true
    }
}

impl serde::Serialize for Present {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde::ser::SerializeMap::end(serializer.serialize_map(Some(0))?)
    }
}
