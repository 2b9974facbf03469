//! `Authentication`: finds out who a client is, step by step.
//!
//! It sends nothing, and says what comes [`Next`].

use std::collections::BTreeSet;
use std::time::Duration;

use crate::auth::cryptosign::SigningKey;
use crate::auth::{ChallengeContext, Credential, Exchange, Secret};
use crate::core::ids::RandomIds;
use crate::core::router::authentication::attempt::{Attempt, Claim, Join, Next, Refusal};
use crate::core::router::authentication::nonces::Nonces;
use crate::core::router::authentication::users::Users;
use crate::core::router::authentication::{
    AuthRequest, AuthenticationConfig, Denied, Principal, bounds,
};
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
    mock_secret: [u8; 32],
}

/// Whom a challenge is for.
enum Whom {
    Known(Box<Principal>, Credential),
    /// A stranger, who shall look like somebody.
    Stranger {
        authrole: String,
        authprovider: &'static str,
        like: Option<Box<Credential>>,
    },
}

impl Authentication {
    pub(in crate::core::router) fn new(config: AuthenticationConfig, realms: &[Uri]) -> Self {
        let nonces = Nonces::new(config.secret().clone());
        Authentication {
            mock_secret: nonces.derive("mock"),
            nonces,
            users: Users::new(config.users, realms),
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

    /// The application has answered.
    pub(in crate::core::router) fn decide(
        &mut self,
        ids: &mut RandomIds,
        unix_time: Duration,
        attempt: Attempt,
        answer: Result<Principal, Denied>,
    ) -> Next {
        let answer = match answer {
            Err(Denied { told: Some((reason, message)), .. }) => {
                return Next::Refuse(Refusal { reason, message });
            }
            Err(denied) => Err(denied.like),
            Ok(mut principal) => {
                let credential = principal.credential.take();
                Ok((principal, credential))
            }
        };
        match (attempt, answer) {
            (Attempt::Shown { claim, ticket }, Ok((principal, credential))) => match credential {
                // The application has looked at it itself.
                None => admit(ids, claim, principal),
                Some(Credential::Ticket(expected)) if ticket == expected => {
                    admit(ids, claim, principal)
                }
                Some(Credential::Ticket(_)) => Next::Refuse(Refusal::denied()),
                Some(other) => Next::Refuse(wrong_credential(&claim, Some(&other))),
            },
            (Attempt::Asked { claim, authextra, channel_id }, Ok((principal, credential))) => {
                let challenges = has_challenge(&claim.method);
                match credential {
                    None if !challenges => admit(ids, claim, principal),
                    Some(credential) if credential.method() == claim.method => {
                        let whom = Whom::Known(Box::new(principal), credential);
                        self.challenge(ids, unix_time, claim, whom, &authextra, channel_id)
                    }
                    other => Next::Refuse(wrong_credential(&claim, other.as_ref())),
                }
            }
            (Attempt::Asked { claim, authextra, channel_id }, Err(like))
                if has_challenge(&claim.method) =>
            {
                let like = like.filter(|like| like.method() == claim.method);
                let authrole = ANONYMOUS.to_owned();
                let whom = Whom::Stranger { authrole, authprovider: "dynamic", like };
                self.challenge(ids, unix_time, claim, whom, &authextra, channel_id)
            }
            _ => Next::Refuse(Refusal::denied()),
        }
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
        if let Some((user, credential)) =
            self.users.find(realm, method, authid.as_deref(), authextra)
        {
            let principal = Principal::new(&user.authid, &user.authrole);
            let principal = principal.authprovider("static").extra(user.extra.clone());
            return Whom::Known(Box::new(principal), credential.clone());
        }
        let authid = authid.as_deref().unwrap_or_default();
        let model = self.users.model(realm, method, authid, &self.mock_secret);
        Whom::Stranger {
            authrole: model.map_or(ANONYMOUS, |(user, _)| &user.authrole).to_owned(),
            authprovider: "static",
            like: model.map(|(_, credential)| Box::new(credential.clone())),
        }
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
        let claimed = claim.authid.as_deref().unwrap_or_default();
        let (authid, authrole, authprovider) = match &whom {
            // The arithmetic of the other methods takes the name that the client has for itself.
            Whom::Known(principal, Credential::WampCra { .. }) => {
                (&*principal.authid, &*principal.authrole, &*principal.authprovider)
            }
            Whom::Known(principal, _) => (claimed, &*principal.authrole, &*principal.authprovider),
            Whom::Stranger { authrole, authprovider, .. } => (claimed, &**authrole, *authprovider),
        };
        let context = ChallengeContext {
            realm: &claim.realm,
            authid,
            authrole,
            authprovider,
            session,
            nonce: self.nonces.next(),
            unix_time,
            authextra,
            channel_id,
            secret: &self.mock_secret,
            router_key: self.router_key.as_ref(),
        };
        let begun = match &whom {
            Whom::Known(_, credential) => Exchange::begin(credential, &context),
            Whom::Stranger { like: Some(like), .. } => Exchange::mock_like(like, &context),
            Whom::Stranger { like: None, .. } => Exchange::mock(&claim.method, &context),
        };
        match begun {
            Ok((challenge, exchange)) => {
                let admission = match whom {
                    Whom::Known(principal, _) => Some(claim.admit(*principal, session)),
                    Whom::Stranger { .. } => None,
                };
                Next::Challenge(challenge, Box::new(Attempt::Proving { exchange, admission }))
            }
            Err(error) => Next::Refuse(Refusal::new(uris::AUTHENTICATION_FAILED, error.message)),
        }
    }
}

const ANONYMOUS: &str = "anonymous";

const TICKET: &str = "ticket";

/// Methods by which the router challenges clients, beside tickets.
fn has_challenge(method: &str) -> bool {
    matches!(method, "wampcra" | "cryptosign" | "wamp-scram" | "scram")
}

/// Methods that only say that a client is who it says it is.
fn needs_authid(method: &str) -> bool {
    matches!(method, TICKET | "wampcra" | "wamp-scram" | "scram")
}

/// The application has made a mistake.
fn wrong_credential(claim: &Claim, credential: Option<&Credential>) -> Refusal {
    let wrong = credential.map_or("no credential".to_owned(), |credential| {
        format!("a credential for {:?}", credential.method())
    });
    let text =
        format!("the router's authenticator has {wrong}, but needs one for {:?}", claim.method);
    Refusal::new(uris::AUTHENTICATION_FAILED, text)
}

fn admit(ids: &mut RandomIds, claim: Claim, principal: Principal) -> Next {
    Next::Admit(Box::new(claim.admit(principal, ids.next())))
}

/// An authid for somebody who has none.
fn random_authid(ids: &mut RandomIds) -> String {
    format!("{:014x}", ids.next())
}
