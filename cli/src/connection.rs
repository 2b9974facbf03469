//! Connects commands to a router: by the options of the command line, and by the context for those that are not given.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use wampwerk::session::authentication::Authentication;
use wampwerk::session::{Connect, Session};
use wampwerk::transport::Tls;
use wampwerk::{Dict, Serializer, connect};

use crate::failure::{Failure, Outcome};
use crate::files;
use crate::interrupt::Interrupt;
use crate::output::{Format, Output};
use crate::values;

/// URL without an option, a variable and a context: what `wampwerk router` listens on.
const DEFAULT_URL: &str = "ws://127.0.0.1:8080/ws";
const DEFAULT_REALM: &str = "realm1";

/// Options of every command that connects to a router.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// URL of the router: ws, wss, rs or rss [default: ws://127.0.0.1:8080/ws]
    #[arg(long, env = "WAMPWERK_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// Realm to join [default: realm1]
    #[arg(long, env = "WAMPWERK_REALM", hide_env_values = true)]
    pub(crate) realm: Option<String>,
    /// Authentication method [default: anonymous, or what the other options need]
    #[arg(long = "auth", value_name = "METHOD")]
    pub(crate) method: Option<Method>,
    /// Name to log in by
    #[arg(long, value_name = "NAME")]
    pub(crate) authid: Option<String>,
    /// Role to ask for
    #[arg(long, value_name = "ROLE")]
    pub(crate) authrole: Option<String>,
    /// Ticket, secret or password; other users of the machine can see it: prefer --secret-file
    #[arg(long, env = "WAMPWERK_SECRET", hide_env_values = true, conflicts_with = "secret_file")]
    pub(crate) secret: Option<String>,
    /// File with the ticket, secret or password, which only its owner may read
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// File with the private key of cryptosign, which only its owner may read
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Accept a router that asks for a cheap derivation of the key in SCRAM, as Crossbar's examples do
    #[arg(long)]
    pub(crate) accept_weak: bool,
    /// File with certificates (PEM) to trust in the place of the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Serializer to use [default: the first of cbor, msgpack and json that the router has]
    #[arg(long, value_name = "NAME")]
    pub(crate) serializer: Option<SerializerName>,
    /// Maximum time for connecting and joining
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::duration)]
    pub(crate) connect_timeout: Duration,
    /// Show each message on the standard error, without secrets
    #[arg(long)]
    pub(crate) trace: bool,
    /// Form of the output
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub(crate) output: Format,
}

/// Authentication method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// No proof.
    Anonymous,
    /// The ticket itself.
    Ticket,
    /// WAMP-CRA: a challenge, answered by means of a secret.
    Wampcra,
    /// SCRAM as Autobahn and Crossbar compute it: a challenge, answered by means of a password.
    Scram,
    /// SCRAM as the specification has it.
    WampScram,
    /// A challenge, signed by a private key.
    Cryptosign,
}

/// Serializer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SerializerName {
    /// CBOR.
    Cbor,
    /// MessagePack.
    Msgpack,
    /// JSON.
    Json,
}

impl Connection {
    /// Returns where the results go.
    pub(crate) fn output(&self) -> Output {
        Output::new(self.output)
    }

    /// Connects, runs the body, and leaves with GOODBYE, also when it fails or the user interrupts it.
    pub(crate) async fn run<F, Fut>(&self, body: F) -> Outcome
    where
        F: FnOnce(Session) -> Fut,
        Fut: Future<Output = Outcome>,
    {
        let request = self.request()?;
        self.start_trace();
        let mut interrupt = Interrupt::new()?;
        let session = tokio::select! {
            session = request => session?,
            () = interrupt.wait() => return Err(Failure::interrupted()),
        };
        let outcome = tokio::select! {
            outcome = body(session.clone()) => outcome,
            () = interrupt.wait() => Err(Failure::interrupted()),
        };
        session.leave().await;
        outcome
    }

    /// As [`run`](Self::run), for commands that the user ends: an interruption is their success, the end of the
    /// session a failure.
    pub(crate) async fn run_until_interrupted<F, Fut>(&self, body: F) -> Outcome
    where
        F: FnOnce(Session) -> Fut,
        Fut: Future<Output = Outcome>,
    {
        let outcome = self.run(body).await;
        match outcome {
            Err(failure) if failure.kind == crate::failure::Kind::Interrupted => Ok(()),
            other => other,
        }
    }

    /// Puts the connection together, and checks all that can be checked without a router.
    pub(crate) fn request(&self) -> Outcome<Connect<'static>> {
        let url = self.url.as_deref().unwrap_or(DEFAULT_URL);
        let realm = self.realm.as_deref().unwrap_or(DEFAULT_REALM);
        let agent = concat!("wampwerk-cli/", env!("CARGO_PKG_VERSION"));
        let mut request = connect(url, realm).agent(agent).timeout(self.connect_timeout);
        if let Some(serializer) = self.serializer {
            request = request.serializers(&[serializer.into()]);
        }
        if let Some(ca) = &self.ca {
            let pem = files::read(ca)?;
            request = request.tls(Tls::new().trust_root(pem));
        }
        if let Some(role) = &self.authrole {
            request = request.authrole(role);
        }
        match self.authentication()? {
            Some(authentication) => Ok(request.authentication(authentication)),
            None => Ok(request),
        }
    }

    /// Returns the authentication, or none for routers that admit everyone.
    fn authentication(&self) -> Outcome<Option<Authentication>> {
        let method =
            match (self.method, &self.key, self.secret.is_some() || self.secret_file.is_some()) {
                (Some(method), _, _) => method,
                (None, Some(_), _) => Method::Cryptosign,
                (None, None, true) => {
                    let text = "a secret needs --auth ticket, wampcra or scram";
                    return Err(Failure::usage(text));
                }
                (None, None, false) => match self.authid {
                    Some(_) => Method::Anonymous,
                    None => return Ok(None),
                },
            };
        let mut settings = Dict::new();
        if let Some(authid) = &self.authid {
            settings.insert("authid", authid.as_str());
        }
        match method {
            Method::Anonymous => {}
            Method::Ticket => drop(settings.insert("ticket", self.secret(method)?)),
            Method::Wampcra => drop(settings.insert("secret", self.secret(method)?)),
            Method::Scram | Method::WampScram => {
                settings.insert("password", self.secret(method)?);
                settings.insert("accept_weak", self.accept_weak);
            }
            Method::Cryptosign => {
                let Some(path) = &self.key else {
                    return Err(Failure::usage("--auth cryptosign needs --key FILE"));
                };
                let file = files::read_private(path)?;
                let key = wampwerk::auth::cryptosign::SigningKey::parse(&file);
                let key = key
                    .map_err(|error| Failure::usage(format_args!("{}: {error}", path.display())))?;
                let hex = key.to_hex();
                settings.insert("privkey", hex.as_str().map_err(Failure::other)?);
            }
        }
        if self.authid.is_none() && !matches!(method, Method::Anonymous | Method::Cryptosign) {
            return Err(Failure::usage(format_args!(
                "--auth {} needs --authid NAME",
                method.name()
            )));
        }
        let methods = Dict::new().with(method.name(), settings);
        let authentication = Authentication::from_value(&methods.into())?;
        Ok(Some(authentication))
    }

    fn secret(&self, method: Method) -> Outcome<String> {
        if let Some(secret) = &self.secret {
            return Ok(secret.clone());
        }
        let Some(path) = &self.secret_file else {
            let method = method.name();
            return Err(Failure::usage(format_args!("--auth {method} needs --secret-file FILE")));
        };
        let text = String::from_utf8(files::read_private(path)?)
            .map_err(|_| Failure::usage(format_args!("{}: not UTF-8", path.display())))?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Shows the library's log of messages, whose texts omit what proves an identity.
    pub(crate) fn start_trace(&self) {
        use tracing_subscriber::filter::{LevelFilter, Targets};
        use tracing_subscriber::layer::SubscriberExt;
        use tracing_subscriber::util::SubscriberInitExt;

        if self.trace {
            let messages = Targets::new().with_target("wampwerk::message", LevelFilter::TRACE);
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(false)
                .with_level(false)
                .with_target(false);
            tracing_subscriber::registry().with(lines).with(messages).init();
        }
    }
}

impl Method {
    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Method::Anonymous => "anonymous",
            Method::Ticket => "ticket",
            Method::Wampcra => "wampcra",
            Method::Scram => "scram",
            Method::WampScram => "wamp-scram",
            Method::Cryptosign => "cryptosign",
        }
    }
}

impl From<SerializerName> for Serializer {
    fn from(name: SerializerName) -> Self {
        match name {
            SerializerName::Cbor => Serializer::Cbor,
            SerializerName::Msgpack => Serializer::MsgPack,
            SerializerName::Json => Serializer::Json,
        }
    }
}
