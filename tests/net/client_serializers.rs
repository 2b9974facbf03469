//! Clients refuse a serializer that the crate is built without when they are made, whichever the
//! transport is.

use wampwerk::transport::{WampRawSocketClientFactory, WampWebSocketClientFactory};
use wampwerk::{ConnectError, Serializer, codec};

#[test]
fn what_is_not_compiled_in_is_refused_by_its_name() {
    for serializer in Serializer::ALL {
        let first = codec::available()[0];
        let made = [
            WampWebSocketClientFactory::new("ws://h/", &[first, serializer]).map(drop),
            WampRawSocketClientFactory::new("rs://h", serializer).map(drop),
        ];
        for result in made {
            match result {
                Ok(()) => assert!(codec::available().contains(&serializer), "{serializer:?}"),
                Err(ConnectError::InvalidConfig(text)) => {
                    assert!(!codec::available().contains(&serializer), "{serializer:?}: {text}");
                    let wanted =
                        format!("the serializer {} is not compiled in", serializer.as_str());
                    assert_eq!(text, wanted);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}
