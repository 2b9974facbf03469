//! Publishes a number each second, for `pubsub_subscriber`.
//!
//!     cargo run --example pubsub_publisher                               with a router of its own
//!     cargo run --example pubsub_publisher -- --url ws://router:8080/ws  with another
//!
//! Ctrl-C ends it.

mod common;

use std::error::Error;
use std::time::Duration;

use wampwerk::Session;
use wampwerk::component::{Component, LogLevel, run};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    common::options(&["--url"])?;
    let (url, _router) = common::router(common::MEETING).await?;
    let component = Component::builder().transports(url).realm("realm1").main(publish).build()?;
    run(component, LogLevel::Warn).await?;
    Ok(())
}

async fn publish(session: Session) -> Result<(), wampwerk::Error> {
    for counter in 1_u64.. {
        // The router's word that it has the event, and the id that it gave it.
        let event = session.publish("com.example.counter").args((counter,));
        let publication = event.acknowledge().await?;
        println!("published {counter} as {publication}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}
