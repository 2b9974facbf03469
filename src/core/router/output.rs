//! `Output`: what the router core wants done, in the order in which it shall be done.

use std::collections::VecDeque;

use crate::auth::AuthError;
use crate::core::router::ConnectionId;
use crate::core::router::authentication::AuthRequest;
use crate::core::router::authorization::AuthorizationRequest;
use crate::error::ApplicationError;
use crate::message::{Message, Payload, RequestError, RequestErrorDetails, RequestType};

/// One thing to do. The order of all outputs counts, not only of those for one connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Output {
    /// Send a message.
    Send {
        /// To whom.
        to: ConnectionId,
        /// What.
        message: Message,
    },
    /// Send the same message to several, so that it need be encoded only once a serializer.
    Multicast {
        /// To whom; at least two, nobody twice.
        to: Vec<ConnectionId>,
        /// What.
        message: Message,
    },
    /// Ask the application who a client is, and tell
    /// [`handle_authenticated`](super::Router::handle_authenticated), once; until then it is as
    /// with every question: see [`Resume`](Output::Resume).
    Authenticate {
        /// Of which connection.
        connection: ConnectionId,
        /// What is known of it.
        request: Box<AuthRequest>,
    },
    /// Hand over messages of a connection again: the question that was asked about it is answered.
    ///
    /// From a question on, until this or until the connection is closed, whoever drives the router
    /// keeps back what the peer sends, so that nothing overtakes what is being decided.
    Resume {
        /// Which one.
        connection: ConnectionId,
    },
    /// Ask the authorizer whether a session may do something, and bring the answer by
    /// [`handle_authorized`](super::Router::handle_authorized). Until [`Resume`](Self::Resume) the
    /// connection waits. What is handed in all the same is held back, in order and up to a bound.
    Authorize {
        /// Whose session waits.
        connection: ConnectionId,
        /// Which question this is; never the same twice in one router.
        ticket: u64,
        /// The question.
        request: Box<AuthorizationRequest>,
    },
    /// A publication did not get through authorization and its publisher did not ask for an
    /// acknowledgement, so that nobody is told (spec: "Authorization"). It is worth a line in the
    /// log.
    Dropped {
        /// The publisher.
        connection: ConnectionId,
        /// What it would have been told.
        error: ApplicationError,
    },
    /// The application's answer to [`Authenticate`](Output::Authenticate) could not be used, so that
    /// the client counts as a stranger, who is not told. It is worth a line in the log.
    Mistaken {
        /// Whom it was about.
        connection: ConnectionId,
        /// What is wrong with it.
        error: AuthError,
    },
    /// Close a connection when everything that was sent to it has left. The core has forgotten it.
    Close {
        /// Which one.
        connection: ConnectionId,
        /// Why.
        cause: CloseCause,
    },
}

/// Why the router closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseCause {
    /// The peer broke the protocol; ABORT said so.
    Violation,
    /// The peer did not say HELLO in time.
    NoHello,
    /// The peer could not prove who it is, often enough or in time.
    NotAuthenticated,
    /// The router goes down.
    Shutdown,
    /// Another session ended this one (spec: "Session Meta API").
    Killed,
    /// Not even an ERROR can be carried to the peer.
    Undeliverable,
}

/// The outputs that nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Outputs(VecDeque<Output>);

impl Outputs {
    pub(super) fn pop(&mut self) -> Option<Output> {
        self.0.pop_front()
    }

    pub(super) fn send(&mut self, to: ConnectionId, message: impl Into<Message>) {
        self.0.push_back(Output::Send { to, message: message.into() });
    }

    /// Sends to nobody, one or many.
    pub(super) fn multicast(&mut self, to: Vec<ConnectionId>, message: impl Into<Message>) {
        match to[..] {
            [] => {}
            [to] => self.send(to, message),
            _ => self.0.push_back(Output::Multicast { to, message: message.into() }),
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
        self.0.push_back(Output::Authenticate { connection, request });
    }

    pub(super) fn resume(&mut self, connection: ConnectionId) {
        self.0.push_back(Output::Resume { connection });
    }

    pub(super) fn authorize(
        &mut self,
        connection: ConnectionId,
        ticket: u64,
        request: AuthorizationRequest,
    ) {
        let request = Box::new(request);
        self.0.push_back(Output::Authorize { connection, ticket, request });
    }

    pub(super) fn dropped(&mut self, connection: ConnectionId, error: ApplicationError) {
        self.0.push_back(Output::Dropped { connection, error });
    }

    pub(super) fn mistaken(&mut self, connection: ConnectionId, error: AuthError) {
        self.0.push_back(Output::Mistaken { connection, error });
    }

    pub(super) fn close(&mut self, connection: ConnectionId, cause: CloseCause) {
        self.0.push_back(Output::Close { connection, cause });
    }
}
