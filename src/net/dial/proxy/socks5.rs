//! Asks a SOCKS5 proxy for a connection: RFC 1928, with user and password by RFC 1929.
//!
//! Written by hand because the crates for it keep copies of the password, and drop reply codes that
//! are not in RFC 1928, such as Tor's.

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::Refusal;
use crate::error::cause::SocksRefusal;
use crate::error::{Cause, ConfigError};
use crate::settings::proxy::Secret;

/// Maximum length of names, users and passwords: the length field has one byte.
pub(super) const LONGEST: usize = 255;

const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

pub(super) fn check_login((user, password): &(String, Secret)) -> Result<(), ConfigError> {
    for (key, length) in [("username", user.len()), ("password", password.as_bytes().len())] {
        if !(1..=LONGEST).contains(&length) {
            let text = format_args!("it has {length} bytes, SOCKS5 takes 1 to {LONGEST}");
            return Err(ConfigError::new(key, text));
        }
    }
    Ok(())
}

pub(super) async fn connect(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    port: u16,
    login: Option<&(String, Secret)>,
) -> Result<(), Refusal> {
    let offer: &[u8] = match login {
        Some(_) => &[VERSION, 2, NO_LOGIN, LOGIN],
        None => &[VERSION, 1, NO_LOGIN],
    };
    stream.write_all(offer).await?;
    stream.flush().await?;
    check_version(stream.read_u8().await?)?;
    match (stream.read_u8().await?, login) {
        (NO_LOGIN, _) => {}
        (LOGIN, Some(login)) => log_in(stream, login).await?,
        (NO_METHOD, None) => {
            return Err(Refusal::login("it requires a user name and password"));
        }
        (NO_METHOD, Some(_)) => {
            return Err(Refusal::login("it does not accept a user name and password"));
        }
        (other, _) => {
            return Err(Refusal::text(format!("it chose method {other}, which was not offered")));
        }
    }
    stream.write_all(&request(host, port)?).await?;
    stream.flush().await?;
    read_reply(stream).await
}

async fn log_in(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    (user, password): &(String, Secret),
) -> Result<(), Refusal> {
    let (user, password) = (user.as_bytes(), password.as_bytes());
    // Full capacity at once: a growing vector leaves copies in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
    bytes.extend_from_slice(&[LOGIN_VERSION, length(user)?]);
    bytes.extend_from_slice(user);
    bytes.push(length(password)?);
    bytes.extend_from_slice(password);
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    let version = stream.read_u8().await?;
    if version != LOGIN_VERSION {
        return Err(Refusal::text(format!("it answers the password with version {version}")));
    }
    match stream.read_u8().await? {
        0 => Ok(()),
        status => Err(Refusal::login(format!("user and password were refused (status {status})"))),
    }
}

fn request(host: &str, port: u16) -> Result<Vec<u8>, Refusal> {
    let mut bytes = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            bytes.push(IPV4);
            bytes.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            bytes.push(IPV6);
            bytes.extend(address.octets());
        }
        Err(_) => {
            bytes.extend([NAME, length(host.as_bytes())?]);
            bytes.extend(host.as_bytes());
        }
    }
    bytes.extend(port.to_be_bytes());
    Ok(bytes)
}

/// Reads exactly the reply; the address in it is not used.
async fn read_reply(stream: &mut (impl AsyncRead + Unpin)) -> Result<(), Refusal> {
    check_version(stream.read_u8().await?)?;
    let status = stream.read_u8().await?;
    if status != 0 {
        let refusal = SocksRefusal::new(status);
        return Err(Refusal::Failed {
            status: Some(status.into()),
            message: refusal.to_string(),
            cause: Some(Cause::new(refusal)),
        });
    }
    let _reserved = stream.read_u8().await?;
    let length = match stream.read_u8().await? {
        IPV4 => 4,
        IPV6 => 16,
        NAME => stream.read_u8().await?.into(),
        other => return Err(Refusal::text(format!("its reply has an address of type {other}"))),
    };
    let mut address_and_port = [0; LONGEST + 2];
    stream.read_exact(&mut address_and_port[..length + 2]).await?;
    Ok(())
}

fn check_version(version: u8) -> Result<(), Refusal> {
    if version == VERSION {
        return Ok(());
    }
    Err(Refusal::text("it does not speak SOCKS5"))
}

/// The length as one byte; longer values are refused at construction.
fn length(bytes: &[u8]) -> Result<u8, Refusal> {
    bytes.len().try_into().map_err(|_| Refusal::text("longer than SOCKS5 can carry"))
}
