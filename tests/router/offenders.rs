//! A client that breaks the rules on a real connection gets the reason and is disconnected; others
//! stay.

use std::time::Duration;

use serde_json::json;
use tungstenite::Message;

use crate::common::raw_client::Server;

#[test]
fn what_is_no_message_is_answered_by_abort_and_the_end() {
    let server = Server::start();
    let mut bystander = server.join();
    let deep = format!("[48,1,{{}},\"a\",{}{}]", "[".repeat(5000), "]".repeat(5000));
    for (bytes, cause) in [
        ("this is not JSON", ""),
        ("[]", "empty"),
        ("{}", ""),
        ("[99, 1]", "99"),
        ("[48, 1, {}]", "CALL"),
        ("[48, 0, {}, \"a\"]", "CALL"),
        ("[48, 1, {}, \"a\"] x", ""),
        ("[1, \"realm1\", {\"roles\": {\"caller\": {}}}]", "HELLO"),
        (&*deep, ""),
    ] {
        let mut offender = server.join();
        offender.send_text(bytes);
        let abort = offender.recv();
        assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.protocol_violation")));
        assert!(abort[1]["message"].as_str().unwrap().contains(cause), "{abort}");
        assert_eq!(offender.recv_close(), 1002);
        bystander.assert_alive();
    }
    assert_eq!(server.router.statistics().sessions, 1);
}

#[test]
fn a_bad_option_fails_its_request_alone() {
    let server = Server::start();
    let mut offender = server.join();
    for (code, request, what) in [
        (16, json!([16, 1, {"acknowledge": 1}, "a"]), "PUBLISH.Options.acknowledge"),
        (32, json!([32, 2, {"match": "regex"}, "a"]), "SUBSCRIBE.Options.match"),
        (34, json!([34, 3, 7]), ""),
        (64, json!([64, 4, {"invoke": "any"}, "a"]), "REGISTER.Options.invoke"),
        (48, json!([48, 5, {"timeout": "1s"}, "a"]), "CALL.Options.timeout"),
        (48, json!([48, 6, null, "a", null, null]), ""),
    ] {
        offender.send(request.clone());
        let error = offender.recv();
        assert_eq!((&error[0], &error[1], &error[2]), (&json!(8), &json!(code), &request[1]));
        if !what.is_empty() {
            assert_eq!(error[4], "wamp.error.invalid_argument");
            assert!(error[5][0].as_str().unwrap().starts_with(what), "{error}");
        }
    }
    offender.assert_alive();
}

#[test]
fn a_binary_frame_on_wamp_2_json_gets_a_close_text_and_long_ones_a_code() {
    let server = Server::with(|builder| builder.max_message_payload_size(10_000));
    let mut bystander = server.join();
    let mut offender = server.join();
    offender.0.send(Message::binary("[48, 1, {}, \"a\"]")).unwrap();
    let Message::Close(Some(close)) = offender.0.read().unwrap() else { panic!("no Close frame") };
    assert_eq!(u16::from(close.code), 1002);
    assert_eq!(close.reason.as_str(), "binary message, but this serializer's are text");

    let mut offender = server.join();
    offender.send(json!([48, 1, {}, "a", ["x".repeat(20_000)]]));
    assert_eq!(offender.recv_close(), 1009);
    bystander.assert_alive();
}

#[test]
fn who_does_not_say_hello_is_thrown_out() {
    let server = Server::with(|builder| builder.open_handshake_timeout(Duration::from_millis(200)));
    let mut bystander = server.join();
    let mut silent = server.connect();
    assert_eq!(silent.recv()[2], "wamp.error.timeout");
    assert_eq!(silent.recv_close(), 1000);
    bystander.assert_alive();
}

#[test]
fn refused_realm_may_be_tried_again_on_the_same_connection() {
    let server = Server::start();
    let mut raw = server.connect();
    raw.send(json!([1, "nowhere", {"roles": {"caller": {}}}]));
    assert_eq!(raw.recv()[2], "wamp.error.no_such_realm");
    raw.send(json!([1, "realm1", {"roles": {"caller": {}}}]));
    assert_eq!(raw.recv()[0], 2);
    raw.send(json!([6, {}, "wamp.close.close_realm"]));
    assert_eq!(raw.recv(), json!([6, {}, "wamp.close.goodbye_and_out"]));
    raw.send(json!([1, "realm1", {"roles": {"caller": {}}}]));
    assert_eq!(raw.recv()[0], 2);
    raw.assert_alive();
}
