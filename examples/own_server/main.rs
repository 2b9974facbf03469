//! A WAMP server of one's own: a dealer without a broker, for one realm, over WebSocket and over
//! RawSocket. The crate carries the messages; this program decides what they mean.
//!
//! ```text
//! cargo run --example own_server -- [--url ws://…] [--raw-socket rs://…]
//! ```
//!
//! It shows how handlers are written. For a complete router, use `wampwerk::Router`.

#[cfg(not(target_arch = "wasm32"))]
#[path = "../common/mod.rs"]
mod common;
#[cfg(not(target_arch = "wasm32"))]
mod dealer;

#[cfg(not(target_arch = "wasm32"))]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    use wampwerk::Serializer;
    use wampwerk::server::{WampRawSocketServerFactory, WampWebSocketServerFactory};

    common::options(&["--url", "--raw-socket"])?;
    let url = common::option("--url").unwrap_or_else(|| "ws://127.0.0.1:8080/ws".to_owned());
    let raw = common::option("--raw-socket").unwrap_or_else(|| "rs://127.0.0.1:8081".to_owned());

    // Callers and callees meet, whatever they have come by.
    let dealer = dealer::Dealer::new("realm1");
    let (one, other) = (dealer.clone(), dealer);
    let web = WampWebSocketServerFactory::new(
        move || one.handler(),
        &url,
        &[Serializer::Json, Serializer::MsgPack, Serializer::Cbor],
    )?;
    let raw = WampRawSocketServerFactory::new(
        move || other.handler(),
        &raw,
        &[Serializer::Json, Serializer::MsgPack, Serializer::Cbor],
    )?;
    let (web, raw) = (web.listen().await?, raw.listen().await?);
    println!("WebSocket {}", web.url());
    println!("RawSocket {}", raw.url());

    tokio::signal::ctrl_c().await?;
    println!("going down");
    web.shutdown().await;
    raw.shutdown().await;
    println!("down");
    Ok(())
}

/// The tests of the browser build every example; this one has no place there.
#[cfg(target_arch = "wasm32")]
fn main() {}
