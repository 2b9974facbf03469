//! `Message`: what a WebSocket carries, and what can be said about sending it.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;

use super::prepared::Prepared;
use crate::framing::websocket::{Form, Kind};

/// A message of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// A part of a message that comes, as
/// [`on_part`](crate::websocket::WebSocketClientProtocol::on_part) gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias("onMessageBegin", "onMessageFrameBegin", "onMessageFrameData"))]
#[doc(alias("onMessageFrameEnd", "onMessageFrame", "onMessageEnd"))]
pub enum Part {
    /// A message begins.
    Begin {
        /// True for a binary message, false for text.
        is_binary: bool,
    },
    /// A frame begins. Proxies may join and split frames.
    FrameBegin {
        /// Length of its payload in bytes, on the wire.
        length: u64,
    },
    /// Bytes of the message. Those of a text are checked, but may end within a character.
    Data(Bytes),
    /// The frame ends.
    FrameEnd,
    /// The message ends.
    End,
}

/// Options for sending a message. In the browser, a message with one of them is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    fragment_size: Option<usize>,
    do_not_compress: bool,
}

/// A message that is sent to many. Its bytes are shared, and it is compressed once for all connections that
/// agreed on the same size of the window. Cheap to clone.
///
/// ```
/// use wampwerk::websocket::{Message, PreparedMessage, SendOptions};
///
/// let news = PreparedMessage::new("news for all", SendOptions::new());
/// assert_eq!(news.message(), Message::from("news for all"));
/// ```
#[derive(Clone)]
#[doc(alias = "prepareMessage")]
pub struct PreparedMessage(pub(super) Arc<Prepared>, pub(super) SendOptions);

impl Message {
    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        match self {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
        }
    }

    /// Returns whether the message is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes, of a text its UTF-8.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Message::Text(text) => text.into(),
            Message::Binary(bytes) => bytes,
        }
    }

    /// Returns the text, or `None` for a binary message.
    pub fn text(&self) -> Option<&str> {
        match self {
            Message::Text(text) => Some(text),
            Message::Binary(_) => None,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Message::Text(_) => Kind::Text,
            Message::Binary(_) => Kind::Binary,
        }
    }

    /// The framing has checked that a text is UTF-8.
    pub(super) fn received(kind: Kind, payload: Bytes) -> Self {
        match kind {
            Kind::Binary => Message::Binary(payload),
            Kind::Text => match String::from_utf8(payload.into()) {
                Ok(text) => Message::Text(text),
                Err(error) => Message::Binary(error.into_bytes().into()),
            },
        }
    }
}

impl SendOptions {
    /// Creates the defaults.
    pub fn new() -> Self {
        SendOptions::default()
    }

    /// Length of each frame in bytes; of a compressed message its compressed bytes. With 0 the message is one
    /// frame. Default: that of
    /// [`auto_fragment_size`](crate::websocket::WebSocketOptions::auto_fragment_size).
    #[doc(alias = "fragmentSize")]
    #[must_use]
    pub fn fragment_size(mut self, bytes: usize) -> Self {
        self.fragment_size = Some(bytes);
        self
    }

    /// Sets that the message is sent as it is, even if compression was agreed. Use it for messages with
    /// secrets. Default: false.
    #[doc(alias = "doNotCompress")]
    #[must_use]
    pub fn do_not_compress(mut self, plain: bool) -> Self {
        self.do_not_compress = plain;
        self
    }

    /// Returns the name of the first option that is set.
    pub(super) fn first_set(self) -> Option<&'static str> {
        let options = [
            (self.fragment_size.is_some(), "fragment_size"),
            (self.do_not_compress, "do_not_compress"),
        ];
        options.iter().find_map(|(is_set, name)| is_set.then_some(*name))
    }

    pub(super) fn has_fragment_size(self) -> bool {
        self.fragment_size.is_some()
    }

    pub(super) fn is_plain(self) -> bool {
        self.do_not_compress
    }

    /// `default` is the length of frames that is set for the connection.
    pub(super) fn form(self, default: Option<NonZeroUsize>) -> Form {
        let fragment = match self.fragment_size {
            Some(bytes) => NonZeroUsize::new(bytes),
            None => default,
        };
        Form { fragment, uncompressed: self.do_not_compress }
    }
}

impl PreparedMessage {
    /// Prepares a message. With a [`fragment_size`](SendOptions::fragment_size) it is compressed for each
    /// connection by itself.
    pub fn new(message: impl Into<Message>, options: SendOptions) -> Self {
        let message = message.into();
        let (kind, plain) = (message.kind(), options.is_plain());
        PreparedMessage(Arc::new(Prepared::new(kind, message.into_bytes(), plain)), options)
    }

    /// Returns the message.
    pub fn message(&self) -> Message {
        Message::received(self.0.kind(), self.0.payload().clone())
    }
}

impl fmt::Debug for PreparedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PreparedMessage").field(&self.message()).finish()
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Message::Text(text.to_owned())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Message::Text(text)
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Message::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Message::Binary(bytes.into())
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Message::Binary(Bytes::copy_from_slice(bytes))
    }
}
