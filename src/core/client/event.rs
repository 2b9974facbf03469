//! Events of a client's session for its user.

use std::sync::Arc;

use crate::core::client::pending::RequestTicket;
use crate::error::{ApplicationError, CloseReason};
use crate::message::{
    self, CancelMode, Challenge, Invocation, Payload, RequestError, ResultDetails, Welcome,
};
use crate::uri::Uri;

/// An event of a session.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::enum_variant_names, reason = "EVENT is a message of WAMP")]
pub enum ClientEvent {
    /// The router asks for a proof of identity, by an offered method. Answer with
    /// [`Client::authenticate`](super::Client::authenticate) or
    /// [`Client::refuse_challenge`](super::Client::refuse_challenge); call
    /// [`Client::answering`](super::Client::answering) first if the answer takes time.
    Challenge(Challenge),
    /// The session is open.
    Joined(Box<Joined>),
    /// A request is settled. Each ticket gets one, unless the request was abandoned.
    Reply {
        /// The ticket of the request.
        ticket: RequestTicket,
        /// The answer or the failure.
        result: Result<Answer, Failure>,
    },
    /// A call has a progressive result (spec: "Progressive call results").
    Progress {
        /// The ticket of the call.
        ticket: RequestTicket,
        /// Details of the result.
        details: ResultDetails,
        /// The result.
        payload: Payload,
    },
    /// A subscription has an event.
    Event {
        /// The ticket of the subscriber.
        listener: RequestTicket,
        /// The event.
        event: message::Event,
    },
    /// An event of a subscription cannot be used.
    Missed {
        /// The ticket of the subscriber.
        listener: RequestTicket,
    },
    /// A procedure is called; answer with [`Client::answer`](super::Client::answer).
    Invocation {
        /// The ticket of the callee.
        listener: RequestTicket,
        /// The invocation.
        invocation: Invocation,
    },
    /// A running invocation has more arguments (spec: "Progressive call invocations").
    Arguments {
        /// Id of the invocation.
        invocation: u64,
        /// Arguments.
        payload: Payload,
        /// True if they are the last.
        last: bool,
    },
    /// The caller has cancelled an invocation. The core has answered it.
    Interrupted {
        /// Id of the invocation.
        invocation: u64,
        /// The cancel mode, if the router sent it.
        mode: Option<CancelMode>,
    },
    /// The end of a listener: its registration was withdrawn, or the router revoked its
    /// registration or subscription.
    Ended {
        /// The ticket of the subscriber or callee.
        listener: RequestTicket,
        /// The reason of a revocation by the router; empty if the router gave none. `None` without
        /// a revocation.
        revoked: Option<Uri>,
    },
    /// The session is over. The last event.
    Closed(Arc<CloseReason>),
}

/// An open session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Joined {
    /// The realm: the router's name for it, or else the requested one.
    pub realm: Uri,
    /// All of WELCOME.
    pub welcome: Welcome,
}

/// Successful answer to a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// A call's result.
    Result {
        /// Details of the result.
        details: ResultDetails,
        /// The result.
        payload: Payload,
    },
    /// The router accepted an event.
    Published {
        /// Id of the publication.
        publication: u64,
    },
    /// The session is subscribed.
    Subscribed {
        /// Id of the subscription.
        subscription: u64,
    },
    /// The listener was removed.
    Unsubscribed,
    /// The procedure is registered.
    Registered {
        /// Id of the registration.
        registration: u64,
    },
    /// The procedure is not registered any more.
    Unregistered,
}

impl Answer {
    /// Returns the name of the message that brought it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Answer::Result { .. } => "RESULT",
            Answer::Published { .. } => "PUBLISHED",
            Answer::Subscribed { .. } => "SUBSCRIBED",
            Answer::Unsubscribed => "UNSUBSCRIBED",
            Answer::Registered { .. } => "REGISTERED",
            Answer::Unregistered => "UNREGISTERED",
        }
    }
}

/// Failure of a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The router or the callee answered ERROR.
    Error(RequestError),
    /// The message could not be sent, or the request was cancelled.
    Unsendable(ApplicationError),
    /// The session ended.
    Closed(Arc<CloseReason>),
}
