//! Autobahn|Python at the other end, through the embedded router and through Crossbar: what each
//! side of an application sees of the other, and that Autobahn, which is strict about the protocol,
//! finds no fault. Autobahn|JS comes through Crossbar; `every_transport` has the rest.
//!
//! Each scenario runs with each serializer. `tests/crossbar/README.md` tells what has to be there.

mod authentication;
mod cancel;
mod closing;
#[cfg(feature = "cryptobox")]
mod cryptobox;
pub(crate) mod every_transport;
mod meta;
mod patterns;
mod place;
mod progress;
mod pubsub;
mod rpc;
mod shared;
mod strict;
mod transports;
mod values;

use crate::harness::Test;

pub(crate) fn tests() -> Vec<Test> {
    #[allow(unused_mut, reason = "there is more with cryptobox")]
    let mut all =
        vec![embedded::tests(), crossbar::tests(), js_crossbar::tests(), embedded_only::tests()];
    #[cfg(feature = "cryptobox")]
    all.extend([sealed_embedded::tests(), sealed_crossbar::tests()]);
    all.into_iter().flatten().collect()
}

/// A test of each scenario at a place.
macro_rules! scenarios {
    ($module:ident at $place:ident needs $($need:ident)+: $($room:ident::$scenario:ident,)*) => {
        mod $module {
            use wampwerk::Serializer;

            $(async fn $scenario() {
                let mut place = crate::autobahn::place::Place::$place().await;
                for serializer in Serializer::ALL {
                    let scenario = crate::autobahn::$room::$scenario(place.with(serializer));
                    crate::peer::within(stringify!($scenario), scenario).await;
                }
            })*

            tests! { $($need)+: $($scenario,)* }
        }
    };
}

macro_rules! everywhere {
    ($($scenarios:tt)*) => {
        scenarios! { embedded at embedded needs AutobahnPython: $($scenarios)* }
        scenarios! { crossbar at crossbar needs AutobahnPython Crossbar: $($scenarios)* }
    };
}

everywhere! {
    rpc::results_of_any_shape,
    rpc::errors_with_arguments,
    rpc::what_no_procedure_takes,
    rpc::options_of_autobahn,
    rpc::callers_are_disclosed,
    rpc::many_calls_at_once,
    rpc::callees_that_go,
    progress::results_from_autobahn,
    progress::results_to_autobahn,
    progress::results_that_nobody_asked_for,
    progress::arguments_in_parts_are_not_for_autobahn,
    cancel::our_call_is_cancelled,
    cancel::our_call_is_dropped_or_times_out,
    cancel::their_call_is_cancelled,
    cancel::their_call_is_cancelled_by_mode,
    cancel::their_call_has_a_timeout,
    patterns::procedures,
    patterns::topics,
    shared::callees_take_turns,
    shared::policies_conflict,
    shared::concurrency_is_limited,
    shared::a_procedure_is_taken_over,
    pubsub::events_of_any_shape,
    pubsub::events_keep_their_order,
    pubsub::events_for_some,
    pubsub::events_for_the_publisher,
    pubsub::publishers_are_disclosed,
    pubsub::retained_events,
    pubsub::unsubscribing_amid_events,
    meta::sessions,
    meta::registrations,
    meta::subscriptions,
    meta::our_subscription_is_revoked,
    meta::their_subscription_is_revoked,
    meta::sessions_are_killed,
    meta::testaments,
    values::of_all_types,
    values::of_any_size,
    closing::leaving,
    closing::wrong_realm,
}

#[cfg(feature = "cryptobox")]
scenarios! { sealed_embedded at embedded needs AutobahnPython:
    cryptobox::what_we_seal_they_open,
    cryptobox::what_they_seal_we_open,
    cryptobox::other_keys_open_nothing,
}

#[cfg(feature = "cryptobox")]
scenarios! { sealed_crossbar at crossbar needs AutobahnPython Crossbar:
    cryptobox::what_we_seal_they_open,
    cryptobox::what_they_seal_we_open,
    cryptobox::other_keys_open_nothing,
}

// Without the router of ours, for what Crossbar does in another way.
scenarios! { js_crossbar at crossbar_js needs AutobahnJs Crossbar:
    rpc::results_of_any_shape,
    rpc::errors_with_arguments,
    progress::results_from_autobahn_js,
    progress::results_to_autobahn,
    pubsub::events_of_any_shape,
    closing::leaving,
}

// Crossbar 26.10 answers `wamp.registration.remove_callee` by a runtime error, drops the connection
// of whoever sends what is no URI, and never answers a call whose integers the callee's serializer
// does not have.
scenarios! { embedded_only at embedded needs AutobahnPython:
    authentication::every_method_joins,
    authentication::wrong_secrets_are_refused,
    authentication::guests_beside_users,
    authentication::several_methods_at_once,
    authentication::a_function_lets_them_in,
    authentication::their_component_comes_back,
    rpc::what_is_no_uri,
    meta::our_registration_is_revoked,
    meta::their_registration_is_revoked,
    closing::routers_that_end,
    closing::batches,
    meta::nobody_is_killed,
    meta::event_history,
    strict::it_outlives_what_it_cannot_read,
    values::integers_beyond_64_bits,
    values::too_big_for_the_router,
}
