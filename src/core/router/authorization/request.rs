//! What an authorizer is asked, and what it answers.

use std::fmt;

use crate::core::router::connection::Peer;
use crate::uri::{Match, Uri};
use crate::value::Dict;

/// What a session wants to do with a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// CALL of a procedure.
    Call,
    /// REGISTER of a procedure, or of a pattern of procedures.
    Register,
    /// PUBLISH to a topic; also a testament when it is added.
    Publish,
    /// SUBSCRIBE to a topic or a pattern of topics; also asking for its history.
    Subscribe,
}

/// The question whether a session may do something, for an authorizer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// The session's id.
    pub session: u64,
    /// As whom it joined.
    pub authid: String,
    /// In which role.
    pub authrole: String,
    /// By which method it has proved who it is, as `"cryptosign"`.
    pub authmethod: String,
    /// Who vouches for it, as `"static"`.
    pub authprovider: String,
    /// Where it comes from.
    pub peer: Peer,
    /// The realm.
    pub realm: Uri,
    /// What it wants to do.
    pub action: Action,
    /// With which procedure, topic or pattern.
    pub uri: Uri,
    /// How `uri` matches; exact for calls and publications.
    pub policy: Match,
    /// The request's options as they came; of a testament its `publish_options`, and nothing of
    /// somebody who asks for a history.
    pub options: Dict,
}

/// What an authorizer decides. A `bool` is one, too.
///
/// ```
/// use wampwerk::router::{Authorization, Cached};
///
/// let decided = Authorization::allowed().disclose().cached(Cached::ForSession);
/// assert!(decided.allow && decided.disclose);
/// assert_eq!(Authorization::from(false), Authorization::denied());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authorization {
    /// Whether the session may.
    pub allow: bool,
    /// Whether callees or subscribers learn who the session is, whatever it or the router's
    /// settings say. Counts for calls and publications only.
    pub disclose: bool,
    /// For whom the answer holds from now on.
    pub cache: Cached,
}

/// For whom an authorizer's answer holds without being asked for again, as long as there is room.
/// It holds for the same action, URI and match policy, whatever the options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cached {
    /// For this one request.
    #[default]
    No,
    /// For this session until it ends.
    ForSession,
    /// For all sessions of this role on this realm, until the router ends.
    ForRole,
}

impl Action {
    pub(super) const ALL: [Action; 4] =
        [Action::Call, Action::Register, Action::Publish, Action::Subscribe];

    /// `call`, `register`, `publish` or `subscribe`.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Call => "call",
            Action::Register => "register",
            Action::Publish => "publish",
            Action::Subscribe => "subscribe",
        }
    }

    /// The same as it stands before a URI.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Action::Call => "call",
            Action::Register => "register",
            Action::Publish => "publish to",
            Action::Subscribe => "subscribe to",
        }
    }
}

impl Authorization {
    /// It may.
    pub fn allowed() -> Self {
        Authorization { allow: true, disclose: false, cache: Cached::No }
    }

    /// It may not.
    pub fn denied() -> Self {
        Authorization { allow: false, ..Authorization::allowed() }
    }

    /// Callees or subscribers learn who the session is.
    #[must_use]
    pub fn disclose(mut self) -> Self {
        self.disclose = true;
        self
    }

    /// For whom this holds. Default: for this one request.
    #[must_use]
    pub fn cached(mut self, cache: Cached) -> Self {
        self.cache = cache;
        self
    }
}

impl From<bool> for Authorization {
    fn from(allow: bool) -> Self {
        Authorization { allow, ..Authorization::allowed() }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
