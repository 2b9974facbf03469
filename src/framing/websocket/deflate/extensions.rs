//! The header `Sec-WebSocket-Extensions` (RFC 6455, section 9.1).

use std::fmt;

/// An extension as the header names it, with its parameters in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Names and values; a value is without its quotes.
    pub parameters: Vec<(String, Option<String>)>,
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (name, value) in &self.parameters {
            write!(f, "; {name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

/// Extensions that cannot be accepted. To a server only [`Syntax`](Self::Syntax) happens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadExtensions {
    /// The header is not a list of extensions: HTTP status 400.
    #[error("Sec-WebSocket-Extensions is not a valid list of extensions")]
    Syntax,
    /// The server chose an extension that was not offered.
    #[error("the server chose the extension {0:?}, which was not offered")]
    NotOffered(String),
    /// The server chose the extension twice.
    #[error("the server chose permessage-deflate twice")]
    Twice,
    /// The server's parameters are not valid, or not among those that were offered.
    #[error("the server's parameters of permessage-deflate are not valid: {0}")]
    Parameters(String),
    /// The application's function refused the server's parameters.
    #[error("the server's parameters of permessage-deflate were refused")]
    Refused,
}

/// Reads the header. Several lines are one list.
///
/// # Errors
/// [`BadExtensions::Syntax`]
pub fn parse<I>(lines: I) -> Result<Vec<Extension>, BadExtensions>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let mut extensions = Vec::new();
    for line in lines {
        let mut text = Text(line.as_ref());
        text.list(&mut extensions).ok_or(BadExtensions::Syntax)?;
    }
    Ok(extensions)
}

/// The rest of a line.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    /// Empty elements of a list are allowed (RFC 9110, section 5.6.1).
    fn list(&mut self, extensions: &mut Vec<Extension>) -> Option<()> {
        loop {
            self.skip_space();
            if self.0.is_empty() {
                return Some(());
            }
            if self.skip(b',') {
                continue;
            }
            extensions.push(self.extension()?);
            if !self.0.is_empty() && !self.skip(b',') {
                return None;
            }
        }
    }

    fn extension(&mut self) -> Option<Extension> {
        let mut extension = Extension { name: self.token()?, parameters: Vec::new() };
        while self.skip(b';') {
            self.skip_space();
            let name = self.token()?;
            let mut value = None;
            if self.skip(b'=') {
                self.skip_space();
                value = Some(if self.skip(b'"') { self.quoted()? } else { self.token()? });
            }
            extension.parameters.push((name, value));
        }
        Some(extension)
    }

    /// A token and the space behind it.
    fn token(&mut self) -> Option<String> {
        let length = self.0.iter().take_while(|octet| is_token(**octet)).count();
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        self.skip_space();
        text(token)
    }

    /// The rest of a quoted string, and the space behind it. Without quotes it has to be a token.
    fn quoted(&mut self) -> Option<String> {
        let mut value = Vec::new();
        loop {
            let (octet, mut rest) = self.0.split_first()?;
            let mut octet = *octet;
            if octet == b'\\' {
                (octet, rest) = rest.split_first().map(|(octet, rest)| (*octet, rest))?;
            } else if octet == b'"' {
                self.0 = rest;
                self.skip_space();
                return text(&value);
            }
            if !is_token(octet) {
                return None;
            }
            value.push(octet);
            self.0 = rest;
        }
    }

    fn skip(&mut self, octet: u8) -> bool {
        let found = self.0.first() == Some(&octet);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn skip_space(&mut self) {
        let length = self.0.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
        self.0 = &self.0[length..];
    }
}

fn text(token: &[u8]) -> Option<String> {
    if token.is_empty() { None } else { String::from_utf8(token.to_vec()).ok() }
}

fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}
