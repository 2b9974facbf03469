//! Opaque payloads: binary data in place of arguments, for peers that agreed on how to read it
//! (payload transparency, `enc_algo`).

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use wampwerk::internals::codec;
use wampwerk::message::{Event, EventDetails, Message, Publish, PublishOptions};
use wampwerk::{Payload, Value};

fn publish(payload: Payload) -> Message {
    let mut options = PublishOptions::default();
    options.enc_algo = Some("x_any".to_owned());
    Message::Publish(Publish { request: 7, options, topic: "com.example.any".into(), payload })
}

fn payload_of(message: Message) -> Payload {
    match message {
        Message::Publish(message) => message.payload,
        Message::Event(message) => message.payload,
        other => panic!("{} was not sent", other.name()),
    }
}

proptest! {
    #[test]
    fn it_survives_every_pair_of_serializers(bytes in vec(any::<u8>(), 0..400)) {
        for from in codec::available() {
            let frame = codec::encode(*from, &publish(Payload::from_opaque(bytes.clone()))).unwrap();
            let received = payload_of(codec::decode(*from, &frame).unwrap());
            prop_assert_eq!(received.opaque().unwrap(), &bytes);
            prop_assert_eq!(received.serializer(), None);
            for to in codec::available() {
                // As a router sends it on.
                let mut details = EventDetails::default();
                details.enc_algo = Some("x_any".to_owned());
                let payload = received.clone().into_serializer(*to).unwrap();
                let event = Event { subscription: 1, publication: 2, details, payload };
                let frame = codec::encode(*to, &event.into()).unwrap();
                let forwarded = payload_of(codec::decode(*to, &frame).unwrap());
                prop_assert_eq!(forwarded.opaque().unwrap(), &bytes);
            }
        }
    }
}

#[test]
fn long_data_has_its_length_in_every_serializer() {
    for length in [23, 24, 255, 256, 65_535, 65_536, 100_000] {
        let bytes = vec![0xa5; length];
        for serializer in codec::available() {
            let message = publish(Payload::from_opaque(bytes.clone()));
            let frame = codec::encode(*serializer, &message).unwrap();
            let received = payload_of(codec::decode(*serializer, &frame).unwrap());
            assert!(received.opaque().unwrap() == &bytes, "{serializer:?} {length}");
        }
    }
}

#[test]
#[cfg(all(feature = "cbor", feature = "msgpack"))]
fn of_binary_frames_it_is_a_part() {
    use wampwerk::Serializer;

    for serializer in [Serializer::Cbor, Serializer::MsgPack] {
        let message = publish(Payload::from_opaque("not copied"));
        let frame = codec::encode(serializer, &message).unwrap();
        let received = payload_of(codec::decode(serializer, &frame).unwrap());
        assert!(frame.as_ptr_range().contains(&received.opaque().unwrap().as_ptr()));
    }
    // Only in pieces it has to be put together.
    let head = b"\x85\x10\x07\xa1\x68enc_algo\x65x_any\x63a.b";
    let frame = [&head[..], b"\x5f\x42in\x46pieces\xff"].concat();
    let received = payload_of(codec::decode(Serializer::Cbor, &frame.into()).unwrap());
    assert_eq!(received.opaque().unwrap(), "inpieces");
}

#[test]
fn it_has_no_arguments_and_says_so() {
    let payload = Payload::from_opaque(Bytes::new());
    assert!(!payload.is_empty());
    assert_eq!(payload.encoded(), None);
    for error in [
        payload.decode::<Value>().unwrap_err(),
        payload.args::<()>().unwrap_err(),
        payload.kwargs::<()>().unwrap_err(),
        payload.to_values().unwrap_err(),
    ] {
        assert!(error.message.contains("opaque binary data"), "{error}");
    }
    for serializer in codec::available() {
        // Arguments take its place.
        let payload = payload.clone().with_args(*serializer, &(1,)).unwrap();
        assert_eq!(payload.decode::<u8>().unwrap(), 1);
        assert_eq!(payload.opaque(), None);
    }
}

#[test]
fn without_enc_algo_it_is_not_sent() {
    for serializer in codec::available() {
        let mut message = publish(Payload::from_opaque("sealed"));
        if let Message::Publish(message) = &mut message {
            message.options.enc_algo = None;
        }
        let error = codec::encode(*serializer, &message).unwrap_err();
        assert!(error.message.contains("needs the option enc_algo"), "{error}");
    }
}
