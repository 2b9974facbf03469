//! Waits for five events of `pubsub_publisher`, and leaves.
//!
//!     cargo run --example pubsub_subscriber
//!     cargo run --example pubsub_subscriber -- --url ws://router:8080/ws

mod common;

use std::error::Error;

use wampwerk::Session;
use wampwerk::component::{Component, LogLevel, run};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    common::options(&["--url"])?;
    let component =
        Component::builder().transports(common::url()).realm("realm1").main(listen).build()?;
    // The component leaves and ends when `main` returns.
    run(component, LogLevel::Warn).await?;
    Ok(())
}

async fn listen(session: Session) -> Result<(), wampwerk::Error> {
    let mut counters = session.subscribe("com.example.counter").await?;
    println!("subscribed");
    for number in 1..=5 {
        let Some(event) = counters.next().await else { break };
        println!("event {number}: {}", event?.decode::<u64>()?);
    }
    Ok(())
}
