//! URLs: what is taken can be shown and taken again, and is the same.

use wampwerk::internals::url::{RawSocketUrl, WebSocketUrl};

pub fn parse(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    websocket(text);
    raw_socket(text);
    assert!(WebSocketUrl::parse(text).is_err() || RawSocketUrl::parse(text).is_err());
}

fn websocket(text: &str) {
    let listen = WebSocketUrl::parse_listen(text);
    match WebSocketUrl::parse(text) {
        Ok(url) => {
            let again = WebSocketUrl::parse(&url.to_string()).unwrap();
            assert_eq!(again, url, "{text:?} is shown as {url}");
            assert!(url.port != 0 && url.path.starts_with('/'));
            // They go into the head of a request.
            let head = format!("GET {} Host: {}", url.target(), url.authority());
            assert!(!head.contains(['\r', '\n']) && head.is_ascii());
            assert!(listen.is_ok() || url.unix.is_some());
        }
        Err(error) => {
            assert!(listen.is_err() || listen.is_ok_and(|url| url.port == 0));
            let _ = error.to_string();
        }
    }
}

fn raw_socket(text: &str) {
    let listen = RawSocketUrl::parse_listen(text);
    match RawSocketUrl::parse(text) {
        Ok(url) => {
            let again = RawSocketUrl::parse(&url.to_string()).unwrap();
            assert_eq!(again, url, "{text:?} is shown as {url}");
            assert_eq!(listen.unwrap(), url);
            assert!(url.port != 0 && !(url.secure && url.unix.is_some()));
            assert!(url.authority().is_ascii());
        }
        Err(error) => {
            assert!(listen.is_err() || listen.is_ok_and(|url| url.port == 0));
            let _ = error.to_string();
        }
    }
}
