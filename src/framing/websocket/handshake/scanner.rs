//! Contains `Scanner`, which checks the octets of an HTTP head one by one (RFC 9112, sections 2 to 5).
//!
//! It is stricter than `httparse`, which reads heads with a bare line feed, for example. Two programs that read
//! such a head differently can be played off against each other. The verdict depends on the octets alone, not
//! on the portions in which they come.

use std::fmt;

use super::head::MAX_HEAD;

/// Maximum number of header fields in a head.
pub const MAX_FIELDS: usize = 128;

/// Kind of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadKind {
    /// Head of a request, which a server reads.
    Request,
    /// Head of a response, which a client reads.
    Response,
}

/// A head is not valid, or exceeds a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadError {
    /// Number of the line; the first is 1.
    pub line: usize,
    /// Description of the fault.
    pub fault: HeadFault,
}

/// Fault of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadFault {
    /// The first octet is that of a TLS record: an alert or a handshake (RFC 8446, section 5.1).
    #[error("not HTTP but TLS")]
    Tls,
    /// The first octet is the one that RawSocket connections begin with.
    #[error("not HTTP but RawSocket")]
    RawSocket,
    /// The octets are not the beginning of an HTTP head.
    #[error("not HTTP")]
    NotHttp,
    /// The version of HTTP is neither 1.1 nor 1.0.
    #[error("the HTTP version is {major}.{minor}; 1.1 is needed")]
    Version {
        /// First digit.
        major: u8,
        /// Second digit.
        minor: u8,
    },
    /// The first line is not a request line or a status line.
    #[error("invalid start line")]
    StartLine,
    /// The first line has an octet that is not allowed there.
    #[error("invalid octet 0x{0:02x} in the start line")]
    StartOctet(u8),
    /// The target of the request is not a valid URI.
    #[error("invalid target of the request")]
    Target,
    /// A line ends with a line feed alone.
    #[error("a line feed without a carriage return")]
    BareLineFeed,
    /// A carriage return is not followed by a line feed.
    #[error("a carriage return without a line feed")]
    BareCarriageReturn,
    /// A line begins with white space: a continuation of the line before, which is obsolete.
    #[error("a folded line")]
    Folded,
    /// The name of a header is empty.
    #[error("an empty header name")]
    EmptyName,
    /// White space before the colon of a header.
    #[error("white space in or after a header name")]
    NameSpace,
    /// The name of a header has an octet that is not allowed there.
    #[error("invalid octet 0x{0:02x} in a header name")]
    NameOctet(u8),
    /// The value of a header has an octet that is not allowed there.
    #[error("invalid octet 0x{0:02x} in a header value")]
    ValueOctet(u8),
    /// A line without a colon.
    #[error("a line without a colon")]
    NoColon,
    /// The head has more than [`MAX_FIELDS`] header fields.
    #[error("the HTTP head has more than {MAX_FIELDS} header fields")]
    TooManyFields,
    /// The octets end within the head.
    #[error("the HTTP head is incomplete")]
    Cut,
    /// The head does not end within [`MAX_HEAD`] octets.
    #[error("the HTTP head is longer than {MAX_HEAD} bytes")]
    TooLong,
}

impl std::error::Error for HeadError {}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Other faults are of the first line or of the whole head, as their texts say.
        let of_a_line = matches!(
            self.fault,
            HeadFault::BareLineFeed
                | HeadFault::BareCarriageReturn
                | HeadFault::Folded
                | HeadFault::EmptyName
                | HeadFault::NameSpace
                | HeadFault::NameOctet(_)
                | HeadFault::ValueOctet(_)
                | HeadFault::NoColon
        );
        self.fault.fmt(f)?;
        if of_a_line {
            write!(f, ", in line {} of the HTTP head", self.line)?;
        }
        Ok(())
    }
}

/// Position within a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    StartLine,
    /// After a carriage return.
    LineEnd,
    LineStart,
    Name,
    Value,
    /// After the carriage return of the empty line.
    HeadEnd,
}

/// Checks a head octet by octet.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    kind: HeadKind,
    place: Place,
    line: usize,
    fields: usize,
    /// Number of spaces in the start line so far.
    spaces: u8,
    /// Number of octets since the last of these spaces.
    run: usize,
    /// Behind a version: its two digits.
    version: [u8; 2],
}

impl Scanner {
    pub(super) fn new(kind: HeadKind) -> Self {
        let place = Place::StartLine;
        Scanner { kind, place, line: 1, fields: 0, spaces: 0, run: 0, version: [0; 2] }
    }

    pub(super) fn kind(&self) -> HeadKind {
        self.kind
    }

    /// Makes an error of the current line.
    pub(super) fn error(&self, fault: HeadFault) -> HeadError {
        HeadError { line: self.line, fault }
    }

    /// Checks the next octet. Returns true if it is the last one of the head.
    pub(super) fn push(&mut self, octet: u8) -> Result<bool, HeadError> {
        self.step(octet).map_err(|fault| self.error(fault))
    }

    fn step(&mut self, octet: u8) -> Result<bool, HeadFault> {
        self.place = match (self.place, octet) {
            (Place::LineEnd, b'\n') => {
                self.line += 1;
                Place::LineStart
            }
            (Place::HeadEnd, b'\n') => return Ok(true),
            (Place::LineEnd | Place::HeadEnd, _) => return Err(HeadFault::BareCarriageReturn),
            (Place::StartLine, octet) => self.start(octet)?,
            (_, b'\n') => return Err(HeadFault::BareLineFeed),
            (Place::LineStart, b'\r') => Place::HeadEnd,
            (Place::LineStart, b' ' | b'\t') => return Err(HeadFault::Folded),
            (Place::LineStart, b':') => return Err(HeadFault::EmptyName),
            (Place::LineStart, octet) if is_token(octet) => {
                self.fields += 1;
                if self.fields > MAX_FIELDS {
                    return Err(HeadFault::TooManyFields);
                }
                Place::Name
            }
            (Place::Name, octet) if is_token(octet) => Place::Name,
            (Place::Name, b':') => Place::Value,
            (Place::Name, b' ' | b'\t') => return Err(HeadFault::NameSpace),
            (Place::Name, b'\r') => return Err(HeadFault::NoColon),
            (Place::LineStart | Place::Name, octet) => return Err(HeadFault::NameOctet(octet)),
            (Place::Value, b'\r') => Place::LineEnd,
            (Place::Value, octet) if is_text(octet) => Place::Value,
            (Place::Value, octet) => return Err(HeadFault::ValueOctet(octet)),
        };
        Ok(false)
    }

    /// Checks an octet of `METHOD SP target SP HTTP/1.1`, or of `HTTP/1.1 SP status [SP reason]`.
    fn start(&mut self, octet: u8) -> Result<Place, HeadFault> {
        let first = self.spaces == 0 && self.run == 0;
        if octet == b'\r' && !first {
            return self.start_end();
        }
        let in_reason = self.kind == HeadKind::Response && self.spaces == 2;
        if octet == b' ' && !in_reason {
            let whole = match (self.kind, self.spaces) {
                (HeadKind::Response, 0) => self.check_version()?,
                (HeadKind::Response, _) => self.run == 3,
                (HeadKind::Request, spaces) => spaces < 2 && self.run > 0,
            };
            if !whole {
                let in_version = self.kind == HeadKind::Response && self.spaces == 0;
                let nothing = first || in_version;
                return Err(if nothing { HeadFault::NotHttp } else { HeadFault::StartLine });
            }
            (self.spaces, self.run) = (self.spaces + 1, 0);
            return Ok(Place::StartLine);
        }
        match octet {
            0x15 | 0x16 if first => return Err(HeadFault::Tls),
            0x7f if first => return Err(HeadFault::RawSocket),
            b'\n' if !first => return Err(HeadFault::BareLineFeed),
            _ => {}
        }
        let valid = match (self.kind, self.spaces) {
            (HeadKind::Request, 0) => is_token(octet),
            (HeadKind::Request, 1) => octet.is_ascii_graphic(),
            (HeadKind::Response, 1) => octet.is_ascii_digit() && self.run < 3,
            (HeadKind::Response, 2) => is_text(octet),
            (HeadKind::Request, _) | (HeadKind::Response, _) => is_of_version(octet, self.run),
        };
        if !valid {
            let in_first_word = self.spaces == 0;
            return Err(match octet {
                _ if first || (in_first_word && self.kind == HeadKind::Response) => {
                    HeadFault::NotHttp
                }
                0..0x20 | 0x7f.. => HeadFault::StartOctet(octet),
                _ => HeadFault::StartLine,
            });
        }
        // The digits of a version are at these positions.
        match self.run {
            5 => self.version[0] = octet,
            7 => self.version[1] = octet,
            _ => {}
        }
        self.run += 1;
        Ok(Place::StartLine)
    }

    fn start_end(&self) -> Result<Place, HeadFault> {
        let whole = match (self.kind, self.spaces) {
            (HeadKind::Request, 2) => self.check_version()?,
            (HeadKind::Response, 1) => self.run == 3,
            (HeadKind::Response, 2) => true,
            _ => false,
        };
        if whole { Ok(Place::LineEnd) } else { Err(HeadFault::StartLine) }
    }

    /// Returns whether a whole version has just ended.
    fn check_version(&self) -> Result<bool, HeadFault> {
        if self.run != VERSION.len() {
            return Ok(false);
        }
        match self.version {
            [b'1', b'0' | b'1'] => Ok(true),
            [major, minor] => Err(HeadFault::Version { major: major - b'0', minor: minor - b'0' }),
        }
    }
}

/// A version; `#` stands for a digit.
const VERSION: &[u8] = b"HTTP/#.#";

/// Returns whether a version may have this octet at this position.
fn is_of_version(octet: u8, at: usize) -> bool {
    match VERSION.get(at) {
        Some(b'#') => octet.is_ascii_digit(),
        Some(&expected) => octet == expected,
        None => false,
    }
}

/// Returns whether the octet may be in a token (RFC 9110, section 5.6.2).
pub(super) fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// Returns whether the octet may be in the value of a header, or in the reason phrase.
fn is_text(octet: u8) -> bool {
    octet == b'\t' || (octet >= b' ' && octet != 0x7f)
}
