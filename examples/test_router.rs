//! A router on a free port of 127.0.0.1 with the realm `realm1`, for tests from outside.
//!
//! Prints `ready ws://127.0.0.1:PORT/ws` and runs until stdin ends. As an argument it takes a port.

use std::error::Error;

use tokio::io::AsyncReadExt;
use wampwerk::Router;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let port: u16 = match std::env::args().nth(1) {
        Some(port) => port.parse().map_err(|_| format!("{port:?} is no port"))?,
        None => 0,
    };
    let router = Router::builder().realm("realm1").batched(true).build()?;
    let listener = router.listen(&format!("ws://127.0.0.1:{port}/ws")).await?;
    println!("ready {}", listener.url());
    let mut stdin = tokio::io::stdin();
    let mut rest = [0; 1024];
    while stdin.read(&mut rest).await? > 0 {}
    router.shutdown().await;
    Ok(())
}
