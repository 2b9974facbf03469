//! Who is no WAMP client of this router does not get past the opening handshake.

use crate::common::raw_client::Server;

#[test]
fn wrong_path_and_wrong_subprotocol() {
    let server = Server::start();
    for (path, subprotocol, status) in [
        ("/", Some("wamp.2.json"), 404),
        ("/ws/more", Some("wamp.2.json"), 404),
        ("/ws", Some("wamp.2.flatbuffers"), 400),
        ("/ws", None, 400),
    ] {
        let Err(response) = server.open(path, subprotocol) else { panic!("{path} was served") };
        assert_eq!(response.status(), status, "{path} {subprotocol:?}");
    }
    assert!(server.open("/ws?token=1", Some("wamp.2.json")).is_ok());
    assert!(server.open("/ws", Some("wamp.2.flatbuffers, wamp.2.cbor")).is_ok());
}

#[test]
fn only_the_serializers_that_were_chosen() {
    let server = Server::with(|builder| builder.serializers(&[wampwerk::Serializer::Json]));
    assert!(server.open("/ws", Some("wamp.2.cbor")).is_err());
    server.join().assert_alive();
}
