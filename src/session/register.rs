//! Implements registering a procedure.

use std::future::IntoFuture;

use crate::core::client::{Answer, RequestTicket};
use crate::error::RegisterError;
use crate::message::{CancelMode, InvocationPolicy, RegisterOptions};
use crate::rt::BoxFuture;
use crate::session::command::Command;
use crate::session::ending::{self, Ending, EndingWatch};
use crate::session::procedure::{DynProcedure, Procedure, erase};
use crate::session::{Session, failure, features, unexpected, wire_policy};
use crate::uri::{Pattern, Uri};

/// A builder for a registration. Await it to register.
#[doc(alias = "RegisterOptions")]
#[must_use = "nothing is registered until it is awaited"]
pub struct RegisterRequest {
    session: Session,
    procedure: Uri,
    options: RegisterOptions,
    endpoint: DynProcedure,
}

/// A registered procedure.
///
/// Dropping it does not unregister. The procedure stays registered until
/// [`unregister`](Registration::unregister) or the end of the session.
#[derive(Clone, Debug)]
pub struct Registration {
    session: Session,
    listener: RequestTicket,
    id: u64,
    procedure: Uri,
    ending: EndingWatch,
}

impl Session {
    /// Registers a procedure; see [`Procedure`] for the functions that can be registered. A
    /// [`Pattern`] registers it for all matching URIs.
    pub fn register<M: 'static>(
        &self,
        procedure: impl Into<Pattern>,
        endpoint: impl Procedure<M>,
    ) -> RegisterRequest {
        RegisterRequest::new(self.clone(), procedure.into(), erase(endpoint))
    }
}

impl RegisterRequest {
    pub(crate) fn new(session: Session, procedure: Pattern, endpoint: DynProcedure) -> Self {
        let mut options = RegisterOptions::default();
        options.r#match = wire_policy(&procedure);
        RegisterRequest { session, procedure: procedure.uri().clone(), options, endpoint }
    }

    /// Sets the raw options. Call this before the other setters; it overwrites them. The policy of
    /// a [`Pattern`] stays if the options contain none.
    pub fn options(mut self, options: RegisterOptions) -> Self {
        let policy = std::mem::replace(&mut self.options, options).r#match;
        if self.options.r#match.is_none() && policy.is_some() {
            self.options.r#match = policy;
        }
        self
    }

    /// Sets the policy by which several callees share the procedure (spec: "Shared registration").
    /// All of them must set the same policy. Default: a single callee.
    pub fn invoke(mut self, policy: InvocationPolicy) -> Self {
        self.options.invoke = Some(policy);
        self
    }

    /// Sets the maximum number of concurrent calls to this callee. The router (Crossbar or the
    /// embedded router) sends further calls to other callees, or refuses them. Default: no limit.
    pub fn concurrency(mut self, calls: u64) -> Self {
        self.options.concurrency = Some(calls);
        self
    }

    /// Takes the procedure over from its current callee, for example after a reconnect while the
    /// router still holds the old session. The old registration ends with [`Ending::Revoked`].
    ///
    /// Supported by Crossbar and the embedded router. The embedded router takes over only from
    /// callees that registered with the same option, Crossbar from all callees.
    pub fn force_reregister(mut self) -> Self {
        self.options.force_reregister = Some(true);
        self
    }

    /// Asks for the identity of callers, if the router allows it.
    pub fn disclose_caller(mut self) -> Self {
        self.options.disclose_caller = Some(true);
        self
    }

    /// Asks that this callee enforce the callers' timeouts instead of the router. After the timeout
    /// the procedure's future is dropped, and the caller receives `wamp.error.timeout`.
    pub fn forward_timeout(mut self) -> Self {
        self.options.forward_timeout = Some(true);
        self
    }

    /// Sets any other option by its name on the wire, for extensions of a particular router.
    ///
    /// A key that has a setter or a field of its own is rejected with
    /// `wamp.error.invalid_argument`.
    pub fn option(mut self, key: impl Into<String>, value: impl Into<crate::value::Value>) -> Self {
        self.options.extra.insert(key, value);
        self
    }

    async fn send(self) -> Result<Registration, RegisterError> {
        let RegisterRequest { session, procedure, options, endpoint } = self;
        session.check_uri(&procedure, options.r#match.unwrap_or_default())?;
        features::check_register(session.offered(), &options)?;
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
            Err(error) => Err(failure(error, &procedure)),
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
    /// Returns the registration id, which the router assigns.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the procedure or pattern.
    pub fn procedure(&self) -> &Uri {
        &self.procedure
    }

    pub(super) fn listener(&self) -> RequestTicket {
        self.listener
    }

    /// Returns whether the procedure can still be called.
    #[doc(alias = "active")]
    pub fn is_active(&self) -> bool {
        self.ending.now().is_none()
    }

    /// Waits until the registration ends: unregistered, revoked by the router, or closed with the
    /// session.
    #[doc(alias = "on_unregister")]
    pub fn ended(&self) -> impl Future<Output = Ending> + use<> {
        self.ending.wait()
    }

    /// Unregisters the procedure. Running invocations are still answered.
    pub async fn unregister(self) -> Result<(), RegisterError> {
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
            Err(error) => Err(failure(error, &self.procedure)),
        }
    }
}
