//! `Deflate`: the settings of permessage-deflate (RFC 7692), for clients and servers.
//!
//! Contains the settings, their check, and what the functions that accept offers and responses see.

use std::fmt;
use std::sync::Arc;

use crate::error::ConfigError;

type AcceptOffers = dyn Fn(&[DeflateOffer]) -> Option<(DeflateOffer, Deflate)> + Send + Sync;
type AcceptResponse = dyn Fn(&DeflateParameters) -> Option<Deflate> + Send + Sync;

/// Sizes of a window in bits that can be agreed on (RFC 7692, section 7.1.2).
pub(crate) const WINDOW_BITS: std::ops::RangeInclusive<u8> = 8..=15;

/// Compression of messages: the WebSocket extension permessage-deflate (RFC 7692).
///
/// A client offers it with these settings, and a server accepts offers by them; both sides may decline.
/// Compressing secrets together with data that an attacker chooses leaks the secrets through the length
/// (CRIME, BREACH), even over TLS. Context takeover spreads that risk over all messages of a connection.
///
/// A connection without context takeover holds no memory for compression between messages. With
/// takeover it holds up to 32 KiB for receiving and, until it is idle, 380 KiB for sending.
///
/// ```
/// use wampwerk::websocket::{Deflate, WebSocketOptions};
///
/// let deflate = Deflate::new().level(6).threshold(1024).server_context_takeover(false);
/// let options = WebSocketOptions::new().per_message_deflate(deflate);
/// # let _ = options;
/// ```
#[doc(alias = "PerMessageDeflateOffer")]
#[doc(alias = "perMessageCompressionOffers")]
#[derive(Clone, Default)]
pub struct Deflate {
    level: Option<u8>,
    memory_level: Option<u8>,
    threshold: Option<usize>,
    server_context_takeover: Option<bool>,
    client_context_takeover: Option<bool>,
    server_max_window_bits: Option<u8>,
    client_max_window_bits: Option<u8>,
    accept_max_window_bits: Option<bool>,
    accept_offers: Option<Arc<AcceptOffers>>,
    accept_response: Option<Arc<AcceptResponse>>,
}

/// An offer of permessage-deflate in a client's request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateOffer {
    /// The server must not refer to earlier messages.
    pub server_no_context_takeover: bool,
    /// The client will not refer to earlier messages.
    pub client_no_context_takeover: bool,
    /// Maximum size of the server's window in bits, 8 to 15, if the client limits it.
    pub server_max_window_bits: Option<u8>,
    /// Present if the server may limit the client's window; the value inside is the size in bits, 8 to
    /// 15, that the client does not exceed in any case.
    pub client_max_window_bits: Option<Option<u8>>,
}

/// The parameters of permessage-deflate that both sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateParameters {
    /// The server does not refer to earlier messages.
    pub server_no_context_takeover: bool,
    /// The client does not refer to earlier messages.
    pub client_no_context_takeover: bool,
    /// Size of the server's window in bits, 8 to 15.
    pub server_max_window_bits: u8,
    /// Size of the client's window in bits, 8 to 15.
    pub client_max_window_bits: u8,
}

impl Deflate {
    /// Creates settings with the defaults.
    pub fn new() -> Self {
        Deflate::default()
    }

    /// Compression level, 1 (fastest) to 9 (smallest). Default: 1, whereas zlib and Autobahn have 6.
    #[must_use]
    pub fn level(mut self, level: u8) -> Self {
        self.level = Some(level);
        self
    }

    /// zlib's `memLevel`, 1 to 9: memory of a compressor while it works. Default: 8.
    #[doc(alias = "mem_level")]
    #[must_use]
    pub fn memory_level(mut self, level: u8) -> Self {
        self.memory_level = Some(level);
        self
    }

    /// Size in bytes below which messages are sent uncompressed. Default: 128; with context takeover 32.
    #[must_use]
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = Some(bytes);
        self
    }

    /// Sets whether the server's messages may refer to earlier ones. A client that sets false demands
    /// `server_no_context_takeover`. Default: true for clients, false for servers.
    #[doc(alias("server_no_context_takeover", "no_context_takeover"))]
    #[doc(alias = "request_no_context_takeover")]
    #[must_use]
    pub fn server_context_takeover(mut self, allow: bool) -> Self {
        self.server_context_takeover = Some(allow);
        self
    }

    /// Sets whether the client's messages may refer to earlier ones. A server that sets false demands
    /// `client_no_context_takeover`. Default: true for clients, false for servers.
    #[doc(alias = "client_no_context_takeover")]
    #[doc(alias = "accept_no_context_takeover")]
    #[must_use]
    pub fn client_context_takeover(mut self, allow: bool) -> Self {
        self.client_context_takeover = Some(allow);
        self
    }

    /// Maximum size of the server's window in bits, 8 to 15. A client demands it; some servers then
    /// decline. A server uses no larger window, and says so to clients that ask. Default: 15.
    #[doc(alias("request_max_window_bits", "window_bits"))]
    #[must_use]
    pub fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.server_max_window_bits = Some(bits);
        self
    }

    /// Maximum size of the client's window in bits, 8 to 15. A client uses no larger window. A server
    /// asks clients for it that can limit their window, and accepts others as well. Default: 15.
    #[must_use]
    pub fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.client_max_window_bits = Some(bits);
        self
    }

    /// Sets whether a client lets the server limit the client's window. If false, the offer is made without
    /// `client_max_window_bits`, and a response with it fails the handshake. No effect on servers. Default: true.
    #[must_use]
    pub fn accept_max_window_bits(mut self, accept: bool) -> Self {
        self.accept_max_window_bits = Some(accept);
        self
    }

    /// Function by which a server chooses one of a client's valid offers, in the client's order, and the
    /// settings for that connection; `None` declines compression. Settings that are not valid decline,
    /// too. Default: the first offer, with these settings.
    #[doc(alias = "perMessageCompressionAccept")]
    #[doc(alias = "PerMessageDeflateOfferAccept")]
    #[must_use]
    pub fn accept_offers<F>(mut self, accept: F) -> Self
    where
        F: Fn(&[DeflateOffer]) -> Option<(DeflateOffer, Deflate)> + Send + Sync + 'static,
    {
        self.accept_offers = Some(Arc::new(accept));
        self
    }

    /// Function by which a client checks the parameters that a server chose, and gives the settings for
    /// that connection; `None` fails the handshake, and so do settings that are not valid. Default: all
    /// valid parameters, with these settings.
    #[doc(alias = "perMessageCompressionAccept")]
    #[doc(alias = "PerMessageDeflateResponseAccept")]
    #[must_use]
    pub fn accept_response<F>(mut self, accept: F) -> Self
    where
        F: Fn(&DeflateParameters) -> Option<Deflate> + Send + Sync + 'static,
    {
        self.accept_response = Some(Arc::new(accept));
        self
    }

    /// Checks that every setting is valid. Connecting and listening do this, too.
    ///
    /// # Errors
    /// The first setting that is not valid.
    pub fn check(&self) -> Result<(), ConfigError> {
        let levels = [("level", self.level), ("memory_level", self.memory_level)];
        for (name, level) in levels {
            if level.is_some_and(|level| !(1..=9).contains(&level)) {
                return Err(ConfigError::new(name, "it must be 1 to 9"));
            }
        }
        let windows = [
            ("server_max_window_bits", self.server_max_window_bits),
            ("client_max_window_bits", self.client_max_window_bits),
        ];
        for (name, bits) in windows {
            if bits.is_some_and(|bits| !WINDOW_BITS.contains(&bits)) {
                return Err(ConfigError::new(name, "it must be 8 to 15"));
            }
        }
        Ok(())
    }

    pub(crate) fn compression_level(&self) -> u8 {
        self.level.unwrap_or(1)
    }

    pub(crate) fn compression_memory(&self) -> u8 {
        self.memory_level.unwrap_or(8)
    }

    /// Returns the size below which messages are sent as they are.
    pub(crate) fn least_size(&self, takeover: bool) -> usize {
        self.threshold.unwrap_or(if takeover { 32 } else { 128 })
    }

    pub(crate) fn server_takeover(&self) -> Option<bool> {
        self.server_context_takeover
    }

    pub(crate) fn client_takeover(&self) -> Option<bool> {
        self.client_context_takeover
    }

    pub(crate) fn server_window(&self) -> Option<u8> {
        self.server_max_window_bits
    }

    pub(crate) fn client_window(&self) -> Option<u8> {
        self.client_max_window_bits
    }

    /// Returns whether the server may limit the client's window.
    pub(crate) fn accepts_window(&self) -> bool {
        self.accept_max_window_bits.unwrap_or(true)
    }

    /// Chooses one of the offers as set, and the settings with which it is accepted.
    pub(crate) fn choose(&self, offers: &[DeflateOffer]) -> Option<(DeflateOffer, Deflate)> {
        let Some(accept) = &self.accept_offers else {
            return offers.first().map(|offer| (*offer, self.clone()));
        };
        let (offer, settings) = accept(offers)?;
        let sound = offers.contains(&offer) && settings.check().is_ok();
        sound.then_some((offer, settings))
    }

    /// Returns the settings for a server's response, `None` if it is refused.
    pub(crate) fn confirm(&self, response: &DeflateParameters) -> Option<Deflate> {
        match &self.accept_response {
            None => Some(self.clone()),
            Some(accept) => accept(response).filter(|settings| settings.check().is_ok()),
        }
    }
}

impl Default for DeflateParameters {
    /// Those of a response without parameters.
    fn default() -> Self {
        DeflateParameters {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
        }
    }
}

impl PartialEq for Deflate {
    /// Functions are equal if they are the same object.
    fn eq(&self, other: &Self) -> bool {
        fn same<T: ?Sized>(a: &Option<Arc<T>>, b: &Option<Arc<T>>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => std::ptr::addr_eq(Arc::as_ptr(a), Arc::as_ptr(b)),
                (a, b) => a.is_none() && b.is_none(),
            }
        }
        self.level == other.level
            && self.memory_level == other.memory_level
            && self.threshold == other.threshold
            && self.server_context_takeover == other.server_context_takeover
            && self.client_context_takeover == other.client_context_takeover
            && self.server_max_window_bits == other.server_max_window_bits
            && self.client_max_window_bits == other.client_max_window_bits
            && self.accept_max_window_bits == other.accept_max_window_bits
            && same(&self.accept_offers, &other.accept_offers)
            && same(&self.accept_response, &other.accept_response)
    }
}

impl Eq for Deflate {}

impl fmt::Debug for Deflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflate")
            .field("level", &self.level)
            .field("memory_level", &self.memory_level)
            .field("threshold", &self.threshold)
            .field("server_context_takeover", &self.server_context_takeover)
            .field("client_context_takeover", &self.client_context_takeover)
            .field("server_max_window_bits", &self.server_max_window_bits)
            .field("client_max_window_bits", &self.client_max_window_bits)
            .field("accept_max_window_bits", &self.accept_max_window_bits)
            .field("accept_offers", &self.accept_offers.is_some())
            .field("accept_response", &self.accept_response.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bad_one_is_named() {
        let new = Deflate::new;
        for (settings, name) in [
            (new().level(0), "level"),
            (new().level(10), "level"),
            (new().memory_level(0), "memory_level"),
            (new().memory_level(10), "memory_level"),
            (new().server_max_window_bits(7), "server_max_window_bits"),
            (new().client_max_window_bits(16), "client_max_window_bits"),
        ] {
            let error = settings.check().map_err(|error| error.to_string());
            let text = format!("invalid {name}: it must be ");
            assert!(error.as_ref().is_err_and(|it| it.starts_with(&text)), "{name}: {error:?}");
        }
        let all = new().level(9).memory_level(1).threshold(0);
        assert!(all.server_max_window_bits(8).client_max_window_bits(15).check().is_ok());
    }

    #[test]
    fn functions_are_equal_if_they_are_the_same() {
        let one = Deflate::new().accept_offers(|_| None);
        assert_eq!(one, one.clone());
        assert_ne!(one, Deflate::new());
        assert_ne!(one.clone().accept_response(|_| None), one);
    }

    #[test]
    fn a_function_cannot_choose_what_is_not_offered_or_not_valid() {
        let offers = [DeflateOffer::default()];
        let other = DeflateOffer { server_no_context_takeover: true, ..offers[0] };
        let settings = Deflate::new().accept_offers(move |_| Some((other, Deflate::new())));
        assert_eq!(settings.choose(&offers), None);
        let settings = Deflate::new().accept_offers(|all| Some((all[0], Deflate::new().level(0))));
        assert_eq!(settings.choose(&offers), None);
        let settings = Deflate::new().accept_offers(|all| Some((all[0], Deflate::new().level(3))));
        assert_eq!(settings.choose(&offers), Some((offers[0], Deflate::new().level(3))));
        let settings = Deflate::new().accept_response(|_| Some(Deflate::new().level(0)));
        assert_eq!(settings.confirm(&DeflateParameters::default()), None);
    }
}
