//! Two components that know two linked routers: each goes over to the other router when its own is lost.
//!
//!     make cluster                                                  two Crossbar nodes, one of which is killed
//!     cargo run --example cluster -- --url ws://a:8080/ws --other ws://b:8080/ws
//!
//! The service prefers the first router, its user the second. Ends with Ctrl-C, and with an error if no call was
//! answered after the service had gone over. Without `--url` and `--other` both are one router of this program.

mod common;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wampwerk::Session;
use wampwerk::component::{
    Component, ComponentBuilder, ComponentState, LogLevel, RetryPolicy, run,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    common::options(&["--url", "--other"])?;
    let (url, _router) = common::router(common::ANYWHERE).await?;
    let other = common::option("--other").unwrap_or_else(|| url.clone());

    let service = builder([&url, &other]).name("service").build()?;
    service.register("com.example.square", |n: i64| async move { n * n });
    announce("service", &service);

    let answered = Arc::new(AtomicU32::new(0));
    let counter = answered.clone();
    let user = builder([&other, &url]).name("user").build()?;
    user.on_ready(move |session| {
        let counter = counter.clone();
        // A task of its own: the component is ready although the calls go on. It ends with the session.
        tokio::spawn(async move { call_on(&session, &counter).await });
        async {}
    });
    announce("user", &user);

    run([service, user], LogLevel::Error).await?;
    match answered.load(Ordering::Relaxed) {
        0 => Err("no call was answered".into()),
        calls => {
            println!("{calls} calls were answered");
            Ok(())
        }
    }
}

/// A component that tries its routers in turn, and soon.
fn builder(urls: [&str; 2]) -> ComponentBuilder {
    let retry = RetryPolicy::default()
        .initial_delay(Duration::from_millis(100))
        .max_delay(Duration::from_secs(1));
    Component::builder().transports(urls).realm("realm1").retry(retry)
}

/// Prints where the component is, whenever that changes.
fn announce(name: &'static str, component: &Component) {
    let mut states = component.states();
    tokio::spawn(async move {
        while let Some(state) = states.next().await {
            if let ComponentState::Joined { transport, .. } = state {
                println!("{name}: joined at {transport}");
            }
        }
    });
}

/// Calls the service about twice a second, until the session ends.
async fn call_on(session: &Session, answered: &AtomicU32) {
    for n in 1_i64.. {
        if session.is_closed() {
            return;
        }
        match session.call("com.example.square").args((n,)).value::<i64>().await {
            Ok(square) => {
                answered.fetch_add(1, Ordering::Relaxed);
                println!("user: the square of {n} is {square}");
            }
            Err(error) => println!("user: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
