//! A line that is a JSON object.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Cells;

/// Appends the values of `names` in the object `line`, an empty cell for each that is absent or null. A text is a cell
/// without its quotes, anything else its JSON.
///
/// # Errors
/// The rule, if it is not a JSON object.
pub(super) fn divide(line: &[u8], names: &[String], cells: &mut Cells) -> Result<(), String> {
    let mut values: Vec<Option<&RawValue>> = vec![None; names.len()];
    let mut json = serde_json::Deserializer::from_slice(line);
    let object = Object(|name: &str| names.iter().position(|known| known == name), &mut values);
    json.deserialize_map(object)
        .and_then(|()| json.end())
        .map_err(|error| format!("the line is no JSON object ({:?} error at byte {})", error.classify(), error.column()))?;
    for value in values {
        let text = value.map_or("", RawValue::get);
        match text {
            "null" => cells.push(b""),
            text if text.starts_with('"') => {
                let text: Cow<'_, str> = serde_json::from_str(text).map_err(|error| error.to_string())?;
                cells.push(text.as_bytes());
            }
            text => cells.push(text.as_bytes()),
        }
    }
    Ok(())
}

/// The keys of the object `line`; None if it is not a JSON object.
pub(super) fn names(line: &[u8]) -> Option<Vec<String>> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(line).ok()?;
    Some(object.into_iter().map(|(name, _)| name).collect())
}

/// Fills in the value at the place that the first function gives for its key.
struct Object<'a, 'de, F>(F, &'a mut Vec<Option<&'de RawValue>>);

impl<'de, F: Fn(&str) -> Option<usize>> Visitor<'de> for Object<'_, 'de, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match (self.0)(&name) {
                Some(place) => self.1[place] = Some(map.next_value()?),
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}
