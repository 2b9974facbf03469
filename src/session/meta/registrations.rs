//! Registrations: what can be called, and by whom it is served.

use super::fields::{take_id, take_match, take_text, take_uri};
use super::{Lists, Meta};
use crate::error::{CallError, DecodeError};
use crate::message::InvocationPolicy;
use crate::uri::{Match, Pattern, Uri};
use crate::value::Dict;

/// A registration, as its router tells of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegistrationInfo {
    /// Its id.
    pub id: u64,
    /// When it was made: ISO 8601, in UTC.
    pub created: Option<String>,
    /// The procedure or pattern.
    pub uri: Uri,
    /// How it matches.
    pub r#match: Match,
    /// How its calls are shared among its callees; nothing if the router says a word of its own,
    /// which stands in `extra` then.
    pub invoke: Option<InvocationPolicy>,
    /// All else that the router tells.
    pub extra: Dict,
}

impl Meta {
    /// The ids of all registrations.
    ///
    /// # Errors
    /// As any call.
    pub async fn registration_list(&self) -> Result<Lists, CallError> {
        self.ask("wamp.registration.list", ()).await
    }

    /// The registration that was made with this procedure or [`Pattern`].
    ///
    /// # Errors
    /// As any call.
    pub async fn registration_lookup(
        &self,
        procedure: impl Into<Pattern>,
    ) -> Result<Option<u64>, CallError> {
        self.look_up("wamp.registration.lookup", procedure.into()).await
    }

    /// The registration that a call of this procedure would go to.
    ///
    /// # Errors
    /// As any call.
    pub async fn registration_match(
        &self,
        procedure: impl Into<Uri>,
    ) -> Result<Option<u64>, CallError> {
        self.ask("wamp.registration.match", (procedure.into(),)).await
    }

    /// What a registration is.
    ///
    /// # Errors
    /// `wamp.error.no_such_registration`.
    pub async fn registration_get(&self, registration: u64) -> Result<RegistrationInfo, CallError> {
        let dict = self.ask("wamp.registration.get", (registration,)).await?;
        RegistrationInfo::read(dict).map_err(CallError::undecodable("wamp.registration.get"))
    }

    /// The sessions that serve a registration.
    ///
    /// # Errors
    /// `wamp.error.no_such_registration`.
    pub async fn registration_list_callees(
        &self,
        registration: u64,
    ) -> Result<Vec<u64>, CallError> {
        self.ask("wamp.registration.list_callees", (registration,)).await
    }

    /// How many sessions serve a registration.
    ///
    /// # Errors
    /// `wamp.error.no_such_registration`.
    pub async fn registration_count_callees(&self, registration: u64) -> Result<u64, CallError> {
        self.ask("wamp.registration.count_callees", (registration,)).await
    }
}

impl RegistrationInfo {
    pub(super) fn read(mut dict: Dict) -> Result<Self, DecodeError> {
        let id = take_id(&mut dict, "id")?;
        let created = take_text(&mut dict, "created");
        let uri = take_uri(&mut dict, "uri")?;
        let r#match = take_match(&mut dict)?;
        let invoke = take_text(&mut dict, "invoke").and_then(|word| {
            let policy = InvocationPolicy::from_wire(&word);
            if policy.is_none() {
                dict.insert("invoke", word);
            }
            policy
        });
        Ok(RegistrationInfo { id, created, uri, r#match, invoke, extra: dict })
    }
}
