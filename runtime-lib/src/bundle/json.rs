//! How the parts of a config are read from JSON, and written back.
//!
//! serde's own traits for `Option`, `Vec` and structs are too lax here (a struct may be an array) or too strict (`null` for a list), so the
//! members of a config are read by a trait of their own on top of serde.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
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

    /// The value of a member that is not there; `None` if it must be.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether the value is what an absent member has.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Lets serde's collections read a [`Json`].
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
                    map.insert(key, members.next_value_seed(Seed::new())?);
                }
                Ok(map)
            }
        }

        deserializer.deserialize_option(Members(PhantomData))
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

/// The numbers that a member may have.
pub(crate) struct Range {
    pub(crate) min: i64,
    pub(crate) max: u64,
}

impl Visitor<'_> for Range {
    type Value = i128;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a number from {} to {}", self.min, self.max)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i128, E> {
        if value <= self.max && i128::from(value) >= i128::from(self.min) {
            Ok(i128::from(value))
        } else {
            Err(E::invalid_value(Unexpected::Unsigned(value), &self))
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i128, E> {
        if value >= self.min && i128::from(value) <= i128::from(self.max) {
            Ok(i128::from(value))
        } else {
            Err(E::invalid_value(Unexpected::Signed(value), &self))
        }
    }
}

macro_rules! numbers {
    ($($number:ident),*) => {
        $(impl Json for $number {
            const SHAPE: &'static Shape = &Shape::Leaf;

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, trivial_numeric_casts, reason = "the limits of a type fit")]
                let range = Range { min: $number::MIN as i64, max: $number::MAX as u64 };
                let value = deserializer.deserialize_i64(range)?;
                $number::try_from(value).map_err(D::Error::custom)
            }
        })*
    };
}

numbers!(u8, u16, u32, u64, i16, i32, i64);

/// A whole number in a range of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounded<const MIN: i16, const MAX: i16>(i16);

impl<const MIN: i16, const MAX: i16> Bounded<MIN, MAX> {
    /// The number, if it is in the range.
    pub const fn new(value: i16) -> Option<Self> {
        if value >= MIN && value <= MAX {
            Some(Self(value))
        } else {
            None
        }
    }

    /// The number.
    pub const fn get(self) -> i16 {
        self.0
    }
}

impl<const MIN: i16, const MAX: i16> Json for Bounded<MIN, MAX> {
    const SHAPE: &'static Shape = &Shape::Leaf;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let max = u64::try_from(MAX).map_err(D::Error::custom)?;
        let value = deserializer.deserialize_i64(Range {
            min: i64::from(MIN),
            max,
        })?;
        i16::try_from(value).map(Self).map_err(D::Error::custom)
    }
}

impl<const MIN: i16, const MAX: i16> serde::Serialize for Bounded<MIN, MAX> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i16(self.0)
    }
}

/// The mode bits of a file, without its type: at most `0o7777`, since the kernel would drop what is above silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(u16);

impl Mode {
    /// The mode, if there are no bits above `0o7777`.
    pub const fn new(bits: u16) -> Option<Self> {
        if bits <= 0o7777 { Some(Self(bits)) } else { None }
    }

    /// The bits.
    pub const fn bits(self) -> u16 {
        self.0
    }
}

impl Json for Mode {
    const SHAPE: &'static Shape = &Shape::Leaf;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_i64(Range { min: 0, max: 0o7777 })?;
        u16::try_from(value).map(Self).map_err(D::Error::custom)
    }
}

impl serde::Serialize for Mode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

/// Reads the name of a member: its number in a list of the known ones, or nothing.
pub(crate) struct MemberName(pub(crate) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|known| *known == name))
    }
}

/// Reads one of a closed list of words: its number in the list.
pub(crate) struct Word {
    pub(crate) noun: &'static str,
    pub(crate) words: &'static [&'static str],
    /// Whether the empty string means that the member is unset, which is then the number after the last.
    pub(crate) empty: bool,
}

impl Visitor<'_> for Word {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<usize, E> {
        if self.empty && text.is_empty() {
            return Ok(self.words.len());
        }
        match self.words.iter().position(|word| *word == text) {
            Some(at) => Ok(at),
            None => Err(E::custom(format_args!(
                "unknown {} {}",
                self.noun,
                super::quote::Quoted(text)
            ))),
        }
    }
}
