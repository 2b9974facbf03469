//! Whether subscribers learn who published (spec: "Publisher Identification").

use wampwerk::internals::core::router::{Disclosure, RouterConfig};
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_pubsub::*;

/// What a subscriber is told of a publication that asks for disclosure so.
fn told(disclosure: Disclosure, disclose_me: Option<bool>) -> Result<bool, Vec<String>> {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.disclosure = disclosure;
    let mut net = Net::with(config);
    let [a, b] = [join(&mut net), join(&mut net)];
    net.subscribe(b.id, 1, TOPIC);
    net.send(a.id, publish_as(1, TOPIC, 1, |options| options.disclose_me = disclose_me));
    assert_eq!(net.take(a.id), [""; 0], "nobody asked for an answer");
    let unacknowledged = events(&mut net, b.id);
    net.send(
        a.id,
        publish_as(2, TOPIC, 1, |options| {
            options.disclose_me = disclose_me;
            options.acknowledge = Some(true);
        }),
    );
    let acknowledged = events(&mut net, b.id);
    assert_eq!(unacknowledged.len(), acknowledged.len());
    assert_eq!(net.closed(a.id), None);
    let Some(event) = acknowledged.first() else { return Err(net.take(a.id)) };
    let details = &event.details;
    assert_eq!(*details, unacknowledged[0].details);
    if details.publisher.is_none() {
        assert_eq!(*details, EventDetails::default());
        return Ok(false);
    }
    assert_eq!(details.publisher, Some(a.session));
    assert_eq!(details.publisher_authid.as_ref(), Some(&a.authid));
    assert_eq!(details.publisher_authrole.as_deref(), Some("anonymous"));
    Ok(true)
}

#[test]
fn on_request() {
    assert_eq!(RouterConfig::new(7).disclosure, Disclosure::OnRequest);
    assert_eq!(told(Disclosure::OnRequest, None), Ok(false));
    assert_eq!(told(Disclosure::OnRequest, Some(false)), Ok(false));
    assert_eq!(told(Disclosure::OnRequest, Some(true)), Ok(true));
}

#[test]
fn always() {
    for disclose_me in [None, Some(false), Some(true)] {
        assert_eq!(told(Disclosure::Always, disclose_me), Ok(true));
    }
}

#[test]
fn never() {
    assert_eq!(told(Disclosure::Never, None), Ok(false));
    assert_eq!(told(Disclosure::Never, Some(false)), Ok(false));
    let refused = "ERROR 16 2 wamp.error.option_disallowed.disclose_me".to_owned();
    assert_eq!(told(Disclosure::Never, Some(true)), Err(vec![refused]));
}

#[test]
fn what_is_never_done_is_not_announced() {
    for (disclosure, announced) in
        [(Disclosure::OnRequest, true), (Disclosure::Always, true), (Disclosure::Never, false)]
    {
        let mut config = RouterConfig::new(7).realm("realm1");
        config.disclosure = disclosure;
        let roles = Roles::new().with("publisher", &[]);
        let (_, welcome) = join_as(&mut Net::with(config), roles);
        let roles = welcome.into_fields().roles.unwrap();
        assert_eq!(roles.supports("broker", "publisher_identification"), announced);
        assert_eq!(roles.supports("dealer", "caller_identification"), announced);
    }
}
