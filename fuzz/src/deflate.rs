//! permessage-deflate: any octets are messages or refused, whatever the portions, within the limit; any
//! header is agreed on or refused; and what we write is read.

use wampwerk::internals::framing::websocket::Role;
use wampwerk::internals::framing::websocket::deflate::{
    self, Agreement, Decompressor, InflateError, NAME, Parameters,
};
use wampwerk::websocket::Deflate;

/// Settings by the bits of an octet.
fn settings(choice: u8) -> Deflate {
    let bits = |shift: u8| 8 + (choice >> shift & 7);
    let settings = Deflate::new()
        .server_context_takeover(choice & 1 != 0)
        .client_context_takeover(choice & 2 != 0)
        .level(1 + choice % 9)
        .memory_level(9 - choice % 9);
    match choice >> 2 & 3 {
        0 => settings,
        1 => settings.server_max_window_bits(bits(4)),
        2 => settings.client_max_window_bits(bits(4)),
        _ => settings.server_max_window_bits(bits(5)).client_max_window_bits(bits(4)),
    }
}

/// What a client and a server of these settings agree on.
fn agree(settings: &Deflate) -> Agreement {
    let (server, response) = deflate::accept([deflate::offer(settings)], settings)
        .unwrap()
        .unwrap_or_else(|| panic!("our offer is declined: {settings:?}"));
    let client = deflate::check_response([response], Some(settings)).unwrap().unwrap();
    assert_eq!(client.parameters, server.parameters);
    server
}

/// Three octets choose settings, limit and portions. Each message has an octet with its length.
pub fn messages(input: &[u8]) {
    let [choice, limit, portion, stream @ ..] = input else { return };
    if deflate::MISSING.is_some() {
        return;
    }
    let agreement = agree(&settings(*choice));
    let limit = usize::from(*limit).pow(2);
    let portion = usize::from(portion % 64) + 1;
    let (mut whole, mut parts) =
        (agreement.decompressor(Role::Server), agreement.decompressor(Role::Server));
    let mut compressor = agreement.compressor(Role::Server);
    let mut decompressor = agreement.decompressor(Role::Client);
    let mut rest = stream;
    while let Some((length, octets)) = rest.split_first() {
        let (message, next) = octets.split_at(usize::from(*length).min(octets.len()));
        rest = next;
        let read = inflate(&mut whole, message, usize::MAX, limit);
        assert_eq!(read, inflate(&mut parts, message, portion, limit), "in portions of {portion}");
        parts.release();
        let Ok(plain) = read else { return };
        // What was read is written again, and what was written is read.
        let mut written = Vec::new();
        for part in plain.chunks(portion * 50) {
            compressor.push(part, &mut written).unwrap();
        }
        compressor.finish(&mut written).unwrap();
        let back = inflate(&mut decompressor, &written, portion, plain.len());
        assert_eq!(back, Ok(plain), "written as {written:x?}");
        if length % 5 == 0 {
            compressor.release();
            decompressor.release();
        }
    }
}

fn inflate(
    decompressor: &mut Decompressor,
    message: &[u8],
    portion: usize,
    limit: usize,
) -> Result<Vec<u8>, InflateError> {
    let mut out = Vec::new();
    for part in message.chunks(portion) {
        let read = decompressor.push(part, &mut out, limit);
        assert!(out.len() <= limit + 1, "beyond the limit");
        assert!(out.capacity() <= 2 * limit + 1024, "{} for {limit}", out.capacity());
        read?;
    }
    decompressor.finish(&mut out, limit)?;
    assert!(out.len() <= limit, "beyond the limit");
    Ok(out)
}

/// One octet chooses settings, the others are lines of `Sec-WebSocket-Extensions`.
pub fn parameters(input: &[u8]) {
    let Some((choice, lines)) = input.split_first() else { return };
    let lines: Vec<_> = lines.split(|octet| *octet == b'\n').collect();
    let settings = settings(*choice);
    let list = deflate::parse(&lines);
    match deflate::accept(&lines, &settings) {
        Err(error) => assert_eq!(list, Err(error)),
        Ok(None) => assert!(list.is_ok()),
        Ok(Some((agreement, response))) => {
            check(&agreement.parameters);
            assert!(
                list.is_ok_and(|list| list.iter().any(|it| it.name.eq_ignore_ascii_case(NAME)))
            );
            let answer = deflate::parse([&response]).unwrap();
            assert!(answer.len() == 1 && answer[0].name == NAME, "{response}");
            // A client that offers everything takes it.
            let parameters = deflate::check_response([&response], Some(&Deflate::new()));
            let parameters = parameters.unwrap().unwrap().parameters;
            assert_eq!(parameters, agreement.parameters, "{response}");
        }
    }
    if let Ok(Some(agreement)) = deflate::check_response(&lines, Some(&settings)) {
        check(&agreement.parameters);
        assert!(deflate::check_response(&lines, None).is_err(), "it was not offered");
    }
    agree(&settings);
}

fn check(parameters: &Parameters) {
    assert!((8..=15).contains(&parameters.server_max_window_bits));
    assert!((8..=15).contains(&parameters.client_max_window_bits));
}
