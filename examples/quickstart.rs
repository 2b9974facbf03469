//! The README's quick start: a router, a procedure, a call and an event in one program.

use wampwerk::{ApplicationError, Router, connect};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The embedded router. To use another router, only change the URL below.
    let router = Router::builder().realm("realm1").build()?;
    let listener = router.listen("ws://127.0.0.1:0/ws").await?;

    // The first session registers a procedure.
    let backend = connect(listener.url(), "realm1").await?;
    backend
        .register("com.example.divide", |a: f64, b: f64| async move {
            if b == 0.0 {
                return Err(ApplicationError::new("com.example.error.division_by_zero"));
            }
            Ok(a / b)
        })
        .await?;

    // The second session calls the procedure and subscribes to a topic.
    let frontend = connect(listener.url(), "realm1").await?;
    let half: f64 = frontend.call("com.example.divide").args((1, 2)).value().await?;
    assert_eq!(half, 0.5);

    let mut news = frontend.subscribe("com.example.news").await?;
    backend.publish("com.example.news").args(("it works",)).await?;
    if let Some(event) = news.next().await {
        println!("{}", event?.decode::<String>()?);
    }
    frontend.leave().await;
    Ok(())
}
