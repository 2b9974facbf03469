//! Contains `ConnectionRequest`: a client's request as the server's application sees it.

use std::sync::Arc;

use http::HeaderMap;

use crate::framing::websocket::handshake::{Offer, host_of};

/// The request of a WebSocket client, for the function that a server calls `on_connect`. Equivalent of
/// Autobahn's `ConnectionRequest`. Cheap to clone.
///
/// The function accepts the request, with additional headers of the answer, or refuses it. The connection
/// waits for it, as long as the handshake may take. Use it for tokens in the query,
/// cookies and addresses; a protocol above WebSocket may have an authentication of its own.
#[derive(Clone, Debug)]
pub struct ConnectionRequest(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    head: http::Request<()>,
    peer: Option<String>,
    offer: Offer,
}

impl ConnectionRequest {
    pub(super) fn new(head: http::Request<()>, peer: Option<String>, offer: Offer) -> Self {
        ConnectionRequest(Arc::new(Inner { head, peer, offer }))
    }

    /// Returns the client's address. With
    /// [`trust_x_forwarded_for`](crate::transport::ServerOptions::trust_x_forwarded_for) it is the one that
    /// the proxies name. Without that it is `None` in a [mounted](crate::websocket::Mount) server, where the
    /// HTTP server has it.
    pub fn peer(&self) -> Option<&str> {
        self.0.peer.as_deref()
    }

    /// Returns the host that the request is for, without its port; an IPv6 address has brackets.
    pub fn host(&self) -> Option<&str> {
        host_of(&self.0.head).map(|(host, _)| host)
    }

    /// Returns the path as it was sent, such as `/ws`.
    pub fn path(&self) -> &str {
        self.0.head.uri().path()
    }

    /// Returns the text behind the `?` of the path, as it was sent.
    pub fn query(&self) -> Option<&str> {
        self.0.head.uri().query()
    }

    /// Iterates over the parameters of the query, decoded, in order. A name without a value has an empty
    /// one.
    pub fn params(&self) -> impl Iterator<Item = (String, String)> + use<'_> {
        let pairs = self.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
    }

    /// Returns the first header of this name, in any case, if it is present and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.head.headers().get(name)?.to_str().ok()
    }

    /// Iterates over all headers in order; names in lower case, values as received.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.all().iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// Returns the version of WebSocket: 13.
    pub fn version(&self) -> u8 {
        13
    }

    /// Returns the page's origin, as it was sent; `None` if the client is not a page.
    pub fn origin(&self) -> Option<&str> {
        self.header("Origin")
    }

    /// Iterates over the subprotocols that the client offers, in its order.
    pub fn protocols(&self) -> impl Iterator<Item = &str> {
        self.0.offer.protocols.iter().map(String::as_str)
    }

    /// Iterates over the extensions that the client offers, in its order, each with its parameters.
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        self.0.offer.extensions.iter().map(String::as_str)
    }

    pub(crate) fn offer(&self) -> &Offer {
        &self.0.offer
    }

    pub(super) fn all(&self) -> &HeaderMap {
        self.0.head.headers()
    }
}

/// Decodes a part of a query (application/x-www-form-urlencoded). What is not UTF-8 is replaced by U+FFFD, and
/// a `%` without two hexadecimal digits stays.
fn decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        octets.push(match first {
            b'+' => b' ',
            b'%' => match behind.first_chunk::<2>().and_then(|&[high, low]| byte(high, low)) {
                Some(octet) => {
                    rest = &behind[2..];
                    octet
                }
                None => b'%',
            },
            &octet => octet,
        });
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|it| u8::try_from(it).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_query_are_decoded() {
        for (text, expected) in [
            ("", ""),
            ("a+b", "a b"),
            ("J%c3%BCrgen%2B", "Jürgen+"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decoded(text), expected);
        }
    }
}
