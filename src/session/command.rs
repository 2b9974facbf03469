//! Contains the messages from session handles to the driver.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::auth::AuthError;
use crate::core::client::{Answer, Failure, RequestTicket};
use crate::error::ApplicationError;
use crate::message::{
    CallOptions, CancelMode, Payload, PublishOptions, RegisterOptions, SubscribeOptions,
};
use crate::session::authentication::Signature;
use crate::session::ending::EndingSender;
use crate::session::event::IncomingEvent;
use crate::session::procedure::DynProcedure;
use crate::session::queue::Queue;
use crate::session::running_call::CallControl;
use crate::transport::Transport;
use crate::uri::Uri;

/// Destination of a request's outcome.
pub(super) type Waiter = oneshot::Sender<Result<Answer, Failure>>;

/// A request of the user. The command queue is bounded: a sender that is faster than the transport
/// waits.
pub(super) enum Command {
    Call {
        ticket: RequestTicket,
        procedure: Uri,
        options: CallOptions,
        payload: Payload,
        waiter: Waiter,
        /// Present if the caller wants more than the final result of the call.
        control: Option<Arc<CallControl>>,
    },
    /// Further arguments of a call.
    Arguments { ticket: RequestTicket, payload: Payload, last: bool },
    /// A progressive result of an invocation.
    Progress { invocation: u64, payload: Payload },
    /// Without a waiter the event is not acknowledged.
    Publish {
        ticket: RequestTicket,
        topic: Uri,
        options: PublishOptions,
        payload: Payload,
        waiter: Option<Waiter>,
    },
    Subscribe {
        ticket: RequestTicket,
        topic: Uri,
        options: SubscribeOptions,
        queue: Arc<Queue<IncomingEvent>>,
        ending: EndingSender,
        waiter: Waiter,
    },
    /// Ends the subscription whose SUBSCRIBE had the ticket `listener`.
    Unsubscribe { ticket: RequestTicket, listener: RequestTicket, waiter: Waiter },
    Register {
        ticket: RequestTicket,
        procedure: Uri,
        options: RegisterOptions,
        endpoint: DynProcedure,
        ending: EndingSender,
        waiter: Waiter,
    },
    /// Ends the registration whose REGISTER had the ticket `listener`.
    Unregister { ticket: RequestTicket, listener: RequestTicket, waiter: Waiter },
    /// The answer to the router's challenge, or the error that prevents one.
    Authenticate(Result<Signature, AuthError>),
    Leave {
        reason: Uri,
        message: Option<String>,
        /// Destination of the transport, if it stays open.
        keep: Option<oneshot::Sender<Box<dyn Transport>>>,
    },
}

/// A message that must reach the driver even when the command queue is full. Their number is
/// bounded by the pending requests, running handlers and active subscriptions.
pub(super) enum Signal {
    /// The waiter of the request, or the holder of the subscription, with this ticket is gone. A
    /// call is canceled in this mode.
    Drop(RequestTicket, CancelMode),
    /// Cancels a call whose end may still be awaited.
    Cancel(RequestTicket, CancelMode),
    /// The last handle was dropped.
    Orphaned,
    /// Leaving took too long.
    GiveUp,
    /// A handler has finished.
    Answer { invocation: u64, result: Result<Payload, ApplicationError> },
}
