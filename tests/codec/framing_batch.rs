//! Batches: what is written is read, what is cut or changed is refused or read as other messages,
//! and nothing panics.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use wampwerk::Serializer;
use wampwerk::internals::framing::batch::{Batch, BatchError, BatchFormat};

const FORMATS: [(Serializer, BatchFormat); 4] = [
    (Serializer::Json, BatchFormat::Separated18),
    (Serializer::Json, BatchFormat::Separated1e),
    (Serializer::MsgPack, BatchFormat::Prefixed),
    (Serializer::Cbor, BatchFormat::Prefixed),
];

fn write(format: BatchFormat, messages: &[Vec<u8>]) -> Bytes {
    let mut batch = Vec::new();
    for message in messages {
        let before = batch.len();
        assert!(format.append(message, &mut batch));
        assert_eq!(batch.len() - before, message.len() + format.overhead());
    }
    batch.into()
}

/// Any octets but the separators, which no JSON text has.
fn message() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>().prop_filter("a separator", |octet| ![0x18, 0x1e].contains(octet)), 0..300)
}

proptest! {
    #[test]
    fn what_is_written_is_read(messages in vec(message(), 1..20)) {
        for (serializer, format) in FORMATS {
            let batch = Batch::read(serializer, write(format, &messages)).unwrap();
            prop_assert_eq!(batch.format(), format);
            prop_assert!(batch.eq(messages.iter()));
        }
    }

    #[test]
    fn a_batch_that_was_cut_is_refused(messages in vec(message(), 1..20), at in any::<prop::sample::Index>()) {
        for (serializer, format) in FORMATS {
            let whole = write(format, &messages);
            let cut = whole.slice(..at.index(whole.len()));
            let mut ends = vec![0];
            for message in &messages {
                ends.push(ends[ends.len() - 1] + message.len() + format.overhead());
            }
            match Batch::read(serializer, cut.clone()) {
                Err(BatchError::Empty) => prop_assert!(cut.is_empty()),
                Err(error) => prop_assert!(!ends.contains(&cut.len()), "{error}"),
                Ok(batch) => {
                    let count = ends.iter().position(|end| *end == cut.len()).unwrap();
                    prop_assert!(batch.eq(messages[..count].iter()));
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_a_batch_or_refused(bytes in vec(any::<u8>(), 0..60)) {
        for (serializer, _) in FORMATS {
            let Ok(batch) = Batch::read(serializer, bytes.clone().into()) else { continue };
            let overhead = batch.format().overhead();
            let taken: usize = batch.map(|message| message.len() + overhead).sum();
            prop_assert_eq!(taken, bytes.len());
        }
    }
}
