//! A payload is copied into another serializer without its values (row 5).

use wampwerk::{Payload, Serializer};

use crate::{KIB, allocated, alone};

const LENGTH: usize = 64 * KIB;

/// One list of many small dicts, of about this length.
fn dicts(serializer: Serializer) -> Payload {
    let count = LENGTH / 3;
    let args = match serializer {
        Serializer::Json => {
            format!("[[{}{{\"\":0}}]]", "{\"\":0},".repeat(LENGTH / 7)).into_bytes()
        }
        Serializer::MsgPack => {
            let head = [b"\x91\xdd".as_slice(), &(count as u32).to_be_bytes()].concat();
            [&head[..], &b"\x81\xa0\x00".repeat(count)].concat()
        }
        _ => [b"\x81\x9f".as_slice(), &b"\xa1\x60\x00".repeat(count), b"\xff"].concat(),
    };
    Payload::from_encoded(serializer, &args, None).unwrap()
}

#[test]
fn row05_values_are_not_built() {
    alone(|| {
        for from in Serializer::ALL {
            let payload = dicts(from);
            let length = payload.encoded().unwrap().0.len();
            for to in Serializer::ALL.into_iter().filter(|to| *to != from) {
                let (bytes, copied) = allocated(|| payload.clone().into_serializer(to).unwrap());
                let written = copied.encoded().unwrap().0.len();
                // The result grows by doubling; the lengths of lists and dicts have 4 bytes each.
                let most = 8 * (length + written);
                assert!(bytes < most, "{from:?} to {to:?}: {bytes} of {most}");
                // And back, it is the same.
                let again = copied.into_serializer(from).unwrap();
                assert_eq!(again.to_values().unwrap(), payload.to_values().unwrap());
            }
        }
    });
}
