//! Questions to an authorizer, and its answers.

use std::fmt;

use crate::core::router::connection::Peer;
use crate::uri::{Match, Uri};
use crate::value::Dict;

/// Action of a session on a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// CALL of a procedure.
    Call,
    /// REGISTER of a procedure, or of a pattern of procedures.
    Register,
    /// PUBLISH to a topic; also adding a testament.
    Publish,
    /// SUBSCRIBE to a topic or a pattern of topics; also reading its history.
    Subscribe,
}

/// Question to an authorizer: may this session perform this action?
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// The session's id.
    pub session: u64,
    /// Authid of the session.
    pub authid: String,
    /// Role of the session.
    pub authrole: String,
    /// Authentication method of the session, such as `"cryptosign"`.
    pub authmethod: String,
    /// Provider of the authentication, such as `"static"`.
    pub authprovider: String,
    /// The other end of the connection.
    pub peer: Peer,
    /// The realm.
    pub realm: Uri,
    /// The action.
    pub action: Action,
    /// The procedure, topic or pattern.
    pub uri: Uri,
    /// Match policy of `uri`; exact for calls and publications.
    pub policy: Match,
    /// The request's options as received; the `publish_options` of a testament; empty for a
    /// history.
    pub options: Dict,
}

/// Decision of an authorizer. A `bool` converts to one.
///
/// ```
/// use wampwerk::router::Authorization;
///
/// let decided = Authorization::allowed().disclose().cached_for_session();
/// assert!(decided.allow && decided.disclose);
/// assert_eq!(Authorization::from(false), Authorization::denied());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authorization {
    /// True if the session may perform the action.
    pub allow: bool,
    /// True if callees or subscribers learn the session's identity, whatever the session or the
    /// router's settings ask for. Applies to calls and publications only.
    pub disclose: bool,
    /// Lifetime of the decision in the router's cache.
    pub(in crate::core::router) cache: Cached,
}

/// Lifetime of an authorizer's decision in the router's cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core::router) enum Cached {
    /// This request only.
    #[default]
    No,
    /// This session, until it ends.
    ForSession,
    /// All sessions of this role on this realm, until the router ends.
    ForRole,
}

impl Action {
    pub(super) const ALL: [Action; 4] =
        [Action::Call, Action::Register, Action::Publish, Action::Subscribe];

    /// The name: `call`, `register`, `publish` or `subscribe`.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Call => "call",
            Action::Register => "register",
            Action::Publish => "publish",
            Action::Subscribe => "subscribe",
        }
    }

    /// The verb as it stands before a URI.
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
    /// Allows the action.
    pub fn allowed() -> Self {
        Authorization { allow: true, disclose: false, cache: Cached::No }
    }

    /// Denies the action.
    pub fn denied() -> Self {
        Authorization { allow: false, ..Authorization::allowed() }
    }

    /// Discloses the session's identity to callees or subscribers.
    #[must_use]
    pub fn disclose(mut self) -> Self {
        self.disclose = true;
        self
    }

    /// Keeps the decision for this session, until it ends. Default: it is for this request only.
    ///
    /// A cached decision applies to the same action, URI and match policy, whatever the options. It is kept as
    /// long as there is room.
    #[must_use]
    pub fn cached_for_session(mut self) -> Self {
        self.cache = Cached::ForSession;
        self
    }

    /// Keeps the decision for all sessions of this role on this realm, until the router ends; see
    /// [`cached_for_session`](Self::cached_for_session).
    #[must_use]
    pub fn cached_for_role(mut self) -> Self {
        self.cache = Cached::ForRole;
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
