//! The embedded router: its face, and the tasks between the core and the transports.
//!
//! Owns how connections are driven. What the router does with messages is decided in
//! [`core::router`](crate::core::router); where connections come from is `server`'s matter.

mod authentication;
mod authorizer;
mod callback;
mod connection;
mod hub;
mod outbox;
mod patience;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::Secret;
use crate::auth::cryptosign::SigningKey;
use crate::codec;
use crate::core::client::ClientConfig;
use crate::core::router::{ConnectionId, RouterConfig, validate_roles};
use crate::error::ConnectError;
use crate::message::Serializer;
use crate::rt::{self, MaybeSend, MaybeSync};
use crate::session::{self, Session};
use crate::transport::{LARGEST, Transport, TransportInfo, check_time, memory};
use crate::uri::{Match, Uri, UriRule};
use authorizer::Authorizer;
use callback::Callback;
#[allow(unused_imports, unreachable_pub, reason = "not every target listens")]
pub(crate) use connection::Connection;
#[allow(unused_imports, unreachable_pub, reason = "not every target listens")]
pub(crate) use hub::Stay;
use hub::{Callbacks, Hub};

pub use crate::core::router::{
    Action, AuthRequest, Authorization, AuthorizationRequest, Cached, Denied, Disclosure, Limits,
    MetaApi, Peer, Principal, Role, Rule, Statistics, User,
};

/// Frames that may wait between an in-process session and the router, each way.
const MEMORY_FRAMES: usize = 256;

/// A WAMP router in this process: a broker and a dealer for each of its realms.
///
/// A handle that is cheap to clone. When the last one is dropped, the router says GOODBYE to all
/// sessions and ends, with everything that listens for it; [`shutdown`](Router::shutdown) does the
/// same and waits for it.
///
/// It has WAMP's Basic Profile and the Advanced Profile's RPC, PubSub and meta API, and takes
/// sessions without authentication ("anonymous") unless it is told [who may join](RouterBuilder::user).
/// What it announces depends on its settings.
#[derive(Clone)]
pub struct Router {
    owner: Arc<Owner>,
}

/// The settings of a [`Router`] before it starts.
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

/// What the router's transports are told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) serializers: Vec<Serializer>,
    pub(crate) batched: bool,
    pub(crate) handshake_timeout: Duration,
    pub(crate) max_message_size: usize,
    outbox_limit: usize,
}

/// Goes with the last handle; the tasks hold the hub only.
struct Owner {
    hub: Arc<Hub>,
    settings: Settings,
}

impl Router {
    /// Settings, to begin with the defaults and no realm.
    pub fn builder() -> RouterBuilder {
        RouterBuilder {
            config: RouterConfig::new(0),
            authenticator: None,
            router_key: None,
            mock_secret: None,
            settings: Settings {
                serializers: codec::available().to_vec(),
                batched: false,
                handshake_timeout: Duration::from_secs(10),
                max_message_size: 16 << 20,
                outbox_limit: 64 << 20,
            },
            authorizer: None,
        }
    }

    /// Serves a peer over a transport that is connected already.
    ///
    /// # Panics
    /// Natively, outside a tokio runtime.
    pub fn serve(&self, transport: Box<dyn Transport>) {
        self.connections().serve(transport);
    }

    /// Joins a realm of this router within the process, without a socket.
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
    /// [`ConnectError::Join`] if the router has no such realm or goes down, or if sessions have to
    /// [prove who they are](RouterBuilder::user), the program's own among them: those join by
    /// [`connect_as`](Router::connect_as), or by a proof over
    /// [`connect_transport`](Router::connect_transport).
    ///
    /// # Panics
    /// Natively, outside a tokio runtime.
    pub async fn connect(&self, realm: impl Into<Uri>) -> Result<Session, ConnectError> {
        session::join(self.connect_transport(), realm, ClientConfig::default()).await
    }

    /// Joins a realm within the process as somebody of whom the program says who it is: nothing has
    /// to be proved, whatever users there are. WELCOME says authmethod `trusted` and authprovider
    /// `router`.
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
    /// [`ConnectError::InvalidConfig`] if authid or authrole is empty. [`ConnectError::Join`] if the
    /// router has no such realm, has roles and not this one on it, or goes down.
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
        principal.check().map_err(|error| ConnectError::InvalidConfig(error.message))?;
        let transport = self.memory_transport(Some(principal));
        session::join(transport, realm, ClientConfig::default()).await
    }

    /// A connection to this router within the process; the client's end of it.
    ///
    /// # Panics
    /// Natively, outside a tokio runtime.
    pub fn connect_transport(&self) -> Box<dyn Transport> {
        self.memory_transport(None)
    }

    fn memory_transport(&self, trusted: Option<Principal>) -> Box<dyn Transport> {
        // The format does not matter to anybody, as long as both ends have it.
        let serializer = self.owner.settings.serializers.first().copied();
        let serializer = serializer.unwrap_or(Serializer::ALL[0]);
        let (client, router) = memory::pair(serializer, MEMORY_FRAMES);
        self.connections().serve_as(Box::new(router), trusted);
        Box::new(client)
    }

    /// Says GOODBYE to all sessions, stops listening, and waits until each session has answered, all
    /// connections are closed, ports are free and the files of unix sockets gone. Peers that do not
    /// answer are waited for a few seconds altogether. New connections are refused from the first
    /// moment on.
    pub async fn shutdown(&self) {
        self.owner.hub.shut_down();
        self.owner.hub.wait_idle().await;
    }

    /// How much the router holds at the moment.
    pub fn statistics(&self) -> Statistics {
        self.owner.hub.statistics()
    }

    #[allow(dead_code, reason = "only what listens needs it, and not every target listens")]
    pub(crate) fn settings(&self) -> &Settings {
        &self.owner.settings
    }

    pub(crate) fn connections(&self) -> Connections {
        Connections(Arc::clone(&self.owner.hub))
    }
}

impl RouterBuilder {
    /// Adds a realm. There must be at least one.
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.config.realms.push(realm.into());
        self
    }

    /// Which serializers clients may use. Default: all that are compiled in.
    pub fn serializers(mut self, serializers: &[Serializer]) -> Self {
        self.settings.serializers = serializers.to_vec();
        self
    }

    /// Whether WebSocket clients may ask for batches of messages, by the subprotocols
    /// `wamp.2.<serializer>.batched`. Default: no.
    ///
    /// Of batched JSON both separators are read, the specification's 0x1e and Autobahn's 0x18; the
    /// answer has the one that the client wrote.
    pub fn batched(mut self, batched: bool) -> Self {
        self.settings.batched = batched;
        self
    }

    /// How long a client may take for the transport's handshake, and again for HELLO; more than 0 and
    /// not more than a year. Default: 10 s.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.config.handshake_timeout = timeout;
        self.settings.handshake_timeout = timeout;
        self
    }

    /// The longest message in bytes, both ways; 1 to 2 147 483 647. Default: 16 MiB.
    ///
    /// A client that sends a longer one is thrown out. If a message is longer than its receiver
    /// takes, an event is dropped and a call fails with `wamp.error.payload_size_exceeded`.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_message_size = bytes;
        self
    }

    /// How many bytes may wait for one client that does not read them; then it is thrown out. One
    /// message always fits while less than 1 MiB waits. From 1 MiB on, who sends it events, calls or
    /// progressive results waits for it, as long as it takes 128 KiB a second, otherwise 2 s at
    /// most. Default: 64 MiB.
    pub fn outbox_limit(mut self, bytes: usize) -> Self {
        self.settings.outbox_limit = bytes;
        self
    }

    /// Which characters topics, procedures and realms may have. Default: loose.
    pub fn uri_rule(mut self, rule: UriRule) -> Self {
        self.config.uri_rule = rule;
        self
    }

    /// Whether a request id out of sequence is a protocol violation, as WAMP says. Default: no, as
    /// there are clients that draw them at random.
    pub fn strict_request_ids(mut self, strict: bool) -> Self {
        self.config.strict_request_ids = strict;
        self
    }

    /// Whether callees and subscribers learn who calls or publishes. Default: if it is asked for.
    pub fn disclosure(mut self, disclosure: Disclosure) -> Self {
        self.config.disclosure = disclosure;
        self
    }

    /// How many topics of a realm may have retained events, and how many bytes all of them may
    /// take. Default: 10 000 topics, 16 MiB.
    ///
    /// What is published with `retain` is kept for those who subscribe later with `get_retained`;
    /// they get the newest event of each topic that they were to get. An event for all takes the
    /// place of the one before; one that is retained for nobody (`eligible: []`) clears its topic.
    /// Beyond these limits the topics go that have been without a new event for longest. All are gone
    /// when the router ends.
    pub fn retention(mut self, topics: usize, bytes: usize) -> Self {
        self.config.retained_topics = topics;
        self.config.retained_bytes = bytes;
        self
    }

    /// Remembers the last `limit` events of a topic or pattern in each realm, in up to 16 MiB, for
    /// `wamp.subscription.get_events`. Its subscription is there from the beginning on. Default:
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

    /// What sessions can ask the router itself by calling `wamp.…`, and what they can end by it.
    /// Default: [`MetaApi::ReadOnly`], with which no session can end anything of another one.
    pub fn meta_api(mut self, offered: MetaApi) -> Self {
        self.config.meta_api = offered;
        self
    }

    /// Adds a role to all realms: what its sessions may do. Default: none, and every session may do
    /// everything. As soon as there is one, a session whose role is not there cannot join.
    pub fn role(mut self, role: Role) -> Self {
        self.config = self.config.role(role);
        self
    }

    /// Adds a role to one realm, in the place of the one of that name for all realms.
    pub fn role_on(mut self, realm: impl Into<Uri>, role: Role) -> Self {
        self.config = self.config.role_on(realm, role);
        self
    }

    /// Who decides for roles that are [`dynamic`](Role::dynamic) what their rules do not.
    ///
    /// The session waits for the answer, and nothing more is read from its connection meanwhile;
    /// other sessions go on. An error, a panic, or no answer within
    /// [`authorization_timeout`](Self::authorization_timeout) fails the request with
    /// `wamp.error.authorization_failed`; the error goes to the log, not to the session.
    ///
    /// ```
    /// use wampwerk::router::{Action, Authorization, Cached, Role, Router};
    ///
    /// let router = Router::builder()
    ///     .realm("realm1")
    ///     .role(Role::new("anonymous").dynamic())
    ///     .authorizer(|request| async move {
    ///         let own = request.uri.starts_with(&format!("com.example.{}.", request.authid));
    ///         let decided = Authorization::from(own && request.action != Action::Register);
    ///         Ok::<_, std::io::Error>(decided.cached(Cached::ForSession))
    ///     })
    ///     .build()?;
    /// # Ok::<(), wampwerk::ConnectError>(())
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

    /// How long the authorizer may take for one answer. Default: 10 s.
    pub fn authorization_timeout(mut self, timeout: Duration) -> Self {
        self.config.authorization_timeout = timeout;
        self
    }

    /// How much one session may hold. Default: see [`Limits`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// The router, which now takes connections.
    ///
    /// # Errors
    /// [`ConnectError::InvalidConfig`] if there is no realm, if one is no URI or there twice, if a
    /// history's topic is none, if a serializer is not compiled in; if a user has no authid, no role,
    /// no credential or one that is none, or is there twice, or if a method of the authenticator is a
    /// user's, too; if a user's role, or that of anonymous sessions, is not there while others are;
    /// if a role or one of its rules is there twice, says nothing or is about what is no
    /// URI, if a realm has no role while others have, if a role is dynamic and there is no
    /// authorizer, or if a size or time cannot be. The text names what.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn build(mut self) -> Result<Router, ConnectError> {
        if self.config.realms.is_empty() {
            return Err(ConnectError::InvalidConfig("the router has no realm".to_owned()));
        }
        for realm in &self.config.realms {
            if !realm.check(self.config.uri_rule, Match::Exact) {
                return Err(ConnectError::InvalidConfig(format!(
                    "realm {realm:?} is not a valid URI"
                )));
            }
        }
        for history in &self.config.histories {
            let (topic, policy) = (&history.topic, history.policy);
            if !topic.check(self.config.uri_rule, policy) {
                let name = policy.as_str();
                return Err(ConnectError::InvalidConfig(format!(
                    "history of {topic:?} ({name}): the topic is not a valid URI pattern of that kind"
                )));
            }
        }
        validate_roles(&self.config).map_err(ConnectError::InvalidConfig)?;
        let mut roles = self.config.roles.iter().map(|(_, role)| role);
        if self.authorizer.is_none()
            && let Some(role) = roles.find(|role| role.is_dynamic())
        {
            return Err(ConnectError::InvalidConfig(format!(
                "role {:?} is dynamic, but no authorizer is set",
                role.name()
            )));
        }
        let mut realms = self.config.realms.clone();
        realms.sort();
        if let Some(twice) = realms.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ConnectError::InvalidConfig(format!("realm {:?} twice", twice[0])));
        }
        if self.settings.serializers.is_empty() {
            return Err(ConnectError::InvalidConfig("the router has no serializer".to_owned()));
        }
        for serializer in &self.settings.serializers {
            if !codec::available().contains(serializer) {
                let name = serializer.as_str();
                return Err(ConnectError::InvalidConfig(format!("{name} is not compiled in")));
            }
        }
        self.settings.check()?;
        self.check_authentication()?;
        self.config.epoch = rt::unix_time().saturating_sub(rt::now());
        // Ids shall not repeat from one run to the next.
        self.config.seed = rt::random().map_err(no_random)?;
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

impl Settings {
    /// As a listener's own options are checked, which has these where it is not told others.
    fn check(&self) -> Result<(), ConnectError> {
        let bad = |name, text| Err(ConnectError::InvalidConfig(format!("{name}: {text}")));
        if let Err(text) = check_time(self.handshake_timeout, true) {
            return bad("handshake_timeout", text.to_owned());
        }
        if !(1..=LARGEST).contains(&self.max_message_size) {
            return bad("max_message_size", format!("it must be 1 to {LARGEST} bytes"));
        }
        Ok(())
    }
}

fn no_random(error: String) -> ConnectError {
    ConnectError::InvalidConfig(format!("the system gives no random numbers: {error}"))
}

/// Where a listener puts the connections that it has accepted. It keeps no router alive.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Hub>);

impl Connections {
    pub(crate) fn serve(&self, transport: Box<dyn Transport>) {
        self.serve_as(transport, None);
    }

    fn serve_as(&self, transport: Box<dyn Transport>, trusted: Option<Principal>) {
        let (connection, _) = self.connection(transport, trusted);
        rt::spawn(connection);
    }

    /// A connection that the caller has to run.
    #[allow(dead_code, reason = "only what listens needs it, and not every target listens")]
    pub(crate) fn take(&self, transport: Box<dyn Transport>) -> (Connection, ConnectionId) {
        self.connection(transport, None)
    }

    /// Says GOODBYE to the sessions of these connections.
    #[allow(dead_code, reason = "only what listens needs it, and not every target listens")]
    pub(crate) fn dismiss(&self, connections: &[ConnectionId]) {
        self.0.dismiss(connections);
    }

    fn connection(
        &self,
        transport: Box<dyn Transport>,
        trusted: Option<Principal>,
    ) -> (Connection, ConnectionId) {
        let (id, outbox, timer) = self.0.connect(peer_of(transport.info()), trusted);
        if let Some(timer) = timer {
            rt::spawn(timer);
        }
        (Connection::new(Arc::clone(&self.0), id, outbox, transport), id)
    }

    /// Keeps [`Router::shutdown`] waiting until it is dropped, as a connection does.
    #[allow(dead_code, reason = "only what listens needs it, and not every target listens")]
    pub(crate) fn stay(&self) -> Stay {
        Stay::new(&self.0)
    }

    /// Ready when the router goes down.
    #[allow(dead_code, reason = "only what listens needs it, and not every target listens")]
    pub(crate) async fn wait_down(&self) {
        self.0.wait_down().await;
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
