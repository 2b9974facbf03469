//! The transports of `tests/vectors/transports.json`, which the JavaScript of the npm package reads as
//! well, with the same texts.

use serde::Deserialize;
use wampwerk::Value;
use wampwerk::component::IntoTransports;

#[derive(Deserialize)]
struct Vectors {
    accepted: Vec<Accepted>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Accepted {
    transport: Value,
}

#[derive(Deserialize)]
struct Refused {
    transport: Value,
    path: String,
    text: String,
}

#[test]
fn transports_of_the_vectors() {
    let vectors = include_str!("../vectors/transports.json");
    let Vectors { accepted, refused } = serde_json::from_str(vectors).unwrap();
    assert!(accepted.len() >= 30 && refused.len() >= 100);
    for Accepted { transport } in accepted {
        assert_eq!((&transport).into_transports().unwrap().len(), 1, "{transport:?}");
    }
    for Refused { transport, path, text } in refused {
        let Err(error) = (&transport).into_transports() else {
            panic!("not refused: {transport:?}")
        };
        assert_eq!((error.path, error.message), (format!("[0].{path}"), text), "{transport:?}");
    }
}
