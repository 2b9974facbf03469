//! Contains the meta API of a session: questions to the router about sessions, registrations and
//! subscriptions, and its reports about them (spec: "Meta API").
//!
//! Uses ordinary calls and subscriptions, which the router authorizes like any others. Also reads
//! Crossbar's variants.

mod events;
mod fields;
mod history;
mod registrations;
mod request;
mod revoke;
mod sessions;
mod subscriptions;
mod testament;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use events::{Changed, Created, MetaEvent, MetaEvents};
pub use history::HistoryEvent;
pub use registrations::RegistrationInfo;
pub use request::MetaRequest;
pub use sessions::{Killed, SessionInfo};
pub use subscriptions::SubscriptionInfo;
pub use testament::{Scope, TestamentRequest};

use crate::error::CallError;
use crate::session::Session;
use crate::uri::Pattern;
use crate::value::Dict;

/// The meta API of the session's router. Cheap to clone; a handle of the session.
///
/// A router without a procedure answers `wamp.error.no_such_procedure`. It announces the procedures
/// by the features `session_meta_api`, `registration_meta_api`, `subscription_meta_api` and
/// `event_history` of its roles. Procedures that end something of another session need permission:
/// otherwise `wamp.error.not_authorized`. In the embedded router they need `MetaApi::Full`.
///
/// ```
/// # async fn example(session: wampwerk::Session) -> Result<(), Box<dyn std::error::Error>> {
/// let meta = session.meta();
/// let mut joined = meta.on_session_join().await?;
/// for id in meta.session_list(None).await? {
///     let info = meta.session_get(id).await?;
///     println!("{id} is {:?} as {:?}", info.authid, info.authrole);
/// }
/// if let Some(registration) = meta.registration_match("com.example.add").await? {
///     println!("add is {:?}", meta.registration_get(registration).await?.uri);
/// }
/// while let Some(Ok(info)) = joined.next().await {
///     println!("{} has joined", info.session);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Meta {
    session: Session,
}

/// Ids by match policy: the answer of `wamp.registration.list` and `wamp.subscription.list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Lists {
    /// Ids with an exact match.
    pub exact: Vec<u64>,
    /// Ids with a prefix match.
    pub prefix: Vec<u64>,
    /// Ids with a wildcard match. Crossbar leaves this list empty for subscriptions.
    pub wildcard: Vec<u64>,
}

impl Session {
    /// Returns the router's meta API.
    pub fn meta(&self) -> Meta {
        Meta { session: self.clone() }
    }
}

impl Meta {
    /// Calls a procedure that returns one value.
    async fn ask<T: DeserializeOwned>(
        &self,
        procedure: &'static str,
        args: impl Serialize,
    ) -> Result<T, CallError> {
        self.session.call(procedure).args(args).value().await
    }

    /// Looks up the id of a pattern.
    async fn look_up(
        &self,
        procedure: &'static str,
        pattern: Pattern,
    ) -> Result<Option<u64>, CallError> {
        let options = Dict::new().with("match", pattern.policy().as_str());
        self.ask(procedure, (pattern.uri(), options)).await
    }
}
