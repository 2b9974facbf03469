//! Any messages with any agreed parameters, in any portions (R1, R2), and any octets that come (R3).

use proptest::collection::vec;
use proptest::prelude::*;
use wampwerk::internals::framing::websocket::Role;
use wampwerk::internals::framing::websocket::deflate::compress_shared;
use wampwerk::websocket::Deflate;

use crate::deflate_common::{
    LIMIT, agreed, compress_in, inflate, inflate_in, octets, pair, takeover, without,
};
use crate::puff::puff;

/// A message, and what happens around it.
#[derive(Clone, Debug)]
struct Message {
    octets: Vec<u8>,
    portions: (usize, usize),
    /// 0 to 2: gives memory back at the sender, the receiver, or forgets. 3: is sent in shared form.
    before: u8,
}

fn message() -> impl Strategy<Value = Message> {
    let length = prop_oneof![0..300_usize, 0..5000_usize, 30_000..80_000_usize];
    let portion = || prop_oneof![1..10_usize, 10..3000_usize, Just(usize::MAX)];
    (0..4_u8, length, any::<u32>(), portion(), portion(), 0..9_u8).prop_map(
        |(kind, length, seed, push, pull, before)| Message {
            octets: octets(kind, length, seed),
            portions: (push.max(length / 200), pull.max(length / 200)),
            before,
        },
    )
}

fn settings() -> impl Strategy<Value = Deflate> {
    (any::<[bool; 2]>(), 8..=15_u8, 8..=15_u8, 1..=9_u8, 1..=9_u8).prop_map(
        |(takeover, server, client, level, memory)| {
            Deflate::new()
                .server_context_takeover(takeover[0])
                .client_context_takeover(takeover[1])
                .server_max_window_bits(server)
                .client_max_window_bits(client)
                .level(level)
                .memory_level(memory)
                .threshold(0)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn r02_what_one_side_compresses_the_other_reads(
        settings in settings(),
        client in any::<bool>(),
        messages in vec(message(), 1..8),
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let (mut compressor, mut decompressor) = pair(&settings, role);
        for Message { octets, portions, before } in messages {
            match before {
                0 => compressor.release(),
                1 => decompressor.release(),
                2 => compressor.forget(),
                _ => {}
            }
            let shared = (before == 3).then(|| compress_shared(&octets, 1, 8)).flatten();
            let compressed = match shared {
                Some(compressed) => {
                    compressor.forget();
                    compressed
                }
                None => compress_in(&mut compressor, &octets, portions.0),
            };
            let read = inflate_in(&mut decompressor, &compressed, portions.1, octets.len());
            prop_assert_eq!(read.as_ref(), Ok(&octets));
        }
    }

    #[test]
    fn what_is_compressed_is_deflate(
        settings in settings(),
        message in message(),
    ) {
        let (mut compressor, _) = pair(&settings, Role::Client);
        let mut compressed = compress_in(&mut compressor, &message.octets, message.portions.0);
        compressed.extend([0, 0, 0xff, 0xff]);
        let puffed = puff(&compressed).unwrap();
        prop_assert_eq!(puffed.plain, message.octets);
        let most = 1 << agreed(&settings).parameters.client_max_window_bits;
        prop_assert!(puffed.distance <= most);
    }

    #[test]
    fn r01_r03_any_octets_are_the_same_message_or_refused(
        stream in vec(vec(any::<u8>(), 0..100), 1..6),
        damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        portion in 1..20_usize,
        limit in prop_oneof![0..100_usize, Just(LIMIT)],
    ) {
        // Random octets are rarely deflate; so are damaged messages.
        let messages: Vec<_> = stream.into_iter().enumerate().map(|(at, octets)| match damage {
            Some((index, value)) => {
                let (mut compressor, _) = pair(&without().level(6), Role::Server);
                let mut message = compress_in(&mut compressor, &octets.repeat(at + 1), 1000);
                let index = index.index(message.len());
                message[index] ^= value;
                message
            }
            None => octets,
        }).collect();
        for settings in [takeover(), without()] {
            let agreement = agreed(&settings);
            let (mut one, mut other) =
                (agreement.decompressor(Role::Client), agreement.decompressor(Role::Client));
            for message in &messages {
                let whole = inflate_in(&mut one, message, usize::MAX, limit);
                prop_assert_eq!(&whole, &inflate_in(&mut other, message, portion, limit));
                other.release();
            }
            prop_assert_eq!(inflate(&mut one, b""), inflate(&mut other, b""));
        }
    }
}
