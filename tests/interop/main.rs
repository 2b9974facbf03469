//! Real peers: Crossbar as the router, Autobahn|Python and Autobahn|JS as clients of it and of the
//! embedded router, and implementations of WebSocket without WAMP. `tests/crossbar/README.md` tells how to get them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[macro_use]
mod harness;

#[path = "../common/mod.rs"]
mod common;

mod autobahn;
mod cluster;
mod crossbar;
mod fox_wamp;
mod peer;
mod wampy;
mod websocket;
mod xconn;

fn main() -> std::process::ExitCode {
    harness::run(vec![
        autobahn::tests(),
        autobahn::every_transport::tests(),
        cluster::tests(),
        crossbar::tests(),
        crossbar::auth::tests(),
        crossbar::component::tests(),
        crossbar::raw_socket::tests(),
        crossbar::sizes::tests(),
        crossbar::transports::tests(),
        crossbar::websocket::tests(),
        fox_wamp::tests(),
        wampy::tests(),
        websocket::autobahn::tests(),
        websocket::nginx::tests(),
        websocket::tungstenite::tests(),
        websocket::websockets::tests(),
        websocket::ws::tests(),
        xconn::tests(),
    ])
}
