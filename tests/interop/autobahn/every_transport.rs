//! Clients of Autobahn|Python and of Autobahn|JS on every transport of the embedded router, and
//! sessions of ours beside them on the same one: calls, events and progressive results, both ways.
//!
//! Each with every serializer that the client has there. `tests/crossbar/README.md` tells what has
//! to be installed.

use wampwerk::Serializer;

use super::place::Place;
use super::transports::{Below, Kind};
use super::{closing, progress, pubsub, rpc, values};
use crate::harness::Test;
use crate::peer::{Implementation, within};

pub(crate) fn tests() -> Vec<Test> {
    python::tests().into_iter().chain(js::tests()).collect()
}

/// What a client speaks there. Autobahn|JS has JSON only on RawSocket.
fn serializers(who: Implementation, kind: Kind) -> &'static [Serializer] {
    match who {
        Implementation::Js if kind.is_raw() => &[Serializer::Json],
        _ => &Serializer::ALL,
    }
}

/// Everything, in one way.
async fn all(who: Implementation, kind: Kind, below: Below) {
    let mut place = Place::over(kind, below, who).await;
    for &serializer in serializers(who, kind) {
        macro_rules! scenarios {
            ($($room:ident::$scenario:ident,)*) => {$(
                let scenario = $room::$scenario(place.with(serializer));
                within(stringify!($scenario), scenario).await;
            )*};
        }
        scenarios! {
            rpc::errors_with_arguments,
            rpc::many_calls_at_once,
            progress::results_to_autobahn,
            pubsub::events_of_any_shape,
            closing::leaving,
        }
        match who {
            Implementation::Python => {
                scenarios! { progress::results_from_autobahn, }
            }
            Implementation::Js => {
                scenarios! { progress::results_from_autobahn_js, }
            }
        }
        // Where the router takes both kinds it is the same from the second octet on.
        if !kind.is_universal() {
            scenarios! {
                rpc::results_of_any_shape,
                rpc::callees_that_go,
                pubsub::events_keep_their_order,
                values::of_any_size,
                closing::wrong_realm,
            }
        }
    }
}

macro_rules! ways {
    ($who:ident in $module:ident needs $need:ident: $($test:ident: $kind:ident over $below:ident,)*) => {
        mod $module {
            $(async fn $test() {
                use super::{Below, Implementation, Kind};
                super::all(Implementation::$who, Kind::$kind, Below::$below).await;
            })*

            tests! { $need: $($test,)* }
        }
    };
}

ways! { Python in python needs AutobahnPython:
    websocket: Ws over Tcp,
    websocket_over_tls: Ws over Tls,
    websocket_over_a_unix_socket: Ws over Unix,
    raw_socket: Rs over Tcp,
    raw_socket_over_tls: Rs over Tls,
    raw_socket_over_a_unix_socket: Rs over Unix,
    universal_websocket: UniversalWs over Tcp,
    universal_websocket_over_tls: UniversalWs over Tls,
    universal_websocket_over_a_unix_socket: UniversalWs over Unix,
    universal_raw_socket: UniversalRs over Tcp,
    universal_raw_socket_over_tls: UniversalRs over Tls,
    universal_raw_socket_over_a_unix_socket: UniversalRs over Unix,
}

// It has no RawSocket over TLS.
ways! { Js in js needs AutobahnJs:
    websocket: Ws over Tcp,
    websocket_over_tls: Ws over Tls,
    websocket_over_a_unix_socket: Ws over Unix,
    raw_socket: Rs over Tcp,
    raw_socket_over_a_unix_socket: Rs over Unix,
    universal_websocket: UniversalWs over Tcp,
    universal_websocket_over_tls: UniversalWs over Tls,
    universal_websocket_over_a_unix_socket: UniversalWs over Unix,
    universal_raw_socket: UniversalRs over Tcp,
    universal_raw_socket_over_a_unix_socket: UniversalRs over Unix,
}
