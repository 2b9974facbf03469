//! Contains the authentication settings of a [`RouterBuilder`].

use crate::auth::cryptosign::SigningKey;
use crate::auth::{AuthError, Secret};
use crate::core::router::{AuthRequest, AuthenticationConfig, Denied, Principal, User};
use crate::error::{BuildError, ConfigError};
use crate::router::RouterBuilder;
use crate::router::callback::Callback;
use crate::router::no_random;
use crate::rt::{self, MaybeSend, MaybeSync};

impl RouterBuilder {
    /// Adds a user. From then on every session must authenticate, unless
    /// [`anonymous`](RouterBuilder::anonymous) is set, too.
    ///
    /// The router uses the first method that the client offers and that some user of the realm has.
    /// An unknown user receives a challenge like any other and is refused like for a wrong proof:
    /// `wamp.error.authentication_denied`. The client may then try again, within the handshake
    /// timeout and at most five times in total.
    ///
    /// HELLO is limited to an authid and authrole of 256 octets each, 32 methods of 64 octets each,
    /// and about 16 KiB of authextra. AUTHENTICATE is limited to a signature of 64 KiB. Unknown
    /// users cannot be distinguished from known ones while the
    /// [`mock_secret`](RouterBuilder::mock_secret) stays the same. Sessions of the program itself
    /// join by [`Router::connect_as`](crate::Router::connect_as).
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

    /// Lets sessions join in this role without authentication. Without users and without an
    /// authenticator this is the default, with the role `anonymous`.
    pub fn anonymous(mut self, authrole: impl Into<String>) -> Self {
        self.authentication().anonymous = Some(authrole.into());
        self
    }

    /// Sets a function that authenticates the clients that use one of these methods. Equivalent of
    /// a dynamic authenticator in Crossbar.
    ///
    /// - `"wampcra"`, `"cryptosign"`, `"scram"`, `"wamp-scram"`: called after HELLO. The function
    ///   returns a [`Principal`] with a [`Credential`](crate::auth::Credential) of that method, and
    ///   the router challenges the client.
    /// - `"ticket"`: called after AUTHENTICATE, with the ticket. A principal without a credential
    ///   means that the ticket is right; with a credential, the router compares it.
    /// - `"anonymous"` or any other name: called after HELLO. A principal without a credential
    ///   joins without further proof, so the function must check the content of HELLO itself. A
    ///   name alone proves nothing: a client can offer `"cookie"` or `"tls"`, but
    ///   [`Peer`](crate::router::Peer) contains neither a cookie nor a client certificate.
    ///
    /// A principal may have another authid or realm than the client asked for. For an unknown
    /// client the function returns [`Denied`]. A method cannot belong to both the function and a
    /// user.
    ///
    /// # Hiding which users exist
    /// Challenges show the authid that the client sent, the same role and provider for every
    /// client, and salts for unknown users, too. If users are salted or have unusual SCRAM
    /// parameters, the function must return [`Denied::like`] for unknown users, and
    /// [`mock_secret`](RouterBuilder::mock_secret) must stay the same. A principal with an empty
    /// authid, authrole or secret, or with a credential of another method, is treated as unknown,
    /// and the reason is logged.
    ///
    /// # Time limit
    /// The function may take as long as the handshake timeout; other clients are not affected. If
    /// it panics or takes longer, the client is refused with `wamp.error.authorization_failed`,
    /// which a component retries. If the client disconnects, the function continues until its end
    /// or the timeout.
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

    /// Sets the key that proves the router's identity to cryptosign clients that ask for a proof.
    /// Default: none.
    pub fn router_key(mut self, key: SigningKey) -> Self {
        self.router_key = Some(key);
        self
    }

    /// Sets the seed for the fake challenges sent to unknown users: 32 secret random octets that
    /// should stay the same across restarts. Default: new random octets at each start.
    ///
    /// It is needed with salts (SCRAM, salted WAMP-CRA): a salt that changes between restarts
    /// reveals that the user does not exist. Replay protection does not depend on it, because
    /// nonces use another key, which is new at each start.
    pub fn mock_secret(mut self, secret: [u8; 32]) -> Self {
        self.mock_secret = Some(Secret::from(secret.as_slice()));
        self
    }

    fn authentication(&mut self) -> &mut AuthenticationConfig {
        // The key is drawn when the router is built.
        self.config.authentication.get_or_insert_with(|| AuthenticationConfig::new([0; 32]))
    }

    pub(super) fn check_authentication(&mut self) -> Result<(), BuildError> {
        let invalid = |error: AuthError| ConfigError::new("authentication", error.message);
        let (roles, realms) = (&self.config.roles, &self.config.realms);
        let Some(authentication) = &self.config.authentication else {
            let open = AuthenticationConfig::open();
            return Ok(open.check_roles(roles, realms).map_err(invalid)?);
        };
        authentication.check(realms).map_err(invalid)?;
        authentication.check_roles(roles, realms).map_err(invalid)?;
        let Some(authentication) = &mut self.config.authentication else { return Ok(()) };
        if self.authenticator.is_some() && authentication.dynamic.is_empty() {
            return Err(ConfigError::new("authenticator", "at least one method is needed").into());
        }
        authentication.router_key = self.router_key.take();
        authentication.mock_secret = self.mock_secret.take();
        authentication.set_nonce_key(rt::random_bytes().map_err(no_random)?);
        Ok(())
    }
}
