//! A WebSocket server on a free port of 127.0.0.1 that echoes, for tests of the browser's client. It is tungstenite's,
//! so both ends are not of the same kind.
//!
//! Prints `ready ws://127.0.0.1:PORT` and runs until it is killed. It chooses the first subprotocol. Some texts are
//! commands: `close CODE REASON` closes, `vanish` ends the stream without a Close frame, `said PATH` returns
//! the code and reason of the last Close frame that a client of this path has sent, or `nothing`, and
//! `note PATH WORD` appends a word to that.

use std::collections::HashMap;
use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tungstenite::handshake::server::{Request, Response};
use tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, accept_hdr};

/// What was said at the end, by path.
type Said = Arc<Mutex<HashMap<String, String>>>;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("ready ws://{}", listener.local_addr()?);
    let said = Said::default();
    for stream in listener.incoming() {
        let (stream, said) = (stream?, said.clone());
        thread::spawn(move || {
            if let Err(error) = serve(stream, &said) {
                eprintln!("test_echo: {error}");
            }
        });
    }
    Ok(())
}

#[allow(clippy::result_large_err, reason = "the type of the callback is tungstenite's")]
fn serve(stream: TcpStream, said: &Said) -> Result<(), Box<dyn Error>> {
    let mut path = String::new();
    let choose = |request: &Request, mut response: Response| {
        path = request.uri().path().to_owned();
        let offers = request.headers().get(SEC_WEBSOCKET_PROTOCOL);
        let first = offers.and_then(|offers| offers.to_str().ok()?.split(',').next()?.parse().ok());
        if let Some(first) = first {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, first);
        }
        Ok(response)
    };
    let mut socket = accept_hdr(stream, choose).map_err(|error| error.to_string())?;
    loop {
        let message = match socket.read() {
            Ok(message) => message,
            Err(tungstenite::Error::ConnectionClosed) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match message {
            Message::Close(frame) => {
                let text = frame.map_or("no code".to_owned(), |frame| {
                    format!("{} {}", u16::from(frame.code), frame.reason)
                });
                said.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), text);
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            Message::Binary(_) => socket.send(message)?,
            Message::Text(ref text) => match text.split(' ').collect::<Vec<_>>()[..] {
                ["close", code, ref reason @ ..] => {
                    let (code, reason) = (code.parse::<u16>()?.into(), reason.join(" ").into());
                    socket.close(Some(CloseFrame { code, reason }))?;
                }
                ["close"] => socket.close(None)?,
                ["vanish"] => return Ok(()),
                ["note", path, note] => {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    said.entry(path.to_owned()).or_default().push_str(note);
                }
                ["said", path] => {
                    let said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    let text = said.get(path).map_or("nothing", String::as_str).to_owned();
                    drop(said);
                    socket.send(text.into())?;
                }
                _ => socket.send(message)?,
            },
        }
    }
}
