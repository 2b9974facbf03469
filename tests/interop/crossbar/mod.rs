//! Against a real Crossbar: the whole behaviour with each serializer, and what is its own.

use wampwerk::error::{CallError, CloseKind, ConnectError, RegisterError};
use wampwerk::transport::{Tls, WampWebSocketClientFactory};
use wampwerk::{Serializer, Session, connect};

use crate::common::behaviour::{self, Kind, Place};
use crate::common::behaviour_meta;
use crate::crossbar::rig::Rig;

pub(crate) mod auth;
pub(crate) mod component;
pub(crate) mod raw_socket;
pub(crate) mod rig;
pub(crate) mod sizes;
pub(crate) mod transports;
pub(crate) mod websocket;

tests! { Crossbar:
    the_whole_behaviour_with_each_serializer,
    the_whole_behaviour_in_batches_with_each_serializer,
    the_meta_api_with_each_serializer,
    serializers_meet_in_crossbar,
    a_wrong_realm_is_aborted,
    what_is_forbidden_is_refused,
    over_tls,
}

struct Crossbar<'a> {
    rig: &'a Rig,
    serializer: Serializer,
    batched: bool,
}

impl Place for Crossbar<'_> {
    async fn session(&self) -> Session {
        let connect = connect(self.rig.get("ws"), "realm1").serializers(&[self.serializer]);
        let session = connect.batched(self.batched).await.unwrap();
        assert_eq!(session.transport().batched, self.batched);
        session
    }

    fn router(&self) -> Kind {
        Kind::Crossbar
    }
}

/// One after the other: the names of the behaviours are the same.
static IN_TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn the_whole_behaviour_with_each_serializer() {
    let rig = Rig::find();
    let _turn = IN_TURN.lock().await;
    for serializer in Serializer::ALL {
        behaviour::all(&Crossbar { rig: &rig, serializer, batched: false }).await;
    }
}

/// As above, also for batched JSON, which Crossbar separates by another octet than the
/// specification.
async fn the_whole_behaviour_in_batches_with_each_serializer() {
    let rig = Rig::find();
    let _turn = IN_TURN.lock().await;
    for serializer in Serializer::ALL {
        behaviour::all(&Crossbar { rig: &rig, serializer, batched: true }).await;
    }
}

async fn the_meta_api_with_each_serializer() {
    let rig = Rig::find();
    let _turn = IN_TURN.lock().await;
    for serializer in Serializer::ALL {
        let place = Crossbar { rig: &rig, serializer, batched: false };
        behaviour_meta::all(&place).await;
        behaviour_meta::history(&place).await;
    }
}

async fn serializers_meet_in_crossbar() {
    let rig = Rig::find();
    let value = behaviour::troublesome();
    for from in Serializer::ALL {
        for to in Serializer::ALL {
            let caller = Crossbar { rig: &rig, serializer: from, batched: false }.session().await;
            let callee = Crossbar { rig: &rig, serializer: to, batched: false }.session().await;
            let echo = |value: wampwerk::Value| async move { value };
            let registration = callee.register("com.example.meet", echo).await.unwrap();
            let call = caller.call("com.example.meet").args((&value,));
            let back: wampwerk::Value = call.value().await.unwrap();
            assert_eq!(back, value, "{from:?} to {to:?}");
            registration.unregister().await.unwrap();
        }
    }
}

async fn a_wrong_realm_is_aborted() {
    let rig = Rig::find();
    for serializer in Serializer::ALL {
        let connect = connect(rig.get("ws"), "nowhere").serializers(&[serializer]);
        let error = connect.await.unwrap_err();
        let ConnectError::Join(reason) = error else { panic!("{error}") };
        assert_eq!(reason.kind, CloseKind::Aborted);
        assert_eq!(reason.reason, "wamp.error.no_such_realm");
    }
}

async fn what_is_forbidden_is_refused() {
    let rig = Rig::find();
    let session =
        Crossbar { rig: &rig, serializer: Serializer::Cbor, batched: false }.session().await;
    let error = session.call("deny.procedure").await.unwrap_err();
    let CallError::Application(error) = error else { panic!("{error}") };
    assert_eq!(error.uri, "wamp.error.not_authorized");
    let error = session.register("deny.procedure", || async {}).await.unwrap_err();
    let RegisterError::Application(error) = error else { panic!("{error}") };
    assert_eq!(error.uri, "wamp.error.not_authorized");
    assert!(!session.is_closed());
}

async fn over_tls() {
    let rig = Rig::find();
    let tls = Tls::new().also_trust(rig.ca());
    let factory = WampWebSocketClientFactory::new(rig.get("wss"), &[Serializer::Cbor]);
    let factory = factory.unwrap().tls(tls);
    let session = wampwerk::session::connect_with(&factory, "realm1").await.unwrap();
    session.register("com.example.tls", || async { "secret" }).await.unwrap();
    assert_eq!(session.call("com.example.tls").value::<String>().await.unwrap(), "secret");
    // Without our authority the certificate is refused.
    let error = connect(rig.get("wss"), "realm1").await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
}
