//! The "hello world" of WAMP: one program that subscribes, publishes, offers a procedure and calls.
//!
//!     cargo run --example hello                               with a router of its own
//!     cargo run --example hello -- --url ws://router:8080/ws  with another
//!
//! Run it twice, the second time with `--url ws://127.0.0.1:8080/ws --offer mul2 --call add2`: each
//! calls the other, and hears it count. Ctrl-C ends it: it leaves the realm first.

mod common;

use std::error::Error;
use std::time::Duration;

use wampwerk::component::{Component, LogLevel, run};
use wampwerk::error::CallError;
use wampwerk::{Session, Uri};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    common::options(&["--url", "--offer", "--call"])?;
    let (url, _router) = common::router(common::MEETING).await?;
    let component = Component::builder().transports(url).realm("realm1").main(hello).build()?;

    // What is declared here stands again after each reconnect.
    component.subscribe("com.example.oncounter", |counter: i64| async move {
        println!("another counts: {counter}");
    });
    let offered = common::option("--offer").unwrap_or_else(|| "add2".to_owned());
    let add = offered == "add2";
    component.register(format!("com.example.{offered}"), move |a: i64, b: i64| async move {
        println!("asked for {a} and {b}");
        if add { a + b } else { a * b }
    });

    run(component, LogLevel::Warn).await?;
    Ok(())
}

/// What the program does while it is joined: it counts.
async fn hello(session: Session) -> Result<(), wampwerk::Error> {
    println!("joined {} as session {}", session.realm(), session.id());
    let called = common::option("--call").unwrap_or_else(|| "mul2".to_owned());
    let procedure = format!("com.example.{called}");
    for counter in 1_i64.. {
        session.publish("com.example.oncounter").args((counter,)).await?;
        println!("published {counter}");

        match session.call(&*procedure).args((counter, 3)).value::<i64>().await {
            Ok(value) => println!("{called}({counter}, 3) = {value}"),
            Err(CallError::Application(error)) if error.uri == Uri::NO_SUCH_PROCEDURE => {
                println!("no session has registered {called} yet");
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}
