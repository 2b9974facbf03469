//! Agreeing on permessage-deflate (RFC 7692, section 7.1): offers, responses and their outcome.

use std::fmt::Write;

use super::compressor::Compressor;
use super::decompressor::Decompressor;
use super::extensions::{BadExtensions, Extension, parse};
use crate::framing::websocket::Role;
pub use crate::settings::DeflateParameters as Parameters;
use crate::settings::{Deflate, DeflateOffer, WINDOW_BITS};

/// Name of the extension.
pub const NAME: &str = "permessage-deflate";

const SERVER_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_WINDOW: &str = "server_max_window_bits";
const CLIENT_WINDOW: &str = "client_max_window_bits";

/// The outcome of a negotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Parameters that both sides agreed on.
    pub parameters: Parameters,
    /// The settings of this side for this connection.
    pub settings: Deflate,
}

impl Agreement {
    /// Creates the compressor of a side.
    pub fn compressor(&self, role: Role) -> Compressor {
        Compressor::new(role, self)
    }

    /// Creates the decompressor of a side.
    pub fn decompressor(&self, role: Role) -> Decompressor {
        Decompressor::new(role, self)
    }
}

/// Returns the value of a client's `Sec-WebSocket-Extensions`.
///
/// `client_max_window_bits` is in it, so that a server may choose the client's window, unless that is switched off.
pub fn offer(settings: &Deflate) -> String {
    let offer = offered(settings);
    let client_window = match offer.client_max_window_bits {
        Some(Some(bits)) => format!("; {CLIENT_WINDOW}={bits}"),
        Some(None) => format!("; {CLIENT_WINDOW}"),
        None => String::new(),
    };
    let mut text = flags(offer.server_no_context_takeover, offer.client_no_context_takeover);
    push_window(&mut text, SERVER_WINDOW, offer.server_max_window_bits);
    text + &client_window
}

/// Chooses one of a client's offers, and returns the outcome and the value of the response's header.
/// `None` declines: offers with unknown, doubled or invalid parameters are passed over, and so are other
/// extensions.
///
/// # Errors
/// [`BadExtensions::Syntax`]
pub fn accept<I>(lines: I, settings: &Deflate) -> Result<Option<(Agreement, String)>, BadExtensions>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let extensions = parse(lines)?;
    let offers: Vec<_> =
        extensions.iter().filter(|it| is_deflate(it)).filter_map(|it| read(it).ok()).collect();
    if offers.is_empty() {
        return Ok(None);
    }
    Ok(settings.choose(&offers).map(|(offer, settings)| respond(&offer, settings)))
}

/// Checks the extensions that a server chose against those that were offered: `None` if nothing was.
/// Returns the outcome, `None` without compression.
///
/// # Errors
/// The response is not a valid answer, so the client has to fail the connection.
pub fn check_response<I>(
    lines: I,
    settings: Option<&Deflate>,
) -> Result<Option<Agreement>, BadExtensions>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let extensions = parse(lines)?;
    let Some(extension) = extensions.first() else { return Ok(None) };
    let other = extensions.iter().find(|it| !is_deflate(it) || settings.is_none());
    let (None, Some(settings)) = (other, settings) else {
        let other = other.unwrap_or(extension);
        return Err(BadExtensions::NotOffered(other.name.clone()));
    };
    if extensions.len() > 1 {
        return Err(BadExtensions::Twice);
    }
    let parameters = read(extension)
        .and_then(|response| compare(&offered(settings), &response))
        .map_err(BadExtensions::Parameters)?;
    let settings = settings.confirm(&parameters).ok_or(BadExtensions::Refused)?;
    Ok(Some(Agreement { parameters, settings }))
}

/// Returns a client's offer as data.
fn offered(settings: &Deflate) -> DeflateOffer {
    DeflateOffer {
        server_no_context_takeover: settings.server_takeover() == Some(false),
        client_no_context_takeover: settings.client_takeover() == Some(false),
        server_max_window_bits: settings.server_window().filter(|bits| *bits < 15),
        client_max_window_bits: settings
            .accepts_window()
            .then(|| settings.client_window().filter(|bits| *bits < 15)),
    }
}

/// Accepts an offer.
fn respond(offer: &DeflateOffer, settings: Deflate) -> (Agreement, String) {
    let parameters = Parameters {
        server_no_context_takeover: offer.server_no_context_takeover
            || !settings.server_takeover().unwrap_or(false),
        client_no_context_takeover: offer.client_no_context_takeover
            || !settings.client_takeover().unwrap_or(false),
        server_max_window_bits: match offer.server_max_window_bits {
            Some(most) => most.min(settings.server_window().unwrap_or(15)),
            None => 15,
        },
        client_max_window_bits: match offer.client_max_window_bits {
            Some(hint) => smaller(hint, settings.client_window()),
            None => 15,
        },
    };
    let mut text =
        flags(parameters.server_no_context_takeover, parameters.client_no_context_takeover);
    // Never unasked: Firefox has closed the connection on that.
    let answer = offer.server_max_window_bits.map(|_| parameters.server_max_window_bits);
    push_window(&mut text, SERVER_WINDOW, answer);
    let client = parameters.client_max_window_bits;
    push_window(&mut text, CLIENT_WINDOW, (client < 15).then_some(client));
    (Agreement { parameters, settings }, text)
}

/// Compares a response with the offer. The error says what is wrong.
fn compare(offer: &DeflateOffer, response: &DeflateOffer) -> Result<Parameters, String> {
    if offer.server_no_context_takeover && !response.server_no_context_takeover {
        return Err(format!("{SERVER_TAKEOVER} is missing"));
    }
    let server = match (offer.server_max_window_bits, response.server_max_window_bits) {
        (Some(_), None) => return Err(format!("{SERVER_WINDOW} is missing")),
        (Some(most), Some(bits)) if bits > most => {
            return Err(format!("{SERVER_WINDOW} is {bits}, more than {most}"));
        }
        (_, bits) => bits.unwrap_or(15),
    };
    let client = match (offer.client_max_window_bits, response.client_max_window_bits) {
        (None, Some(_)) => return Err(format!("{CLIENT_WINDOW} was not offered")),
        (_, Some(None)) => return Err(format!("{CLIENT_WINDOW} has no value")),
        (Some(Some(most)), Some(Some(bits))) if bits > most => {
            return Err(format!("{CLIENT_WINDOW} is {bits}, more than {most}"));
        }
        (hint, bits) => smaller(hint.flatten(), bits.flatten()),
    };
    Ok(Parameters {
        server_no_context_takeover: response.server_no_context_takeover,
        client_no_context_takeover: response.client_no_context_takeover,
        server_max_window_bits: server,
        client_max_window_bits: client,
    })
}

/// Reads the parameters of an offer or a response. The error says what is wrong.
fn read(extension: &Extension) -> Result<DeflateOffer, String> {
    let mut offer = DeflateOffer::default();
    for (name, value) in &extension.parameters {
        let value = value.as_deref();
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let doubled = if is(SERVER_TAKEOVER) {
            std::mem::replace(&mut offer.server_no_context_takeover, flag(name, value)?)
        } else if is(CLIENT_TAKEOVER) {
            std::mem::replace(&mut offer.client_no_context_takeover, flag(name, value)?)
        } else if is(SERVER_WINDOW) {
            let value = value.ok_or_else(|| format!("{SERVER_WINDOW} has no value"))?;
            offer.server_max_window_bits.replace(bits(name, value)?).is_some()
        } else if is(CLIENT_WINDOW) {
            let bits = value.map(|value| bits(name, value)).transpose()?;
            offer.client_max_window_bits.replace(bits).is_some()
        } else {
            return Err(format!("{name} is unknown"));
        };
        if doubled {
            return Err(format!("{name} is given twice"));
        }
    }
    Ok(offer)
}

fn flag(name: &str, value: Option<&str>) -> Result<bool, String> {
    match value {
        None => Ok(true),
        Some(_) => Err(format!("{name} has a value")),
    }
}

/// A decimal number without leading zeros.
fn bits(name: &str, value: &str) -> Result<u8, String> {
    let bits = WINDOW_BITS.into_iter().find(|bits| bits.to_string() == value);
    bits.ok_or_else(|| format!("{name} is {value:?}, it must be 8 to 15"))
}

fn is_deflate(extension: &Extension) -> bool {
    extension.name.eq_ignore_ascii_case(NAME)
}

fn smaller(a: Option<u8>, b: Option<u8>) -> u8 {
    a.unwrap_or(15).min(b.unwrap_or(15))
}

/// The name with the parameters that have no value.
fn flags(server: bool, client: bool) -> String {
    let mut text = NAME.to_owned();
    for (set, name) in [(server, SERVER_TAKEOVER), (client, CLIENT_TAKEOVER)] {
        if set {
            text.push_str("; ");
            text.push_str(name);
        }
    }
    text
}

fn push_window(text: &mut String, name: &str, bits: Option<u8>) {
    if let Some(bits) = bits {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "; {name}={bits}");
    }
}
