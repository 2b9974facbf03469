//! Reads the `options` of a transport's dict: Autobahn's `setProtocolOptions`.
//!
//! Lists all options of Autobahn, and which of them are supported, not supported yet, or never:
//! none is ignored.

use std::time::Duration;

use crate::component::config::{deflate, read};
use crate::error::ConfigError;
use crate::settings::LARGEST;
use crate::transport::Ping;
use crate::value::Value;
use crate::websocket::WebSocketOptions;

/// The handling of an option.
enum Rule {
    /// Range, both ends included.
    Bytes(i64, i64, fn(WebSocketOptions, usize) -> WebSocketOptions),
    Flag(fn(WebSocketOptions, bool) -> WebSocketOptions),
    /// More than 0.
    Time(fn(WebSocketOptions, Duration) -> WebSocketOptions),
    /// 0 disables it.
    TimeOrOff(fn(WebSocketOptions, Duration) -> WebSocketOptions),
    /// True, false, or a dict.
    Compression,
    /// The only supported value.
    Only(bool, &'static str),
    OnlyVersion,
    /// Disabled only: an empty list.
    Off(&'static str),
    Refused(&'static str),
}

use Rule::{Bytes, Compression, Flag, Off, Only, OnlyVersion, Refused, Time, TimeOrOff};

/// [`LARGEST`] and the sizes of a [`Ping`], which fit.
const MOST: i64 = LARGEST as i64;
const PING: (i64, i64) = (Ping::MIN_SIZE as i64, Ping::MAX_SIZE as i64);

const SERVER: &str = "this is an option of servers";
const COMPRESSION: &str =
    "a dict cannot have it, because its values are objects; use perMessageDeflate";

/// Those that can be set for RawSocket.
const RAW_SOCKET: [&str; 8] = [
    "maxMessagePayloadSize",
    "openHandshakeTimeout",
    "closeHandshakeTimeout",
    "autoPingInterval",
    "autoPingTimeout",
    "autoPingSize",
    "autoPingRestartOnAnyTraffic",
    "tcpNoDelay",
];

/// By their names in `camelCase`.
const OPTIONS: &[(&str, Rule)] = &[
    ("maxFramePayloadSize", Bytes(1, MOST, WebSocketOptions::max_frame_payload_size)),
    ("maxMessagePayloadSize", Bytes(1, MOST, WebSocketOptions::max_message_payload_size)),
    ("openHandshakeTimeout", Time(WebSocketOptions::open_handshake_timeout)),
    ("closeHandshakeTimeout", Time(WebSocketOptions::close_handshake_timeout)),
    ("serverConnectionDropTimeout", Time(WebSocketOptions::server_connection_drop_timeout)),
    ("autoPingInterval", TimeOrOff(WebSocketOptions::auto_ping_interval)),
    ("autoPingTimeout", TimeOrOff(WebSocketOptions::auto_ping_timeout)),
    ("autoPingSize", Bytes(PING.0, PING.1, WebSocketOptions::auto_ping_size)),
    ("autoPingRestartOnAnyTraffic", Flag(WebSocketOptions::auto_ping_restart_on_any_traffic)),
    ("autoFragmentSize", Bytes(0, MOST, WebSocketOptions::auto_fragment_size)),
    ("perMessageDeflate", Compression),
    ("tcpNoDelay", Only(true, "each socket has TCP_NODELAY")),
    ("failByDrop", Flag(WebSocketOptions::fail_by_drop)),
    ("echoCloseCodeReason", Only(true, "the peer's code and reason are always echoed")),
    ("version", OnlyVersion),
    ("utf8validateIncoming", Only(true, "text is always checked")),
    ("applyMask", Only(true, "RFC 6455 demands it of clients")),
    ("maskClientFrames", Only(true, "RFC 6455 demands it of clients")),
    ("acceptMaskedServerFrames", Only(false, "RFC 6455 forbids it")),
    ("perMessageCompressionOffers", Off(COMPRESSION)),
    ("perMessageCompressionAccept", Refused(COMPRESSION)),
    ("versions", Refused(SERVER)),
    ("maskServerFrames", Refused(SERVER)),
    ("requireMaskedClientFrames", Refused(SERVER)),
    ("webStatus", Refused(SERVER)),
    ("serveFlashSocketPolicy", Refused(SERVER)),
    ("flashSocketPolicy", Refused(SERVER)),
    ("allowedOrigins", Refused(SERVER)),
    ("allowNullOrigin", Refused(SERVER)),
    ("maxConnections", Refused(SERVER)),
    ("trustXForwardedFor", Refused(SERVER)),
];

/// Reads them from a dict, whose keys are in `camelCase` or `snake_case`. Sizes are in bytes, times
/// in seconds. Only some of them apply to RawSocket.
pub(super) fn read(value: &Value, raw: bool) -> Result<WebSocketOptions, ConfigError> {
    let mut options = WebSocketOptions::new();
    let mut seen: Vec<&str> = Vec::new();
    for (key, value) in read::dict(value)?.iter() {
        let find = |(name, _): &&(&str, Rule)| *name == key || snake_case(name) == key;
        let Some((name, rule)) = OPTIONS.iter().find(find) else {
            return Err(read::unknown(key, &known(raw)));
        };
        if raw && !RAW_SOCKET.contains(name) {
            return Err(ConfigError::new(
                key,
                format_args!("not supported by RawSocket; {}", known(raw)),
            ));
        }
        if seen.contains(name) {
            return Err(ConfigError::new(key, format_args!("it is given twice, also as {name}")));
        }
        seen.push(name);
        if *value != Value::Null {
            options = apply(options, rule, value).map_err(|error| error.within(key))?;
        }
    }
    Ok(options)
}

fn apply(
    options: WebSocketOptions,
    rule: &Rule,
    value: &Value,
) -> Result<WebSocketOptions, ConfigError> {
    let refuse = |text: &str| Err(ConfigError::new("", text));
    match rule {
        Bytes(least, most, set) => {
            let bytes = read::integer(value, *least, *most)
                .map_err(|error| ConfigError::new("", format_args!("{} bytes", error.message)))?;
            Ok(set(options, usize::try_from(bytes).unwrap_or(LARGEST)))
        }
        Flag(set) => Ok(set(options, read::boolean(value)?)),
        Time(set) => Ok(set(options, read::some_seconds(value)?)),
        TimeOrOff(set) => Ok(set(options, read::seconds(value)?)),
        Compression => Ok(options.per_message_deflate(deflate::read(value)?)),
        Only(only, reason) if read::boolean(value)? != *only => {
            refuse(&format!("it can only be {only}: {reason}"))
        }
        // Autobahn has the number of the draft of RFC 6455, the wire has 13.
        OnlyVersion if !matches!(value.as_u64(), Some(13 | 18)) => {
            refuse("the protocol's version is always that of RFC 6455 (13; in Autobahn 18)")
        }
        Off(_) if value.as_list().is_some_and(<[_]>::is_empty) => Ok(options),
        Off(reason) | Refused(reason) => refuse(reason),
        Only(..) | OnlyVersion => Ok(options),
    }
}

/// Returns the names of the options that can be set.
fn known(raw: bool) -> String {
    let settable =
        |rule: &Rule| matches!(rule, Bytes(..) | Flag(_) | Time(_) | TimeOrOff(_) | Compression);
    let names: Vec<_> = OPTIONS
        .iter()
        .filter(|(name, rule)| settable(rule) && (!raw || RAW_SOCKET.contains(name)))
        .map(|(name, _)| *name)
        .collect();
    format!("known are {}, also in snake_case", names.join(", "))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Dict;

    #[test]
    fn names_in_both_cases() {
        assert_eq!(snake_case("maxMessagePayloadSize"), "max_message_payload_size");
        assert_eq!(snake_case("utf8validateIncoming"), "utf8validate_incoming");
        let camel = Value::from(Dict::from([("autoPingInterval", 2.5)]));
        let snake = Value::from(Dict::from([("auto_ping_interval", 2.5)]));
        assert_eq!(read(&camel, false), read(&snake, false));
        let wanted = WebSocketOptions::new().auto_ping_interval(Duration::from_millis(2500));
        assert_eq!(read(&camel, false), Ok(wanted));
    }

    #[test]
    fn what_pings_and_fragments_are() {
        let given = Dict::from([
            ("autoPingSize", Value::Int(125)),
            ("autoPingRestartOnAnyTraffic", false.into()),
            ("auto_fragment_size", Value::Int(0)),
        ]);
        let wanted = WebSocketOptions::new()
            .auto_ping_size(125)
            .auto_ping_restart_on_any_traffic(false)
            .auto_fragment_size(0);
        assert_eq!(read(&given.into(), false), Ok(wanted));
    }
}
