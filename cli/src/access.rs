//! Contains [`Access`]: where a router is, and how to log in there. Options of the command line, and what a context keeps.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::session::Connect;
use wampwerk::session::authentication::Authentication;
use wampwerk::transport::{Tls, WampRawSocketClientFactory, WampWebSocketClientFactory};
use wampwerk::uri::UriRule;
use wampwerk::{Dict, Match, Serializer, Uri, connect};

use crate::failure::{Failure, Outcome};
use crate::files;

/// URL without an option, a variable and a context: what `wampwerk router` listens on.
pub(crate) const DEFAULT_URL: &str = "ws://127.0.0.1:8080/ws";
pub(crate) const DEFAULT_REALM: &str = "realm1";

/// A router, a realm and a login.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[command(next_help_heading = "Connection")]
#[serde(deny_unknown_fields)]
pub(crate) struct Access {
    /// URL of the router: ws, wss, rs or rss [default: ws://127.0.0.1:8080/ws]
    #[arg(long, env = "WAMPWERK_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// Realm to join [default: realm1]
    #[arg(long, env = "WAMPWERK_REALM", hide_env_values = true)]
    pub(crate) realm: Option<String>,
    /// Authentication method [default: anonymous, or what the other options need]
    #[arg(long = "auth", value_name = "METHOD")]
    #[serde(rename = "auth")]
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
    #[serde(default)]
    pub(crate) accept_weak: bool,
    /// File with certificates (PEM) to trust in the place of the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Serializer to use [default: the first of cbor, msgpack and json that the router has]
    #[arg(long, value_name = "NAME")]
    pub(crate) serializer: Option<SerializerName>,
}

/// Authentication method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SerializerName {
    /// CBOR.
    Cbor,
    /// MessagePack.
    Msgpack,
    /// JSON.
    Json,
}

impl Access {
    /// Puts the connection together, and checks all that can be checked without a router.
    pub(crate) fn request(&self) -> Outcome<Connect<'static>> {
        let url = self.url.as_deref().unwrap_or(DEFAULT_URL);
        let realm = self.realm.as_deref().unwrap_or(DEFAULT_REALM);
        let agent = concat!("wampwerk-cli/", env!("CARGO_PKG_VERSION"));
        let mut request = connect(url, realm).agent(agent);
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
                let key = SigningKey::parse(&file);
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
        files::read_secret(path)
    }

    /// Checks everything that can be checked without a router.
    pub(crate) fn check(&self) -> Outcome {
        let url = self.url.as_deref().unwrap_or(DEFAULT_URL);
        let format = Serializer::ALL[0];
        let checked = match url.starts_with("rs") {
            true => WampRawSocketClientFactory::new(url, format).err(),
            false => WampWebSocketClientFactory::new(url, &[format]).err(),
        };
        if let Some(error) = checked {
            return Err(error.into());
        }
        let realm = Uri::from(self.realm.as_deref().unwrap_or(DEFAULT_REALM));
        realm.validate(UriRule::Loose, Match::Exact).map_err(Failure::usage)?;
        self.request().map(drop)
    }

    /// Returns whether it says anything about the login.
    pub(crate) fn has_login(&self) -> bool {
        self.method.is_some()
            || self.authid.is_some()
            || self.secret.is_some()
            || self.secret_file.is_some()
            || self.key.is_some()
    }

    /// Adds what is not set here from `other`. A login is taken as a whole.
    pub(crate) fn or(mut self, other: Access) -> Self {
        if !self.has_login() {
            self.method = other.method;
            self.authid = other.authid;
            self.authrole = self.authrole.or(other.authrole);
            self.secret = other.secret;
            self.secret_file = other.secret_file;
            self.key = other.key;
        }
        self.url = self.url.or(other.url);
        self.realm = self.realm.or(other.realm);
        self.accept_weak |= other.accept_weak;
        self.ca = self.ca.or(other.ca);
        self.serializer = self.serializer.or(other.serializer);
        self
    }

    /// Makes the paths independent of the current folder.
    pub(crate) fn with_absolute_paths(mut self) -> Outcome<Self> {
        for path in [&mut self.secret_file, &mut self.key, &mut self.ca] {
            *path = path.as_deref().map(Path::new).map(std::path::absolute).transpose()?;
        }
        Ok(self)
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
