//! Malformed heads of requests and responses: each fault is found at its octet, whatever the portions.

use wampwerk::internals::framing::websocket::handshake::HeadFault as F;
use wampwerk::internals::framing::websocket::handshake::{
    HeadError, HeadKind, HeadReader, MAX_FIELDS, MAX_HEAD, RequestError,
};

/// Reads in portions: the fault with its line, or the octets behind the head.
fn read(kind: HeadKind, octets: &[u8], portion: usize) -> Result<Vec<u8>, (usize, F)> {
    let told = |error: HeadError| (error.line, error.fault);
    let mut reader = HeadReader::new(kind);
    for part in octets.chunks(portion) {
        if let Err(error) = reader.feed(part) {
            // It stays.
            assert_eq!(reader.feed(b"x"), Err(error));
            assert_eq!(reader.into_request().unwrap_err(), error);
            return Err(told(error));
        }
    }
    match kind {
        HeadKind::Request => reader.into_request().map(|(_, behind)| behind).map_err(told),
        HeadKind::Response => reader.into_response().map(|(_, behind)| behind).map_err(told),
    }
}

#[track_caller]
fn finds(kind: HeadKind, octets: &[u8], line: usize, fault: F) {
    for portion in [1, 2, 3, 1000, octets.len().max(1)] {
        let found = read(kind, octets, portion);
        let shown = String::from_utf8_lossy(&octets[..octets.len().min(200)]);
        assert_eq!(found, Err((line, fault)), "{shown:?} in portions of {portion}");
    }
}

/// Faults behind the first line, which both kinds share; the line is that in the whole head.
fn faults_of_fields() -> Vec<(Vec<u8>, usize, F)> {
    let mut all: Vec<(Vec<u8>, usize, F)> = vec![
        (b"A: b\nC: d\r\n\r\n".to_vec(), 2, F::BareLineFeed),
        (b"A: b\r\n\n".to_vec(), 3, F::BareLineFeed),
        (b"\n".to_vec(), 2, F::BareLineFeed),
        (b"A\n".to_vec(), 2, F::BareLineFeed),
        (b"A: b\rC: d\r\n\r\n".to_vec(), 2, F::BareCarriageReturn),
        (b"A: b\r\r\n".to_vec(), 2, F::BareCarriageReturn),
        (b"A: b\r\n\rx".to_vec(), 3, F::BareCarriageReturn),
        (b"A: b\r\n c\r\n\r\n".to_vec(), 3, F::Folded),
        (b"A: b\r\n\tc\r\n\r\n".to_vec(), 3, F::Folded),
        (b" A: b\r\n\r\n".to_vec(), 2, F::Folded),
        (b"A : b\r\n\r\n".to_vec(), 2, F::NameSpace),
        (b"A\t: b\r\n\r\n".to_vec(), 2, F::NameSpace),
        (b"A b: c\r\n\r\n".to_vec(), 2, F::NameSpace),
        (b": b\r\n\r\n".to_vec(), 2, F::EmptyName),
        (b"A\r\n\r\n".to_vec(), 2, F::NoColon),
        (b"X: y\r\nA\r\n\r\n".to_vec(), 3, F::NoColon),
    ];
    // NUL, other control characters, separators and everything that is not ASCII.
    for octet in (0..=255u8).filter(|octet| !octet.is_ascii_alphanumeric()) {
        if !b"!#$%&'*+-.^_`|~:\r\n\t ".contains(&octet) {
            all.push((vec![octet, b':'], 2, F::NameOctet(octet)));
            all.push((vec![b'A', octet, b':'], 2, F::NameOctet(octet)));
        }
    }
    for octet in (0..0x20).chain([0x7f]).filter(|octet| !b"\r\n\t".contains(octet)) {
        all.push((vec![b'A', b':', b'b', octet, b'c'], 2, F::ValueOctet(octet)));
    }
    all
}

#[test]
fn faults_of_fields_are_found_at_both_sides() {
    for (fields, line, fault) in faults_of_fields() {
        let request = [b"GET / HTTP/1.1\r\n", &fields[..]].concat();
        finds(HeadKind::Request, &request, line, fault);
        let response = [b"HTTP/1.1 101 Switching Protocols\r\n", &fields[..]].concat();
        finds(HeadKind::Response, &response, line, fault);
        let status = RequestError::Head(fault_of(&request)).status();
        assert_eq!(status, 400, "{fault:?}");
    }
}

fn fault_of(octets: &[u8]) -> HeadError {
    HeadReader::new(HeadKind::Request).feed(octets).unwrap_err()
}

/// Octets at which some readers end a line: 0x0B, 0x0C, 0x1C to 0x1E, and 0x85, which UTF-8 contains.
#[test]
fn octets_that_end_a_line_elsewhere_do_not_bring_another_header() {
    for octet in [0x0b, 0x0c, 0x1c, 0x1d, 0x1e] {
        let head =
            [b"GET / HTTP/1.1\r\nA: b", &[octet][..], b"Upgrade: websocket\r\n\r\n"].concat();
        finds(HeadKind::Request, &head, 2, F::ValueOctet(octet));
    }
    for (value, name) in [(&b"\x85Upgrade: x"[..], "next line"), ("Åb\u{2028}X: y".as_bytes(), "Å")]
    {
        let head = [b"GET / HTTP/1.1\r\nA: ", value, b"\r\n\r\n"].concat();
        let mut reader = HeadReader::new(HeadKind::Request);
        assert_eq!(reader.feed(&head), Ok(true), "{name}");
        let (request, _) = reader.into_request().unwrap();
        assert_eq!(request.headers().len(), 1, "{name}");
        assert_eq!(request.headers()["A"].as_bytes(), value, "{name}");
    }
}

#[test]
fn first_lines_that_are_not_of_a_request() {
    let other = |octets: &[u8], fault| finds(HeadKind::Request, octets, 1, fault);
    // TLS: an alert, a ClientHello.
    other(b"\x15\x03\x01\0\x02\x02\x32", F::Tls);
    other(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", F::Tls);
    other(b"\x7f\xf1\0\0", F::RawSocket);
    for octets in
        [&b"\0"[..], b"\r\n", b"\n", b" GET / HTTP/1.1", b"\r\nGET / HTTP/1.1", b"\xffx", b"<xml>"]
    {
        other(octets, F::NotHttp);
    }
    for octets in [
        &b"GET\r\n"[..],
        b"GET /\r\n\r\n",
        b"GET / \r\n",
        b"GET  / HTTP/1.1\r\n",
        b"GET /  HTTP/1.1\r\n",
        b"GET / HTTP/1.1 \r\n",
        b"GET / HTTP/1.1x\r\n",
        b"GET / HTTP/1\r\n",
        b"GET / HTTP/11\r\n",
        b"GET / HTTP/1.1.1\r\n",
        b"GET / http/1.1\r\n",
        b"GET / HTTPS/1.1\r\n",
        b"GET / a HTTP/1.1\r\n",
        b"G(T / HTTP/1.1\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        other(octets, F::StartLine);
    }
    for (octets, octet) in [
        (&b"G\0T / HTTP/1.1\r\n"[..], 0),
        (b"GET /\0 HTTP/1.1\r\n", 0),
        (b"GET /a\tb HTTP/1.1\r\n", b'\t'),
        (b"GET\t/ HTTP/1.1\r\n", b'\t'),
        (b"GET /\xc3\xa4 HTTP/1.1\r\n", 0xc3),
        (b"GET /\x7f HTTP/1.1\r\n", 0x7f),
        (b"GET / HTTP/1.1\t\r\n", b'\t'),
    ] {
        other(octets, F::StartOctet(octet));
    }
    other(b"GET / HTTP/1.1\n\r\n", F::BareLineFeed);
    other(b"GET /\n", F::BareLineFeed);
    other(b"GET / HTTP/1.1\rHost: h\r\n", F::BareCarriageReturn);
    other(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", F::Version { major: 2, minor: 0 });
    other(b"GET / HTTP/0.9\r\n", F::Version { major: 0, minor: 9 });
    other(b"GET chat HTTP/1.1\r\n\r\n", F::Target);
}

#[test]
fn first_lines_that_are_not_of_a_response() {
    let other = |octets: &[u8], fault| finds(HeadKind::Response, octets, 1, fault);
    other(b"\x15\x03\x03\0\x02\x02\x32", F::Tls);
    other(b"\x7f\xf1\0\0", F::RawSocket);
    for octets in [
        &b"220 mail.example ESMTP\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\r\nHTTP/1.1 101 x\r\n",
        b"GET / HTTP/1.1\r\n",
        b"http/1.1 101 x\r\n",
        b"HTTP 101\r\n",
        b"HTTP/x\r\n",
        b"HTTP/1.1x",
    ] {
        other(octets, F::NotHttp);
    }
    for octets in [
        &b"HTTP/1.1\r\n"[..],
        b"HTTP/1.1 \r\n",
        b"HTTP/1.1  101 x\r\n",
        b"HTTP/1.1 10 x\r\n",
        b"HTTP/1.1 1010 x\r\n",
        b"HTTP/1.1 1x1 x\r\n",
        b"HTTP/1.1 -10 x\r\n",
        b"HTTP/1.1 000 x\r\n\r\n",
    ] {
        other(octets, F::StartLine);
    }
    other(b"HTTP/1.1 101 \0\r\n", F::StartOctet(0));
    other(b"HTTP/1.1 101 a\x7f\r\n", F::StartOctet(0x7f));
    other(b"HTTP/1.1 101 x\n", F::BareLineFeed);
    other(b"HTTP/1.1 101 x\ry", F::BareCarriageReturn);
    other(b"HTTP/2.0 101 x\r\n", F::Version { major: 2, minor: 0 });
    for good in
        [&b"HTTP/1.1 101\r\n\r\n"[..], b"HTTP/1.1 101 \r\n\r\n", b"HTTP/1.0 403 N\xf6 \tn\r\n\r\n"]
    {
        assert_eq!(read(HeadKind::Response, good, 1), Ok(vec![]));
    }
}

#[test]
fn a_head_that_is_cut_is_no_head() {
    let head = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for length in 0..head.len() {
        let found = read(HeadKind::Request, &head[..length], 5);
        assert!(matches!(found, Err((_, F::Cut))), "{length}: {found:?}");
    }
    assert_eq!(read(HeadKind::Request, head, 5), Ok(vec![]));
    // Nor is that of the other side.
    let mut reader = HeadReader::new(HeadKind::Request);
    assert_eq!(reader.feed(head), Ok(true));
    assert_eq!(reader.into_response().unwrap_err().fault, F::Cut);
}

#[test]
fn a_head_ends_within_16_kib_and_128_fields() {
    let start = "GET / HTTP/1.1\r\n";
    let of_length = |length: usize| {
        let fill = "x".repeat(length - start.len() - "A: \r\n\r\n".len());
        format!("{start}A: {fill}\r\n\r\n").into_bytes()
    };
    assert_eq!(read(HeadKind::Request, &of_length(MAX_HEAD), 999), Ok(vec![]));
    finds(HeadKind::Request, &of_length(MAX_HEAD + 1), 3, F::TooLong);
    // One of 1 MiB that does not end is refused when it is too long.
    let endless = vec![b'x'; 1 << 20];
    finds(HeadKind::Request, &endless, 1, F::TooLong);
    finds(HeadKind::Response, &[b"HTTP/1.1 200 ", &endless[..]].concat(), 1, F::TooLong);
    finds(HeadKind::Request, &of_length(1 << 20), 2, F::TooLong);

    let fields = |count: usize| format!("{start}{}\r\n", "A:\r\n".repeat(count)).into_bytes();
    assert_eq!(read(HeadKind::Request, &fields(MAX_FIELDS), 999), Ok(vec![]));
    for count in [MAX_FIELDS + 1, 10_000] {
        finds(HeadKind::Request, &fields(count), MAX_FIELDS + 2, F::TooManyFields);
        assert_eq!(RequestError::Head(fault_of(&fields(count))).status(), 431);
    }
    assert_eq!(RequestError::Head(fault_of(&endless)).status(), 431);
}

/// What is accepted is read as it was sent: fields in order, white space around values left out.
#[test]
fn fields_are_read_in_order() {
    let head = b"GET /x HTTP/1.1\r\nB:1\r\na: \t 2 3 \t\r\nB:\r\n#$%&'*+-.^_`|~!: \xe4\r\n\r\n";
    let mut reader = HeadReader::new(HeadKind::Request);
    assert_eq!(reader.feed(head), Ok(true));
    let (request, _) = reader.into_request().unwrap();
    let all: Vec<_> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let expected: [(&str, &[u8]); 4] =
        [("b", b"1"), ("b", b""), ("a", b"2 3"), ("#$%&'*+-.^_`|~!", b"\xe4")];
    assert_eq!(all, expected);
}
