//! Contains `Fields`, a dict that is read key by key, strictly.
//!
//! Checks single values: kinds, ranges, unknown keys. Each error has the key's path.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::error::ConfigError;
use crate::settings::LONGEST;
use crate::value::{Dict, Value};

/// Maximum length of an unknown key in an error.
const MAX_KEY: usize = 60;

/// A dict whose keys are all known. A key that is null counts as not set.
pub(super) struct Fields<'a> {
    dict: &'a Dict,
}

impl<'a> Fields<'a> {
    /// Rejects a value that is not a dict, and keys that are not in `known`.
    pub(super) fn of(value: &'a Value, known: &[&str]) -> Result<Self, ConfigError> {
        let dict = dict(value)?;
        match dict.iter().find(|(key, _)| !known.contains(key)) {
            Some((key, _)) => Err(unknown(key, &format!("known are {}", known.join(", ")))),
            None => Ok(Fields { dict }),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.dict.get(key).filter(|value| **value != Value::Null)
    }

    /// Converts the value with `read`, if it is set; errors have the key's path.
    pub(super) fn map<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Value) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.get(key).map(|value| read(value).map_err(|error| error.within(key))).transpose()
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, ConfigError> {
        self.map(key, text)
    }

    /// Converts the value as [`map`](Self::map) does, and rejects a missing one.
    pub(super) fn required<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Value) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        self.map(key, read)?.ok_or_else(|| ConfigError::new(key, "it is missing"))
    }
}

pub(super) fn unknown(key: &str, known: &str) -> ConfigError {
    let mut shown: String = key.chars().flat_map(char::escape_debug).take(MAX_KEY).collect();
    if shown.len() < key.len() {
        shown.push('…');
    }
    ConfigError::new(shown, format_args!("unknown key; {known}"))
}

fn here(message: impl std::fmt::Display) -> ConfigError {
    ConfigError::new("", message)
}

fn wrong(value: &Value, wanted: &str) -> ConfigError {
    here(format_args!("it must be {wanted}, not {}", value.kind()))
}

pub(super) fn dict(value: &Value) -> Result<&Dict, ConfigError> {
    value.as_dict().ok_or_else(|| wrong(value, "a dict"))
}

pub(super) fn list(value: &Value) -> Result<&[Value], ConfigError> {
    value.as_list().ok_or_else(|| wrong(value, "a list"))
}

pub(super) fn text(value: &Value) -> Result<&str, ConfigError> {
    value.as_str().ok_or_else(|| wrong(value, "a string"))
}

pub(super) fn boolean(value: &Value) -> Result<bool, ConfigError> {
    value.as_bool().ok_or_else(|| wrong(value, "true or false"))
}

pub(super) fn integer(value: &Value, least: i64, most: i64) -> Result<i64, ConfigError> {
    let range = || here(format_args!("it must be {least} to {most}"));
    match value {
        Value::Int(number) if (least..=most).contains(number) => Ok(*number),
        _ if value.kind() == "integer" => Err(range()),
        _ => Err(wrong(value, "an integer")),
    }
}

pub(super) fn port(value: &Value) -> Result<u16, ConfigError> {
    let port = integer(value, 1, i64::from(u16::MAX))?;
    u16::try_from(port).map_err(here)
}

pub(super) fn number(value: &Value, least: f64, most: f64) -> Result<f64, ConfigError> {
    let number = value.as_f64().ok_or_else(|| wrong(value, "a number"))?;
    // Also rejects NaN.
    if !(least..=most).contains(&number) {
        return Err(here(format_args!("it must be {least} to {most}")));
    }
    Ok(number)
}

/// Reads a time in seconds, as a whole number or with a fraction.
pub(super) fn seconds(value: &Value) -> Result<Duration, ConfigError> {
    let number = number(value, 0.0, LONGEST.as_secs_f64())
        .map_err(|error| here(format_args!("{} seconds", error.message)))?;
    Duration::try_from_secs_f64(number).map_err(here)
}

/// Reads a time as [`seconds`] does, but not 0.
pub(super) fn some_seconds(value: &Value) -> Result<Duration, ConfigError> {
    match seconds(value)? {
        Duration::ZERO => Err(here("it must be more than 0 seconds")),
        time => Ok(time),
    }
}

/// Parses JSON text into a value.
pub(super) fn json(text: &str) -> Result<Value, ConfigError> {
    let value = serde_json::from_str::<Value>(text)
        .map_err(|error| here(format_args!("not valid JSON: {error}")))?;
    // One of two values of a key would be ignored.
    serde_json::from_str::<UniqueKeys>(text).map_err(here)?;
    Ok(value)
}

/// JSON whose dicts have no duplicate keys.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueKeys)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = UniqueKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_bool<E>(self, _: bool) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_i64<E>(self, _: i64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_u64<E>(self, _: u64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_f64<E>(self, _: f64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_str<E>(self, _: &str) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<UniqueKeys, A::Error> {
        while list.next_element::<UniqueKeys>()?.is_some() {}
        Ok(UniqueKeys)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut dict: A) -> Result<UniqueKeys, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = dict.next_key::<String>()? {
            let shown: String = key.chars().take(MAX_KEY).collect();
            if !keys.insert(key) {
                return Err(A::Error::custom(format_args!("the key {shown:?} is given twice")));
            }
            dict.next_value::<UniqueKeys>()?;
        }
        Ok(UniqueKeys)
    }
}
