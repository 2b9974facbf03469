//! Contains [`Exchange`], the router's state between CHALLENGE and AUTHENTICATE.

use std::fmt;

use serde::Serialize;

use crate::auth::cryptosign::router::RouterExchange as CryptosignExchange;
use crate::auth::encoding::base64;
use crate::auth::mock::Mock;
use crate::auth::scram::router::RouterExchange as ScramExchange;
use crate::auth::{
    AuthError, ChallengeContext, Credential, Salt, Secret, constant_time_eq, wampcra,
};
use crate::message::{Authenticate, Challenge, time};
use crate::value::Dict;

/// A challenge that waits for its answer.
pub struct Exchange {
    state: State,
    /// True for a known user.
    genuine: bool,
}

enum State {
    Ticket(Secret),
    WampCra(String),
    Cryptosign(CryptosignExchange),
    Scram(ScramExchange),
}

impl Exchange {
    /// Creates a challenge for a known user.
    ///
    /// # Errors
    /// Returns [`AuthError`] if HELLO.Details.authextra does not fit the method.
    pub fn begin(
        credential: &Credential,
        context: &ChallengeContext<'_>,
    ) -> Result<(Challenge, Exchange), AuthError> {
        let (extra, state) = match credential {
            Credential::Ticket(ticket) => (Dict::new(), State::Ticket(ticket.clone())),
            Credential::WampCra { secret, salt } => wampcra(secret, salt.as_ref(), context)?,
            Credential::Cryptosign { public_keys } => {
                let (extra, exchange) = CryptosignExchange::begin(public_keys, context)?;
                (extra, State::Cryptosign(exchange))
            }
            Credential::Scram { dialect, credential } => {
                let (extra, exchange) = ScramExchange::begin(*dialect, credential, context)?;
                (extra, State::Scram(exchange))
            }
        };
        let challenge = Challenge { method: credential.method().to_owned(), extra };
        Ok((challenge, Exchange { state, genuine: true }))
    }

    /// Creates a mock challenge for an unknown user, so that a client cannot find out which users
    /// exist. It looks like a challenge of [`begin`](Exchange::begin) with a usual credential of
    /// the method, and every answer fails.
    ///
    /// If the router's users have other parameters, [`mock_like`](Exchange::mock_like) is less
    /// distinguishable.
    ///
    /// # Errors
    /// Returns the errors of [`begin`](Exchange::begin), and [`AuthError`] if the method has no
    /// challenge.
    pub fn mock(
        method: &str,
        context: &ChallengeContext<'_>,
    ) -> Result<(Challenge, Exchange), AuthError> {
        Self::begin_mock(&Mock::new(context).usual(method)?, context)
    }

    /// Creates a mock challenge with the parameters of a known user: salting, key derivation cost
    /// and length of the salt.
    ///
    /// # Errors
    /// Returns [`AuthError`] if HELLO.Details.authextra does not fit the method.
    pub fn mock_like(
        credential: &Credential,
        context: &ChallengeContext<'_>,
    ) -> Result<(Challenge, Exchange), AuthError> {
        Self::begin_mock(&Mock::new(context).like(credential), context)
    }

    /// Creates a challenge for a known or unknown user with the same amount of work, so that the
    /// response time does not reveal which one it is.
    ///
    /// Uses [`begin`](Exchange::begin) if there is a credential, otherwise
    /// [`mock_like`](Exchange::mock_like) or [`mock`](Exchange::mock).
    ///
    /// # Errors
    /// Returns the errors of these functions.
    pub fn begin_alike(
        known: Option<&Credential>,
        method: &str,
        like: Option<&Credential>,
        context: &ChallengeContext<'_>,
    ) -> Result<(Challenge, Exchange), AuthError> {
        let mock = Mock::new(context);
        let mock = match like {
            Some(like) => mock.like(like),
            None => mock.usual(method)?,
        };
        let (challenge, exchange) = Self::begin(known.unwrap_or(&mock), context)?;
        Ok((challenge, Exchange { genuine: known.is_some(), ..exchange }))
    }

    /// Checks the answer and returns the content of WELCOME.Details.authextra, for example the
    /// router's proof for SCRAM. Each challenge accepts one answer, right or wrong.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the answer is wrong. The text does not reveal the reason.
    pub fn verify(self, answer: &Authenticate) -> Result<Dict, AuthError> {
        let signature = answer.signature.as_bytes();
        let welcome = match &self.state {
            State::Ticket(ticket) => constant_time_eq(signature, ticket.as_bytes()).then(Dict::new),
            State::WampCra(expected) => {
                constant_time_eq(signature, expected.as_bytes()).then(Dict::new)
            }
            State::Cryptosign(exchange) => exchange.verify(answer),
            State::Scram(exchange) => exchange.verify(answer),
        };
        welcome.filter(|_| self.genuine).ok_or_else(|| AuthError::new("authentication failed"))
    }

    fn begin_mock(
        credential: &Credential,
        context: &ChallengeContext<'_>,
    ) -> Result<(Challenge, Exchange), AuthError> {
        let (challenge, exchange) = Self::begin(credential, context)?;
        Ok((challenge, Exchange { genuine: false, ..exchange }))
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange(…)")
    }
}

/// Omits the secret and the client's authextra.
impl fmt::Debug for ChallengeContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ChallengeContext");
        shown.field("realm", &self.realm).field("authid", &self.authid);
        shown.field("authrole", &self.authrole).field("authprovider", &self.authprovider);
        shown.field("session", &self.session).field("unix_time", &self.unix_time);
        shown.finish_non_exhaustive()
    }
}

/// Challenge text of WAMP-CRA.
#[derive(Serialize)]
struct WampCraChallenge<'a> {
    authid: &'a str,
    authrole: &'a str,
    authmethod: &'a str,
    authprovider: &'a str,
    nonce: String,
    timestamp: String,
    session: u64,
}

fn wampcra(
    secret: &Secret,
    salt: Option<&Salt>,
    context: &ChallengeContext<'_>,
) -> Result<(Dict, State), AuthError> {
    let challenge = WampCraChallenge {
        authid: context.authid,
        authrole: context.authrole,
        authmethod: "wampcra",
        authprovider: context.authprovider,
        nonce: base64(&context.nonce),
        timestamp: time::format(context.unix_time),
        session: context.session,
    };
    let challenge = serde_json::to_string(&challenge).map_err(|error| {
        AuthError::new(format_args!("the challenge cannot be written: {error}"))
    })?;
    let signature = wampcra::sign(secret.as_bytes(), &challenge);
    let mut extra = Dict::new().with("challenge", challenge);
    if let Some(Salt { salt, iterations, keylen }) = salt {
        extra = extra
            .with("salt", salt.as_str())
            .with("keylen", *keylen)
            .with("iterations", *iterations);
    }
    Ok((extra, State::WampCra(signature)))
}
