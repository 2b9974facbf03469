//! What handles tell the driver.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::auth::AuthError;
use crate::core::client::{Answer, Failure, Ticket};
use crate::error::ApplicationError;
use crate::message::{
    CallOptions, CancelMode, Payload, PublishOptions, RegisterOptions, SubscribeOptions,
};
use crate::session::authentication::Signature;
use crate::session::ending::EndingSender;
use crate::session::endpoint::DynEndpoint;
use crate::session::event::Event;
use crate::session::queue::Queue;
use crate::session::running_call::CallControl;
use crate::transport::Transport;
use crate::uri::Uri;

/// Where the outcome of a request goes.
pub(super) type Waiter = oneshot::Sender<Result<Answer, Failure>>;

/// A request of the user's. The queue of commands is bounded: whoever sends faster than the
/// transport takes waits.
pub(super) enum Command {
    Call {
        ticket: Ticket,
        procedure: Uri,
        options: CallOptions,
        payload: Payload,
        waiter: Waiter,
        /// For calls of which the caller wants more than the last result.
        control: Option<Arc<CallControl>>,
    },
    /// More arguments of a call.
    Arguments { ticket: Ticket, payload: Payload, last: bool },
    /// A result of an invocation that is not the last.
    Progress { invocation: u64, payload: Payload },
    /// Without a waiter it is not acknowledged.
    Publish {
        ticket: Ticket,
        topic: Uri,
        options: PublishOptions,
        payload: Payload,
        waiter: Option<Waiter>,
    },
    Subscribe {
        ticket: Ticket,
        topic: Uri,
        options: SubscribeOptions,
        queue: Arc<Queue<Event>>,
        ending: EndingSender,
        waiter: Waiter,
    },
    /// Ends the subscription whose SUBSCRIBE had the ticket `listener`.
    Unsubscribe { ticket: Ticket, listener: Ticket, waiter: Waiter },
    Register {
        ticket: Ticket,
        procedure: Uri,
        options: RegisterOptions,
        endpoint: DynEndpoint,
        ending: EndingSender,
        waiter: Waiter,
    },
    /// Ends the registration whose REGISTER had the ticket `listener`.
    Unregister { ticket: Ticket, listener: Ticket, waiter: Waiter },
    /// The answer to the router's challenge, or why there is none.
    Authenticate(Result<Signature, AuthError>),
    Leave {
        reason: Uri,
        message: Option<String>,
        /// Where the transport goes if it is to stay open.
        keep: Option<oneshot::Sender<Box<dyn Transport>>>,
    },
}

/// What must reach the driver even when the queue of commands is full. There are never more than
/// requests under way, running handlers and living subscriptions.
pub(super) enum Signal {
    /// Nobody waits for the request, or holds the subscription, of this ticket any more; a call is
    /// cancelled in this way.
    Drop(Ticket, CancelMode),
    /// A call is to be cancelled; somebody may still wait for its end.
    Cancel(Ticket, CancelMode),
    /// The last handle is gone.
    Orphaned,
    /// Leaving took too long.
    GiveUp,
    /// A handler has finished.
    Answer { invocation: u64, result: Result<Payload, ApplicationError> },
}
