//! What the examples have in common: their command lines, and a router where none is told.

#![allow(dead_code, unreachable_pub, reason = "each example takes what it needs")]

use std::error::Error;

use wampwerk::Router;
use wampwerk::server::Listener;

/// Where examples of several programs meet, unless `--url` says another place.
pub const MEETING: &str = "ws://127.0.0.1:8080/ws";

/// For examples of one program: any free port.
pub const ANYWHERE: &str = "ws://127.0.0.1:0/ws";

/// What the command line has besides options. Options that are not among these are refused, and so
/// are those without a value.
pub fn words(known: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut words = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if !argument.starts_with("--") {
            words.push(argument);
        } else if !known.contains(&&*argument) {
            return Err(
                format!("no such option: {argument}; there are {}", known.join(", ")).into()
            );
        } else if arguments.next().is_none() {
            return Err(format!("{argument} needs a value").into());
        }
    }
    Ok(words)
}

/// For programs that have nothing but options.
pub fn options(known: &[&str]) -> Result<(), Box<dyn Error>> {
    match words(known)?.first() {
        Some(word) => {
            Err(format!("{word:?} is not a known option; known are {}", known.join(", ")).into())
        }
        None => Ok(()),
    }
}

/// The value behind `--name` on the command line.
pub fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

/// `--url`, or where the other program of an example listens.
pub fn url() -> String {
    option("--url").unwrap_or_else(|| MEETING.to_owned())
}

/// The URL of a router. Without `--url` that is one in this program, which listens at `address` and
/// lives as long as what comes with the URL.
pub async fn router(address: &str) -> Result<(String, Option<(Router, Listener)>), Box<dyn Error>> {
    if let Some(url) = option("--url") {
        return Ok((url, None));
    }
    let router = Router::builder().realm("realm1").build()?;
    let listener = router.listen(address).await?;
    println!("a router listens at {}", listener.url());
    Ok((listener.url().to_owned(), Some((router, listener))))
}
