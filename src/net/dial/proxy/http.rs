//! Asks an HTTP proxy for a tunnel: `CONNECT` (RFC 9110, section 9.3.6).

use data_encoding::BASE64;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::Refusal;
use crate::error::{Cause, ConfigError, HttpRefusal};
use crate::settings::proxy::Secret;
use crate::url::Host;

/// Maximum length of the proxy's answer, as in WebSocket's opening handshake.
const MAX_HEAD: usize = 16 << 10;

/// The first bytes of every answer.
const START: &[u8] = b"HTTP/1.";

/// Maximum length of a line that an error repeats.
const MAX_TOLD: usize = 100;

pub(super) fn check_login((user, password): &(String, Secret)) -> Result<(), ConfigError> {
    if user.contains(':') {
        return Err(ConfigError::new("username", "it cannot have a colon"));
    }
    if user.chars().any(char::is_control) {
        return Err(ConfigError::new("username", "it has control characters"));
    }
    if password.as_bytes().iter().any(u8::is_ascii_control) {
        return Err(ConfigError::new("password", "it has control characters"));
    }
    Ok(())
}

pub(super) async fn connect(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    port: u16,
    login: Option<&(String, Secret)>,
) -> Result<(), Refusal> {
    stream.write_all(&request(host, port, login)).await?;
    stream.flush().await?;
    let head = read_head(stream).await?;
    let mut lines = head.lines();
    let (status, line) = lines
        .next()
        .and_then(status)
        .ok_or_else(|| Refusal::text("its answer has no HTTP status"))?;
    match status {
        // The answer has no body, whatever its length header states (RFC 9110, section 9.3.6).
        200..=299 => Ok(()),
        407 => {
            let scheme = lines.find_map(wanted).unwrap_or_default();
            let login = if login.is_some() { "refused" } else { "missing" };
            Err(Refusal::Login {
                message: format!("HTTP {line}; the login is {login}, it asks for {scheme:?}"),
                cause: Some(refusal(status, &line)),
            })
        }
        _ => Err(Refusal::Failed {
            status: Some(status),
            message: format!("it answered HTTP {line}"),
            cause: Some(refusal(status, &line)),
        }),
    }
}

/// Makes the cause of a refusal; `line` is `502 Bad Gateway`, for example.
fn refusal(status: u16, line: &str) -> Cause {
    let reason = line.split_once(' ').map_or("", |(_, reason)| reason);
    Cause::new(HttpRefusal::new(status, reason))
}

/// Returns the status, and the text `200 OK`, of `HTTP/1.1 200 OK` or of `HTTP/1.0 200 OK`, which some
/// proxies still send.
fn status(line: &str) -> Option<(u16, String)> {
    let (_version, rest) = line.split_once(' ')?;
    let digits = rest.get(..3)?;
    let whole = matches!(rest.as_bytes().get(3), None | Some(b' '));
    if !whole || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, told(rest)))
}

/// Returns the value of `Proxy-Authenticate`.
fn wanted(line: &str) -> Option<String> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("proxy-authenticate").then(|| told(value))
}

fn told(text: &str) -> String {
    text.trim()
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(MAX_TOLD)
        .collect()
}

/// The request; wiped after use, as it contains the password.
fn request(host: &str, port: u16, login: Option<&(String, Secret)>) -> Zeroizing<Vec<u8>> {
    let target = format!("{}:{port}", Host(host));
    let start = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    let Some((user, password)) = login else {
        return Zeroizing::new(format!("{start}\r\n").into_bytes());
    };
    let (user, password) = (user.as_bytes(), password.as_bytes());
    // Full capacity at once: a growing vector leaves copies in memory.
    let mut pair = Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.len()));
    pair.extend_from_slice(user);
    pair.push(b':');
    pair.extend_from_slice(password);
    let encoded = Zeroizing::new(BASE64.encode(&pair));
    let field = "Proxy-Authorization: Basic ";
    let length = start.len() + field.len() + encoded.len() + 4;
    let mut request = Zeroizing::new(Vec::with_capacity(length));
    for part in [start.as_str(), field, encoded.as_str(), "\r\n\r\n"] {
        request.extend_from_slice(part.as_bytes());
    }
    request
}

/// Reads byte by byte: what follows the head belongs to the server. A line may end without CR (RFC 9112,
/// section 2.2).
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Result<String, Refusal> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\n\r\n") && !head.ends_with(b"\n\n") {
        head.push(stream.read_u8().await?);
        // Report another protocol at once, not by the timeout.
        let known = head.len().min(START.len());
        if head[..known] != START[..known] {
            return Err(Refusal::text("it does not speak HTTP"));
        }
        if head.len() >= MAX_HEAD {
            return Err(Refusal::text(format!("its answer is longer than {MAX_HEAD} bytes")));
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
