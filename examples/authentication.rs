//! Logs in with each authentication method.
//!
//!     cargo run --example authentication -- --method ticket
//!     cargo run --example authentication -- --method wampcra --secret wrong
//!     cargo run --example authentication -- --method cryptosign --url wss://router/ws
//!
//! Methods: ticket, wampcra, wampcra-salted, scram, wamp-scram, cryptosign, custom, dict; and
//! anonymous, which is refused. The secret of cryptosign is a seed of 64 hexadecimal digits. Without `--url` the program has a router that knows the users below;
//! another has to know them.

mod common;

use std::error::Error;

use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{AuthError, Credential, Salt};
use wampwerk::error::ConnectError;
use wampwerk::router::User;
use wampwerk::session::authentication::{
    Anonymous, Authentication, Cryptosign, OnChallenge, Scram, Signature, Ticket, WampCra,
};
use wampwerk::{Dict, Router, Value, connect};

/// An Ed25519 key. A real one is in a file: `Cryptosign::from_file("id_ed25519")`.
const SEED: &str = "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    common::options(&["--url", "--method", "--secret"])?;
    let (url, _router) = match common::option("--url") {
        Some(url) => (url, None),
        None => {
            let router = router()?;
            let listener = router.listen(common::ANYWHERE).await?;
            (listener.url().to_owned(), Some((router, listener)))
        }
    };
    let method = common::option("--method").unwrap_or_else(|| "wampcra".to_owned());
    let connecting = connect(url, "realm1").authentication(how(&method)?);
    let session = match connecting.await {
        Ok(session) => session,
        Err(ConnectError::Join(reason)) => return Err(format!("refused: {reason}").into()),
        Err(error) => return Err(error.into()),
    };
    println!(
        "{} is in as {} by {}",
        session.authid().unwrap_or("an unknown user"),
        session.authrole().unwrap_or("nothing"),
        session.authmethod().unwrap_or("no method"),
    );
    session.leave().await;
    Ok(())
}

/// How the client proves who it is.
fn how(method: &str) -> Result<Authentication, Box<dyn Error>> {
    let given = common::option("--secret");
    let seed = given.clone().unwrap_or_else(|| SEED.to_owned());
    let secret = given.unwrap_or_else(|| "open sesame".to_owned());
    Ok(match method {
        "anonymous" => Anonymous::new().into(),
        "ticket" => Ticket::new("tina", secret).into(),
        "wampcra" => WampCra::new("wanda", secret).into(),
        "wampcra-salted" => WampCra::new("walter", secret).into(),
        // The dialect of Autobahn and Crossbar, and the specification's. Default: both are offered.
        "scram" => Scram::new("sam", secret).dialect(Dialect::Autobahn).into(),
        "wamp-scram" => Scram::new("sue", secret).dialect(Dialect::Spec).into(),
        "cryptosign" => Cryptosign::new(SigningKey::from_hex(&seed)?).authid("carl").into(),
        // Whatever the router asks, a function answers; it may ask the user, or a server.
        "custom" => OnChallenge::new(&["ticket"], move |challenge| {
            println!("the router asks for a {}", challenge.method);
            let secret = secret.clone();
            async move { Ok::<_, AuthError>(Signature::new(secret)) }
        })
        .authid("tina")
        .into(),
        // As a file has it, in the form of Autobahn's components. Of several methods the router takes
        // the first for which it has users, and no other after that.
        "dict" => {
            let wampcra = Dict::new().with("authid", "wanda").with("secret", secret);
            let methods = Dict::new().with("anonymous", Dict::new()).with("wampcra", wampcra);
            Authentication::from_value(&Value::Dict(methods))?
        }
        other => return Err(format!("unknown method {other:?}").into()),
    })
}

/// A router that knows a user for each method.
fn router() -> Result<Router, Box<dyn Error>> {
    let secret = "open sesame".into();
    let scram = |dialect, memory| {
        let salt = [7; 16]; // 16 random octets for each user, as a rule
        ScramCredential::derive(dialect, &secret, Kdf::Argon2id13, &salt, 3, Some(memory))
            .map(|credential| Credential::Scram { dialect, credential })
    };
    let key = SigningKey::from_hex(SEED)?.public_key();
    let router = Router::builder()
        .realm("realm1")
        .user(User::new("tina", "staff").ticket("open sesame"))
        .user(User::new("wanda", "staff").wampcra("open sesame"))
        .user(
            User::new("walter", "staff")
                .credential(Credential::salted_wampcra(&secret, Salt::new("pepper"))?),
        )
        .user(User::new("sam", "staff").credential(scram(Dialect::Autobahn, 16_384)?))
        .user(User::new("sue", "staff").credential(scram(Dialect::Spec, 16_384)?))
        .user(
            User::new("carl", "staff")
                .credential(Credential::Cryptosign { public_keys: vec![key] }),
        );
    Ok(router.build()?)
}
