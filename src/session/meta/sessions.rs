//! Implements the session meta API: listing and ending sessions.

use super::fields::{take_id, take_text};
use super::{Meta, MetaRequest};
use crate::error::{CallError, DecodeError};
use crate::session::CallReply;
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

/// The details of a session, as the router sends them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Session id.
    pub session: u64,
    /// Authid of the session.
    pub authid: Option<String>,
    /// Role of the session.
    pub authrole: Option<String>,
    /// Authentication method of the session.
    pub authmethod: Option<String>,
    /// Authentication provider of the session.
    pub authprovider: Option<String>,
    /// All other keys, such as `transport`.
    pub extra: Dict,
}

/// The sessions that a [`MetaRequest`] has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Killed {
    /// Number of sessions.
    pub count: u64,
    /// Ids of the sessions, if the router sends them. It may send the number only.
    pub sessions: Vec<u64>,
}

impl Meta {
    /// Returns the number of sessions, of all roles or of these only.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn session_count(&self, authroles: Option<&[&str]>) -> Result<u64, CallError> {
        self.ask("wamp.session.count", authroles.as_slice()).await
    }

    /// Returns the ids of the sessions, of all roles or of these only.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn session_list(&self, authroles: Option<&[&str]>) -> Result<Vec<u64>, CallError> {
        self.ask("wamp.session.list", authroles.as_slice()).await
    }

    /// Returns the details of a session.
    ///
    /// # Errors
    /// Returns `wamp.error.no_such_session` for an unknown session.
    pub async fn session_get(&self, session: u64) -> Result<SessionInfo, CallError> {
        let dict = self.ask("wamp.session.get", (session,)).await?;
        SessionInfo::read(dict).map_err(CallError::undecodable("wamp.session.get"))
    }

    /// Ends a session. Fails with `wamp.error.no_such_session` for an unknown session or the own
    /// one, and with `wamp.error.invalid_uri` for an invalid reason.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session, id: u64) -> Result<(), wampwerk::Error> {
    /// session.meta().kill(id).reason("com.example.close.idle").message("come again").await?;
    /// # Ok(()) }
    /// ```
    pub fn kill(&self, session: u64) -> MetaRequest<Killed> {
        self.killing("wamp.session.kill", Some(session.into()))
    }

    /// Ends all sessions of an authid.
    pub fn kill_by_authid(&self, authid: impl Into<String>) -> MetaRequest<Killed> {
        self.killing("wamp.session.kill_by_authid", Some(authid.into().into()))
    }

    /// Ends all sessions of a role.
    pub fn kill_by_authrole(&self, authrole: impl Into<String>) -> MetaRequest<Killed> {
        self.killing("wamp.session.kill_by_authrole", Some(authrole.into().into()))
    }

    /// Ends all sessions. Not available in Crossbar.
    pub fn kill_all(&self) -> MetaRequest<Killed> {
        self.killing("wamp.session.kill_all", None)
    }

    fn killing(&self, procedure: &'static str, target: Option<Value>) -> MetaRequest<Killed> {
        self.request(procedure, List::from_iter(target), Killed::read)
    }
}

/// For [`Meta::kill`] and the other ways to end sessions.
///
/// Each session receives GOODBYE with the reason, or with the router's default:
/// `wamp.close.killed`, in Crossbar `wamp.close.normal`. The caller's own session is excluded,
/// except in Crossbar.
impl MetaRequest<Killed> {
    /// Sets the reason in GOODBYE.
    pub fn reason(self, reason: impl Into<Uri>) -> Self {
        self.with_reason(reason.into())
    }

    /// Sets the human-readable message in GOODBYE.
    pub fn message(self, message: impl Into<String>) -> Self {
        self.with("message", message.into())
    }
}

impl Killed {
    /// The specification's text has a number for roles, its catalog and Crossbar a list.
    fn read(asked: &[Value], reply: CallReply) -> Result<Self, DecodeError> {
        // Only a request for one session has an id, and its answer is empty.
        if let [asked] = asked
            && let Some(killed) = asked.as_u64()
        {
            return Ok(Killed { count: 1, sessions: vec![killed] });
        }
        let answer = reply.payload.to_values()?.0.into_iter().next().unwrap_or_default();
        if answer == Value::Null {
            return Ok(Killed::default());
        }
        if let Some(count) = answer.as_u64() {
            return Ok(Killed { count, sessions: Vec::new() });
        }
        let sessions: Vec<u64> = answer.decode()?;
        Ok(Killed { count: sessions.len() as u64, sessions })
    }
}

impl SessionInfo {
    pub(super) fn read(mut dict: Dict) -> Result<Self, DecodeError> {
        Ok(SessionInfo {
            session: take_id(&mut dict, "session")?,
            authid: take_text(&mut dict, "authid"),
            authrole: take_text(&mut dict, "authrole"),
            authmethod: take_text(&mut dict, "authmethod"),
            authprovider: take_text(&mut dict, "authprovider"),
            extra: dict,
        })
    }
}
