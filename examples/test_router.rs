//! A router on a free port of 127.0.0.1 with the realm `realm1`, for tests from outside.
//!
//! Prints `ready ws://127.0.0.1:PORT/ws` and runs until stdin ends. As an argument it takes a port.
//! With `--open` sessions may end those of others (`MetaApi::Full`), and the identities of callers,
//! callees and publishers are disclosed (`Disclosure::Always`). With `--no-meta` there is no meta API. With `--users` clients must authenticate: there is
//! one user for each method, with the names and secrets of `tests/crossbar/config.py`.

use std::error::Error;

use tokio::io::AsyncReadExt;
use wampwerk::Router;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Salt, Secret};
use wampwerk::router::{Disclosure, MetaApi, RouterBuilder, User};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut port: u16 = 0;
    let mut builder = Router::builder().realm("realm1").batched(true);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--open" => {
                builder = builder.meta_api(MetaApi::Full).disclosure(Disclosure::Always);
            }
            "--no-meta" => builder = builder.meta_api(MetaApi::Off),
            "--users" => builder = with_users(builder)?,
            _ => port = argument.parse().map_err(|_| format!("{argument:?} is not a port"))?,
        }
    }
    let router = builder.build()?;
    let listener = router.listen(format!("ws://127.0.0.1:{port}/ws")).await?;
    println!("ready {}", listener.url());
    let mut stdin = tokio::io::stdin();
    let mut rest = [0; 1024];
    while stdin.read(&mut rest).await? > 0 {}
    router.shutdown().await;
    Ok(())
}

fn with_users(builder: RouterBuilder) -> Result<RouterBuilder, Box<dyn Error>> {
    const SEED: &str = "08f494dd76993da535837ee4b3229d61a795d374a9b00892adf98f2f4d123c87";
    let user = |authid: &str| User::new(authid, "authed");
    let salt = Salt { salt: "pepper".to_owned(), iterations: 1000, keylen: 32 };
    let secret = Secret::from("another one");
    let key = salt.derive_key(&secret)?;
    let password = Secret::from("p\u{e4}ssword");
    let autobahn = ScramCredential::derive_for_autobahn("sam", &password, None)?;
    let spec =
        ScramCredential::derive(Dialect::Spec, &password, Kdf::Pbkdf2, &[7; 16], 4096, None)?;
    let scram = |dialect, credential| Credential::Scram { dialect, credential };
    Ok(builder
        .user(user("tina").ticket("open sesame"))
        .user(user("wanda").wampcra("a shared secret"))
        .user(user("walter").salted_wampcra(key, salt))
        .user(user("sam").credential(scram(Dialect::Autobahn, autobahn)))
        .user(user("sid").credential(scram(Dialect::Spec, spec)))
        .user(user("carl").public_key(&SigningKey::from_hex(SEED)?.public_key_hex())))
}
