//! Contains [`Authorizer`], the application's function that decides where no rule of a role does.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::router::{Authorization, AuthorizationRequest, ConnectionId};
use crate::router::callback::Callback;
use crate::rt::{MaybeSend, MaybeSync};

/// The function, called while the connection of the session waits.
#[derive(Clone, Debug)]
pub(super) struct Authorizer {
    callback: Callback<AuthorizationRequest, Option<Authorization>>,
    pub(super) limit: Duration,
}

impl Authorizer {
    /// Errors are logged only: the session learns merely that there was no decision.
    pub(super) fn new<F, R, A, E>(function: F, limit: Duration) -> Self
    where
        F: Fn(AuthorizationRequest) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<A, E>> + MaybeSend + 'static,
        A: Into<Authorization>,
        E: fmt::Display,
    {
        let function = Arc::new(function);
        let callback = Callback::new(move |request: AuthorizationRequest| {
            let function = Arc::clone(&function);
            async move {
                let (action, uri) = (request.action, request.uri.clone());
                match function(request).await {
                    Ok(decided) => Some(decided.into()),
                    Err(error) => {
                        tracing::error!(%action, uri = uri.as_str(), %error, "authorizer failed");
                        None
                    }
                }
            }
        });
        Authorizer { callback, limit }
    }

    pub(super) fn ask(
        &self,
        connection: ConnectionId,
        request: AuthorizationRequest,
        tell: impl FnOnce(Option<Authorization>) + MaybeSend + 'static,
    ) {
        self.callback.ask(connection, request, self.limit, move |answer| {
            tell(answer.unwrap_or(None));
        });
    }
}
