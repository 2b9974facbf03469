//! Progress, cancelling, patterns and errors in one program: more than plain calls and events.

use wampwerk::error::CallError;
use wampwerk::message::{CancelMode, InvocationPolicy};
use wampwerk::session::{Chunks, IncomingCall, Progress};
use wampwerk::uri::Pattern;
use wampwerk::{ApplicationError, Router, wamp_errors};

wamp_errors! {
    /// Errors of the shop.
    pub enum ShopError {
        /// Number of items left.
        OutOfStock(u32) = "com.shop.error.out_of_stock",
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let router = Router::builder().realm("realm1").build()?;
    let (shop, customer) = (router.connect("realm1").await?, router.connect("realm1").await?);

    // Results on the way, and the last one.
    let count = |to: u32, progress: Progress| async move {
        for n in 1..to {
            progress.send((n,)).await?;
        }
        Ok::<_, ApplicationError>(to)
    };
    shop.register("com.shop.count", count).await?;
    let mut call = customer.call("com.shop.count").args((3,)).start().await?;
    while let Some(step) = call.next().await {
        println!("counting: {}", step?.decode::<u32>()?);
    }
    println!("counted: {}", call.value::<u32>().await?);

    // Arguments in parts.
    let total = |mut chunks: Chunks| async move {
        let mut total = 0;
        while let Some(chunk) = chunks.next().await {
            total += chunk?.decode::<i64>()?;
        }
        Ok::<_, ApplicationError>(total)
    };
    shop.register("com.shop.total", total).await?;
    let call = customer.call("com.shop.total").args((1,)).start_streaming().await?;
    call.send((2,)).await?;
    println!("total: {}", call.finish((3,)).await?.value::<i64>().await?);

    // Errors of one's own, on both sides.
    let order = |n: u32| async move { if n > 3 { Err(ShopError::OutOfStock(3)) } else { Ok(n) } };
    shop.register("com.shop.order", order).await?;
    if let Err(error) = customer.call("com.shop.order").args((5,)).value::<u32>().await {
        let ShopError::OutOfStock(left) = error.downcast::<ShopError>()?;
        println!("only {left} left");
    }

    // Cancelling: the procedure's future is dropped, whatever it waits for.
    shop.register("com.shop.wait", std::future::pending::<()>).await?;
    let call = customer.call("com.shop.wait").start().await?;
    call.cancel(CancelMode::Kill);
    if let Err(CallError::Application(error)) = call.result().await {
        println!("cancelled: {}", error.uri);
    }

    // One procedure for many URIs, shared by several callees.
    let named = |call: IncomingCall| async move { call.procedure };
    shop.register(Pattern::wildcard("com.shop..price"), named)
        .invoke(InvocationPolicy::RoundRobin)
        .await?;
    println!("asked for {}", customer.call("com.shop.bolt.price").value::<String>().await?);

    // All events of a branch, the retained one first.
    shop.publish("com.shop.news").args(("open",)).retain().acknowledge().await?;
    let mut news = customer.subscribe(Pattern::prefix("com.shop.")).get_retained().await?;
    if let Some(event) = news.next().await {
        let event = event?;
        println!("{}: {}", event.topic, event.decode::<String>()?);
    }

    // What the router knows.
    println!("sessions: {}", customer.meta().session_count(None).await?);
    Ok(())
}
