//! A router on a free port of 127.0.0.1 with the realm `realm1`, for tests from outside.
//!
//! Prints `ready ws://127.0.0.1:PORT/ws` and runs until stdin ends. As an argument it takes a port.
//! With `--open` sessions may end those of others (`MetaApi::Full`), and everybody is told who
//! calls, answers and publishes (`Disclosure::Always`).

use std::error::Error;

use tokio::io::AsyncReadExt;
use wampwerk::Router;
use wampwerk::router::{Disclosure, MetaApi};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut port: u16 = 0;
    let mut builder = Router::builder().realm("realm1").batched(true);
    for argument in std::env::args().skip(1) {
        if argument == "--open" {
            builder = builder.meta_api(MetaApi::Full).disclosure(Disclosure::Always);
        } else {
            port = argument.parse().map_err(|_| format!("{argument:?} is no port"))?;
        }
    }
    let router = builder.build()?;
    let listener = router.listen(&format!("ws://127.0.0.1:{port}/ws")).await?;
    println!("ready {}", listener.url());
    let mut stdin = tokio::io::stdin();
    let mut rest = [0; 1024];
    while stdin.read(&mut rest).await? > 0 {}
    router.shutdown().await;
    Ok(())
}
