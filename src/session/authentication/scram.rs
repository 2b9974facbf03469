//! Contains `Scram`, the methods `wamp-scram` and `scram`: a password that is never sent, and that
//! the router must know, too.

use super::from_value::{Settings, must_be, offer};
use super::identity::{Identity, identified, identity_debug, identity_getters, identity_setters};
use super::{Authentication, Authenticator, ChannelBinding, Proof, Signature};
use crate::auth::scram::{Binding, ClientExchange, Dialect};
use crate::auth::{AuthError, Secret};
use crate::error::ConfigError;
use crate::message::{Challenge, Welcome};
use crate::rt::{self, BoxFuture};
use crate::transport::TransportInfo;
use crate::value::{Dict, Value};

/// SCRAM, with Argon2 or PBKDF2 as the router chooses. Both ends prove that they know the password,
/// or keys derived from it, without sending it. If the router does not prove it, joining fails.
///
/// There are two dialects: the specification's `wamp-scram`, and the `scram` of Autobahn and
/// Crossbar. Both are offered, unless one is [set](Scram::dialect).
#[doc(alias = "AuthScram")]
#[derive(Clone)]
pub struct Scram {
    authid: String,
    password: Secret,
    dialects: Vec<Dialect>,
    binding: Option<ChannelBinding>,
    accept_weak: bool,
    identity: Identity,
}

impl Scram {
    /// Creates the method with an authid and its password.
    pub fn new(authid: impl Into<String>, password: impl Into<Secret>) -> Self {
        let authid = authid.into();
        Scram {
            authid: authid.clone(),
            password: password.into(),
            // Crossbar refuses at the first unknown method.
            dialects: vec![Dialect::Autobahn, Dialect::Spec],
            binding: None,
            accept_weak: false,
            identity: Identity { authid: Some(authid), ..Identity::default() },
        }
    }

    /// Offers this dialect only.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialects = vec![dialect];
        self
    }

    /// Binds the proof to the connection. Only [`Dialect::Spec`] supports this, so the other
    /// dialect is not offered. If the transport has no TLS of its own, the method is not offered at
    /// all. Default: none.
    ///
    /// A man in the middle can make the router select any other offered method: do not offer an
    /// unbound one beside it.
    #[must_use]
    pub fn channel_binding(mut self, binding: ChannelBinding) -> Self {
        self.binding = Some(binding);
        self
    }

    /// Sets whether to answer if the password was derived by Argon2id with less work than 16384 KiB
    /// times iterations, down to 1024; in [`Dialect::Autobahn`] only. (Autobahn's own 4096
    /// iterations over 512 KiB are more.) A lower cost also makes it cheaper for a fake router to
    /// guess the password. Default: false.
    #[must_use]
    pub fn accept_weak(mut self, accept: bool) -> Self {
        self.accept_weak = accept;
        self
    }

    identity_setters!(authrole authextra);
    identified!();

    /// Offers both dialects, the specification's first.
    pub(super) fn spec_first(mut self) -> Self {
        self.dialects = vec![Dialect::Spec, Dialect::Autobahn];
        self
    }

    /// Returns the offered dialects.
    fn offered(&self) -> &[Dialect] {
        match self.binding {
            Some(_) if self.dialects.contains(&Dialect::Spec) => &[Dialect::Spec],
            _ => &self.dialects,
        }
    }
}

impl Authenticator for Scram {
    fn method(&self) -> &str {
        self.offered().first().map_or("", |dialect| dialect.method())
    }

    fn methods(&self) -> Vec<&str> {
        self.offered().iter().map(|dialect| dialect.method()).collect()
    }

    identity_getters!();

    fn channel_binding(&self) -> Option<ChannelBinding> {
        self.binding
    }

    fn begin(&self, transport: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        let offered = self.offered();
        let binding = match self.binding {
            Some(_) if offered != [Dialect::Spec] => {
                return Err(AuthError::new("only wamp-scram has a channel binding"));
            }
            Some(binding) => {
                let data = binding.data(transport)?.to_vec();
                Some(Binding { name: binding.as_str().to_owned(), data })
            }
            None => None,
        };
        // HELLO has one nonce for both.
        let nonce = rt::random_bytes().map_err(AuthError::new)?;
        let exchange = |&dialect: &Dialect| {
            let (authid, password) = (self.authid.clone(), self.password.clone());
            let exchange =
                ClientExchange::new(dialect, authid, password, nonce).accept_weak(self.accept_weak);
            let exchange = match &binding {
                Some(binding) => exchange.binding(binding.clone()),
                None => exchange,
            };
            Exchange { dialect, exchange }
        };
        let exchanges: Vec<_> = offered.iter().map(exchange).collect();
        let authextra = exchanges.iter().flat_map(|each| each.exchange.authextra()).collect();
        Ok(Box::new(ScramProof { authextra, exchanges, answered: None }))
    }
}

identity_debug!(Scram);

/// Reads the method from Autobahn's dict.
pub(super) fn add_to(
    authentication: Authentication,
    settings: &Settings<'_>,
    method: &str,
    methods: &Dict,
) -> Result<Authentication, ConfigError> {
    let identity = settings.identity(&["password", "accept_weak"])?;
    let authid = settings.need("authid", identity.authid.clone())?;
    let mut identity = identity;
    let binding = ChannelBinding::take(&mut identity)?;
    let mut scram = Scram::new(authid, settings.secret("password")?)
        .accept_weak(flag(settings, "accept_weak")?)
        .identified(identity);
    if let Some(binding) = binding {
        scram = scram.channel_binding(binding);
    }
    offer(
        authentication,
        match (method, methods.get("scram"), methods.get("wamp-scram")) {
            ("scram", Some(_), Some(_)) => scram,
            ("wamp-scram", Some(_), Some(_)) => scram.spec_first(),
            ("scram", ..) => scram.dialect(Dialect::Autobahn),
            _ => scram.dialect(Dialect::Spec),
        },
    )
}

fn flag(settings: &Settings<'_>, key: &str) -> Result<bool, ConfigError> {
    match settings.settings.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(must_be("a boolean", other).within(key)),
    }
}

struct Exchange {
    dialect: Dialect,
    exchange: ClientExchange,
}

struct ScramProof {
    authextra: Dict,
    exchanges: Vec<Exchange>,
    /// The challenged exchange, once it has answered.
    answered: Option<ClientExchange>,
}

impl Proof for ScramProof {
    fn authextra(&self) -> Dict {
        self.authextra.clone()
    }

    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>> {
        let challenged = |each: &Exchange| each.dialect.method() == challenge.method;
        let which = self.exchanges.iter().position(challenged);
        Box::pin(async move {
            let Some(which) = which else {
                return Err(AuthError::new(format!("{:?} was not offered", challenge.method)));
            };
            let mut exchange = self.exchanges.swap_remove(which).exchange;
            let extra = challenge.extra.clone();
            let answer = rt::work(move || exchange.answer(&extra).map(|answer| (exchange, answer)));
            let (exchange, (signature, extra)) = answer.await.map_err(AuthError::new)??;
            self.answered = Some(exchange);
            Ok(Signature::new(signature).with_extra(extra))
        })
    }

    fn check(&mut self, welcome: &Welcome) -> Result<(), AuthError> {
        let Some(exchange) = &self.answered else {
            return Err(AuthError::new(
                "scram: the router sent WELCOME without proving its identity",
            ));
        };
        exchange.check(welcome.details.authextra.as_ref().unwrap_or(&Dict::new()))
    }
}
