//! Registering a procedure.

use std::future::IntoFuture;

use crate::core::client::{Answer, Ticket};
use crate::error::{RegisterError, UnregisterError};
use crate::message::RegisterOptions;
use crate::rt::BoxFuture;
use crate::session::command::Command;
use crate::session::endpoint::{DynEndpoint, Endpoint, erase};
use crate::session::{Session, failure, unexpected};
use crate::uri::Uri;

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
}

impl Session {
    /// Registers a procedure; see [`Endpoint`] for what can be one.
    pub fn register<M: 'static>(
        &self,
        procedure: impl Into<Uri>,
        endpoint: impl Endpoint<M>,
    ) -> RegisterRequest {
        RegisterRequest {
            session: self.clone(),
            procedure: procedure.into(),
            options: RegisterOptions::default(),
            endpoint: erase(endpoint),
        }
    }
}

impl RegisterRequest {
    /// The options on the wire.
    pub fn options(mut self, options: RegisterOptions) -> Self {
        self.options = options;
        self
    }

    async fn send(self) -> Result<Registration, RegisterError> {
        let RegisterRequest { session, procedure, options, endpoint } = self;
        session.check_uri(&procedure, options.r#match.unwrap_or_default())?;
        let ticket = session.ticket();
        let answer = session.request(ticket, |waiter| Command::Register {
            ticket,
            procedure: procedure.clone(),
            options,
            endpoint,
            waiter,
        });
        match answer.await {
            Ok(Answer::Registered { registration: id }) => {
                Ok(Registration { session, listener: ticket, id, procedure })
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

    /// Withdraws the procedure. Invocations that are running are still answered.
    pub async fn unregister(self) -> Result<(), UnregisterError> {
        let (session, listener) = (&self.session, self.listener);
        let ticket = session.ticket();
        let answer =
            session.request(ticket, |waiter| Command::Unregister { ticket, listener, waiter });
        match answer.await {
            Ok(Answer::Unregistered) => Ok(()),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(failure(error)),
        }
    }
}
