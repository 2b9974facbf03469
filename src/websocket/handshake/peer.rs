//! The client's address behind trusted proxies: `X-Forwarded-For`.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

/// Returns the `n`-th address from the right in `X-Forwarded-For`, over all lines; the first is 1. `None` if
/// there are fewer, or if it is not an address.
///
/// Each proxy adds the address of the connection that it accepts at the right. With n trusted proxies the n-th
/// address is the one that the outermost of them saw; further left is what the client has written.
pub(super) fn forwarded(headers: &HeaderMap, n: usize) -> Option<String> {
    let mut addresses = Vec::new();
    for line in headers.get_all("x-forwarded-for") {
        addresses.extend(line.as_bytes().split(|&octet| octet == b','));
    }
    let at = addresses.len().checked_sub(n)?;
    let text = std::str::from_utf8(addresses.get(at)?).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(address) => Some(address.to_string()),
        Err(_) => Some(text.parse::<SocketAddr>().ok()?.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_nth_address_from_the_right_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded(&headers, 1), None);
        for line in ["spoofed, 10.0.0.1", "[2001:db8::1]:80 ,2001:DB8::2", "[::1]"] {
            headers.append("X-Forwarded-For", HeaderValue::from_static(line));
        }
        let found: Vec<_> = (0..7).map(|n| forwarded(&headers, n)).collect();
        let at = |text: &str| Some(text.to_owned());
        let expected = [
            None,
            at("::1"),
            at("2001:db8::2"),
            at("[2001:db8::1]:80"),
            at("10.0.0.1"),
            None,
            None,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_address_is_not_shown() {
        for line in
            ["", "unknown", "1.2.3", "1.2.3.4.5", "1.2.3.4 5.6.7.8", "1.2.3.4:x", "[1.2.3.4"]
        {
            let mut headers = HeaderMap::new();
            headers.insert("X-Forwarded-For", HeaderValue::from_str(line).unwrap());
            assert_eq!(forwarded(&headers, 1), None, "{line}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("X-Forwarded-For", HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(forwarded(&headers, 1), None);
    }
}
