//! Several components in one `run`: each has a connection, and they know one another by URIs only.
//!
//!     cargo run --example several_components
//!     cargo run --example several_components -- --url ws://router:8080/ws
//!
//! All start at once, in no order. The program ends when the guest has left and has stopped the others.

mod common;

use std::error::Error;

use wampwerk::component::{Component, ComponentState, LogLevel, run};
use wampwerk::{ApplicationError, Session};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    common::options(&["--url"])?;
    let (url, _router) = common::router(common::ANYWHERE).await?;
    let component = || Component::builder().transports(&url).realm("realm1");

    let kitchen = component().build()?;
    kitchen.register("com.example.cook", |dish: String| async move {
        match &*dish {
            "soup" => Ok("a hot soup"),
            _ => Err(ApplicationError::new("com.example.error.not_on_the_menu")),
        }
    });

    let waiter = component().build()?;
    waiter.subscribe("com.example.served", |dish: String| async move {
        println!("the waiter writes down: {dish}");
    });

    // A component with `main` is done when that is; the others stay until they are told.
    let staff = [kitchen.clone(), waiter.clone()];
    let guest = component()
        .main(move |session| {
            let staff = staff.clone();
            async move {
                for component in &staff {
                    component.states().wait_for(ComponentState::is_joined).await;
                }
                eat(&session).await?;
                for component in staff {
                    component.stop().await;
                }
                Ok::<_, wampwerk::Error>(())
            }
        })
        .build()?;

    run([kitchen, waiter, guest], LogLevel::Warn).await?;
    println!("closed");
    Ok(())
}

async fn eat(session: &Session) -> Result<(), wampwerk::Error> {
    let dish: String = session.call("com.example.cook").args(("soup",)).value().await?;
    println!("the guest eats {dish}");
    session.publish("com.example.served").args((&dish,)).acknowledge().await?;
    if let Err(error) = session.call("com.example.cook").args(("pizza",)).await {
        println!("no pizza: {error}");
    }
    Ok(())
}
