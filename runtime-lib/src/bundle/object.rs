//! Declarations of JSON objects and of closed lists of words.
//!
//! A declaration names each member once; reading, writing and the list of known names (for warnings about unknown
//! ones) follow from it.

/// Declares a struct that is a JSON object: `field: Type = "jsonName"`. Whether a member may be left out is its type's
/// matter (`Json::absent`), except: with `or default`, a member that is absent has the type's default; with `or error`,
/// it must be there. A member that is `null` is absent, always.
macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $json:literal $(or $default:ident)?,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::bundle::json::Json for $name {
            const SHAPE: &'static $crate::bundle::json::Shape =
                &$crate::bundle::json::Shape::Object(&[$(($json, <$type as $crate::bundle::json::Json>::SHAPE)),*]);

            fn read<'de, D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> ::serde::de::Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        formatter.write_str("an object")
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut members: A) -> Result<$name, A::Error> {
                        #[allow(unused_imports, reason = "not each object has required members")]
                        use $crate::bundle::json::{Json, MemberName, MemberSeed, DUPLICATE};
                        use ::serde::de::Error;
                        const NAMES: &[&str] = &[$($json),*];
                        $(let mut $field: Option<Option<object!(@read $type $(, $default)?)>> = None;)*
                        while let Some(number) = members.next_key_seed(MemberName(NAMES))? {
                            let Some(number) = number else {
                                $crate::bundle::unknown::note();
                                members.next_value::<::serde::de::IgnoredAny>()?;
                                continue;
                            };
                            let mut at = 0;
                            $(
                                if number == at {
                                    if $field.is_some() {
                                        return Err(A::Error::custom(DUPLICATE));
                                    }
                                    $field = Some(members.next_value_seed(MemberSeed::new())?);
                                    continue;
                                }
                                at += 1;
                            )*
                            let _ = at;
                        }
                        Ok($name {
                            $($field: match $field.flatten() {
                                Some(value) => object!(@take value $(, $default)?),
                                None => match object!(@absent $type $(, $default)?) {
                                    Some(value) => value,
                                    None => return Err(A::Error::missing_field($json)),
                                },
                            },)*
                        })
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <Self as $crate::bundle::json::Json>::read(deserializer)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut members = serializer.serialize_map(None)?;
                $(if !object!(@is_absent &self.$field $(, $default)?) {
                    ::serde::ser::SerializeMap::serialize_entry(&mut members, $json, &self.$field)?;
                })*
                ::serde::ser::SerializeMap::end(members)
            }
        }
    };
    (@is_absent $value:expr) => { $crate::bundle::json::Json::is_absent($value) };
    (@is_absent $value:expr, default) => { false };
    (@is_absent $value:expr, error) => { false };
    (@read $type:ty) => { $type };
    (@read $type:ty, error) => { $crate::bundle::json::Strict<$type> };
    (@take $value:ident, error) => { $value.0 };
    (@read $type:ty, default) => { $type };
    (@take $value:ident) => { $value };
    (@take $value:ident, default) => { $value };
    (@absent $type:ty) => { <$type as Json>::absent() };
    (@absent $type:ty, default) => { Some(<$type>::default()) };
    (@absent $type:ty, error) => { None };
}

/// Declares an enum of a closed list of words, with what such a word is called in an error:
/// `pub enum Name: "noun" { Variant = "word" }`.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $noun:literal { $($variant:ident = $word:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        impl $name {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word in the config.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// What the word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::WORDS.iter().position(|known| *known == word).and_then(|at| Self::ALL.get(at).copied())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl $crate::bundle::json::Json for $name {
            const SHAPE: &'static $crate::bundle::json::Shape = &$crate::bundle::json::Shape::Leaf;

            fn read<'de, D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = $crate::bundle::json::Word { noun: $noun, words: Self::WORDS, empty: false };
                let at = deserializer.deserialize_str(word)?;
                Self::ALL.get(at).copied().ok_or_else(|| ::serde::de::Error::custom("unknown word"))
            }

            fn read_optional<'de, D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                let word = $crate::bundle::json::Word { noun: $noun, words: Self::WORDS, empty: true };
                Ok(Self::ALL.get(deserializer.deserialize_str(word)?).copied())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <Self as $crate::bundle::json::Json>::read(deserializer)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
