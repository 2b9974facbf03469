//! WebSocket's opening handshake: whatever the portions in which a head comes, the verdict is the same, and what
//! one side accepts the other side reads as it was meant.

use wampwerk::internals::framing::websocket::handshake::{
    ClientRequest, HeadError, HeadKind, HeadReader, Key, Refusal, RequestError, check, check_host,
    encode,
};
use wampwerk::websocket::Deflate;

/// Nonce of the sample in RFC 6455, section 1.3.
const NONCE: [u8; 16] = *b"the sample nonce";

/// An octet for the portions, then what a client sends.
pub fn request(input: &[u8]) {
    let Some((&portions, stream)) = input.split_first() else { return };
    let Some(outcome) = read(HeadKind::Request, portions, stream) else { return };
    let checked = outcome.map_err(RequestError::Head).and_then(|reader| {
        let (request, behind) = reader.into_request().map_err(RequestError::Head)?;
        assert!(stream.ends_with(&behind), "octets behind the head are lost");
        let offer = check(&request)?;
        check_host(&request)?;
        Ok(offer)
    });
    let offer = match checked {
        Ok(offer) => offer,
        Err(error) => {
            let status = error.status();
            assert!(status.is_client_error() || status.as_u16() == 505, "{error}");
            let refusal = Refusal::from(error).response();
            let (answer, _) = own(&encode(&refusal)).into_response().unwrap();
            assert_eq!(answer.status(), status);
            return;
        }
    };
    // A client that offers the same reads the answer as it was meant.
    let protocol = offer.protocols.last().map(String::as_str);
    let response = encode(&offer.accept(protocol, None).unwrap());
    let (response, _) = own(&response).into_response().unwrap();
    let request = ClientRequest {
        host: "localhost".to_owned(),
        resource: "/".to_owned(),
        protocols: offer.protocols.clone(),
        ..ClientRequest::default()
    };
    let agreement = request.check_response(&offer.key, &response).unwrap();
    assert_eq!(agreement.protocol.as_deref(), protocol);
    assert!(agreement.extensions.is_empty());
    assert_eq!(Key::read(offer.key.encoded().as_bytes()), Some(offer.key));
    // And a server reads the client's request as it was meant.
    if request.check().is_ok() {
        let Some(Ok(reader)) = read(HeadKind::Request, portions, &request.encode(&offer.key))
        else {
            panic!("our own request is not valid")
        };
        let (again, _) = reader.into_request().unwrap();
        check_host(&again).unwrap();
        let again = check(&again).unwrap();
        assert_eq!((again.key, again.protocols), (offer.key, offer.protocols));
    }
}

/// An octet for the portions and for what is offered, then what a server answers.
pub fn response(input: &[u8]) {
    let Some((&portions, stream)) = input.split_first() else { return };
    let Some(Ok(reader)) = read(HeadKind::Response, portions, stream) else { return };
    let Ok((response, behind)) = reader.into_response() else { return };
    assert!(stream.ends_with(&behind), "octets behind the head are lost");
    let protocols = ["wamp.2.json", "chat", "a"].map(str::to_owned);
    let request = ClientRequest {
        protocols: protocols[..usize::from(portions % 4)].to_vec(),
        deflate: (portions % 3 == 0).then(Deflate::new),
        ..ClientRequest::default()
    };
    if let Ok(agreement) = request.check_response(&Key::new(NONCE), &response) {
        assert_eq!(response.status().as_u16(), 101);
        assert!(agreement.protocol.is_none_or(|name| request.protocols.contains(&name)));
        assert!(agreement.extensions.is_empty() || request.deflate.is_some());
        let accept = response.headers().get("sec-websocket-accept").unwrap();
        assert_eq!(accept.as_bytes().trim_ascii(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}

/// Reads in portions, and compares with reading at once. `None` if the head is not whole.
fn read(kind: HeadKind, portions: u8, stream: &[u8]) -> Option<Result<HeadReader, HeadError>> {
    let mut at_once = HeadReader::new(kind);
    let expected = at_once.feed(stream);
    let mut reader = HeadReader::new(kind);
    let mut whole = false;
    let mut rest = stream;
    let mut turn = usize::from(portions);
    while !rest.is_empty() {
        turn = turn.wrapping_mul(31).wrapping_add(7) % 9973;
        let (now, later) = rest.split_at((1 + turn % 13).min(rest.len()));
        rest = later;
        match reader.feed(now) {
            Ok(done) => whole = done,
            Err(error) => {
                assert_eq!(expected, Err(error), "in portions it is another error");
                assert_eq!(reader.feed(b"\r\n\r\n"), Err(error), "goes on behind an error");
                return Some(Err(error));
            }
        }
    }
    assert_eq!(expected, Ok(whole));
    whole.then_some(Ok(reader))
}

/// Reads an answer of ours.
fn own(octets: &[u8]) -> HeadReader {
    let mut reader = HeadReader::new(HeadKind::Response);
    assert_eq!(reader.feed(octets), Ok(true), "our own answer is not valid");
    reader
}
