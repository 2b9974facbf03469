//! Contains `Opening`: the target of a connection, and the limits with which it is opened.

use std::future::poll_fn;
use std::time::Duration;

use super::socket::Socket;
use crate::error::{ConnectError, UrlError};
use crate::rt::future::within;
use crate::settings::WebSocketOptions;
use crate::url::{WebSocketUrl, shown};

/// Default maximum message size, as natively.
const DEFAULT_MAX_MESSAGE_SIZE: usize = 16 << 20;

/// Default time limit of each step, as natively.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings from which sockets are opened.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// Checked, so that errors are the same as natively.
    url: WebSocketUrl,
    /// Host and port, for messages.
    pub(crate) authority: String,
    pub(crate) max_message_size: usize,
    patience: Duration,
}

impl Opening {
    /// The settings have been checked.
    pub(crate) fn new(
        url: WebSocketUrl,
        connect_timeout: Option<Duration>,
        options: &WebSocketOptions,
    ) -> Self {
        let times = [connect_timeout, options.open_handshake_timeout];
        let [connect, handshake] = times.map(|time| time.unwrap_or(DEFAULT_TIMEOUT));
        Opening {
            authority: url.authority(),
            url,
            max_message_size: options.max_message_payload_size.unwrap_or(DEFAULT_MAX_MESSAGE_SIZE),
            patience: connect.saturating_add(handshake),
        }
    }

    /// Opens a socket. `protocols` has no duplicates, which the browser would reject.
    pub(crate) async fn open(&self, protocols: &[&str]) -> Result<Socket, ConnectError> {
        let url = self.url.to_string();
        let mut socket =
            Socket::new(&url, protocols, self.max_message_size).map_err(|refusal| {
                if refusal.syntax {
                    // Browsers repeat the URL in the text.
                    let message = refusal.text.replace(&url, &shown(&url));
                    UrlError::new(shown(&url), message).into()
                } else {
                    self.unreachable(refusal.text)
                }
            })?;
        match within(self.patience, poll_fn(|cx| socket.poll_open(cx))).await {
            Some(Ok(())) => Ok(socket),
            Some(Err(message)) => Err(self.unreachable(message)),
            None => {
                let step = format!("connecting to {} by WebSocket", self.authority);
                Err(ConnectError::Timeout(step))
            }
        }
    }

    fn unreachable(&self, message: String) -> ConnectError {
        ConnectError::Io { address: self.authority.clone(), message, cause: None }
    }
}
