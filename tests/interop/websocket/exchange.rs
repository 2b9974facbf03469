//! The messages that are exchanged with a peer that echoes.

use std::time::Duration;

use bytes::Bytes;
use wampwerk::websocket::{Message, PreparedMessage, SendOptions, WebSocket};

/// Number of messages that are on their way.
const WINDOW: usize = 4;

/// Sends messages of many kinds and sizes in all ways, and checks that each comes back as it was.
pub(crate) async fn exchange(socket: &mut WebSocket) {
    let messages = messages();
    for number in 0..messages.len() + WINDOW {
        if let Some(message) = messages.get(number) {
            send(socket, message.clone(), number).await;
        }
        if let Some(expected) = number.checked_sub(WINDOW).map(|number| &messages[number]) {
            receives(socket, expected).await;
        }
    }
}

/// Sends in one of the ways that there are.
async fn send(socket: &WebSocket, message: Message, way: usize) {
    let sender = socket.sender();
    match way % 5 {
        0 | 1 => sender.send(message).await.unwrap(),
        2 => {
            let options = SendOptions::new().fragment_size(777);
            sender.send_with(message, options).await.unwrap();
        }
        3 => {
            let options = SendOptions::new().do_not_compress(way.is_multiple_of(2));
            let prepared = PreparedMessage::new(message, options);
            sender.send_prepared(&prepared).await.unwrap();
        }
        _ => {
            let is_binary = matches!(message, Message::Binary(_));
            let mut bytes = message.into_bytes();
            let options = SendOptions::new();
            let mut writer = sender.message_writer(is_binary, options).await.unwrap();
            let first = bytes.split_to(bytes.len() / 3);
            writer.frame(first).await.unwrap();
            writer.frame(bytes).await.unwrap();
            writer.end().await.unwrap();
        }
    }
}

/// Receives a message, which has to be this one.
pub(crate) async fn receives(socket: &mut WebSocket, expected: &Message) {
    let received = tokio::time::timeout(Duration::from_secs(60), socket.next()).await.unwrap();
    let received = received.unwrap().unwrap();
    assert!(received == *expected, "{} instead of {}", kind(&received), kind(expected));
}

fn kind(message: &Message) -> String {
    match message {
        Message::Text(text) => format!("a text of {} bytes", text.len()),
        Message::Binary(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// What compresses well and what does not, of all lengths of the length field, and the same again.
fn messages() -> Vec<Message> {
    let mut messages = vec![Message::Text(String::new()), Message::Binary(Bytes::new())];
    for size in [1, 5, 125, 126, 127, 1000, 4096, 40_000, 65_535, 65_536, 300_000] {
        messages.push(Message::Text(text(size)));
        messages.push(Message::Binary(noise(size)));
        messages.push(Message::Binary(Bytes::from(vec![b'x'; size])));
    }
    messages.extend_from_within(2..20);
    messages
}

/// A text of so many bytes, with characters of each length.
fn text(size: usize) -> String {
    let mut text: String = "aé€😀".chars().cycle().take(size * 4 / 10).collect();
    text.push_str(&"x".repeat(size.saturating_sub(text.len())));
    text
}

/// Octets that cannot be compressed.
fn noise(size: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ size as u64;
    let octets = (0..size).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    octets.collect()
}
