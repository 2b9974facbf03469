//! Batches: any bytes are a batch or refused, and the messages of a batch are all of its bytes.

use bytes::Bytes;
use wampwerk::Serializer;
use wampwerk::internals::framing::batch::{Batch, BatchFormat};

/// The first octet chooses the serializer, the others are the batch.
pub fn read(input: &[u8]) {
    let Some((choice, bytes)) = input.split_first() else { return };
    let serializer = Serializer::ALL[usize::from(*choice) % Serializer::ALL.len()];
    let bytes = Bytes::copy_from_slice(bytes);
    let Ok(batch) = Batch::read(serializer, bytes.clone()) else { return };
    let format = batch.format();
    assert_eq!(format == BatchFormat::Prefixed, serializer != Serializer::Json);
    let mut written = Vec::new();
    for message in batch {
        assert!(format.append(&message, &mut written));
        let _ = wampwerk::internals::codec::decode(serializer, &message);
    }
    assert_eq!(written, bytes);
}
