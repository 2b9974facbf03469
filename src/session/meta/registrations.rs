//! Implements the registration meta API: procedures and their callees.

use super::fields::{take_id, take_match, take_text, take_uri};
use super::{Lists, Meta};
use crate::error::{CallError, DecodeError};
use crate::message::InvocationPolicy;
use crate::uri::{Match, Pattern, Uri};
use crate::value::Dict;

/// The details of a registration, as the router sends them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegistrationInfo {
    /// Session id.
    pub id: u64,
    /// Time of creation: ISO 8601, UTC.
    pub created: Option<String>,
    /// Procedure or pattern.
    pub uri: Uri,
    /// Match policy.
    pub r#match: Match,
    /// Invocation policy; `None` if the router sends an unknown one, which is then in `extra`.
    pub invoke: Option<InvocationPolicy>,
    /// All other keys.
    pub extra: Dict,
}

impl Meta {
    /// Returns the ids of all registrations.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn registration_list(&self) -> Result<Lists, CallError> {
        self.ask("wamp.registration.list", ()).await
    }

    /// Returns the registration of exactly this procedure or [`Pattern`].
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn registration_lookup(
        &self,
        procedure: impl Into<Pattern>,
    ) -> Result<Option<u64>, CallError> {
        self.look_up("wamp.registration.lookup", procedure.into()).await
    }

    /// Returns the registration that receives a call of this procedure.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn registration_match(
        &self,
        procedure: impl Into<Uri>,
    ) -> Result<Option<u64>, CallError> {
        self.ask("wamp.registration.match", (procedure.into(),)).await
    }

    /// Returns the details of a registration.
    ///
    /// # Errors
    /// Returns `wamp.error.no_such_registration` for an unknown registration.
    pub async fn registration_get(&self, registration: u64) -> Result<RegistrationInfo, CallError> {
        let dict = self.ask("wamp.registration.get", (registration,)).await?;
        RegistrationInfo::read(dict).map_err(CallError::undecodable("wamp.registration.get"))
    }

    /// Returns the callees of a registration.
    ///
    /// # Errors
    /// Returns `wamp.error.no_such_registration` for an unknown registration.
    pub async fn registration_list_callees(
        &self,
        registration: u64,
    ) -> Result<Vec<u64>, CallError> {
        self.ask("wamp.registration.list_callees", (registration,)).await
    }

    /// Returns the number of callees of a registration.
    ///
    /// # Errors
    /// Returns `wamp.error.no_such_registration` for an unknown registration.
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
