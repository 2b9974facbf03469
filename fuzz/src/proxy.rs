//! Answers of proxies: a tunnel or an error, and not an octet behind the answer is read.

use wampwerk::internals::transport::open_tunnel;
use wampwerk::transport::Proxy;

use super::stream::{Stream, run};

/// An octet for the kind and the login, one for the portions, then what the proxy answers.
pub fn answer(input: &[u8]) {
    let [choice, portions, answer @ ..] = input else { return };
    let proxy =
        if choice & 1 > 0 { Proxy::http("127.0.0.1", 1) } else { Proxy::socks5("127.0.0.1", 1) };
    let proxy = if choice & 2 > 0 { proxy.credentials("user", "geheim") } else { proxy };
    let mut stream = Stream::new(answer, *portions);
    let open = || run(open_tunnel(&proxy, &mut stream, "example.com", 443));
    let (bytes, opened) = super::allocated(open);
    // A head has 16 KiB at most, which grow step by step.
    assert!(bytes < 256 << 10, "{bytes} bytes were allocated for an answer of {}", answer.len());
    match opened {
        Ok(()) => assert!(answer.starts_with(b"HTTP/1.") || answer.first() == Some(&5)),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains("geheim") && text.len() < 1000, "{text}");
            assert!(!text.contains(['\r', '\n', '\u{1b}']), "{text:?}");
        }
    }
}
