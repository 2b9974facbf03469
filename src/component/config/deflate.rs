//! Reads `perMessageDeflate`, the compression of messages in a transport's `options`.
//!
//! Autobahn has objects there, which no dict can contain; the keys are those of npm's `ws`.

use crate::component::config::read::{self, Fields};
use crate::error::ConfigError;
use crate::value::Value;
use crate::websocket::Deflate;

const KEYS: [&str; 7] = [
    "level",
    "memLevel",
    "threshold",
    "serverNoContextTakeover",
    "clientNoContextTakeover",
    "serverMaxWindowBits",
    "clientMaxWindowBits",
];

type Set<T> = fn(Deflate, T) -> Deflate;

/// Reads true, false, or a dict.
pub(super) fn read(value: &Value) -> Result<Option<Deflate>, ConfigError> {
    if let Value::Bool(on) = value {
        return Ok(on.then(Deflate::new));
    }
    if value.as_dict().is_none() {
        let text = format_args!("it must be true, false or a dict, not {}", value.kind());
        return Err(ConfigError::new("", text));
    }
    let fields = Fields::of(value, &KEYS)?;
    let mut deflate = Deflate::new();
    let numbers: [(&str, i64, i64, Set<u8>); 4] = [
        ("level", 1, 9, Deflate::level),
        ("memLevel", 1, 9, Deflate::memory_level),
        ("serverMaxWindowBits", 8, 15, Deflate::server_max_window_bits),
        ("clientMaxWindowBits", 8, 15, Deflate::client_max_window_bits),
    ];
    for (key, least, most, set) in numbers {
        let number = fields.map(key, |value| read::integer(value, least, most))?;
        if let Some(number) = number.and_then(|number| u8::try_from(number).ok()) {
            deflate = set(deflate, number);
        }
    }
    let threshold = fields.map("threshold", |value| read::integer(value, 0, i64::MAX))?;
    if let Some(bytes) = threshold {
        deflate = deflate.threshold(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    let flags: [(&str, Set<bool>); 2] = [
        ("serverNoContextTakeover", Deflate::server_context_takeover),
        ("clientNoContextTakeover", Deflate::client_context_takeover),
    ];
    for (key, set) in flags {
        if let Some(without) = fields.map(key, read::boolean)? {
            deflate = set(deflate, !without);
        }
    }
    Ok(Some(deflate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Dict;

    #[test]
    fn a_dict_has_the_names_of_the_extension() {
        let given = Dict::from([
            ("level", Value::Int(6)),
            ("memLevel", Value::Int(9)),
            ("threshold", Value::Int(0)),
            ("serverNoContextTakeover", true.into()),
            ("clientNoContextTakeover", false.into()),
            ("serverMaxWindowBits", Value::Int(8)),
            ("clientMaxWindowBits", Value::Int(15)),
        ]);
        let wanted = Deflate::new()
            .level(6)
            .memory_level(9)
            .threshold(0)
            .server_context_takeover(false)
            .client_context_takeover(true)
            .server_max_window_bits(8)
            .client_max_window_bits(15);
        assert_eq!(read(&given.into()), Ok(Some(wanted)));
        assert_eq!(read(&true.into()), Ok(Some(Deflate::new())));
        assert_eq!(read(&Dict::new().into()), Ok(Some(Deflate::new())));
        assert_eq!(read(&false.into()), Ok(None));
    }

    #[test]
    fn the_bad_one_is_named() {
        for (key, value) in [
            ("level", Value::Int(0)),
            ("memLevel", Value::Int(10)),
            ("threshold", Value::Int(-1)),
            ("serverMaxWindowBits", Value::Int(7)),
            ("clientMaxWindowBits", Value::Int(16)),
            ("clientNoContextTakeover", Value::Int(1)),
            ("windowBits", Value::Int(15)),
        ] {
            let error = read(&Dict::from([(key, value)]).into());
            assert_eq!(error.map_err(|error| error.path), Err(key.to_owned()));
        }
        let error = read(&Value::Int(1)).map_err(|error| error.message);
        assert!(
            error.is_err_and(|text| text.starts_with("it must be true, false or a dict, not "))
        );
    }
}
