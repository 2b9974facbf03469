//! Clients refuse a serializer that the crate is built without when they are made, whichever the
//! transport is.

use wampwerk::Serializer;
use wampwerk::error::ConnectError;
use wampwerk::internals::codec;
use wampwerk::transport::{WampRawSocketClientFactory, WampWebSocketClientFactory};

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
                Err(ConnectError::InvalidConfig(error)) => {
                    assert!(!codec::available().contains(&serializer), "{serializer:?}: {error}");
                    let wanted = format!("{} is not compiled in", serializer.as_str());
                    assert_eq!(error.message, wanted);
                    assert!(error.path.starts_with("serializer"), "{error}");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}
