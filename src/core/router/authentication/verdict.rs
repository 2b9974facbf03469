//! `Authentication`: establishes the identity of a client, step by step.
//!
//! Sends nothing itself; returns the [`Next`] step.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::auth::cryptosign::SigningKey;
use crate::auth::exchange::Exchange;
use crate::auth::{AuthError, ChallengeContext, Credential, Secret};
use crate::core::router::authentication::attempt::{Attempt, Claim, Join, Next, Refusal};
use crate::core::router::authentication::nonces::{Draws, Key, Nonces};
use crate::core::router::authentication::proxied::{self, ANONYMOUS_PROXY};
use crate::core::router::authentication::users::Users;
use crate::core::router::authentication::{
    AuthRequest, AuthenticationConfig, Denied, Principal, bounds,
};
use crate::core::router::names::quote;
use crate::message::{Authenticate, Challenge};
use crate::uri::Uri;
use crate::value::Dict;

/// The settings and state of the authentication.
#[derive(Debug)]
pub(in crate::core::router) struct Authentication {
    users: Users,
    anonymous: Option<String>,
    attempts: u32,
    dynamic: BTreeSet<String>,
    router_key: Option<SigningKey>,
    nonces: Nonces,
    /// Seed of fake challenges.
    mock_secret: Key,
}

/// The receiver of a challenge, and what the challenge says.
struct Candidate {
    /// `None` for an unknown client.
    known: Option<(Principal, Credential)>,
    /// Model of the challenge for an unknown client.
    like: Option<Credential>,
    authrole: String,
    authprovider: &'static str,
}

impl Authentication {
    pub(in crate::core::router) fn new(config: AuthenticationConfig, realms: &[Uri]) -> Self {
        let nonce_key = config.nonce_key();
        let mock_secret = Key::derive(config.mock_secret.as_ref().unwrap_or(nonce_key), "mock");
        Authentication {
            nonces: Nonces::new(nonce_key.clone()),
            users: Users::new(config.users, realms, mock_secret.octets()),
            mock_secret,
            anonymous: config.anonymous,
            attempts: config.attempts,
            dynamic: config.dynamic.into_iter().collect(),
            router_key: config.router_key,
        }
    }

    /// Maximum number of attempts on one connection.
    pub(in crate::core::router) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Handles HELLO.
    pub(in crate::core::router) fn begin(
        &self,
        draws: &mut Draws,
        unix_time: Duration,
        join: Join,
    ) -> Next {
        if let Err(refusal) = bounds::check_hello(&join.details) {
            return Next::Refuse(refusal);
        }
        let Some(method) = self.choose(&join) else { return Next::Refuse(self.no_method(&join)) };
        let authid = join.details.authid.clone();
        let dynamic = self.dynamic.contains(&method);
        if authid.is_none() && needs_authid(&method) && !(dynamic && method == TICKET) {
            let text = format!("HELLO.Details.authid is missing, which {method} needs");
            return Next::Refuse(Refusal::new(Uri::AUTHENTICATION_REQUIRED, text));
        }
        let is_proxied = join.proxies.allow(&method);
        let claim = Claim { realm: join.realm, method, authid, features: join.features };
        let authextra = join.details.authextra.clone().unwrap_or_default();
        let channel_id = join.peer.channel_id;
        if is_proxied {
            return self.begin_proxied(draws, unix_time, claim, &authextra, channel_id);
        }
        if !dynamic {
            if claim.method == ANONYMOUS {
                return self.admit_anonymous(draws, claim);
            }
            let candidate = self.find(&claim, &authextra);
            return self.challenge(draws, unix_time, claim, candidate, &authextra, channel_id);
        }
        let request = Box::new(AuthRequest {
            realm: claim.realm.clone(),
            authid: claim.authid.clone(),
            authrole: join.details.authrole.clone(),
            authmethod: claim.method.clone(),
            details: join.details,
            ticket: None,
            peer: join.peer,
        });
        if claim.method == TICKET {
            let challenge = Challenge { method: claim.method.clone(), extra: Dict::new() };
            return Next::Challenge(challenge, Box::new(Attempt::Ticket { claim, request }));
        }
        Next::Ask(request, Box::new(Attempt::Asked { claim, authextra, channel_id }))
    }

    /// Handles HELLO of a proxy: who the client is was checked there.
    fn begin_proxied(
        &self,
        draws: &mut Draws,
        unix_time: Duration,
        claim: Claim,
        authextra: &Dict,
        channel_id: Option<[u8; 32]>,
    ) -> Next {
        let principal = match proxied::principal(authextra) {
            Ok(principal) => principal,
            Err(refusal) => return Next::Refuse(refusal),
        };
        if claim.method == ANONYMOUS_PROXY {
            return admit(draws, claim, principal);
        }
        // The proxy proves its own key, and joins for others only where it may join itself.
        let Claim { realm, authid, features, .. } = &claim;
        let own = Claim {
            realm: principal.realm.as_ref().unwrap_or(realm).clone(),
            method: "cryptosign".to_owned(),
            authid: authid.clone(),
            features: *features,
        };
        let mut candidate = self.find(&own, authextra);
        if !self.users.is_proxy(&own.realm, own.authid.as_deref(), authextra) {
            candidate.known = None;
        }
        match self.challenge(draws, unix_time, own, candidate, authextra, channel_id) {
            Next::Challenge(mut challenge, attempt) => {
                challenge.method = claim.method.clone();
                let attempt = match *attempt {
                    Attempt::Proving { exchange, admission } => Attempt::Proving {
                        exchange,
                        admission: admission.map(|own| claim.admit(principal, own.session)),
                    },
                    other => other,
                };
                Next::Challenge(challenge, Box::new(attempt))
            }
            other => other,
        }
    }

    /// Handles AUTHENTICATE.
    pub(in crate::core::router) fn prove(&self, attempt: Attempt, answer: &Authenticate) -> Next {
        if let Err(refusal) = bounds::check_answer(answer) {
            return Next::Refuse(refusal);
        }
        match attempt {
            Attempt::Ticket { claim, mut request } => {
                let ticket = Secret::from(answer.signature.as_str());
                request.ticket = Some(ticket.clone());
                Next::Ask(request, Box::new(Attempt::Shown { claim, ticket }))
            }
            Attempt::Proving { exchange, admission } => {
                match (exchange.verify(answer), admission) {
                    (Ok(extra), Some(mut admission)) => {
                        for (key, value) in extra {
                            admission.authextra.insert(key, value);
                        }
                        Next::Admit(Box::new(admission))
                    }
                    _ => Next::Refuse(Refusal::denied()),
                }
            }
            // The client was not challenged.
            Attempt::Asked { .. } | Attempt::Shown { .. } => Next::Refuse(Refusal::denied()),
        }
    }

    /// Handles the application's answer. An unusable answer counts as one for an unknown client;
    /// the second value is the mistake in it.
    pub(in crate::core::router) fn decide(
        &self,
        draws: &mut Draws,
        unix_time: Duration,
        attempt: Attempt,
        answer: Result<Principal, Denied>,
    ) -> (Next, Option<AuthError>) {
        let (principal, like, mistake) = match answer {
            Err(Denied { told: Some((reason, message)), .. }) => {
                return (Next::Refuse(Refusal { reason, message }), None);
            }
            Err(denied) => (None, denied.like, None),
            Ok(principal) => match attempt.method().map(|method| fit(method, &principal)) {
                None | Some(Ok(())) => (Some(principal), None, None),
                // The application's mistakes must not reveal which users it knows.
                Some(Err(mistake)) => (None, None, Some(mistake)),
            },
        };
        let next = match (attempt, principal) {
            (Attempt::Shown { claim, ticket }, Some(principal)) => match &principal.credential {
                // The application has checked the ticket itself.
                None => admit(draws, claim, principal),
                Some(Credential::Ticket(expected)) if ticket == *expected => {
                    admit(draws, claim, principal)
                }
                Some(_) => Next::Refuse(Refusal::denied()),
            },
            (Attempt::Asked { claim, authextra, channel_id }, principal)
                if has_challenge(&claim.method) =>
            {
                let known = principal.and_then(|mut principal| {
                    let credential = principal.credential.take()?;
                    Some((principal, credential))
                });
                let like = like.map(|like| *like).filter(|like| like.method() == claim.method);
                let like = known.as_ref().map(|(_, credential)| credential.clone()).or(like);
                // The same for all clients: the role of an unknown client does not exist, so no
                // challenge can show it.
                let (authrole, authprovider) = (DYNAMIC_ROLE.to_owned(), "dynamic");
                let candidate = Candidate { known, like, authrole, authprovider };
                self.challenge(draws, unix_time, claim, candidate, &authextra, channel_id)
            }
            (Attempt::Asked { claim, .. }, Some(principal)) => admit(draws, claim, principal),
            _ => Next::Refuse(Refusal::denied()),
        };
        (next, mistake)
    }

    /// The first offered method that is available (spec: "Authentication Methods").
    fn choose(&self, join: &Join) -> Option<String> {
        let is_had = |method: &str| {
            join.proxies.allow(method)
                || self.dynamic.contains(method)
                || join.known
                    && (method == ANONYMOUS && self.anonymous.is_some()
                        || self.users.have(&join.realm, method))
        };
        match join.details.authmethods.as_deref() {
            // A client without methods can only be anonymous.
            None | Some([]) => is_had(ANONYMOUS).then(|| ANONYMOUS.to_owned()),
            Some(offered) => offered.iter().find(|method| is_had(method)).cloned(),
        }
    }

    fn no_method(&self, join: &Join) -> Refusal {
        if !join.known {
            return Refusal::no_realm(&join.realm);
        }
        let of_users = self.users.methods(&join.realm).map(str::to_owned);
        let anonymous = self.anonymous.as_ref().map(|_| ANONYMOUS.to_owned());
        let all: BTreeSet<_> =
            of_users.chain(self.dynamic.iter().cloned()).chain(anonymous).collect();
        let supported: Vec<_> = all.iter().map(|method| format!("{method:?}")).collect();
        let text = match supported[..] {
            [] => "no authentication method is configured for this realm".to_owned(),
            _ => format!("supported methods: {}", supported.join(", ")),
        };
        Refusal::new(Uri::NO_MATCHING_AUTH_METHOD, text)
    }

    fn admit_anonymous(&self, draws: &mut Draws, claim: Claim) -> Next {
        // Chosen only if it is set.
        let Some(role) = self.anonymous.clone() else { return Next::Refuse(Refusal::denied()) };
        let principal = Principal::new(random_authid(draws), role).authprovider("static");
        admit(draws, claim, principal)
    }

    /// The user that a client claims to be, and the model for an unknown one.
    fn find(&self, claim: &Claim, authextra: &Dict) -> Candidate {
        let Claim { realm, method, authid, .. } = claim;
        let found = self.users.find(realm, method, authid.as_deref(), authextra);
        // Computed for known users, too, so that the time does not reveal them.
        let authid = authid.as_deref().unwrap_or_default();
        let imitated_user =
            self.users.imitated_user(realm, method, authid, self.mock_secret.octets());
        let shown =
            found.or(imitated_user).map_or(ANONYMOUS, |(user, _)| &user.authrole).to_owned();
        let known = found.map(|(user, credential)| {
            let principal = Principal::new(&user.authid, &user.authrole);
            let principal = principal.authprovider("static").extra(user.extra.clone());
            (principal, credential.clone())
        });
        let like = imitated_user.map(|(_, credential)| credential.clone());
        Candidate { known, like, authrole: shown, authprovider: "static" }
    }

    fn challenge(
        &self,
        draws: &mut Draws,
        unix_time: Duration,
        claim: Claim,
        candidate: Candidate,
        authextra: &Dict,
        channel_id: Option<[u8; 32]>,
    ) -> Next {
        let session = draws.id();
        let Candidate { known, like, authrole, authprovider } = candidate;
        let context = ChallengeContext {
            realm: &claim.realm,
            // The name that the client knows itself by.
            authid: claim.authid.as_deref().unwrap_or_default(),
            authrole: &authrole,
            authprovider,
            session,
            nonce: self.nonces.nonce(draws),
            unix_time,
            authextra,
            channel_id,
            secret: self.mock_secret.octets(),
            router_key: self.router_key.as_ref(),
        };
        let credential = known.as_ref().map(|(_, credential)| credential);
        match Exchange::begin_alike(credential, &claim.method, like.as_ref(), &context) {
            Ok((challenge, exchange)) => {
                let admission = known.map(|(principal, _)| claim.admit(principal, session));
                Next::Challenge(challenge, Box::new(Attempt::Proving { exchange, admission }))
            }
            Err(error) => Next::Refuse(Refusal::new(Uri::AUTHENTICATION_FAILED, error.message)),
        }
    }
}

const ANONYMOUS: &str = "anonymous";

/// The role in challenges of methods that are delegated to the application.
const DYNAMIC_ROLE: &str = "user";

const TICKET: &str = "ticket";

/// Methods with a challenge, apart from tickets.
fn has_challenge(method: &str) -> bool {
    matches!(method, "wampcra" | "cryptosign" | "wamp-scram" | "scram")
}

/// Methods that need an authid in HELLO.
fn needs_authid(method: &str) -> bool {
    matches!(method, TICKET | "wampcra" | "wamp-scram" | "scram")
}

/// Checks that the application's answer is usable for this method.
fn fit(method: &str, principal: &Principal) -> Result<(), AuthError> {
    principal.check()?;
    let found = match &principal.credential {
        // The application has authenticated the client itself.
        None if !has_challenge(method) => return Ok(()),
        Some(credential) if credential.method() == method => return Ok(()),
        None => "no credential".to_owned(),
        Some(credential) => format!("a credential for {:?}", credential.method()),
    };
    let authid = quote(&principal.authid);
    Err(AuthError::new(format_args!(
        "principal {authid} has {found}, but needs one for {method:?}"
    )))
}

/// Admits a client whose principal is given by the program.
pub(in crate::core::router) fn trust(draws: &mut Draws, join: Join, principal: Principal) -> Next {
    let (realm, features) = (join.realm, join.features);
    let claim = Claim { realm, method: "trusted".to_owned(), authid: None, features };
    admit(draws, claim, principal)
}

fn admit(draws: &mut Draws, claim: Claim, principal: Principal) -> Next {
    Next::Admit(Box::new(claim.admit(principal, draws.id())))
}

/// A random authid for an anonymous client.
fn random_authid(draws: &mut Draws) -> String {
    format!("{:014x}", draws.id())
}
