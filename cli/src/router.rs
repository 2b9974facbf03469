//! `wampwerk router`: runs a router.

use std::path::PathBuf;

use clap::Args;
use wampwerk::server::Listener;
use wampwerk::{Dict, Router};

use crate::access::{DEFAULT_REALM, DEFAULT_URL};
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::listeners::ListenerConfig;
use crate::output::{self, Format, Output};
use crate::router_config::{HistoryConfig, MetaApiName, RouterConfig};
use crate::uris::Policy;

/// Options of `wampwerk router`.
#[derive(Args, Debug)]
pub(crate) struct RouterOptions {
    /// File with the whole configuration: TOML, or JSON if its name ends so
    #[arg(long, value_name = "FILE", conflicts_with_all = ["listen", "realm", "universal", "certificate", "key", "meta_api", "history"])]
    config: Option<PathBuf>,
    /// Address to listen on: ws, wss, rs or rss; port 0 is a free one; may be given several times
    #[arg(long, value_name = "URL", default_value = DEFAULT_URL)]
    listen: Vec<String>,
    /// Realm; may be given several times
    #[arg(long, default_value = DEFAULT_REALM)]
    realm: Vec<String>,
    /// Accept RawSocket at the addresses of WebSockets, too
    #[arg(long)]
    universal: bool,
    /// File with the chain of certificates (PEM), for wss and rss
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// File with the private key (PEM), which only its owner may read
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Part of the meta API that all sessions may use
    #[arg(long, value_name = "PART", default_value = "read-only")]
    meta_api: MetaApiName,
    /// Keep the last events of a topic, such as com.example.news=100; may be given several times
    #[arg(long, value_name = "TOPIC=NUMBER", value_parser = history)]
    history: Vec<(String, usize)>,
    /// Check the configuration and end
    #[arg(long)]
    check: bool,
    /// Form of the output
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Format,
}

pub(crate) async fn run(options: RouterOptions) -> Outcome {
    let output = Output::new(options.output);
    let check = options.check;
    let config = match &options.config {
        Some(path) => RouterConfig::read(path)?,
        None => options.into_config(),
    };
    if config.listeners.is_empty() {
        return Err(Failure::usage("the configuration has no listener"));
    }
    let router = config.build()?;
    if check {
        for listener in &config.listeners {
            listener.check(&router).await?;
        }
        return output.line("the configuration is valid", &Dict::new().with("valid", true));
    }
    let mut interrupt = Interrupt::new()?;
    let listeners = listen(&config, &router).await?;
    for listener in &listeners {
        print(listener, output)?;
    }
    output.note(format_args!("realms: {}", config.realms.join(", ")));
    interrupt.wait().await;
    router.shutdown().await;
    Ok(())
}

/// Opens all listeners, or none of them.
async fn listen(config: &RouterConfig, router: &Router) -> Outcome<Vec<Listener>> {
    let mut listeners = Vec::new();
    for listener in &config.listeners {
        match listener.listen(router).await {
            Ok(listener) => listeners.push(listener),
            Err(failure) => {
                router.shutdown().await;
                return Err(failure);
            }
        }
    }
    Ok(listeners)
}

fn print(listener: &Listener, output: Output) -> Outcome {
    for url in [Some(listener.url()), listener.raw_socket_url()].into_iter().flatten() {
        output.line(format_args!("listening on {url}"), &Dict::new().with("url", url))?;
    }
    if listener.url().contains("://0.0.0.0") || listener.url().contains("://[::]") {
        output::warn("every machine that reaches this one can connect");
    }
    Ok(())
}

impl RouterOptions {
    fn into_config(self) -> RouterConfig {
        let is_secure = |url: &str| url.starts_with("wss:") || url.starts_with("rss:");
        // Without any address of TLS, a certificate is a mistake, which the listener names.
        let is_mistaken = !self.listen.iter().any(|url| is_secure(url));
        let listener = |url: String| {
            let is_secure = is_secure(&url) || is_mistaken;
            let universal = self.universal && url.starts_with("ws");
            let certificate = self.certificate.clone().filter(|_| is_secure);
            let key = self.key.clone().filter(|_| is_secure);
            ListenerConfig::new(url, universal, certificate, key)
        };
        let history = |(topic, limit)| HistoryConfig { topic, policy: Policy::Exact, limit };
        let listeners = self.listen.into_iter().map(listener).collect();
        let histories = self.history.into_iter().map(history).collect();
        RouterConfig::open(self.realm, listeners, self.meta_api, histories)
    }
}

/// Reads `TOPIC=NUMBER`.
fn history(text: &str) -> Result<(String, usize), String> {
    let found = text.rsplit_once('=').and_then(|(topic, limit)| {
        let limit = limit.parse().ok().filter(|limit| *limit > 0)?;
        Some((crate::uris::exact(topic).ok()?.to_string(), limit))
    });
    found.ok_or_else(|| "it must be TOPIC=NUMBER".to_owned())
}
