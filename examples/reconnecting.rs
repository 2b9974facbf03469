//! A component that reconnects: its router restarts, and registrations and subscriptions are made again.
//!
//!     cargo run --example reconnecting
//!     cargo run --example reconnecting -- --url ws://router:8080/ws   restart that one yourself
//!
//! Without `--url` the program has a router, restarts it and ends.

mod common;

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wampwerk::component::{Component, ComponentState, LogLevel, RetryDecision, RetryPolicy, run};
use wampwerk::server::Listener;
use wampwerk::{Router, connect};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    common::options(&["--url"])?;
    let own = match common::option("--url") {
        Some(_) => None,
        None => Some(listen(common::ANYWHERE).await?),
    };
    let url = own.as_ref().map_or_else(common::url, |(_, listener)| listener.url().to_owned());

    let retry = RetryPolicy::default().initial_delay(Duration::from_millis(100));
    let component = Component::builder().transports(&url).realm("realm1").retry(retry).build()?;
    // Declared once; the component does it again with each session.
    component
        .register("com.example.hello", |name: String| async move { format!("Hello, {name}!") });
    component.on_leave(|reason| async move { println!("left: {}", reason.reason) });
    component.on_retry(|notice| {
        println!("attempt {} is next", notice.attempt);
        RetryDecision::Retry
    });
    let joins = AtomicU32::new(0);
    component.on_ready(move |_| {
        println!("ready for the {}. time", joins.fetch_add(1, Ordering::Relaxed) + 1);
        async {}
    });

    let Some((router, _listener)) = own else { return Ok(run(component, LogLevel::Warn).await?) };
    let mut states = component.states();
    let running = component.start();
    states.wait_for(ComponentState::is_joined).await;
    router.shutdown().await;
    states.wait_for(|state| !state.is_joined()).await;
    let (_router, _listener) = listen(&url).await?;
    states.wait_for(ComponentState::is_joined).await;

    let caller = connect(&url, "realm1").await?;
    println!("{}", caller.call("com.example.hello").args(("again",)).value::<String>().await?);
    component.stop().await;
    Ok(running.await?)
}

async fn listen(url: &str) -> Result<(Router, Listener), Box<dyn Error>> {
    let router = Router::builder().realm("realm1").build()?;
    let listener = router.listen(url).await?;
    Ok((router, listener))
}
