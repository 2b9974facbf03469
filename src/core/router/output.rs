//! `Output`: the actions that the router core asks for, in their order.

use std::collections::VecDeque;

use crate::auth::AuthError;
use crate::core::router::ConnectionId;
use crate::core::router::authentication::AuthRequest;
use crate::core::router::authorization::AuthorizationRequest;
use crate::core::router::tables::shrink_empty;
use crate::error::ApplicationError;
use crate::message::{Message, Payload, RequestError, RequestErrorDetails, RequestType};

/// Maximum work for meta events and testaments in one step, about: the number of their receivers.
pub(super) const MOST_WORK: usize = 16 << 10;

/// An action. The order of all outputs counts, not only of those for one connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Output {
    /// Send a message.
    Send {
        /// The receiver.
        to: ConnectionId,
        /// The message.
        message: Message,
    },
    /// Send the same message to several connections; it needs to be encoded only once per
    /// serializer.
    Multicast {
        /// The receivers; at least two, all different.
        to: Vec<ConnectionId>,
        /// The message.
        message: Message,
    },
    /// Ask the application for the principal of a client, and pass the answer to
    /// `handle_authenticated`, once. The driver holds back messages while the door
    /// [waits](crate::core::router::door::Door::is_asked).
    Authenticate {
        /// The client's connection.
        connection: ConnectionId,
        /// Data about the client.
        request: Box<AuthRequest>,
    },
    /// Deliver messages of a connection again: the question about it is answered.
    ///
    /// Between a question and this output, or the end of the connection, the driver of the router
    /// holds back the peer's messages, so that nothing overtakes the decision: see `must_wait`.
    Resume {
        /// The connection.
        connection: ConnectionId,
    },
    /// Ask the authorizer whether a session may do something, and pass the answer to
    /// `handle_authorized`. The connection waits until [`Resume`](Self::Resume).
    Authorize {
        /// Connection of the waiting session.
        connection: ConnectionId,
        /// Id of the question; never used twice in one router.
        ticket: u64,
        /// The question.
        request: Box<AuthorizationRequest>,
    },
    /// A message was refused whose sender gets no answer: a publication without `acknowledge` (spec:
    /// "Authorization"), or a callee's answer. The driver should log it.
    Dropped {
        /// The sender.
        connection: ConnectionId,
        /// The error that the sender would have got.
        error: ApplicationError,
    },
    /// The application's answer to [`Authenticate`](Output::Authenticate) is not usable. The client
    /// is treated as unknown and does not learn why. The driver should log it.
    UnusableAnswer {
        /// The client's connection.
        connection: ConnectionId,
        /// The mistake in the answer.
        error: AuthError,
    },
    /// A session has ended, and its connection is without one; from a realm's core only.
    Ended {
        /// The connection.
        connection: ConnectionId,
        /// The reason, if GOODBYE was sent and the peer has to answer it. Otherwise the peer has left.
        cause: Option<CloseCause>,
    },
    /// Close a connection after everything sent to it has left. The core has forgotten it.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// The reason.
        cause: CloseCause,
    },
}

/// Reason for closing a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseCause {
    /// The peer broke the protocol; ABORT was sent.
    Violation,
    /// The peer sent no HELLO in time.
    NoHello,
    /// The peer failed to authenticate, too often or for too long.
    NotAuthenticated,
    /// The router shuts down.
    Shutdown,
    /// Another session ended this one (spec: "Session Meta API").
    Killed,
    /// Not even ERROR can be carried to the peer.
    Undeliverable,
}

/// Queue of outputs.
#[derive(Debug, Default)]
pub struct Outputs {
    queue: VecDeque<Output>,
    work: usize,
}

impl Outputs {
    /// The next output.
    pub fn pop(&mut self) -> Option<Output> {
        let next = self.queue.pop_front();
        if next.is_none() {
            shrink_empty(&mut self.queue);
        }
        next
    }

    pub(super) fn send(&mut self, to: ConnectionId, message: impl Into<Message>) {
        self.worked(1);
        self.queue.push_back(Output::Send { to, message: message.into() });
    }

    /// Work so far: the receivers of all messages, and what else [took time](Self::worked).
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// Adds to the work.
    pub(super) fn worked(&mut self, more: usize) {
        self.work = self.work.wrapping_add(more);
    }

    /// Sends a message to any number of receivers.
    pub(super) fn multicast(&mut self, to: Vec<ConnectionId>, message: impl Into<Message>) {
        match to[..] {
            [] => {}
            [to] => self.send(to, message),
            _ => {
                self.worked(to.len());
                self.queue.push_back(Output::Multicast { to, message: message.into() });
            }
        }
    }

    pub(super) fn error(
        &mut self,
        to: ConnectionId,
        request_type: RequestType,
        request: u64,
        error: ApplicationError,
    ) {
        self.send(
            to,
            RequestError {
                request_type,
                request,
                details: RequestErrorDetails::default(),
                error: error.uri,
                payload: Payload::from_values(error.args, error.kwargs),
            },
        );
    }

    pub(super) fn authenticate(&mut self, connection: ConnectionId, request: Box<AuthRequest>) {
        self.queue.push_back(Output::Authenticate { connection, request });
    }

    pub(super) fn resume(&mut self, connection: ConnectionId) {
        self.queue.push_back(Output::Resume { connection });
    }

    pub(super) fn authorize(
        &mut self,
        connection: ConnectionId,
        ticket: u64,
        request: AuthorizationRequest,
    ) {
        let request = Box::new(request);
        self.queue.push_back(Output::Authorize { connection, ticket, request });
    }

    pub(super) fn dropped(&mut self, connection: ConnectionId, error: ApplicationError) {
        self.queue.push_back(Output::Dropped { connection, error });
    }

    pub(super) fn unusable_answer(&mut self, connection: ConnectionId, error: AuthError) {
        self.queue.push_back(Output::UnusableAnswer { connection, error });
    }

    pub(super) fn ended(&mut self, connection: ConnectionId, cause: Option<CloseCause>) {
        self.queue.push_back(Output::Ended { connection, cause });
    }

    pub(super) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(super) fn close(&mut self, connection: ConnectionId, cause: CloseCause) {
        self.queue.push_back(Output::Close { connection, cause });
    }
}
