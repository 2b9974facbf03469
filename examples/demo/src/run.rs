//! Starts all parts, prints their addresses, and stops them.

use std::error::Error;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::Path;

use tokio::net::TcpListener;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{AuthError, Credential, Secret};
use wampwerk::router::User;
use wampwerk::transport::ServerOptions;
use wampwerk::{Match, Router};

use crate::component;
use crate::options;
use crate::site::{Site, WAMP};

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let options = options::parse(std::env::args().skip(1))?;
    if options.help {
        println!("{}", options::USAGE);
        return Ok(());
    }
    let realm = options.realm.as_deref().unwrap_or("realm1");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let site = Site::new(&root.join("www"), &root.join("pkg"))
        .map_err(|_| "the browser package is not there; `make npm` builds it into pkg/")?;

    let listener = listen(options.port, 8000).await?;
    let address = listener.local_addr()?;
    let (router, url, page) = match options.url {
        // The page knows the router of its own server by itself.
        None => (Some(router(realm)?), format!("ws://{address}{WAMP}"), String::new()),
        Some(url) => (None, url.clone(), format!("?url={}", query(&url))),
    };
    let mount = router.as_ref().map(|router| router.mount(ServerOptions::new())).transpose()?;
    let server = tokio::spawn(site.serve(listener, mount));
    let session = wampwerk::connect(&url, realm).await?;
    component::start(&session).await?;

    println!("The demo is running.\n");
    println!("  page       http://{address}/{page}");
    println!("  router     {url} (realm {realm})");
    println!("  component  session {}, over {}\n", session.id(), session.serializer().as_str());
    println!("Open the page. Ctrl-C here ends all of it.");

    let ended = tokio::select! {
        signal = stop_signal() => signal.map_err(Into::into),
        reason = session.closed() => Err(format!("the component's session ended: {reason}").into()),
    };
    session.leave().await;
    if let Some(router) = router {
        router.shutdown().await;
    }
    server.abort();
    if ended.is_ok() {
        println!("\nBye.");
    }
    ended
}

/// The demo's router: for everyone, and with a user who can log in by each method.
fn router(realm: &str) -> Result<Router, Box<dyn Error>> {
    let builder = Router::builder().realm(realm).batched(true).anonymous("anonymous");
    Ok(builder.user(joe()?).history("demo.chat", Match::Exact, 100).build()?)
}

/// The user whose secrets the page fills in (`www/login.js`).
fn joe() -> Result<User, AuthError> {
    const KEY: &str = "6a6f650000000000000000000000000000000000000000000000000000000000";
    const SALT: &[u8] = b"salt of the demo";
    let password = Secret::from("secret");
    let mut joe = User::new("joe", "user")
        .ticket(password.clone())
        .wampcra(password.clone())
        .public_key(&SigningKey::from_hex(KEY)?.public_key_hex());
    for dialect in [Dialect::Autobahn, Dialect::Spec] {
        let credential =
            ScramCredential::derive(dialect, &password, Kdf::Pbkdf2, SALT, 4096, None)?;
        joe = joe.credential(Credential::Scram { dialect, credential });
    }
    Ok(joe)
}

/// Listens on `port`; without one on `usual`, or on a free one if that is taken.
async fn listen(port: Option<u16>, usual: u16) -> Result<TcpListener, Box<dyn Error>> {
    let first = port.unwrap_or(usual);
    match TcpListener::bind((Ipv4Addr::LOCALHOST, first)).await {
        Ok(listener) => Ok(listener),
        Err(error) if port.is_none() && error.kind() == ErrorKind::AddrInUse => {
            Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
        }
        Err(error) => Err(format!("cannot have port {first}: {error}").into()),
    }
}

/// Ctrl-C, or the usual request to end.
async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// A value for the query of an address.
fn query(text: &str) -> String {
    let mut query = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' => {
                query.push(char::from(byte));
            }
            _ => query += &format!("%{byte:02X}"),
        }
    }
    query
}
