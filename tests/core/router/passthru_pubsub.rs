//! Keys of an encoded payload go from PUBLISH to EVENT as they are (spec: "Payload Passthru Mode").

use wampwerk::message::*;
use wampwerk::{Dict, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_pubsub::*;

fn publisher(net: &mut Net) -> Peer {
    join_as(net, Roles::new().with("publisher", &["payload_passthru_mode"])).0
}

fn sealed(request: u64) -> Publish {
    let bytes = Value::Bytes(vec![0xff, 0, 1].into());
    let mut message = publish_as(request, TOPIC, 1, |options| {
        options.ppt_scheme = Some("x_custom".to_owned());
        options.ppt_serializer = Some("cbor".to_owned());
        options.ppt_cipher = Some("no such cipher".to_owned());
        options.ppt_keyid = Some("7".to_owned());
    });
    message.payload = Payload::from_values(vec![bytes], Dict::new());
    message
}

#[test]
fn the_keys_reach_subscribers_that_have_not_announced_the_mode() {
    let mut net = Net::new();
    let [a, b] = [publisher(&mut net), join(&mut net)];
    net.subscribe(b.id, 1, TOPIC);
    let sent = sealed(1);
    net.send(a.id, sent.clone());
    let Message::Event(event) = net.take_one(b.id) else { panic!() };
    let details = event.details.into_fields();
    assert_eq!(details.ppt_scheme, sent.options.ppt_scheme);
    assert_eq!(details.ppt_serializer, sent.options.ppt_serializer);
    assert_eq!(details.ppt_cipher, sent.options.ppt_cipher);
    assert_eq!(details.ppt_keyid, sent.options.ppt_keyid);
    assert!(same(&event.payload, &sent.payload));
}

#[test]
fn who_has_not_announced_the_mode_may_not_use_it() {
    let mut net = Net::new();
    // Announced for another role.
    let roles = Roles::new()
        .with("publisher", &["payload_transparency"])
        .with("caller", &["payload_passthru_mode"]);
    let [a, b] = [join_as(&mut net, roles).0, join(&mut net)];
    net.subscribe(b.id, 1, TOPIC);
    net.send(a.id, sealed(1));
    net.assert_violation(a.id, "PUBLISH.Options.ppt_scheme");
    assert_eq!(net.take(b.id), [""; 0]);
    assert_eq!(net.closed(b.id), None);
}

#[test]
fn without_a_scheme_the_mode_is_off() {
    let mut net = Net::new();
    let [a, b] = [join(&mut net), join(&mut net)];
    net.subscribe(b.id, 1, TOPIC);
    net.send(a.id, publish_as(1, TOPIC, 1, |o| o.ppt_cipher = Some("aes256gcm".to_owned())));
    let Message::Event(event) = net.take_one(b.id) else { panic!() };
    assert_eq!(event.details, EventDetails::default());
}

#[test]
fn keys_of_payload_transparency_need_no_announcement() {
    let mut net = Net::new();
    let [a, b] = [join(&mut net), join(&mut net)];
    net.subscribe(b.id, 1, TOPIC);
    net.send(
        a.id,
        publish_as(1, TOPIC, 1, |options| {
            options.enc_algo = Some("cryptobox".to_owned());
            options.enc_serializer = Some("json".to_owned());
            options.enc_key = Some("k".to_owned());
        }),
    );
    let Message::Event(event) = net.take_one(b.id) else { panic!() };
    let details = event.details.into_fields();
    assert_eq!(details.enc_algo.as_deref(), Some("cryptobox"));
    assert_eq!(details.enc_serializer.as_deref(), Some("json"));
    assert_eq!(details.enc_key.as_deref(), Some("k"));
}

const TRANSPARENT: &[&str] = &["payload_transparency"];

fn opaque(request: u64, data: &str) -> Publish {
    let mut message = publish_as(request, TOPIC, 1, |options| {
        options.enc_algo = Some("cryptobox".to_owned());
    });
    message.payload = Payload::from_opaque(data.to_owned());
    message
}

#[test]
fn bare_binary_data_goes_only_to_who_has_announced_that_it_reads_it() {
    let mut net = Net::without_meta_api();
    let a = join(&mut net);
    let reader = |net: &mut Net| join_as(net, Roles::new().with("subscriber", TRANSPARENT)).0;
    let [reads, reads_too, other] = [reader(&mut net), reader(&mut net), join(&mut net)];
    // For other roles is not for this one.
    let caller = Roles::new().with("subscriber", &[]).with("caller", TRANSPARENT);
    let caller = join_as(&mut net, caller).0;
    let all = [&reads, &reads_too, &other, &caller];
    for peer in all {
        net.subscribe(peer.id, 1, TOPIC);
    }
    net.send(a.id, opaque(1, "sealed"));
    assert_eq!(reached(&mut net, &all), [true, true, false, false]);
    // Patterns and lists make no difference.
    subscribed(&mut net, other.id, subscribe_as(2, "com.", wampwerk::Match::Prefix));
    let mut message = opaque(2, "sealed");
    message.options.eligible = Some(vec![reads.session, other.session]);
    net.send(a.id, message);
    assert_eq!(reached(&mut net, &all), [true, false, false, false]);
    // What is a list they all get, whatever it is.
    net.send(a.id, publish_as(3, TOPIC, 1, |o| o.enc_algo = Some("cryptobox".to_owned())));
    assert_eq!(reached(&mut net, &all), [true; 4]);
}

#[test]
fn retained_binary_data_does_so_too() {
    let mut net = Net::without_meta_api();
    let a = join(&mut net);
    let mut message = opaque(1, "sealed");
    message.options.retain = Some(true);
    net.send(a.id, message);
    for (features, expected) in [(TRANSPARENT, 2), (&[], 1)] {
        let peer = join_as(&mut net, Roles::new().with("subscriber", features)).0;
        let mut message = subscribe(1, TOPIC);
        message.options.get_retained = Some(true);
        net.send(peer.id, message);
        assert_eq!(net.take(peer.id).len(), expected, "{features:?}");
    }
}

#[test]
fn keys_of_applications_go_through_and_unknown_ones_do_not() {
    let mut net = Net::without_meta_api();
    let [a, b] = [join(&mut net), join(&mut net)];
    net.subscribe(b.id, 1, TOPIC);
    let keys = [("x_trace", "1"), ("_tenant", "2"), ("transaction_hash", "3"), ("rkey", "4")];
    net.send(
        a.id,
        publish_as(1, TOPIC, 1, |options| {
            options.extra = keys.into();
            options.retain = Some(true);
        }),
    );
    let kept: Dict = [("x_trace", "1"), ("_tenant", "2"), ("transaction_hash", "3")].into();
    assert_eq!(events(&mut net, b.id)[0].details.extra, kept);
    let mut message = subscribe(2, TOPIC);
    message.options.get_retained = Some(true);
    net.send(b.id, message);
    let [_, Message::Event(event)] = &net.take_messages(b.id)[..] else { panic!() };
    assert_eq!(event.details.extra, kept);
}
