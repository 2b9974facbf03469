//! Contains the embedded router: a WAMP broker and dealer in the process of the program.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use wampwerk::Router;
//!
//! let router = Router::builder().realm("realm1").build()?;
//! let (callee, caller) = (router.connect("realm1").await?, router.connect("realm1").await?);
//!
//! callee.register("com.example.add", |a: i64, b: i64| async move { a + b }).await?;
//! let sum: i64 = caller.call("com.example.add").args((2, 3)).value().await?;
//! assert_eq!(sum, 5);
//! router.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! - Settings: [`RouterBuilder`], [`Limits`], [`Disclosure`], [`MetaApi`]
//! - Users and roles: [`User`], [`Role`], [`Rule`]; dynamic: [`RouterBuilder::authenticator`],
//!   [`RouterBuilder::authorizer`]
//! - Sessions without a network: [`Router::connect`], [`Router::connect_as`]; other transports:
//!   [`Router::serve`]
//! - Natively, `Router::listen` opens ports and unix sockets, and `Router::mount` serves WAMP
//!   inside an HTTP server.
//!
//! The state is kept in one process. For several machines use Crossbar.io or Bondy with the same
//! client code.

mod authentication;
mod authorizer;
mod callback;
mod connection;
mod hall;
#[cfg(test)]
mod hall_tests;
mod heavy;
mod hub;
#[allow(dead_code, reason = "not every target listens")]
mod listening;
mod notices;
mod outbox;
mod patience;
// With a runtime, so natively: only that half has the feature `tls`.
#[cfg(all(test, feature = "tls"))]
mod tests;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::Secret;
use crate::auth::cryptosign::SigningKey;
use crate::codec;
use crate::core::router::{ConnectionId, ProxyMethods, RouterConfig, validate_roles};
use crate::error::{BuildError, ConfigError, ConnectError};
use crate::message::Serializer;
use crate::rt::{self, BoxFuture, MaybeSend, MaybeSync};
use crate::session::{self, Session, SessionConfig};
use crate::settings::{LARGEST, check_time};
use crate::transport::{Connector, MemoryTransport, Transport, TransportInfo};
use crate::uri::{Match, Uri, UriRule};
use crate::websocket::TrafficStats;
use authorizer::Authorizer;
use callback::Callback;
#[allow(unused_imports, unreachable_pub, reason = "not every target listens")]
pub(crate) use connection::Connection;
use hub::{Callbacks, Hub};
#[allow(unused_imports, unreachable_pub, reason = "not every target listens")]
pub(crate) use listening::ListenGuard;

pub use crate::core::router::{
    Action, AuthRequest, Authorization, AuthorizationRequest, Denied, Disclosure, Limits, MetaApi,
    Peer, Principal, Role, Rule, Statistics, User,
};

/// Maximum number of frames that wait between an in-process session and the router, in each
/// direction.
const MEMORY_FRAMES: usize = 256;

/// A WAMP router in this process: a broker and a dealer for each of its realms.
///
/// The router is a handle that is cheap to clone. When the last handle is dropped, the router sends
/// GOODBYE to all sessions and ends, including its listeners. [`shutdown`](Router::shutdown) does
/// the same and waits for it.
///
/// It implements WAMP's Basic Profile and the Advanced Profile's RPC, PubSub and meta API. Sessions
/// join without authentication ("anonymous") unless [users](RouterBuilder::user) are set. The
/// announced features depend on the settings.
#[derive(Clone)]
pub struct Router {
    owner: Arc<Owner>,
}

/// A builder for the settings of a [`Router`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct RouterBuilder {
    config: RouterConfig,
    settings: Settings,
    authorizer: Option<Authorizer>,
    authenticator: Option<Callback<AuthRequest, Result<Principal, Denied>>>,
    router_key: Option<SigningKey>,
    mock_secret: Option<Secret>,
}

/// Settings of the router's transports.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) serializers: Vec<Serializer>,
    pub(crate) batched: bool,
    pub(crate) strict_negotiation: bool,
    pub(crate) open_handshake_timeout: Duration,
    pub(crate) max_message_payload_size: usize,
    outbox_limit: usize,
}

/// Ends the router when the last handle is dropped; the tasks hold the hub only.
struct Owner {
    hub: Arc<Hub>,
    settings: Settings,
}

impl Router {
    /// Returns a builder with the defaults and without a realm.
    pub fn builder() -> RouterBuilder {
        RouterBuilder {
            config: RouterConfig::new(0),
            authenticator: None,
            router_key: None,
            mock_secret: None,
            settings: Settings {
                serializers: codec::available().to_vec(),
                batched: false,
                strict_negotiation: true,
                open_handshake_timeout: Duration::from_secs(10),
                max_message_payload_size: 16 << 20,
                outbox_limit: 64 << 20,
            },
            authorizer: None,
        }
    }

    /// Serves a peer over an open transport.
    ///
    /// # Panics
    /// Natively, outside a tokio runtime.
    pub fn serve(&self, transport: Box<dyn Transport>) {
        self.connections().serve(transport);
    }

    /// Joins a realm of this router in the same process, without a socket.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = wampwerk::Router::builder().realm("realm1").build()?;
    /// let session = router.connect("realm1").await?;
    /// session.publish("com.example.topic").args(("hello",)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns [`ConnectError::Join`] if the router has no such realm, is shutting down, or
    /// requires [authentication](RouterBuilder::user). Sessions of the program itself then join by
    /// [`connect_as`](Router::connect_as), or authenticate over
    /// [`connect_transport`](Router::connect_transport).
    ///
    /// # Panics
    /// Natively, outside a tokio runtime.
    pub async fn connect(&self, realm: impl Into<Uri>) -> Result<Session, ConnectError> {
        session::join(self.connect_transport(), realm, SessionConfig::new()).await
    }

    /// Joins a realm in the same process with an identity that the program chooses. No
    /// authentication is needed. WELCOME contains authmethod `trusted` and authprovider `router`.
    ///
    /// ```
    /// use wampwerk::{Router, router::User};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let joe = User::new("joe", "frontend").wampcra("a long secret");
    /// let router = Router::builder().realm("realm1").user(joe).build()?;
    /// let session = router.connect_as("realm1", "the program", "backend").await?;
    /// # assert_eq!(session.welcome().details.authrole.as_deref(), Some("backend"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns [`ConnectError::InvalidConfig`] if the authid or authrole is empty. Returns
    /// [`ConnectError::Join`] if the router has no such realm, has roles but not this one, or is
    /// shutting down.
    ///
    /// # Panics
    /// Natively, outside a tokio runtime.
    pub async fn connect_as(
        &self,
        realm: impl Into<Uri>,
        authid: impl Into<String>,
        authrole: impl Into<String>,
    ) -> Result<Session, ConnectError> {
        let principal = Principal::new(authid, authrole).authprovider("router");
        principal.check().map_err(|error| ConfigError::new("principal", error.message))?;
        let transport = self.memory_transport(Some(principal));
        session::join(transport, realm, SessionConfig::new()).await
    }

    /// Opens an in-process connection to this router and returns the client's end.
    ///
    /// # Panics
    /// Natively, outside a tokio runtime.
    pub fn connect_transport(&self) -> Box<dyn Transport> {
        self.memory_transport(None)
    }

    fn memory_transport(&self, trusted: Option<Principal>) -> Box<dyn Transport> {
        // Any format works, because both ends are in this process.
        let serializer = self.owner.settings.serializers.first().copied();
        let serializer = serializer.unwrap_or(Serializer::ALL[0]);
        let (client, router) = MemoryTransport::pair(serializer, MEMORY_FRAMES);
        self.connections().serve_as(Box::new(router), trusted);
        Box::new(client)
    }

    /// Sends GOODBYE to all sessions, stops listening, and waits for the end: all sessions have
    /// answered, all connections are closed, ports are free, and the files of unix sockets are
    /// removed. Peers that do not answer delay it by a few seconds in total. New connections are
    /// refused at once.
    pub async fn shutdown(&self) {
        self.owner.hub.shut_down();
        self.owner.hub.wait_idle().await;
    }

    /// Returns counts of the router's current state.
    pub fn statistics(&self) -> Statistics {
        self.owner.hub.statistics()
    }

    /// Returns the number of messages in a serializer that came from all peers and were sent to them, and their bytes,
    /// since the start: `messages_in`, `messages_out`, `payload_in` and `payload_out`; the other counts are 0.
    pub fn traffic(&self, serializer: Serializer) -> TrafficStats {
        self.owner.hub.traffic(serializer)
    }

    pub(crate) fn connections(&self) -> Connections {
        Connections { hub: Arc::clone(&self.owner.hub), proxies: ProxyMethods::default() }
    }
}

impl RouterBuilder {
    /// Adds a realm. At least one is required.
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.config.realms.push(realm.into());
        self
    }

    /// Sets the serializers that clients may use. Default: all that are compiled in.
    pub fn serializers(mut self, serializers: &[Serializer]) -> Self {
        self.settings.serializers = serializers.to_vec();
        self
    }

    /// Sets whether WebSocket clients may use batches of messages, by the subprotocols
    /// `wamp.2.<serializer>.batched`. Default: false.
    ///
    /// In batched JSON the router reads both separators, the specification's 0x1e and Autobahn's
    /// 0x18. It answers with the one that the client uses.
    pub fn batched(mut self, batched: bool) -> Self {
        self.settings.batched = batched;
        self
    }

    /// Sets whether a WebSocket client must name a subprotocol of this router. Default: true. If false, a client
    /// that names none, or only others, counts as one with `wamp.2.json` if the router has that, and none is
    /// announced to it. Autobahn's `STRICT_PROTOCOL_NEGOTIATION`.
    #[doc(alias = "STRICT_PROTOCOL_NEGOTIATION")]
    pub fn strict_negotiation(mut self, strict: bool) -> Self {
        self.settings.strict_negotiation = strict;
        self
    }

    /// Sets the maximum time for the transport's handshake, and again for HELLO; more than 0 and at
    /// most one year. Default: 10 s.
    pub fn open_handshake_timeout(mut self, timeout: Duration) -> Self {
        self.config.handshake_timeout = timeout;
        self.settings.open_handshake_timeout = timeout;
        self
    }

    /// Sets the maximum message size in bytes, in both directions; 1 to 2 147 483 647. Default: 16
    /// MiB.
    ///
    /// A client that sends a longer message is disconnected. If a message is longer than its
    /// receiver accepts, an event is dropped, and a call fails with
    /// `wamp.error.payload_size_exceeded`.
    pub fn max_message_payload_size(mut self, bytes: usize) -> Self {
        self.settings.max_message_payload_size = bytes;
        self
    }

    /// Sets the maximum number of bytes that wait for one client. A client that exceeds it is
    /// disconnected. Default: 64 MiB.
    ///
    /// One message always fits while less than 1 MiB waits. From 1 MiB on, peers that send events,
    /// calls or progressive results to the client wait for it: without limit while the client
    /// accepts 128 KiB per second, otherwise for at most 2 s.
    pub fn outbox_limit(mut self, bytes: usize) -> Self {
        self.settings.outbox_limit = bytes;
        self
    }

    /// Sets whether the router checks that strict clients can read what passes through it. Some end
    /// their own session over a MessagePack map with integers as keys, say. With `false`, a closed
    /// system may exchange such values. Default: true.
    ///
    /// A request that some clients could not read fails with `wamp.error.invalid_payload` or
    /// `wamp.error.invalid_argument`. `docs/router.md` lists what is checked.
    pub fn strict_payloads(mut self, strict: bool) -> Self {
        self.config.strict_payloads = strict;
        self
    }

    /// Sets the characters that topics, procedures and realms may contain. Default: loose.
    pub fn uri_rule(mut self, rule: UriRule) -> Self {
        self.config.uri_rule = rule;
        self
    }

    /// Sets whether a request id out of sequence is a protocol violation, as WAMP specifies.
    /// Default: false, because some clients draw ids at random.
    pub fn strict_request_ids(mut self, strict: bool) -> Self {
        self.config.strict_request_ids = strict;
        self
    }

    /// Sets whether callees and subscribers learn the identity of callers and publishers. Default:
    /// on request.
    pub fn disclosure(mut self, disclosure: Disclosure) -> Self {
        self.config.disclosure = disclosure;
        self
    }

    /// Sets the maximum number of topics with retained events per realm, and the maximum size of
    /// these events in bytes. Default: 10 000 topics, 16 MiB.
    ///
    /// The router keeps an event published with `retain` for later subscribers with `get_retained`.
    /// They receive the newest event of each topic that they may receive. An event for all replaces
    /// the previous one. An event retained for no receiver (`eligible: []`) clears its topic.
    /// Beyond the limits, the topics without a new event for the longest time are dropped. Retained
    /// events do not survive the router.
    pub fn retention(mut self, topics: usize, bytes: usize) -> Self {
        self.config.retained_topics = topics;
        self.config.retained_bytes = bytes;
        self
    }

    /// Keeps the last `limit` events of a topic or pattern in each realm, in up to 16 MiB, for
    /// `wamp.subscription.get_events`. The router creates the subscription at its start. Default:
    /// none.
    ///
    /// ```
    /// use wampwerk::{Match, Router};
    ///
    /// let router = Router::builder().realm("realm1").history("com.example.", Match::Prefix, 100);
    /// ```
    pub fn history(mut self, topic: impl Into<Uri>, policy: Match, limit: usize) -> Self {
        self.config = self.config.history(topic, policy, limit);
        self
    }

    /// Sets which procedures of the meta API (`wamp.…`) sessions may call. Default:
    /// [`MetaApi::ReadOnly`], with which no session can end anything of another session.
    pub fn meta_api(mut self, offered: MetaApi) -> Self {
        self.config.meta_api = offered;
        self
    }

    /// Adds a role to all realms, with the rules for its sessions. Default: none, and every session
    /// may do everything. With at least one role, a session with an unknown role cannot join.
    pub fn role(mut self, role: Role) -> Self {
        self.config = self.config.role(role);
        self
    }

    /// Adds a role to one realm. It replaces the role of the same name for all realms.
    pub fn role_on(mut self, realm: impl Into<Uri>, role: Role) -> Self {
        self.config = self.config.role_on(realm, role);
        self
    }

    /// Sets the function that decides for [`dynamic`](Role::dynamic) roles where no rule applies.
    ///
    /// The session waits for the answer, and its connection is not read meanwhile; other sessions
    /// continue. After an error, a panic, or no answer within
    /// [`authorization_timeout`](Self::authorization_timeout), the request fails with
    /// `wamp.error.authorization_failed`. The error is logged, and not sent to the session.
    ///
    /// ```
    /// use wampwerk::router::{Action, Authorization, Role, Router};
    ///
    /// let router = Router::builder()
    ///     .realm("realm1")
    ///     .role(Role::new("anonymous").dynamic())
    ///     .authorizer(|request| async move {
    ///         let own = request.uri.starts_with(&format!("com.example.{}.", request.authid));
    ///         let decided = Authorization::from(own && request.action != Action::Register);
    ///         Ok::<_, std::io::Error>(decided.cached_for_session())
    ///     })
    ///     .build()?;
    /// # Ok::<(), wampwerk::error::BuildError>(())
    /// ```
    pub fn authorizer<F, R, A, E>(mut self, authorizer: F) -> Self
    where
        F: Fn(AuthorizationRequest) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<A, E>> + MaybeSend + 'static,
        A: Into<Authorization> + 'static,
        E: fmt::Display + 'static,
    {
        let limit = self.config.authorization_timeout;
        self.authorizer = Some(Authorizer::new(authorizer, limit));
        self
    }

    /// Sets the maximum time for one answer of the authorizer. Default: 10 s.
    pub fn authorization_timeout(mut self, timeout: Duration) -> Self {
        self.config.authorization_timeout = timeout;
        self
    }

    /// Sets the limits of each session, and of what all sessions of a realm hold. Default: see [`Limits`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Creates the router, which then accepts connections.
    ///
    /// # Errors
    /// Returns [`BuildError::InvalidConfig`] naming the offending setting:
    ///
    /// - realms: none, invalid or duplicate
    /// - a history with an invalid topic
    /// - a serializer that is not compiled in
    /// - a user that is duplicate, or without authid, role or valid credential
    /// - a method that belongs to both the authenticator and a user
    /// - the role of a user or of anonymous sessions that does not exist although other roles do
    /// - a role or rule that is duplicate, empty or has an invalid URI
    /// - a realm without a role although other realms have one
    /// - a dynamic role without an authorizer
    /// - a size or time out of range
    ///
    /// Returns [`BuildError::Random`] if the system has no random numbers.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn build(mut self) -> Result<Router, BuildError> {
        if self.config.realms.is_empty() {
            return Err(ConfigError::new("realm", "at least one is needed").into());
        }
        for realm in &self.config.realms {
            if !realm.check(self.config.uri_rule, Match::Exact) {
                let text = format!("{realm:?} is not a valid URI");
                return Err(ConfigError::new("realm", text).into());
            }
        }
        for history in &self.config.histories {
            let (topic, policy) = (&history.topic, history.policy);
            if !topic.check(self.config.uri_rule, policy) {
                let name = policy.as_str();
                let text = format!("{topic:?} ({name}) is not a valid URI pattern of that kind");
                return Err(ConfigError::new("history", text).into());
            }
        }
        validate_roles(&self.config.roles, &self.config.realms, self.config.uri_rule)
            .map_err(|text| ConfigError::new("roles", text))?;
        let mut roles = self.config.roles.iter().map(|(_, role)| role);
        if self.authorizer.is_none()
            && let Some(role) = roles.find(|role| role.is_dynamic())
        {
            let text = format!("role {:?} is dynamic, but no authorizer is set", role.name());
            return Err(ConfigError::new("roles", text).into());
        }
        let mut realms = self.config.realms.clone();
        realms.sort();
        if let Some(twice) = realms.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ConfigError::new("realm", format!("{:?} twice", twice[0])).into());
        }
        if self.settings.serializers.is_empty() {
            return Err(ConfigError::new("serializers", "at least one is needed").into());
        }
        for serializer in &self.settings.serializers {
            if !codec::is_available(*serializer) {
                let text = format!("{} is not compiled in", serializer.as_str());
                return Err(ConfigError::new("serializers", text).into());
            }
        }
        self.settings.check()?;
        self.check_authentication()?;
        self.config.epoch = rt::unix_time().saturating_sub(rt::now());
        // Ids must differ between runs.
        self.config.seed = rt::random_bytes().map_err(no_random)?;
        if let Some(authorizer) = &mut self.authorizer {
            authorizer.limit = self.config.authorization_timeout;
        }
        let callbacks = Callbacks {
            authenticator: self.authenticator,
            authentication_timeout: self.config.handshake_timeout,
            authorizer: self.authorizer,
        };
        let hub = Arc::new(Hub::new(self.config, self.settings.outbox_limit, callbacks));
        Ok(Router { owner: Arc::new(Owner { hub, settings: self.settings }) })
    }
}

fn no_random(error: io::Error) -> BuildError {
    BuildError::Random(error.into())
}

impl Settings {
    /// Checks the settings as a listener's own options are checked, because they are its defaults.
    fn check(&self) -> Result<(), ConfigError> {
        let bad = |name: &str, text: String| Err(ConfigError::new(name, text));
        if let Err(text) = check_time(self.open_handshake_timeout, true) {
            return bad("open_handshake_timeout", text.to_owned());
        }
        if !(1..=LARGEST).contains(&self.max_message_payload_size) {
            return bad("max_message_payload_size", format!("it must be 1 to {LARGEST} bytes"));
        }
        Ok(())
    }
}

/// The entry for connections that a listener has accepted. It does not keep the router alive.
#[derive(Clone)]
pub(crate) struct Connections {
    hub: Arc<Hub>,
    /// The methods by which they may join for others.
    pub(crate) proxies: ProxyMethods,
}

impl Connections {
    pub(crate) fn serve(&self, transport: Box<dyn Transport>) {
        self.serve_as(transport, None);
    }

    fn serve_as(&self, transport: Box<dyn Transport>, trusted: Option<Principal>) {
        let (connection, _) = self.connection(transport, trusted);
        rt::spawn(connection);
    }

    fn connection(
        &self,
        transport: Box<dyn Transport>,
        trusted: Option<Principal>,
    ) -> (Connection, ConnectionId) {
        let mut seat = self.hub.connect(peer_of(transport.info()), trusted);
        seat.door.allow(self.proxies);
        let id = seat.door.id();
        (Connection::new(Arc::clone(&self.hub), seat, transport), id)
    }
}

fn peer_of(info: &TransportInfo) -> Peer {
    Peer {
        transport: info.kind.to_owned(),
        address: info.peer.clone(),
        secure: info.secure,
        channel_id: info.channel_id,
    }
}

/// Connects within the process, without a socket.
impl Connector for Router {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        Box::pin(async { Ok(self.connect_transport()) })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.hub.shut_down();
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
