//! Contains `HeadReader`, which collects and reads an HTTP head.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use httparse::EMPTY_HEADER;

use super::scanner::{HeadError, HeadFault, HeadKind, MAX_FIELDS, Scanner};

/// Maximum length of a head in octets; most HTTP servers allow as much.
pub const MAX_HEAD: usize = 16 << 10;

/// Collects a head from portions of any size.
///
/// After an error, every further portion gives the same error.
#[derive(Clone, Debug)]
pub struct HeadReader {
    octets: Vec<u8>,
    scanner: Scanner,
    /// Length of the head, if it is whole.
    end: Option<usize>,
    error: Option<HeadError>,
}

impl HeadReader {
    /// Creates a reader without octets.
    pub fn new(kind: HeadKind) -> Self {
        let scanner = Scanner::new(kind);
        HeadReader { octets: Vec::new(), scanner, end: None, error: None }
    }

    /// Returns whether no octet has come.
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Adds a portion. Returns whether the head is whole; octets behind it are kept.
    ///
    /// # Errors
    /// The first fault, at the octet that shows it.
    pub fn feed(&mut self, portion: &[u8]) -> Result<bool, HeadError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let begin = self.octets.len();
        self.octets.extend_from_slice(portion);
        if self.end.is_none() {
            for (index, &octet) in portion.iter().enumerate() {
                match self.step(begin + index, octet) {
                    Ok(false) => {}
                    Ok(true) => {
                        self.end = Some(begin + index + 1);
                        break;
                    }
                    Err(error) => {
                        self.error = Some(error);
                        return Err(error);
                    }
                }
            }
        }
        Ok(self.end.is_some())
    }

    /// Returns the request that was read, and the octets behind its head.
    ///
    /// # Errors
    /// The first fault, or [`HeadFault::Cut`] if the head is not whole.
    pub fn into_request(self) -> Result<(Request<()>, Vec<u8>), HeadError> {
        let (head, behind) = self.finish(HeadKind::Request)?;
        Ok((read_request(&head)?, behind))
    }

    /// Returns the response that was read, and the octets behind its head.
    ///
    /// # Errors
    /// The first fault, or [`HeadFault::Cut`] if the head is not whole.
    pub fn into_response(self) -> Result<(Response<()>, Vec<u8>), HeadError> {
        let (head, behind) = self.finish(HeadKind::Response)?;
        Ok((read_response(&head)?, behind))
    }

    fn finish(mut self, kind: HeadKind) -> Result<(Vec<u8>, Vec<u8>), HeadError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let end = self.end.filter(|_| self.scanner.kind() == kind);
        let end = end.ok_or_else(|| self.scanner.error(HeadFault::Cut))?;
        let behind = self.octets.split_off(end);
        Ok((self.octets, behind))
    }

    fn step(&mut self, at: usize, octet: u8) -> Result<bool, HeadError> {
        if at >= MAX_HEAD {
            return Err(self.scanner.error(HeadFault::TooLong));
        }
        self.scanner.push(octet)
    }
}

/// Reads a head that was scanned, from its first line to the empty line.
fn read_request(head: &[u8]) -> Result<Request<()>, HeadError> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let whole = parsed.parse(head).map_err(|_| start_line())?;
    let (true, Some(method), Some(target)) = (whole.is_complete(), parsed.method, parsed.path)
    else {
        return Err(start_line());
    };
    let invalid = HeadError { line: 1, fault: HeadFault::Target };
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| start_line())?;
    *request.uri_mut() = Uri::try_from(target).map_err(|_| invalid)?;
    // A host and port alone is for CONNECT (RFC 9112, section 3.2.3).
    if request.uri().path().is_empty() && request.method() != Method::CONNECT {
        return Err(invalid);
    }
    *request.version_mut() = version(parsed.version);
    *request.headers_mut() = fields_of(parsed.headers)?;
    Ok(request)
}

/// Reads a head that was scanned, from its first line to the empty line.
fn read_response(head: &[u8]) -> Result<Response<()>, HeadError> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    let whole = parsed.parse(head).map_err(|_| start_line())?;
    let (true, Some(code)) = (whole.is_complete(), parsed.code) else { return Err(start_line()) };
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(code).map_err(|_| start_line())?;
    *response.version_mut() = version(parsed.version);
    *response.headers_mut() = fields_of(parsed.headers)?;
    Ok(response)
}

fn start_line() -> HeadError {
    HeadError { line: 1, fault: HeadFault::StartLine }
}

fn version(minor: Option<u8>) -> Version {
    if minor == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 }
}

fn fields_of(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, HeadError> {
    let mut map = HeaderMap::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        let line = index + 2;
        let name = HeaderName::from_bytes(field.name.as_bytes())
            .map_err(|_| HeadError { line, fault: HeadFault::EmptyName })?;
        let value = HeaderValue::from_bytes(field.value)
            .map_err(|_| HeadError { line, fault: HeadFault::ValueOctet(0) })?;
        map.append(name, value);
    }
    Ok(map)
}
