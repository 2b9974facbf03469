//! `MetaCall`: a call of a meta procedure, and what comes of it.

use super::arguments::Arguments;
use crate::core::router::config::Disclosure;
use crate::core::router::connection::ConnectionId;
use crate::core::router::realm::Realm;
use crate::core::router::turn::Turn;
use crate::error::ApplicationError;
use crate::message::{Goodbye, Serializer};
use crate::value::Value;

/// A running call of a meta procedure.
pub(super) struct MetaCall<'a, 't> {
    pub(super) realm: &'a mut Realm,
    pub(super) turn: &'a mut Turn<'t>,
    pub(super) caller: ConnectionId,
    pub(super) arguments: Arguments,
    /// That of the arguments, which is the caller's, if there are any.
    pub(super) serializer: Option<Serializer>,
    /// Disclosure of the caller in what it leaves behind.
    pub(super) disclosure: Disclosure,
    /// Sessions to end after the answer.
    pub(super) kill: Option<Kill>,
}

/// Result of a meta procedure: one value, null for none.
pub(super) type Answer = Result<Value, ApplicationError>;

/// Sessions that another session ends.
pub(in crate::core::router) struct Kill {
    pub(in crate::core::router) victims: Vec<ConnectionId>,
    pub(in crate::core::router) goodbye: Goodbye,
    /// True if nothing is published: neither meta events nor testaments.
    pub(in crate::core::router) quietly: bool,
}
