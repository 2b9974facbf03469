//! What the tests of compression share.

use wampwerk::internals::framing::websocket::Role::{self, Client, Server};
use wampwerk::internals::framing::websocket::deflate::{
    self, Agreement, Compressor, Decompressor, InflateError,
};
use wampwerk::websocket::Deflate;

pub(crate) const LIMIT: usize = 1 << 20;

/// Settings with context takeover both ways, without threshold.
pub(crate) fn takeover() -> Deflate {
    Deflate::new().server_context_takeover(true).client_context_takeover(true).threshold(0)
}

/// Settings without context takeover and without threshold.
pub(crate) fn without() -> Deflate {
    Deflate::new().server_context_takeover(false).client_context_takeover(false).threshold(0)
}

/// What a client and a server with these settings agree on.
pub(crate) fn agree(client: &Deflate, server: &Deflate) -> (Agreement, Agreement) {
    let accepted = deflate::accept([deflate::offer(client)], server).unwrap();
    let (of_server, response) = accepted.expect("accepted");
    let of_client = deflate::check_response([response], Some(client)).unwrap().unwrap();
    assert_eq!(of_client.parameters, of_server.parameters);
    (of_client, of_server)
}

pub(crate) fn agreed(settings: &Deflate) -> Agreement {
    agree(settings, settings).1
}

/// Both ends of one direction.
pub(crate) fn pair(settings: &Deflate, sender: Role) -> (Compressor, Decompressor) {
    let agreement = agreed(settings);
    let receiver = match sender {
        Client => Server,
        Server => Client,
    };
    (agreement.compressor(sender), agreement.decompressor(receiver))
}

/// A whole message, read in one portion.
pub(crate) fn inflate(
    decompressor: &mut Decompressor,
    message: &[u8],
) -> Result<Vec<u8>, InflateError> {
    inflate_in(decompressor, message, usize::MAX, LIMIT)
}

/// A whole message, read in portions.
pub(crate) fn inflate_in(
    decompressor: &mut Decompressor,
    message: &[u8],
    portion: usize,
    limit: usize,
) -> Result<Vec<u8>, InflateError> {
    let mut out = Vec::new();
    for part in message.chunks(portion) {
        let read = decompressor.push(part, &mut out, limit);
        assert!(out.len() <= limit + 1, "{} beyond {limit}", out.len());
        read?;
    }
    decompressor.finish(&mut out, limit)?;
    assert!(out.len() <= limit, "{} beyond {limit}", out.len());
    Ok(out)
}

/// A whole message, written in one portion.
pub(crate) fn compress(compressor: &mut Compressor, message: &[u8]) -> Vec<u8> {
    compress_in(compressor, message, usize::MAX)
}

/// A whole message, written in portions.
pub(crate) fn compress_in(compressor: &mut Compressor, message: &[u8], portion: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for part in message.chunks(portion) {
        compressor.push(part, &mut out).unwrap();
    }
    compressor.finish(&mut out).unwrap();
    out
}

/// Octets of a seed: 0 random, 1 text like JSON, 2 all the same, 3 runs of what came before.
pub(crate) fn octets(kind: u8, length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize
    };
    let mut octets = Vec::with_capacity(length + 64);
    while octets.len() < length {
        match kind {
            0 => octets.push(next() as u8),
            1 => {
                let (id, value) = (next() % 10_000, next() % 100);
                octets.extend(format!("{{\"id\":{id},\"value\":{value},\"ok\":true}},").bytes());
            }
            2 => octets.push(seed as u8),
            _ if octets.len() < 16 || next() % 8 == 0 => octets.push(next() as u8),
            _ => {
                let back = 1 + next() % octets.len();
                let run = 1 + next() % 300;
                let start = octets.len() - back;
                (0..run).for_each(|at| octets.push(octets[start + at]));
            }
        }
    }
    octets.truncate(length);
    octets
}
