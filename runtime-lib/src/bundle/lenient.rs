//! Reading with serde's derive as leniently as the config's other parts do.

use serde::{Deserialize, Deserializer};

/// For `#[serde(default, deserialize_with = "null_default")]`: `null` is the type's default, as in Go.
///
/// # Errors
/// Those of the type itself.
pub(crate) fn null_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
