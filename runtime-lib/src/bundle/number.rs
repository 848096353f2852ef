//! Whole numbers and the ranges that they may be in.

use super::json::{Json, Shape};
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use std::fmt;

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
