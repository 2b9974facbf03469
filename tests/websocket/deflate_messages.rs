//! Compressed messages (RFC 7692, section 7.2).

use wampwerk::internals::framing::websocket::Role::{Client, Server};
use wampwerk::internals::framing::websocket::deflate::{InflateError, compress_shared};
use wampwerk::websocket::Deflate;

use crate::deflate_common::{
    LIMIT, agree, agreed, compress, compress_in, inflate, inflate_in, octets, pair, takeover,
    without,
};
use crate::puff::puff;

/// "Hello" as RFC 7692 and other compressors write it: fixed block, stored block, final block and what
/// begins an empty one, two blocks. Each is without its last four octets.
const HELLO: [&[u8]; 4] = [
    b"\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\x00\x05\x00\xfa\xffHello\x00",
    b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
    b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
];

/// "Hello" that refers to an earlier "Hello"; the second one in a final block.
const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";
const AGAIN_FINAL: &[u8] = b"\xf3\x00\x11\x00\x00";

const CORRUPT: Result<Vec<u8>, InflateError> = Err(InflateError::Corrupt);
const TOO_LONG: Result<Vec<u8>, InflateError> = Err(InflateError::TooLong);

fn json() -> Vec<u8> {
    octets(1, 1024, 7)
}

/// What the receiver appends.
fn whole(message: &[u8]) -> Vec<u8> {
    [message, &[0, 0, 0xff, 0xff]].concat()
}

#[test]
fn the_vectors_of_the_specification_are_read() {
    for settings in [takeover(), without()] {
        for portion in 1..14 {
            let mut decompressor = agreed(&settings).decompressor(Client);
            for message in HELLO {
                let read = inflate_in(&mut decompressor, message, portion, LIMIT);
                assert_eq!(read.as_deref(), Ok(&b"Hello"[..]), "{message:x?} by {portion}");
            }
        }
    }
}

#[test]
fn n05_n06_a_window_of_8_bits_is_compressed_with_references_of_250_octets_at_most() {
    let small = takeover().server_max_window_bits(8).client_max_window_bits(8);
    for level in 1..=9 {
        for role in [Client, Server] {
            let (mut compressor, mut decompressor) = pair(&small.clone().level(level), role);
            let (mut stream, mut plain) = (Vec::new(), Vec::new());
            for (seed, kind) in [1, 3, 2, 0, 1, 3].into_iter().enumerate() {
                let message = octets(kind, 3000, seed as u32 + 1);
                let compressed = compress(&mut compressor, &message);
                assert_eq!(inflate(&mut decompressor, &compressed).as_ref(), Ok(&message));
                stream.extend(whole(&compressed));
                plain.extend(message);
            }
            let puffed = puff(&stream).unwrap();
            assert_eq!(puffed.plain, plain);
            // The pin: a window of 9 bits without the 262 octets that zlib looks ahead.
            assert!((200..=250).contains(&puffed.distance), "{level}: {}", puffed.distance);
        }
    }
}

#[test]
fn n05_larger_windows_are_used_as_agreed() {
    for bits in 9..=15 {
        let settings = takeover().server_max_window_bits(bits).level(6);
        let (mut compressor, mut decompressor) = pair(&settings, Server);
        let message = octets(3, 100_000, 5);
        let compressed = compress(&mut compressor, &message);
        let puffed = puff(&whole(&compressed)).unwrap();
        assert_eq!(puffed.plain, message);
        let most = (1 << bits) - 262;
        assert!((most / 2..=most).contains(&puffed.distance), "{bits}: {}", puffed.distance);
        assert_eq!(inflate(&mut decompressor, &compressed), Ok(message));
    }
}

#[test]
fn d06_an_empty_message_is_one_octet() {
    for settings in [takeover(), without()] {
        let (mut compressor, mut decompressor) = pair(&settings, Server);
        for message in [&b""[..], b"Hello", b"", b"", b"Hello", b""] {
            let compressed = compress(&mut compressor, message);
            assert_eq!(compressed == [0], message.is_empty(), "{compressed:x?}");
            assert_eq!(inflate(&mut decompressor, &compressed).as_deref(), Ok(message));
        }
    }
    // As a whole message it is sent uncompressed where nothing speaks against it.
    let (mut compressor, _) = pair(&without(), Server);
    let mut out = Vec::new();
    assert_eq!((compressor.compress(b"", &mut out), out), (Ok(false), vec![]));
}

#[test]
fn d06_the_four_octets_are_taken_off_whatever_the_size() {
    let (mut compressor, mut decompressor) = pair(&without().level(6), Server);
    // Lengths around those where a flush fills the room of a step.
    for length in (1..700).chain(65_400..65_700).chain([131_072, 300_000]) {
        let message = octets(0, length, length as u32);
        let compressed = compress(&mut compressor, &message);
        assert!(!compressed.ends_with(&[0, 0, 0xff, 0xff]), "{length}");
        let read = inflate(&mut decompressor, &compressed);
        assert_eq!(read, Ok(message), "{length}");
    }
}

#[test]
fn d07_a_message_that_does_not_leave_is_forgotten() {
    for level in 1..=9 {
        for end in [true, false] {
            let (mut compressor, mut decompressor) = pair(&takeover().level(level), Client);
            let first = compress(&mut compressor, &json());
            assert_eq!(inflate(&mut decompressor, &first), Ok(json()));
            let lost = octets(1, 2000, 99);
            let mut out = Vec::new();
            compressor.push(&lost, &mut out).unwrap();
            if end {
                compressor.finish(&mut out).unwrap();
            }
            compressor.forget();
            let third = compress(&mut compressor, &lost);
            assert_eq!(inflate(&mut decompressor, &third), Ok(lost), "level {level}, {end}");
        }
    }
    // Without that, the peer's window differs.
    let (mut compressor, mut decompressor) = pair(&takeover(), Client);
    compress(&mut compressor, &json());
    let second = compress(&mut compressor, &json());
    assert_eq!(inflate(&mut decompressor, &second), CORRUPT);
}

#[test]
fn d07_a_whole_message_that_grew_is_sent_plain_only_without_history() {
    let noise = octets(0, 500, 3);
    let mut out = vec![1, 2, 3];
    let (mut compressor, mut decompressor) = pair(&without(), Server);
    assert_eq!(compressor.compress(&noise, &mut out), Ok(false));
    assert_eq!(out, [1, 2, 3]);
    assert_eq!(compressor.compress(&json(), &mut out), Ok(true));
    assert_eq!(inflate(&mut decompressor, &out[3..]), Ok(json()));
    let (mut compressor, mut decompressor) = pair(&takeover(), Server);
    for message in [&noise, &noise, &json()] {
        let mut out = Vec::new();
        assert_eq!(compressor.compress(message, &mut out), Ok(true));
        assert_eq!(inflate(&mut decompressor, &out).as_ref(), Ok(message));
    }
}

#[test]
fn d08_history_can_be_given_back_at_any_time() {
    let (mut compressor, mut decompressor) = pair(&takeover(), Server);
    let mut lengths = Vec::new();
    for turn in 0..6 {
        let compressed = compress(&mut compressor, &json());
        lengths.push(compressed.len());
        assert_eq!(inflate(&mut decompressor, &compressed), Ok(json()));
        if turn % 3 == 1 {
            compressor.release();
        }
        if turn % 2 == 1 {
            decompressor.release();
        }
    }
    // The second and the sixth refer to the ones before, the third begins anew.
    assert_eq!(lengths[0], lengths[2]);
    assert!(lengths[1] * 10 < lengths[0] && lengths[3] * 10 < lengths[2], "{lengths:?}");
}

#[test]
fn d08_memory_is_not_given_back_within_a_message() {
    let (mut compressor, mut decompressor) = pair(&takeover(), Server);
    let (mut compressed, mut plain) = (Vec::new(), Vec::new());
    for part in json().chunks(100) {
        compressor.push(part, &mut compressed).unwrap();
        compressor.release();
    }
    compressor.finish(&mut compressed).unwrap();
    for part in compressed.chunks(10) {
        decompressor.push(part, &mut plain, LIMIT).unwrap();
        decompressor.release();
    }
    decompressor.finish(&mut plain, LIMIT).unwrap();
    assert_eq!(plain, json());
}

#[test]
fn d08_a_side_may_do_without_takeover_and_with_a_smaller_window_by_itself() {
    let message = octets(3, 20_000, 11);
    let server = takeover().server_max_window_bits(9);
    let (_, agreement) = agree(&takeover(), &server);
    let compressed = compress(&mut agreement.compressor(Server), &message);
    assert!(puff(&whole(&compressed)).unwrap().distance <= 250);
    let client = Deflate::new().client_context_takeover(false).client_max_window_bits(9);
    let (agreement, _) = agree(&client, &takeover());
    assert!(agreement.parameters.client_no_context_takeover);
    let mut compressor = agreement.compressor(Client);
    let first = compress(&mut compressor, &message);
    assert_eq!(compress(&mut compressor, &message), first);
    assert!(puff(&whole(&first)).unwrap().distance <= 250);
}

#[test]
fn d09_without_takeover_each_message_stands_alone() {
    for role in [Client, Server] {
        let (mut compressor, _) = pair(&without(), role);
        let first = compress(&mut compressor, &json());
        assert_eq!(compress(&mut compressor, &json()), first);
        assert_eq!(puff(&whole(&first)).unwrap().plain, json());
    }
}

#[test]
fn d10_short_messages_are_not_worth_it() {
    for (settings, least) in [
        (Deflate::new().server_context_takeover(true), 32),
        (Deflate::new(), 128),
        (Deflate::new().threshold(1000), 1000),
        (Deflate::new().threshold(0), 1),
    ] {
        let compressor = agree(&Deflate::new(), &settings).1.compressor(Server);
        assert!(!compressor.should_compress(least - 1), "{settings:?}");
        assert!(compressor.should_compress(least), "{settings:?}");
    }
}

#[test]
fn d12_the_limit_holds_for_the_inflated_message() {
    for kind in 0..4 {
        let message = octets(kind, 50_000, 21);
        let (mut compressor, _) = pair(&without().level(9), Server);
        let compressed = compress(&mut compressor, &message);
        for settings in [takeover(), without()] {
            for portion in [1, 7, 1000, usize::MAX] {
                let read = |limit| {
                    let mut decompressor = agreed(&settings).decompressor(Client);
                    inflate_in(&mut decompressor, &compressed, portion, limit)
                };
                assert_eq!(read(50_000).as_ref(), Ok(&message));
                assert_eq!(read(49_999), TOO_LONG);
                assert_eq!(read(1), TOO_LONG);
                assert_eq!(read(0), TOO_LONG);
            }
        }
    }
    let mut decompressor = agreed(&takeover()).decompressor(Client);
    assert_eq!(inflate_in(&mut decompressor, &[0], 1, 0), Ok(vec![]));
}

#[test]
fn d12_after_too_long_a_message_nothing_more_is_read() {
    let mut decompressor = agreed(&takeover()).decompressor(Client);
    assert_eq!(inflate_in(&mut decompressor, HELLO[0], 9, 4), TOO_LONG);
    assert_eq!(inflate_in(&mut decompressor, HELLO[0], 9, 100), TOO_LONG);
    decompressor.release();
    assert_eq!(inflate(&mut decompressor, b""), TOO_LONG);
}

#[test]
fn d12_work_is_bounded_by_the_room() {
    let message = octets(2, 200_000, 9);
    let (mut compressor, mut decompressor) = pair(&takeover(), Server);
    let compressed = compress(&mut compressor, &message);
    let (mut out, mut rest) = (Vec::new(), &compressed[..]);
    let (mut more, mut steps) = (true, 0);
    while more {
        let before = out.len();
        more = decompressor.push_some(&mut rest, &mut out, 100, LIMIT).unwrap();
        assert!(out.len() - before <= 100);
        steps += 1;
        assert!(steps < 2010, "{} of {}", out.len(), message.len());
    }
    assert_eq!(rest, b"");
    decompressor.finish(&mut out, LIMIT).unwrap();
    assert_eq!(out, message);
    // All input is consumed before all output is out; `finish` brings the rest as well.
    // That takes a short code for the end of a block, as in one of the same octet only.
    let (mut compressor, mut decompressor) = pair(&takeover().level(9), Server);
    let mut early = 0;
    for length in 10_000..10_020 {
        let compressed = compress(&mut compressor, &message[..length]);
        let (mut out, mut rest) = (Vec::new(), &compressed[..]);
        while !rest.is_empty() {
            decompressor.push_some(&mut rest, &mut out, 1, LIMIT).unwrap();
        }
        early += usize::from(out.len() < length);
        decompressor.finish(&mut out, LIMIT).unwrap();
        assert_eq!(out, &message[..length]);
    }
    assert!(early > 0);
}

#[test]
fn d13_a_bomb_costs_no_more_than_the_limit() {
    let (mut compressor, mut decompressor) = pair(&without().level(9), Server);
    let mut bomb = Vec::new();
    let zeros = vec![0; 1 << 20];
    for _ in 0..64 {
        compressor.push(&zeros, &mut bomb).unwrap();
    }
    compressor.finish(&mut bomb).unwrap();
    assert!(bomb.len() < 70_000, "{}", bomb.len());
    let mut out = Vec::new();
    let error = decompressor.push(&bomb, &mut out, LIMIT);
    assert_eq!(error, Err(InflateError::TooLong));
    assert!(out.len() <= LIMIT + 1 && out.capacity() <= 2 * LIMIT + 2, "{}", out.capacity());
}

#[test]
fn d14_the_rest_behind_a_final_block_begins_a_new_stream() {
    let two = [&HELLO[2][..7], HELLO[0]].concat();
    for settings in [takeover(), without()] {
        for portion in 1..16 {
            let mut decompressor = agreed(&settings).decompressor(Server);
            let mut read = |message: &[u8]| inflate_in(&mut decompressor, message, portion, LIMIT);
            // The octet 00 begins a stored block, which the four octets end; nothing else does.
            assert_eq!(read(HELLO[2]).as_deref(), Ok(&b"Hello"[..]));
            assert_eq!(read(&two).as_deref(), Ok(&b"HelloHello"[..]));
            assert_eq!(read(&HELLO[2].repeat(3)).as_deref(), CORRUPT.as_deref());
        }
    }
}

#[test]
fn d14_a_message_may_end_by_a_final_block() {
    for settings in [takeover(), without()] {
        let mut decompressor = agreed(&settings).decompressor(Server);
        // An empty final block as the whole message: a loop until all is consumed never ended.
        assert_eq!(inflate(&mut decompressor, b"\x03\x80").as_deref(), Ok(&b""[..]));
        assert_eq!(inflate(&mut decompressor, b"\x03\x00").as_deref(), Ok(&b""[..]));
        assert_eq!(inflate(&mut decompressor, &HELLO[2][..7]).as_deref(), Ok(&b"Hello"[..]));
        assert_eq!(inflate(&mut decompressor, HELLO[0]).as_deref(), Ok(&b"Hello"[..]));
    }
}

#[test]
fn d14_many_final_blocks_are_bounded() {
    let many = b"\x03\x00".repeat(1000);
    for settings in [takeover(), without()] {
        let mut decompressor = agreed(&settings).decompressor(Server);
        assert_eq!(inflate(&mut decompressor, &many[..400]).as_deref(), Ok(&b""[..]));
        assert_eq!(inflate(&mut decompressor, &many), CORRUPT);
    }
}

#[test]
fn d15_history_counts_after_a_final_block_with_takeover() {
    for portion in 1..8 {
        let mut decompressor = agreed(&takeover()).decompressor(Client);
        let mut read = |message: &[u8]| inflate_in(&mut decompressor, message, portion, LIMIT);
        assert_eq!(read(HELLO[2]).as_deref(), Ok(&b"Hello"[..]));
        assert_eq!(read(AGAIN).as_deref(), Ok(&b"Hello"[..]));
        assert_eq!(read(AGAIN_FINAL).as_deref(), Ok(&b"Hello"[..]));
        // Within a message, too.
        let twice = [&AGAIN_FINAL[..4], AGAIN].concat();
        assert_eq!(read(&twice).as_deref(), Ok(&b"HelloHello"[..]));
    }
}

#[test]
fn d15_history_of_32_kib_survives_a_final_block_and_idleness() {
    for idle in [false, true] {
        let (mut compressor, mut decompressor) = pair(&takeover().level(9), Server);
        let noise = octets(0, 32_000, 77);
        let first = compress(&mut compressor, &noise);
        assert_eq!(inflate(&mut decompressor, &first).as_ref(), Ok(&noise));
        if idle {
            decompressor.release();
        } else {
            assert_eq!(inflate(&mut decompressor, b"\x03\x00").as_deref(), Ok(&b""[..]));
        }
        let second = compress(&mut compressor, &noise);
        assert!(second.len() < 1000, "it refers to the first: {}", second.len());
        assert_eq!(inflate(&mut decompressor, &second), Ok(noise));
    }
}

#[test]
fn d16_what_is_not_deflate_is_refused() {
    for bad in [
        &b"\x07"[..], // a type of block that is not defined
        b"\xff\xff\xff\xff",
        b"\x00\x05\x00\xfa\xfeHello\x00", // the length's complement is wrong
        b"\x04\xff\xff\xff",              // tables that are none
        b"\xf2\x48\xcd\xc9\xc9\x01\x11\x11\x11\x11\x11", // a distance beyond what there is
    ] {
        for settings in [takeover(), without()] {
            for portion in [1, 100] {
                let mut decompressor = agreed(&settings).decompressor(Server);
                let error = inflate_in(&mut decompressor, bad, portion, LIMIT);
                assert_eq!(error, CORRUPT, "{bad:x?}");
                assert_eq!(inflate(&mut decompressor, HELLO[0]), CORRUPT);
            }
        }
    }
}

#[test]
fn d17_a_message_that_ends_within_a_block_is_refused() {
    let (mut compressor, _) = pair(&without().level(6), Server);
    let long = compress(&mut compressor, &json());
    for message in [HELLO[0], &HELLO[1][..11], &long] {
        let shortest = if message[0] == 0 { 2 } else { 1 };
        for length in shortest..message.len() - 1 {
            let mut decompressor = agreed(&takeover()).decompressor(Client);
            let error = inflate(&mut decompressor, &message[..length]);
            assert_eq!(error, CORRUPT, "{length} of {message:x?}");
        }
    }
    // The block is whole, but the header of the last one is not.
    let mut decompressor = agreed(&takeover()).decompressor(Client);
    assert_eq!(inflate(&mut decompressor, HELLO[0]).as_deref(), Ok(&b"Hello"[..]));
    assert_eq!(inflate(&mut decompressor, &AGAIN[..4]), CORRUPT);
    // The four octets are there already.
    let mut decompressor = agreed(&takeover()).decompressor(Client);
    assert_eq!(inflate(&mut decompressor, &whole(HELLO[0])), CORRUPT);
}

#[test]
fn d18_empty_messages() {
    for settings in [takeover(), without()] {
        let mut decompressor = agreed(&settings).decompressor(Client);
        for message in [&b""[..], b"\x00", b"", b"\x00"] {
            assert_eq!(inflate(&mut decompressor, message).as_deref(), Ok(&b""[..]));
        }
        assert_eq!(inflate(&mut decompressor, HELLO[0]).as_deref(), Ok(&b"Hello"[..]));
    }
}

#[test]
fn d19_references_beyond_the_agreed_window_are_read() {
    let message = octets(3, 20_000, 11);
    let (mut compressor, _) = pair(&without().level(9), Server);
    let compressed = compress(&mut compressor, &message);
    assert!(puff(&whole(&compressed)).unwrap().distance > 10_000);
    let small = takeover().server_max_window_bits(8);
    let mut decompressor = agreed(&small).decompressor(Client);
    assert_eq!(inflate(&mut decompressor, &compressed), Ok(message));
}

#[test]
fn d20_no_message_refers_to_what_is_not_there() {
    for settings in [takeover(), without()] {
        let mut decompressor = agreed(&settings).decompressor(Server);
        assert_eq!(inflate(&mut decompressor, AGAIN), CORRUPT);
    }
    let mut decompressor = agreed(&takeover()).decompressor(Server);
    assert_eq!(inflate(&mut decompressor, HELLO[0]).as_deref(), Ok(&b"Hello"[..]));
    assert_eq!(inflate(&mut decompressor, AGAIN).as_deref(), Ok(&b"Hello"[..]));
    let mut decompressor = agreed(&without()).decompressor(Server);
    assert_eq!(inflate(&mut decompressor, HELLO[0]).as_deref(), Ok(&b"Hello"[..]));
    assert_eq!(inflate(&mut decompressor, AGAIN), CORRUPT);
}

#[test]
fn a_shared_message_is_read_on_every_connection() {
    let message = json();
    let shared = compress_shared(&message, 1, 10).unwrap();
    for settings in [takeover(), without(), takeover().server_max_window_bits(10)] {
        let (mut compressor, mut decompressor) = pair(&settings, Server);
        for turn in 0..3 {
            let own = compress(&mut compressor, &octets(1, 500, turn));
            assert_eq!(inflate(&mut decompressor, &own), Ok(octets(1, 500, turn)));
            assert_eq!(inflate(&mut decompressor, &shared).as_ref(), Ok(&message));
            compressor.forget();
        }
    }
    assert_eq!(compress_shared(&octets(0, 300, 1), 6, 15), None);
    assert_eq!(compress_shared(b"", 6, 15), None);
}

#[test]
fn what_is_compressed_elsewhere_is_the_same() {
    // The pool hands out compressors that others used, within a message as well.
    let (mut dropped, _) = pair(&without(), Server);
    let fresh = compress(&mut dropped, &json());
    for _ in 0..40 {
        let (mut compressor, _) = pair(&without(), Server);
        compressor.push(&octets(1, 5000, 3), &mut Vec::new()).unwrap();
        drop(compressor);
        let (mut compressor, mut decompressor) = pair(&without(), Server);
        assert_eq!(compress_in(&mut compressor, &json(), usize::MAX), fresh);
        decompressor.push(&fresh[..9], &mut Vec::new(), LIMIT).unwrap();
        drop(decompressor);
        let (_, mut decompressor) = pair(&without(), Server);
        assert_eq!(inflate(&mut decompressor, &fresh), Ok(json()));
    }
}
