//! Contains `OnChallenge`, a function that answers challenges, as Autobahn's `onChallenge`.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::identity::{Identity, identity_getters, identity_setters};
use super::{Authenticator, Proof, Signature};
use crate::auth::AuthError;
use crate::message::Challenge;
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::transport::TransportInfo;

/// Methods whose challenges a function answers.
///
/// ```
/// use wampwerk::auth::AuthError;
/// use wampwerk::session::authentication::{OnChallenge, Signature};
///
/// let method = OnChallenge::new(&["ticket"], |challenge| async move {
///     let ticket = std::env::var("TICKET").map_err(AuthError::new)?;
///     println!("challenged by {}", challenge.method);
///     Ok(Signature::new(ticket))
/// })
/// .authid("joe");
/// # let _ = method;
/// ```
#[doc(alias = "onchallenge")]
#[derive(Clone)]
pub struct OnChallenge<F> {
    methods: Vec<String>,
    function: Arc<F>,
    identity: Identity,
}

impl<F, A> OnChallenge<F>
where
    F: Fn(Challenge) -> A + MaybeSend + MaybeSync + 'static,
    A: Future<Output = Result<Signature, AuthError>> + MaybeSend + 'static,
{
    /// Offers these methods, in order of preference.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn new(methods: &[&str], function: F) -> Self {
        OnChallenge {
            methods: methods.iter().map(ToString::to_string).collect(),
            function: Arc::new(function),
            identity: Identity::default(),
        }
    }

    identity_setters!();
}

impl<F, A> Authenticator for OnChallenge<F>
where
    F: Fn(Challenge) -> A + MaybeSend + MaybeSync + 'static,
    A: Future<Output = Result<Signature, AuthError>> + MaybeSend + 'static,
{
    fn method(&self) -> &str {
        self.methods.first().map_or("", String::as_str)
    }

    fn methods(&self) -> Vec<&str> {
        self.methods.iter().map(String::as_str).collect()
    }

    identity_getters!();

    fn begin(&self, _: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        Ok(Box::new(Function(Arc::clone(&self.function))))
    }
}

impl<F> fmt::Debug for OnChallenge<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnChallenge")
            .field("methods", &self.methods)
            .field("authid", &self.identity.authid)
            .field("authrole", &self.identity.authrole)
            .finish_non_exhaustive()
    }
}

struct Function<F>(Arc<F>);

impl<F, A> Proof for Function<F>
where
    F: Fn(Challenge) -> A + MaybeSend + MaybeSync + 'static,
    A: Future<Output = Result<Signature, AuthError>> + MaybeSend + 'static,
{
    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>> {
        Box::pin((self.0)(challenge.clone()))
    }
}
