//! Octets as JSON text: each octet becomes the character with its number, so that a stored structure stays
//! short and readable. Meant for `#[serde(with = …)]`.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

fn text(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

fn octets<E: Error>(text: &str) -> Result<Vec<u8>, E> {
    let octet = |c: char| u8::try_from(u32::from(c));
    text.chars()
        .map(|c| octet(c).map_err(|_| E::custom("a character above U+00FF")))
        .collect()
}

pub(crate) fn serialize<S: Serializer>(value: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&text(value))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    octets(&String::deserialize(from)?)
}

/// Octets that may be missing.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Serializer, octets, text};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.serialize_some(&text(value)),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.as_deref().map(octets).transpose()
    }
}

/// One string of octets inside a longer list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Octets(#[serde(with = "super::latin1")] pub(crate) Vec<u8>);
