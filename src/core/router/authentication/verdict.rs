//! `Authentication`: finds out who a client is, step by step.
//!
//! It sends nothing, and says what comes [`Next`].

use std::collections::BTreeSet;
use std::time::Duration;

use crate::auth::cryptosign::SigningKey;
use crate::auth::{AuthError, ChallengeContext, Credential, Exchange, Secret};
use crate::core::ids::RandomIds;
use crate::core::router::authentication::attempt::{Attempt, Claim, Join, Next, Refusal};
use crate::core::router::authentication::nonces::{Key, Nonces};
use crate::core::router::authentication::users::Users;
use crate::core::router::authentication::{
    AuthRequest, AuthenticationConfig, Denied, Principal, bounds,
};
use crate::core::router::names::quote;
use crate::message::{Authenticate, Challenge};
use crate::uri::{Uri, uris};
use crate::value::Dict;

/// Who may join which realm.
#[derive(Debug)]
pub(in crate::core::router) struct Authentication {
    users: Users,
    anonymous: Option<String>,
    attempts: u32,
    dynamic: BTreeSet<String>,
    router_key: Option<SigningKey>,
    nonces: Nonces,
    /// What mock challenges are made of.
    mock_secret: Key,
}

/// Whom a challenge is for, and what it says.
struct Whom {
    /// Nobody, if it is a stranger.
    known: Option<(Principal, Credential)>,
    /// Whom strangers look like.
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

    /// How many attempts a peer has.
    pub(in crate::core::router) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// A client has said HELLO.
    pub(in crate::core::router) fn begin(
        &mut self,
        ids: &mut RandomIds,
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
            return Next::Refuse(Refusal::new(uris::AUTHENTICATION_REQUIRED, text));
        }
        let claim = Claim { realm: join.realm, method, authid, features: join.features };
        let authextra = join.details.authextra.clone().unwrap_or_default();
        let channel_id = join.peer.channel_id;
        if !dynamic {
            if claim.method == ANONYMOUS {
                return self.admit_anonymous(ids, claim);
            }
            let whom = self.find(&claim, &authextra);
            return self.challenge(ids, unix_time, claim, whom, &authextra, channel_id);
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

    /// A client has answered CHALLENGE.
    pub(in crate::core::router) fn prove(
        &mut self,
        attempt: Attempt,
        answer: &Authenticate,
    ) -> Next {
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
            // Nothing was asked of it.
            Attempt::Asked { .. } | Attempt::Shown { .. } => Next::Refuse(Refusal::denied()),
        }
    }

    /// The application has answered. An answer that cannot be used counts as one about a stranger;
    /// what is wrong with it is the second value.
    pub(in crate::core::router) fn decide(
        &mut self,
        ids: &mut RandomIds,
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
                // Nobody learns by the application's mistakes whom it knows.
                Some(Err(mistake)) => (None, None, Some(mistake)),
            },
        };
        let next = match (attempt, principal) {
            (Attempt::Shown { claim, ticket }, Some(principal)) => match &principal.credential {
                // The application has looked at it itself.
                None => admit(ids, claim, principal),
                Some(Credential::Ticket(expected)) if ticket == *expected => {
                    admit(ids, claim, principal)
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
                // The same for everybody: what is not known of strangers cannot be told of others.
                let (authrole, authprovider) = (DYNAMIC_ROLE.to_owned(), "dynamic");
                let whom = Whom { known, like, authrole, authprovider };
                self.challenge(ids, unix_time, claim, whom, &authextra, channel_id)
            }
            (Attempt::Asked { claim, .. }, Some(principal)) => admit(ids, claim, principal),
            _ => Next::Refuse(Refusal::denied()),
        };
        (next, mistake)
    }

    /// The first method that is offered and to be had (spec: "Authentication Methods").
    fn choose(&self, join: &Join) -> Option<String> {
        let is_had = |method: &str| {
            self.dynamic.contains(method)
                || join.known
                    && (method == ANONYMOUS && self.anonymous.is_some()
                        || self.users.have(&join.realm, method))
        };
        match join.details.authmethods.as_deref() {
            // Who offers nothing asks for nothing else.
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
        let to_be_had: Vec<_> = all.iter().map(|method| format!("{method:?}")).collect();
        let text = match to_be_had[..] {
            [] => "nobody may join this realm".to_owned(),
            _ => format!("only {} is to be had here", to_be_had.join(" or ")),
        };
        Refusal::new(uris::NO_MATCHING_AUTH_METHOD, text)
    }

    fn admit_anonymous(&self, ids: &mut RandomIds, claim: Claim) -> Next {
        // Chosen only if there is one.
        let Some(role) = self.anonymous.clone() else { return Next::Refuse(Refusal::denied()) };
        let principal = Principal::new(random_authid(ids), role).authprovider("static");
        admit(ids, claim, principal)
    }

    /// Who a client is, as far as the router knows.
    fn find(&self, claim: &Claim, authextra: &Dict) -> Whom {
        let Claim { realm, method, authid, .. } = claim;
        let found = self.users.find(realm, method, authid.as_deref(), authextra);
        // Always, so that the time does not tell who is known.
        let authid = authid.as_deref().unwrap_or_default();
        let model = self.users.model(realm, method, authid, self.mock_secret.octets());
        let shown = found.or(model).map_or(ANONYMOUS, |(user, _)| &user.authrole).to_owned();
        let known = found.map(|(user, credential)| {
            let principal = Principal::new(&user.authid, &user.authrole);
            let principal = principal.authprovider("static").extra(user.extra.clone());
            (principal, credential.clone())
        });
        let like = model.map(|(_, credential)| credential.clone());
        Whom { known, like, authrole: shown, authprovider: "static" }
    }

    fn challenge(
        &mut self,
        ids: &mut RandomIds,
        unix_time: Duration,
        claim: Claim,
        whom: Whom,
        authextra: &Dict,
        channel_id: Option<[u8; 32]>,
    ) -> Next {
        let session = ids.next();
        let Whom { known, like, authrole, authprovider } = whom;
        let context = ChallengeContext {
            realm: &claim.realm,
            // The name that the client has for itself.
            authid: claim.authid.as_deref().unwrap_or_default(),
            authrole: &authrole,
            authprovider,
            session,
            nonce: self.nonces.next(),
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
            Err(error) => Next::Refuse(Refusal::new(uris::AUTHENTICATION_FAILED, error.message)),
        }
    }
}

const ANONYMOUS: &str = "anonymous";

/// What challenges say of clients of whom the application was asked.
const DYNAMIC_ROLE: &str = "user";

const TICKET: &str = "ticket";

/// Methods by which the router challenges clients, beside tickets.
fn has_challenge(method: &str) -> bool {
    matches!(method, "wampcra" | "cryptosign" | "wamp-scram" | "scram")
}

/// Methods that only say that a client is who it says it is.
fn needs_authid(method: &str) -> bool {
    matches!(method, TICKET | "wampcra" | "wamp-scram" | "scram")
}

/// That the application's answer can be used for this method.
fn fit(method: &str, principal: &Principal) -> Result<(), AuthError> {
    principal.check()?;
    let found = match &principal.credential {
        // It has looked at the client itself.
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

/// Lets in a client of whom the program itself says who it is.
pub(in crate::core::router) fn trust(
    ids: &mut RandomIds,
    join: Join,
    principal: Principal,
) -> Next {
    let (realm, features) = (join.realm, join.features);
    let claim = Claim { realm, method: "trusted".to_owned(), authid: None, features };
    admit(ids, claim, principal)
}

fn admit(ids: &mut RandomIds, claim: Claim, principal: Principal) -> Next {
    Next::Admit(Box::new(claim.admit(principal, ids.next())))
}

/// An authid for somebody who has none.
fn random_authid(ids: &mut RandomIds) -> String {
    format!("{:014x}", ids.next())
}
