//! `on_connect`: the application's decision about a WebSocket request.

use std::fmt;
use std::sync::Arc;

use super::answer::{ConnectionAccept, ConnectionDeny};
use super::request::ConnectionRequest;
use crate::framing::websocket::handshake::Refusal;
use crate::rt::BoxFuture;
use crate::rt::guard::caught;

/// The application's function.
#[derive(Clone)]
pub(crate) struct OnConnect(Arc<Ask>);

type Answer = Result<ConnectionAccept, ConnectionDeny>;
type Ask = dyn Fn(ConnectionRequest) -> BoxFuture<'static, Answer> + Send + Sync;

impl OnConnect {
    pub(crate) fn new<F, Fut>(ask: F) -> Self
    where
        F: Fn(ConnectionRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + Send + 'static,
    {
        OnConnect(Arc::new(move |request| Box::pin(ask(request))))
    }

    /// Calls the function. A panic, and an error that was not made for the client, are logged and answered
    /// without their text.
    pub(super) async fn ask(
        &self,
        request: ConnectionRequest,
    ) -> Result<ConnectionAccept, Refusal> {
        match caught(async { (self.0)(request).await }).await {
            Ok(Ok(accept)) => Ok(accept),
            Ok(Err(deny)) => Err(deny.into_refusal()),
            Err(panic) => {
                tracing::error!(%panic, "on_connect failed");
                Err(Refusal::failed())
            }
        }
    }
}

impl fmt::Debug for OnConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnConnect")
    }
}
