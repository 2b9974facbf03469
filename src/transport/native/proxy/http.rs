//! Asking an HTTP proxy for a tunnel: `CONNECT` (RFC 9110, section 9.3.6).

use data_encoding::BASE64;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tungstenite::handshake::client::Response;
use tungstenite::handshake::machine::TryParse;
use zeroize::Zeroizing;

use super::{Login, Refusal};
use crate::transport::url::Host;

/// As for the opening handshake.
const MAX_HEAD: usize = 16 << 10;

/// What every answer begins with.
const START: &[u8] = b"HTTP/1.";

/// How much of what a proxy asks for an error repeats.
const MAX_TOLD: usize = 100;

pub(super) fn check_login(login: &Login) -> Result<(), String> {
    if login.user.contains(':') {
        return Err("username: it cannot have a colon".to_owned());
    }
    if login.user.chars().any(char::is_control) {
        return Err("username: it has control characters".to_owned());
    }
    if login.password.as_bytes().iter().any(u8::is_ascii_control) {
        return Err("password: it has control characters".to_owned());
    }
    Ok(())
}

pub(super) async fn connect(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    port: u16,
    login: Option<&Login>,
) -> Result<(), Refusal> {
    stream.write_all(&request(host, port, login)).await?;
    stream.flush().await?;
    let head = read_head(stream).await?;
    let bad = |error: &dyn std::fmt::Display| Refusal::text(format!("this is no answer: {error}"));
    let response = match Response::try_parse(&head) {
        Ok(Some((_, response))) => response,
        Ok(None) => return Err(bad(&"incomplete HTTP head")),
        Err(error) => return Err(bad(&error)),
    };
    let status = response.status();
    if status.is_success() {
        // Whatever a length says, there is no body (RFC 9110, section 9.3.6).
        return Ok(());
    }
    if status != 407 {
        return Err(Refusal::status(status.as_u16(), format!("it answered HTTP {status}")));
    }
    let asked: String = response
        .headers()
        .get("Proxy-Authenticate")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(MAX_TOLD).collect())
        .unwrap_or_default();
    let login = if login.is_some() { "refused" } else { "not given" };
    Err(Refusal::Login(format!(
        "HTTP {status}; user and password were {login}, it asks for {asked:?}"
    )))
}

/// Wiped after use, as the password is in it.
fn request(host: &str, port: u16, login: Option<&Login>) -> Zeroizing<Vec<u8>> {
    let target = format!("{}:{port}", Host(host));
    let start = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    let Some(login) = login else {
        return Zeroizing::new(format!("{start}\r\n").into_bytes());
    };
    let (user, password) = (login.user.as_bytes(), login.password.as_bytes());
    // With its whole capacity from the start: growing would leave copies behind.
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

/// Byte by byte: what follows the head is the router's.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Refusal> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
        // Whoever speaks another protocol is told so at once, not by the timeout.
        let known = head.len().min(START.len());
        if head[..known] != START[..known] {
            return Err(Refusal::text("it does not speak HTTP"));
        }
        if head.len() >= MAX_HEAD {
            return Err(Refusal::text(format!("HTTP head longer than {MAX_HEAD} bytes")));
        }
    }
    Ok(head)
}
