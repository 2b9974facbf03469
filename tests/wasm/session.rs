//! Sessions over the browser's WebSocket against a live router: the whole behaviour with each
//! serializer, and what can go wrong. `tools/with-router` starts the router.

use wampwerk::error::{CloseKind, ConnectError};
use wampwerk::{Serializer, Session, connect};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::behaviour::{self, Place};

fn url() -> &'static str {
    let Some(url) = option_env!("WAMPWERK_TEST_URL") else { panic!("run under tools/with-router") };
    url
}

struct Live(Serializer, Batched);

#[derive(Clone, Copy)]
struct Batched(bool);

impl Place for Live {
    async fn session(&self) -> Session {
        let Batched(batched) = self.1;
        let connect = connect(url(), "realm1").serializers(&[self.0]);
        let session = connect.batched(batched).await.unwrap();
        assert_eq!(session.transport().batched, batched);
        assert_eq!(session.serializer(), self.0);
        session
    }
}

/// One after the other: the names of the behaviours are the same.
#[wasm_bindgen_test]
async fn the_whole_behaviour_with_each_serializer() {
    for serializer in Serializer::ALL {
        behaviour::all(&Live(serializer, Batched(false))).await;
        behaviour::all(&Live(serializer, Batched(true))).await;
    }
}

#[wasm_bindgen_test]
async fn an_unknown_realm_is_refused_with_its_reason() {
    let error = connect(url(), "nowhere").await.unwrap_err();
    let ConnectError::Join(reason) = error else { panic!("{error}") };
    assert_eq!((reason.kind, &*reason.reason), (CloseKind::Aborted, "wamp.error.no_such_realm"));
}

#[wasm_bindgen_test]
async fn what_is_no_url_is_an_error_that_names_it() {
    for url in ["", "http://127.0.0.1/ws", "ws://", "ws://a b/", "ws://h:99999/"] {
        match connect(url, "realm1").await.unwrap_err() {
            ConnectError::InvalidUrl(error) => assert_eq!(error.url, url),
            other => panic!("{url:?}: {other}"),
        }
    }
}
