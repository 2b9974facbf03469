//! Clients of Autobahn|Python and of Autobahn|JS on every transport of the embedded router, and
//! sessions of ours beside them on the same one: calls, events and progressive results, both ways.
//!
//! Each with every serializer that the client has there. `tests/crossbar/README.md` tells what has
//! to be installed.

#![cfg(all(
    not(target_arch = "wasm32"),
    unix,
    feature = "client",
    feature = "router",
    feature = "tls"
))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod common {
    pub(crate) mod authority;
    pub(crate) mod autobahn;
    pub(crate) mod crossbar;
}

#[allow(dead_code, reason = "the rooms have more scenarios than are about transports")]
mod autobahn {
    pub(crate) mod closing;
    pub(crate) mod place;
    pub(crate) mod progress;
    pub(crate) mod pubsub;
    pub(crate) mod rpc;
    pub(crate) mod transports;
    pub(crate) mod values;
}

use autobahn::place::Place;
use autobahn::transports::Way;
use autobahn::{closing, progress, pubsub, rpc, values};
use common::autobahn::{Implementation, within};
use wampwerk::Serializer;

/// Everything, in one way.
async fn all(who: Implementation, way: Way) {
    let Some(mut place) = Place::over(way, who).await else { return };
    for serializer in Serializer::ALL {
        macro_rules! scenarios {
            ($($room:ident::$scenario:ident,)*) => {$(
                let scenario = $room::$scenario(place.with(serializer));
                within(stringify!($scenario), scenario).await;
            )*};
        }
        scenarios! {
            rpc::results_of_any_shape,
            rpc::errors_with_arguments,
            rpc::many_calls_at_once,
            rpc::callees_that_go,
            progress::results_to_autobahn,
            pubsub::events_of_any_shape,
            pubsub::events_keep_their_order,
            values::of_any_size,
            closing::leaving,
            closing::wrong_realm,
        }
        match who {
            Implementation::Python => {
                scenarios! { progress::results_from_autobahn, }
            }
            Implementation::Js => {
                scenarios! { progress::results_from_autobahn_js, }
            }
        }
    }
}

macro_rules! ways {
    ($($test:ident: $way:ident,)*) => {
        mod python {
            $(#[tokio::test]
            async fn $test() {
                super::all(super::Implementation::Python, super::Way::$way).await;
            })*
        }

        mod js {
            $(#[tokio::test]
            async fn $test() {
                super::all(super::Implementation::Js, super::Way::$way).await;
            })*
        }
    };
}

ways! {
    websocket: WebSocket,
    websocket_over_tls: WebSocketOverTls,
}
