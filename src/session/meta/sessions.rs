//! Implements the session meta API: listing and ending sessions.

use std::future::IntoFuture;

use super::fields::{take_id, take_text};
use super::{Meta, given};
use crate::error::{CallError, DecodeError};
use crate::message::Payload;
use crate::rt::BoxFuture;
use crate::session::Session;
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

/// The sessions that a [`KillRequest`] has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Killed {
    /// Number of sessions.
    pub count: u64,
    /// Ids of the sessions, if the router sends them. It may send the number only.
    pub sessions: Vec<u64>,
}

/// A builder for ending sessions. Await it to execute.
///
/// Each session receives GOODBYE with the reason, or with the router's default:
/// `wamp.close.killed`, in Crossbar `wamp.close.normal`. The caller's own session is excluded,
/// except in Crossbar.
#[must_use = "nothing is ended until it is awaited"]
#[derive(Debug)]
pub struct KillRequest {
    session: Session,
    procedure: &'static str,
    target: Option<Value>,
    reason: Option<Uri>,
    message: Option<String>,
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
    pub fn kill(&self, session: u64) -> KillRequest {
        self.killing("wamp.session.kill", Some(session.into()))
    }

    /// Ends all sessions of an authid.
    pub fn kill_by_authid(&self, authid: impl Into<String>) -> KillRequest {
        self.killing("wamp.session.kill_by_authid", Some(authid.into().into()))
    }

    /// Ends all sessions of a role.
    pub fn kill_by_authrole(&self, authrole: impl Into<String>) -> KillRequest {
        self.killing("wamp.session.kill_by_authrole", Some(authrole.into().into()))
    }

    /// Ends all sessions. Not available in Crossbar.
    pub fn kill_all(&self) -> KillRequest {
        self.killing("wamp.session.kill_all", None)
    }

    fn killing(&self, procedure: &'static str, target: Option<Value>) -> KillRequest {
        KillRequest {
            session: self.session.clone(),
            procedure,
            target,
            reason: None,
            message: None,
        }
    }
}

impl KillRequest {
    /// Sets the reason in GOODBYE.
    pub fn reason(mut self, reason: impl Into<Uri>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sets the human-readable message in GOODBYE.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    async fn send(self) -> Result<Killed, CallError> {
        let KillRequest { session, procedure, target, reason, message } = self;
        let kwargs = given([
            ("reason", reason.map(|reason| reason.as_str().into())),
            ("message", message.map(Value::from)),
        ]);
        let one = if procedure == "wamp.session.kill" {
            target.as_ref().and_then(Value::as_u64)
        } else {
            None
        };
        let payload = Payload::from_values(target.into_iter().collect(), kwargs);
        let reply = session.call(procedure).payload(payload).await?;
        match one {
            Some(killed) => Ok(Killed { count: 1, sessions: vec![killed] }),
            None => {
                let values = reply.payload.to_values();
                let killed = values.and_then(|(args, _)| Killed::read(args));
                killed.map_err(CallError::undecodable(procedure))
            }
        }
    }
}

impl IntoFuture for KillRequest {
    type Output = Result<Killed, CallError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl Killed {
    /// The specification's text has a number for roles, its catalog and Crossbar a list.
    fn read(args: List) -> Result<Self, DecodeError> {
        let answer = args.into_iter().next().unwrap_or_default();
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
