//! Runs one attempt to join: the proofs of all offered methods, and the answer to the challenge.
//!
//! It runs in the joining future, not in the driver, because an answer may take time. A panic of
//! user code becomes an error without its text, which could contain a secret.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{Authentication, Authenticator, Identity, Proof, Signature};
use crate::auth::AuthError;
use crate::core::client::{JoinRequest, Joined};
use crate::error::{CloseKind, CloseReason, ConnectError};
use crate::message::{Challenge, Welcome};
use crate::rt::future::{Race, race};
use crate::rt::guard::{Panic, catch, caught};
use crate::session::command::Command;
use crate::session::driver_gone;
use crate::transport::TransportInfo;
use crate::uri::Uri;

pub(in crate::session) struct Attempt {
    offers: Vec<Offer>,
    /// Index of the challenged method.
    challenged: Option<usize>,
}

struct Offer {
    methods: Vec<String>,
    proof: Box<dyn Proof>,
}

impl Attempt {
    /// Begins the proofs of every method that this transport supports, and returns the content of
    /// HELLO.
    pub(in crate::session) fn begin(
        authentication: &Authentication,
        identity: &Identity,
        realm: Uri,
        transport: &TransportInfo,
    ) -> Result<(Self, JoinRequest), ConnectError> {
        let mut whole = identity.clone();
        whole.merge(authentication.identity()?, "authentication")?;
        let (mut offers, mut refusal) = (Vec::new(), None);
        for authenticator in authentication.iter() {
            let method = authenticator.method();
            match begin(authenticator, transport) {
                Ok(offer) => {
                    whole.merge_extra(guarded(|| offer.proof.authextra())?, method)?;
                    offers.push(offer);
                }
                Err(error) => {
                    tracing::warn!(method, %error, "an authentication method is not offered");
                    refusal.get_or_insert(format!("{method}: {error}"));
                }
            }
        }
        if let Some(text) = refusal
            && offers.is_empty()
        {
            return Err(cannot_authenticate(text));
        }
        let mut request = JoinRequest::new(realm);
        request.authmethods = offers.iter().flat_map(|offer| offer.methods.clone()).collect();
        (request.authid, request.authrole) = (whole.authid, whole.authrole);
        request.authextra = whole.authextra;
        Ok((Attempt { offers, challenged: None }, request))
    }

    /// Waits for the end of joining, and answers the challenge meanwhile.
    pub(in crate::session) async fn joined(
        &mut self,
        joined: oneshot::Receiver<Result<Joined, Arc<CloseReason>>>,
        challenged: oneshot::Receiver<Challenge>,
        commands: &mpsc::Sender<Command>,
    ) -> Result<Joined, Arc<CloseReason>> {
        let answering = async {
            // There may be none.
            if let Ok(challenge) = challenged.await {
                let answer = self.answer(&challenge).await;
                drop(commands.send(Command::Authenticate(answer)).await);
            }
            pending::<Infallible>().await
        };
        // The end first, so that users are not asked any more when it is over.
        match race(joined, answering).await {
            Race::First(end) => end.unwrap_or_else(|_| Err(driver_gone())),
            Race::Second(never) => match never {},
        }
    }

    /// Checks that the router has proved its identity, if the method requires that.
    pub(in crate::session) fn check(&mut self, welcome: &Welcome) -> Result<(), AuthError> {
        let named = |offer: &Offer| {
            let method = welcome.details.authmethod.as_ref();
            method.is_some_and(|method| offer.methods.contains(method))
        };
        let which = self.challenged.or_else(|| self.offers.iter().position(named));
        if let Some(offer) = which.and_then(|which| self.offers.get_mut(which)) {
            return guarded(|| offer.proof.check(welcome))?;
        }
        // Joined without a challenge, or by a method without a name: a router that must prove
        // itself has not, unless an offered method did not require it.
        let mut refusal = Ok(());
        for offer in &mut self.offers {
            match guarded(|| offer.proof.check(welcome))? {
                Ok(()) => return Ok(()),
                Err(error) => refusal = refusal.and(Err(error)),
            }
        }
        refusal
    }

    async fn answer(&mut self, challenge: &Challenge) -> Result<Signature, AuthError> {
        self.challenged =
            self.offers.iter().position(|offer| offer.methods.contains(&challenge.method));
        let Some(offer) = self.challenged.and_then(|which| self.offers.get_mut(which)) else {
            return Err(AuthError::new(format!("{:?} was not offered", challenge.method)));
        };
        let answer = guarded(|| offer.proof.answer(challenge))?;
        caught(answer).await.map_err(|panic| without_message(&panic))?
    }
}

fn begin(authenticator: &dyn Authenticator, transport: &TransportInfo) -> Result<Offer, AuthError> {
    let methods = authenticator.methods().into_iter().map(str::to_owned).collect();
    let proof = guarded(|| authenticator.begin(transport))??;
    Ok(Offer { methods, proof })
}

fn guarded<T>(step: impl FnOnce() -> T) -> Result<T, AuthError> {
    catch(step).map_err(|panic| without_message(&panic))
}

/// The message of the panic may contain a secret and is omitted.
fn without_message(_panic: &Panic) -> AuthError {
    AuthError::new("the authenticator panicked")
}

/// Creates the error for joining that fails on this side.
pub(in crate::session) fn cannot_authenticate(text: String) -> ConnectError {
    let reason = CloseReason::new(CloseKind::Left, Uri::CANNOT_AUTHENTICATE, Some(text));
    ConnectError::Join(Arc::new(reason))
}
