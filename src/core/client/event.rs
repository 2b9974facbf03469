//! What a client's session tells its user.

use std::sync::Arc;

use crate::core::client::Ticket;
use crate::error::{ApplicationError, CloseReason};
use crate::message::{
    self, CancelMode, Challenge, Invocation, Payload, RequestError, ResultDetails, Welcome,
};
use crate::uri::Uri;

/// Something that happened in a session.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The router wants a proof of who we are, by a method that was offered. Answer it by
    /// [`Client::authenticate`](super::Client::authenticate) or
    /// [`Client::refuse_challenge`](super::Client::refuse_challenge), and say
    /// [`Client::answering`](super::Client::answering) before that takes time.
    Challenge(Challenge),
    /// The session is open.
    Joined(Box<Joined>),
    /// A request is settled. Each ticket gets one, unless the request was abandoned.
    Reply {
        /// Whose request.
        ticket: Ticket,
        /// How it went.
        result: Result<Answer, Failure>,
    },
    /// A call has a result that is not the last (spec: "Progressive call results").
    Progress {
        /// Whose call.
        ticket: Ticket,
        /// More about it.
        details: ResultDetails,
        /// The result.
        payload: Payload,
    },
    /// An event came for a subscriber.
    Event {
        /// The ticket of the subscriber.
        listener: Ticket,
        /// The event.
        event: message::Event,
    },
    /// A procedure is called; answer it by [`Client::answer`](super::Client::answer).
    Invocation {
        /// The ticket of the callee.
        listener: Ticket,
        /// The invocation.
        invocation: Invocation,
    },
    /// More arguments came for an invocation that is running (spec: "Progressive call
    /// invocations").
    Arguments {
        /// Which invocation.
        invocation: u64,
        /// The arguments.
        payload: Payload,
        /// Whether they are the last.
        last: bool,
    },
    /// The caller does not want an invocation any more. The core has answered it.
    Interrupted {
        /// Which invocation.
        invocation: u64,
        /// How, if the router said it.
        mode: Option<CancelMode>,
    },
    /// Nothing more will come for a listener: its registration was withdrawn, or the router revoked
    /// its registration or subscription.
    Ended {
        /// The ticket of the subscriber or callee.
        listener: Ticket,
        /// Why, if the router did it by itself; empty if it did not say why.
        revoked: Option<Uri>,
    },
    /// The session is over. The last event.
    Closed(Arc<CloseReason>),
}

/// An open session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Joined {
    /// The realm: what the router says, or else what was asked for.
    pub realm: Uri,
    /// The router's whole answer.
    pub welcome: Welcome,
}

/// The good end of a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// A call's result.
    Result {
        /// More about it.
        details: ResultDetails,
        /// The result.
        payload: Payload,
    },
    /// An event was taken.
    Published {
        /// Its id.
        publication: u64,
    },
    /// A subscription stands.
    Subscribed {
        /// Its id.
        subscription: u64,
    },
    /// A listener is off.
    Unsubscribed,
    /// A procedure is registered.
    Registered {
        /// The registration's id.
        registration: u64,
    },
    /// A procedure is withdrawn.
    Unregistered,
}

/// The bad end of a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The router or the callee said ERROR.
    Error(RequestError),
    /// The message could not be sent, or was not wanted any more.
    Unsendable(ApplicationError),
    /// The session ended.
    Closed(Arc<CloseReason>),
}
