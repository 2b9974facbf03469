//! What a [`RouterBuilder`] is told about who may join.

use crate::auth::cryptosign::SigningKey;
use crate::auth::{AuthError, Secret};
use crate::core::router::{AuthRequest, AuthenticationConfig, Denied, Principal, User};
use crate::error::ConnectError;
use crate::router::callback::Callback;
use crate::router::{RouterBuilder, no_random};
use crate::rt::{self, MaybeSend, MaybeSync};

impl RouterBuilder {
    /// Adds somebody who may join. From then on everybody has to prove who he is, unless
    /// [`anonymous`](RouterBuilder::anonymous) is said, too.
    ///
    /// Of the methods that a client offers, the first one counts by which anybody can join the
    /// realm. A client whose name nobody has is challenged as everybody else, and refused as for a
    /// wrong proof: `wamp.error.authentication_denied`. Then it may try again, within the handshake
    /// timeout and five times altogether, whatever it joins as in between.
    ///
    /// HELLO may say an authid and authrole of up to 256 octets, 32 methods of up to 64 octets and
    /// about 16 KiB of authextra; AUTHENTICATE a signature of up to 64 KiB. Strangers look like users
    /// for as long as the [`mock_secret`](RouterBuilder::mock_secret) stays the same. The program's
    /// own sessions join by [`Router::connect_as`](crate::Router::connect_as).
    ///
    /// ```
    /// use wampwerk::Router;
    /// use wampwerk::router::User;
    ///
    /// let router = Router::builder()
    ///     .realm("realm1")
    ///     .user(User::new("joe", "frontend").wampcra("a long secret"))
    ///     .build();
    /// # assert!(router.is_ok());
    /// ```
    pub fn user(mut self, user: User) -> Self {
        self.authentication().users.push(user);
        self
    }

    /// Lets everybody join in this role without saying who they are. That is the default, with the
    /// role `anonymous`, as long as there are neither users nor an authenticator.
    pub fn anonymous(mut self, authrole: impl Into<String>) -> Self {
        self.authentication().anonymous = Some(authrole.into());
        self
    }

    /// Asks a function who may join, for those clients that use one of these methods. It is what a
    /// dynamic authenticator is in Crossbar.
    ///
    /// - `"wampcra"`, `"cryptosign"`, `"scram"`, `"wamp-scram"`: asked after HELLO. The answer is a
    ///   [`Principal`] with a [`Credential`](crate::auth::Credential) of that method, which the
    ///   client then has to prove.
    /// - `"ticket"`: asked after AUTHENTICATE, with the ticket. A principal without a credential says
    ///   that the ticket is right; with one, the router compares.
    /// - `"anonymous"` or any other name: asked after HELLO. A principal without a credential is let
    ///   in as it is, so that the function has to look for itself at what is in HELLO. A name alone
    ///   proves nothing: a client that offers `"cookie"` or `"tls"` says so and no more, as
    ///   [`Peer`](crate::router::Peer) has neither a cookie nor a client's certificate.
    ///
    /// A principal may have another authid or realm than the client said. Who is not known is
    /// [`Denied`]. A method cannot be both the function's and some user's.
    ///
    /// Challenges tell nobody who is known: they show the authid that the client said, the same role
    /// and provider for everybody, and salts for strangers, too. For that a function whose users are
    /// salted, or have other parameters of SCRAM than the usual ones, has to say
    /// [`Denied::like`] for strangers, and [`mock_secret`](RouterBuilder::mock_secret) has to be
    /// kept. A principal that cannot be used counts as a stranger, and the log says why: an empty
    /// authid, authrole or secret, or a credential of another method than is asked for.
    ///
    /// The function may take its time up to the handshake timeout, and each client waits for itself
    /// alone. If it panics or takes longer, the client is refused with
    /// `wamp.error.authorization_failed`, and a Component comes back. A client that goes meanwhile is
    /// not told, and the function goes on to its end or that timeout.
    ///
    /// ```
    /// use wampwerk::Router;
    /// use wampwerk::auth::Credential;
    /// use wampwerk::router::{Denied, Principal};
    ///
    /// let router = Router::builder()
    ///     .realm("realm1")
    ///     .authenticator(&["ticket", "wampcra"], |request| async move {
    ///         // Looked up in a database …
    ///         let secret = match request.authid.as_deref() {
    ///             Some("joe") => "a long secret",
    ///             _ => return Err(Denied::new()),
    ///         };
    ///         let credential = match request.authmethod.as_str() {
    ///             "ticket" => Credential::Ticket(secret.into()),
    ///             _ => Credential::WampCra { secret: secret.into(), salt: None },
    ///         };
    ///         Ok(Principal::new("joe", "frontend").credential(credential))
    ///     })
    ///     .build();
    /// # assert!(router.is_ok());
    /// ```
    pub fn authenticator<F, R>(mut self, methods: &[&str], authenticator: F) -> Self
    where
        F: Fn(AuthRequest) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<Principal, Denied>> + MaybeSend + 'static,
    {
        self.authentication().dynamic = methods.iter().map(|&method| method.to_owned()).collect();
        self.authenticator = Some(Callback::new(authenticator));
        self
    }

    /// By what the router proves itself to clients of cryptosign that ask for it. Default: nothing.
    pub fn router_key(mut self, key: SigningKey) -> Self {
        self.router_key = Some(key);
        self
    }

    /// What challenges of users that there are not are made of: 32 random octets, which nobody else
    /// knows and which stay the same when the router starts again, best for years. Default: new ones
    /// each time.
    ///
    /// With salts (SCRAM, salted WAMP-CRA) it is needed: a user's salt stays the same, and by one
    /// that has changed since yesterday everybody sees that nobody has that name. Replays are none of
    /// its matters: nonces are made of another key, which is a new one each time.
    pub fn mock_secret(mut self, secret: [u8; 32]) -> Self {
        self.mock_secret = Some(Secret::from(secret.as_slice()));
        self
    }

    fn authentication(&mut self) -> &mut AuthenticationConfig {
        // The key is drawn when the router is built.
        self.config.authentication.get_or_insert_with(|| AuthenticationConfig::new([0; 32]))
    }

    pub(super) fn check_authentication(&mut self) -> Result<(), ConnectError> {
        let invalid = |error: AuthError| ConnectError::InvalidConfig(error.message);
        let Some(authentication) = &self.config.authentication else {
            return AuthenticationConfig::open().check_roles(&self.config).map_err(invalid);
        };
        authentication.check(&self.config.realms).map_err(invalid)?;
        authentication.check_roles(&self.config).map_err(invalid)?;
        let Some(authentication) = &mut self.config.authentication else { return Ok(()) };
        if self.authenticator.is_some() && authentication.dynamic.is_empty() {
            let text = "the authenticator has no method".to_owned();
            return Err(ConnectError::InvalidConfig(text));
        }
        authentication.router_key = self.router_key.take();
        authentication.mock_secret = self.mock_secret.take();
        authentication.set_nonce_key(rt::random_bytes().map_err(no_random)?);
        Ok(())
    }
}
