//! The accepting side of a listener: whatever a client sends, as an HTTP head, with an origin, to a function
//! that decides, and as frames of WebSocket or RawSocket, ends in order.

use std::cell::Cell;
use std::future::poll_fn;

use wampwerk::Serializer;
use wampwerk::transport::{Acceptor, ServerOptions};
use wampwerk::websocket::CloseCode;
use wampwerk::websocket::{ConnectionAccept, ConnectionDeny, Deflate};

use super::stream::{Stream, run};

/// The limit of messages, and of those that a stranger may send.
const MESSAGES: usize = 100_000;
const STRANGERS: usize = 1_000;

/// An octet for the settings, one for the portions, then what a client sends.
pub fn accept(input: &[u8]) {
    let [choice, portions, stream @ ..] = input else { return };
    let stream = Stream::new(stream, *portions);
    run(drive(*choice, stream));
}

async fn drive(choice: u8, stream: Stream) {
    let mut options = ServerOptions::new().max_message_payload_size(MESSAGES).auto_ping(None);
    if choice & 1 > 0 {
        options = options.allowed_origins(["https://*.example.com:*"]);
    }
    if choice & 2 > 0 {
        options = options.per_message_deflate(Deflate::new());
    }
    options = options.trust_x_forwarded_for(usize::from(choice & 8 > 0));
    let asks = choice & 16 > 0;
    let acceptor = Acceptor::universal("/ws", Serializer::ALL.as_slice()).options(options);
    let acceptor = acceptor.batched(choice & 4 > 0);
    let acceptor = acceptor.on_connect(move |request| async move {
        // All of it can be looked at.
        let told = (request.query().map(str::len), request.path().len());
        if asks && told.1 > 3 {
            return Err(ConnectionDeny::new(403, "a long path"));
        }
        Ok(ConnectionAccept::new().header("X-Seen", "1"))
    });
    let Ok(mut transport) = acceptor.accept(stream, "fuzz").await else { return };
    let limit = if choice & 32 > 0 { STRANGERS } else { MESSAGES };
    transport.limit_messages(limit);
    let ended = Cell::new(false);
    // It ends with the input, or before.
    while !ended.get() {
        match poll_fn(|cx| transport.poll_recv(cx)).await {
            Some(Ok(message)) => assert!(message.len() <= limit, "{} of {limit}", message.len()),
            Some(Err(_)) | None => ended.set(true),
        }
    }
    let _ = poll_fn(|cx| transport.poll_close(cx, CloseCode::Normal)).await;
}
