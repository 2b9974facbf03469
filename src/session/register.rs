//! Registering a procedure.

use std::future::IntoFuture;

use crate::core::client::{Answer, Ticket};
use crate::error::{RegisterError, UnregisterError};
use crate::message::{CancelMode, InvocationPolicy, RegisterOptions};
use crate::rt::BoxFuture;
use crate::session::command::Command;
use crate::session::ending::{self, Ending, EndingWatch};
use crate::session::endpoint::{DynEndpoint, Endpoint, erase};
use crate::session::{Session, failure, features, unexpected, wire_policy};
use crate::uri::{Match, Pattern, Uri};

/// A registration that is being put together; `await` it to register.
#[must_use = "nothing is registered until it is awaited"]
pub struct RegisterRequest {
    session: Session,
    procedure: Uri,
    options: RegisterOptions,
    endpoint: DynEndpoint,
}

/// A registered procedure.
///
/// Dropping it changes nothing: the procedure stays registered until
/// [`unregister`](Registration::unregister), or until the session ends.
#[derive(Clone, Debug)]
pub struct Registration {
    session: Session,
    listener: Ticket,
    id: u64,
    procedure: Uri,
    ending: EndingWatch,
}

impl Session {
    /// Registers a procedure; see [`Endpoint`] for what can be one. A [`Pattern`] registers it for
    /// all URIs that match.
    pub fn register<M: 'static>(
        &self,
        procedure: impl Into<Pattern>,
        endpoint: impl Endpoint<M>,
    ) -> RegisterRequest {
        RegisterRequest::new(self.clone(), procedure.into(), erase(endpoint))
    }
}

impl RegisterRequest {
    pub(super) fn new(session: Session, procedure: Pattern, endpoint: DynEndpoint) -> Self {
        let mut options = RegisterOptions::default();
        options.r#match = wire_policy(&procedure);
        RegisterRequest { session, procedure: procedure.uri().clone(), options, endpoint }
    }

    /// The options on the wire. Better first: what the other setters set is replaced, but for the
    /// policy of a [`Pattern`], which holds if the options have none.
    pub fn options(mut self, options: RegisterOptions) -> Self {
        let policy = std::mem::replace(&mut self.options, options).r#match;
        if self.options.r#match.is_none() && policy.is_some() {
            self.options.r#match = policy;
        }
        self
    }

    /// How the URI matches procedures that are called. Default: exact.
    /// [`IncomingCall::procedure`](super::IncomingCall) tells which was called.
    pub fn match_policy(mut self, policy: Match) -> Self {
        self.options.r#match = Some(policy);
        self
    }

    /// How several callees share the procedure (spec: "Shared registration"); all of them have to
    /// say the same. Default: there is only one.
    pub fn invoke(mut self, policy: InvocationPolicy) -> Self {
        self.options.invoke = Some(policy);
        self
    }

    /// How many calls this callee takes at the same time; the router (Crossbar, or the embedded
    /// one) gives further ones to others, or refuses them. Default: no limit.
    pub fn concurrency(mut self, calls: u64) -> Self {
        self.options.concurrency = Some(calls);
        self
    }

    /// Takes the procedure over from whoever has it, as after a reconnect while the router still
    /// holds the old session (Crossbar, and the embedded router); the registration there ends with
    /// [`Ending::Revoked`]. The embedded router takes it only from callees that asked for the same
    /// when they registered, Crossbar from all.
    pub fn force_reregister(mut self) -> Self {
        self.options.force_reregister = Some(true);
        self
    }

    /// Asks to be told who calls, if the router allows it.
    pub fn disclose_caller(mut self) -> Self {
        self.options.disclose_caller = Some(true);
        self
    }

    /// Asks that the callers' timeouts be kept here and not by the router: the procedure's future
    /// is dropped when the time is over, and the caller gets `wamp.error.timeout`.
    pub fn forward_timeout(mut self) -> Self {
        self.options.forward_timeout = Some(true);
        self
    }

    /// Any other option, as it shall stand on the wire; for what a router has of its own.
    /// A key that has a setter or a field of its own is refused (`wamp.error.invalid_argument`).
    pub fn option(mut self, key: impl Into<String>, value: impl Into<crate::value::Value>) -> Self {
        self.options.extra.insert(key, value);
        self
    }

    async fn send(self) -> Result<Registration, RegisterError> {
        let RegisterRequest { session, procedure, options, endpoint } = self;
        session.check_uri(&procedure, options.r#match.unwrap_or_default())?;
        features::check_register(session.router_roles(), &options)?;
        let ticket = session.ticket();
        let (sender, ending) = ending::channel();
        let answer = session.request(ticket, CancelMode::Skip, |waiter| Command::Register {
            ticket,
            procedure: procedure.clone(),
            options,
            endpoint,
            ending: sender,
            waiter,
        });
        match answer.await {
            Ok(Answer::Registered { registration: id }) => {
                Ok(Registration { session, listener: ticket, id, procedure, ending })
            }
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(failure(error)),
        }
    }
}

impl IntoFuture for RegisterRequest {
    type Output = Result<Registration, RegisterError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl Registration {
    /// The id, given by the router.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The procedure or pattern.
    pub fn procedure(&self) -> &Uri {
        &self.procedure
    }

    pub(super) fn listener(&self) -> Ticket {
        self.listener
    }

    /// Whether the procedure can still be called.
    pub fn is_active(&self) -> bool {
        self.ending.now().is_none()
    }

    /// Waits until the registration has ended: withdrawn, revoked by the router, or gone with the
    /// session.
    pub fn ended(&self) -> impl Future<Output = Ending> + use<> {
        self.ending.wait()
    }

    /// Withdraws the procedure. Invocations that are running are still answered.
    pub async fn unregister(self) -> Result<(), UnregisterError> {
        let (session, listener) = (&self.session, self.listener);
        let ticket = session.ticket();
        let answer = session.request(ticket, CancelMode::Skip, |waiter| Command::Unregister {
            ticket,
            listener,
            waiter,
        });
        match answer.await {
            Ok(Answer::Unregistered) => Ok(()),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(failure(error)),
        }
    }
}
