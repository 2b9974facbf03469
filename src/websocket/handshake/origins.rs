//! Origins: the pages that may connect (RFC 6454; RFC 6455, section 10.2).
//!
//! Implements the patterns, and reading of the `Origin` header.

use http::HeaderMap;

/// Accepted values of the header `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origins {
    /// Patterns in lower case; `None` accepts all.
    patterns: Option<Vec<String>>,
    null: bool,
}

/// The `Origin` of a client.
#[derive(Debug, PartialEq, Eq)]
enum Origin {
    /// The header is missing: the client is not a browser.
    Missing,
    /// A page without an origin, or one from a file.
    Null,
    /// `scheme://host:port` in lower case; without a port if the scheme has no default.
    Page(String),
    /// The header is not a valid origin.
    Bad(String),
    /// The header occurs more than once.
    Repeated,
}

impl Origins {
    pub(crate) fn new(patterns: Option<&[String]>, null: bool) -> Self {
        let patterns = patterns.map(|all| all.iter().map(|one| one.to_ascii_lowercase()).collect());
        Origins { patterns, null }
    }

    /// Checks a pattern; the error says what is wrong with it.
    pub(crate) fn check_pattern(pattern: &str) -> Result<(), String> {
        let lower = pattern.to_ascii_lowercase();
        if pattern.is_empty() {
            return Err("an empty pattern matches nothing; \"*\" is for all".to_owned());
        }
        if let Some(other) = pattern.chars().find(|char| !char.is_ascii_graphic()) {
            return Err(format!("{other:?} cannot be in an origin"));
        }
        if lower == "null" || lower.starts_with("file:") {
            return Err("pages without an origin are let in by allow_null_origin".to_owned());
        }
        let (scheme, rest) = match lower.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None if lower.contains('*') => (None, &*lower),
            None => return Err("it has no scheme, as in https://example.com:443".to_owned()),
        };
        if rest.contains('/') {
            return Err("an origin ends with its port; it has no path".to_owned());
        }
        // A star at the end of a host would match every host with that start.
        if rest.ends_with('*') && rest != "*" && !rest.ends_with(":*") {
            let whole = pattern.trim_end_matches(|char: char| char == '*' || char.is_ascii_digit());
            let whole = whole.trim_end_matches(':');
            return Err(format!("a star at the end is for all ports: {whole}:*"));
        }
        let port = rest.rsplit_once(':').map(|(_, text)| text);
        let has_port = rest == "*" || port.is_some_and(|port| port == "*" || is_port(port));
        let scheme = scheme.unwrap_or_default();
        if default_port(scheme).is_some() && !has_port {
            let text = "the port is always part of an origin, also the scheme's own";
            let whole = pattern.trim_end_matches(':');
            return Err(format!("{text}: {whole}:{}", default_port(scheme).unwrap_or_default()));
        }
        if (scheme.is_empty() || scheme.contains('*')) && !has_port {
            let whole = pattern.trim_end_matches(':');
            let text = "the port is part of an origin, as that of https is";
            return Err(format!("{text}: {whole}:443, or {whole}:* for all"));
        }
        Ok(())
    }

    /// Checks the origin of a request; the error names the origin, as far as it may be shown, and the
    /// reason.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<(), String> {
        match Origin::of(headers) {
            Origin::Missing => Ok(()),
            Origin::Null if self.null => Ok(()),
            Origin::Null => {
                Err("pages without an origin (\"null\" or a file) are not allowed".to_owned())
            }
            Origin::Page(page) if self.allows(&page) => Ok(()),
            Origin::Page(page) => Err(format!("the origin {page} is not allowed")),
            // Row H16: an origin is there at most once, whoever may connect.
            Origin::Repeated => Err("the header Origin is there more than once".to_owned()),
            Origin::Bad(_) if self.patterns.is_none() => Ok(()),
            Origin::Bad(text) => Err(text),
        }
    }

    fn allows(&self, page: &str) -> bool {
        let Some(patterns) = &self.patterns else { return true };
        patterns.iter().any(|pattern| matches(pattern, page))
    }
}

impl Origin {
    fn of(headers: &HeaderMap) -> Self {
        let mut all = headers.get_all("Origin").into_iter();
        let Some(value) = all.next() else { return Origin::Missing };
        if all.next().is_some() {
            return Origin::Repeated;
        }
        let bad = || Origin::Bad("the header Origin is not a valid origin".to_owned());
        let Ok(text) = value.to_str() else { return bad() };
        let text = text.trim().to_ascii_lowercase();
        if text == "null" || text.starts_with("file:") {
            return Origin::Null;
        }
        let Some((scheme, authority)) = text.split_once("://") else { return bad() };
        let of_scheme = |it: u8| it.is_ascii_alphanumeric() || b"+-.".contains(&it);
        if scheme.is_empty() || !scheme.bytes().all(of_scheme) {
            return bad();
        }
        // The colons of an IPv6 address are within its brackets.
        let at = authority.rfind(']').map_or(0, |at| at + 1);
        let colon = authority[at..].find(':').map(|behind| at + behind);
        let (host, port) = match colon {
            Some(colon) => (&authority[..colon], Some(&authority[colon + 1..])),
            None => (authority, None),
        };
        // Other characters could end the host where a browser does not.
        if !is_host(host) || port.is_some_and(|port| !is_port(port)) {
            return bad();
        }
        match default_port(scheme) {
            Some(default) if port.is_none() => Origin::Page(format!("{text}:{default}")),
            _ => Origin::Page(text),
        }
    }
}

/// Returns whether the text is a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    let of_address = |it: u8| it.is_ascii_hexdigit() || b":.".contains(&it);
    let of_name = |it: u8| it.is_ascii_alphanumeric() || b"-._".contains(&it);
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => !address.is_empty() && address.bytes().all(of_address),
        None => !host.is_empty() && host.bytes().all(of_name),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// Returns whether `text` matches `pattern`, in which `*` stands for any number of characters. The time
/// is bounded by the product of both lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(inner) = last.replace(part) {
            // The earliest position leaves the most for the following parts.
            match rest.find(inner) {
                Some(at) => rest = &rest[at + inner.len()..],
                None => return false,
            }
        }
    }
    match last {
        Some(last) => rest.ends_with(last),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::HeaderValue;

    use super::*;

    fn admits(patterns: &[&str], origin: &str) -> bool {
        let patterns: Vec<_> = patterns.iter().map(|&one| one.to_owned()).collect();
        let mut headers = HeaderMap::new();
        headers.insert("Origin", HeaderValue::from_str(origin).unwrap());
        Origins::new(Some(&patterns), true).admit(&headers).is_ok()
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "http://example.com:80"),
            ("a*", "a"),
            ("a*b*c", "abc"),
            ("a*b*c", "a-bb-c"),
            ("*ab", "aab"),
            ("a*a", "aa"),
            ("**", "x"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "x"), ("a*a", "a"), ("a*b*c", "acb"), ("a*b", "abc"), ("x", ""), ("*ab", "abx")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn ports_are_explicit_and_case_does_not_count() {
        assert!(admits(&["https://example.com:443"], "https://Example.com"));
        assert!(admits(&["HTTP://example.com:80"], "http://example.com:80"));
        assert!(admits(&["http://[::1]:80"], "http://[::1]"));
        assert!(admits(&["http://[::1]:*"], "http://[::1]:8080"));
        assert!(admits(&["http://*.example.com:*"], "http://a.b.example.com:81"));
        assert!(admits(&["x:1", "app://*"], "app://shop"));
        for origin in [
            "http://example.com",
            "https://example.com:8443",
            "https://example.com.evil.net",
            "https://evil.net?https://example.com:443",
            "https://notexample.com",
        ] {
            assert!(!admits(&["https://example.com:443"], origin), "{origin}");
        }
    }

    #[test]
    fn a_dot_is_a_dot() {
        assert!(!admits(&["https://example.com:443"], "https://example-com"));
    }

    #[test]
    fn patterns_that_match_nothing_are_told() {
        for pattern in
            ["*", "https://example.com:443", "http://*", "app://shop", "*.example.com:80", "*:*"]
        {
            assert_eq!(Origins::check_pattern(pattern), Ok(()), "{pattern}");
        }
        for (pattern, part) in [
            ("", "empty"),
            ("https://example.com", "https://example.com:443"),
            ("http://example.com:", "the scheme's own: http://example.com:80"),
            ("https://example.com:", "the scheme's own: https://example.com:443"),
            ("*.example.com", "as that of https is: *.example.com:443, or *.example.com:* for all"),
            ("*.example.com:", "*.example.com:443"),
            ("*example.com", "*example.com:443"),
            ("*://example.com", "*://example.com:443"),
            ("https://example.com:443/", "path"),
            ("example.com", "scheme"),
            ("null", "allow_null_origin"),
            ("file://*", "allow_null_origin"),
            ("https://exämple.com:1", "'ä'"),
            // They would accept https://example.com.evil.net, or any port with that start.
            ("https://example.com*", "https://example.com:*"),
            ("https://example.com:4*", "https://example.com:*"),
            ("*.example.com*", "*.example.com:*"),
            ("app://shop*", "app://shop:*"),
        ] {
            let text = Origins::check_pattern(pattern).unwrap_err();
            assert!(text.contains(part), "{pattern}: {text}");
        }
    }

    #[test]
    fn what_is_no_origin_is_let_in_only_where_all_are() {
        let mut headers = HeaderMap::new();
        assert_eq!(Origins::new(Some(&[]), false).admit(&headers), Ok(()));
        headers.append("Origin", HeaderValue::from_static("rubbish"));
        let some = Origins::new(Some(&["*".to_owned()]), true);
        assert!(some.admit(&headers).is_err());
        assert_eq!(Origins::new(None, true).admit(&headers), Ok(()));
        headers.insert("Origin", HeaderValue::from_static("http://a"));
        assert_eq!(some.admit(&headers), Ok(()));
        headers.append("Origin", HeaderValue::from_static("http://b"));
        assert!(some.admit(&headers).is_err());
        headers.clear();
        for null in ["null", "file://", "NULL", "file:///home/x.html"] {
            headers.insert("Origin", HeaderValue::from_static(null));
            assert_eq!(some.admit(&headers), Ok(()));
            assert!(Origins::new(None, false).admit(&headers).is_err());
        }
    }
}
