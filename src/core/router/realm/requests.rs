//! Requests of sessions: each message goes to the broker, the dealer or the meta API.

use crate::core::router::authorization::Verdict;
use crate::core::router::names::is_meta;
use crate::core::router::realm::Realm;
use crate::core::router::turn::{Failure, Turn};
use crate::core::router::{ConnectionId, meta};
use crate::error::{ApplicationError, Violation};
use crate::message::{Call, Message, RequestType};
use crate::uri::Uri;

impl Realm {
    /// Handles a message of a joined session, except those that end the session.
    pub(in crate::core::router) fn handle(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Message,
    ) -> Result<(), Violation> {
        let Realm { sessions, dealer, .. } = self;
        let Some(session) = sessions.get_mut(&from) else { return Ok(()) };
        let (ruled, name) = (session.role.is_some(), message.name());
        if ruled && session.waiting.is_some() {
            // Only if the driver has not held it back.
            return Ok(());
        }
        let request = match &message {
            Message::Publish(message) => message.request,
            Message::Subscribe(message) => message.request,
            Message::Unsubscribe(message) => message.request,
            Message::Register(message) => message.request,
            Message::Unregister(message) => message.request,
            Message::Call(call) => {
                session.highest_call = session.highest_call.max(call.request);
                // It may continue an earlier call.
                if !dealer.admit(turn, from, sessions, call)? {
                    return Ok(());
                }
                return self.authorize(turn, from, message, ruled);
            }
            // Messages that are not requests.
            _ => {
                return match message {
                    Message::Yield(message) => dealer.r#yield(turn, from, sessions, message),
                    Message::Error(message) => dealer.error(turn, from, sessions, message),
                    Message::Cancel(message) => {
                        dealer.cancel(turn, from, sessions, &message);
                        Ok(())
                    }
                    _ => Err(Violation::new(format!("{name} cannot be sent in a session"))),
                };
            }
        };
        // The dealer has checked CALL.
        if turn.config.strict_request_ids {
            session.check_request(name, request)?;
        }
        self.authorize(turn, from, message, ruled)
    }

    /// Performs a request if it is allowed, now or after the authorizer's answer.
    fn authorize(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Message,
        ruled: bool,
    ) -> Result<(), Violation> {
        if !ruled {
            return self.perform(turn, from, message, Ok(Verdict::ALLOWED));
        }
        match self.judge(turn, from, message) {
            Some((message, outcome)) => self.perform(turn, from, message, outcome),
            None => Ok(()),
        }
    }

    /// Performs a request, or refuses it.
    pub(in crate::core::router) fn perform(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Message,
        verdict: Result<Verdict, ApplicationError>,
    ) -> Result<(), Violation> {
        let (kind, request, answered) = match &message {
            Message::Publish(publish) => {
                (RequestType::Publish, publish.request, publish.options.acknowledge == Some(true))
            }
            Message::Subscribe(subscribe) => (RequestType::Subscribe, subscribe.request, true),
            Message::Unsubscribe(message) => (RequestType::Unsubscribe, message.request, true),
            Message::Register(register) => (RequestType::Register, register.request, true),
            Message::Unregister(message) => (RequestType::Unregister, message.request, true),
            Message::Call(call) => (RequestType::Call, call.request, true),
            _ => return Ok(()),
        };
        let Realm { sessions, broker, dealer, .. } = self;
        let outcome = match (verdict, message) {
            (verdict, Message::Call(message)) => self.call(turn, from, message, verdict),
            (Err(error), _) => Err(error.into()),
            (Ok(verdict), Message::Publish(message)) => {
                let disclosure = verdict.disclosure(turn.config);
                broker.publish(turn, from, sessions, message, disclosure)
            }
            (_, Message::Register(message)) => dealer.register(turn, from, sessions, message),
            (_, message) => {
                let Some(session) = sessions.get_mut(&from) else { return Ok(()) };
                match message {
                    Message::Subscribe(message) => broker.subscribe(turn, from, session, message),
                    Message::Unsubscribe(message) => {
                        broker.unsubscribe(turn, from, session, &message)
                    }
                    Message::Unregister(message) => {
                        dealer.unregister(turn, from, session, &message)
                    }
                    _ => Ok(()),
                }
            }
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(Failure::Violation(violation)) => Err(violation),
            Err(Failure::Error(error)) => {
                if answered {
                    turn.outputs.error(from, kind, request, error);
                } else {
                    turn.outputs.dropped(from, error);
                }
                Ok(())
            }
        }
    }

    /// Handles a new call.
    fn call(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Call,
        verdict: Result<Verdict, ApplicationError>,
    ) -> Result<(), Failure> {
        let streams = message.options.progress == Some(true);
        let stream = streams.then(|| (message.request, message.procedure.clone()));
        let outcome = match verdict {
            Err(error) => Err(error.into()),
            Ok(verdict) => {
                let disclosure = verdict.disclosure(turn.config);
                if is_meta(&message.procedure) {
                    meta::call(self, turn, from, &message, disclosure).map(|kill| {
                        if let Some(kill) = kill {
                            self.kill(turn, kill);
                        }
                    })
                } else {
                    self.dealer.call(turn, from, &mut self.sessions, message, disclosure)
                }
            }
        };
        if let (Err(_), Some((request, procedure))) = (&outcome, stream)
            && let Some(caller) = self.sessions.get_mut(&from)
        {
            // More arguments may be on their way.
            caller.ended_streams.insert(request, &procedure);
        }
        outcome
    }

    /// Ends a call whose invocation cannot be carried to its callee.
    pub(in crate::core::router) fn refuse(
        &mut self,
        turn: &mut Turn<'_>,
        callee: ConnectionId,
        invocation: u64,
        error: ApplicationError,
    ) {
        self.dealer.refuse(turn, callee, &mut self.sessions, invocation, error);
    }

    /// Ends a call whose progressive result cannot be carried to its caller.
    pub(in crate::core::router) fn give_up(
        &mut self,
        turn: &mut Turn<'_>,
        caller: ConnectionId,
        request: u64,
        error: ApplicationError,
    ) {
        let sessions = &mut self.sessions;
        self.dealer.give_up(turn, sessions, caller, request, Uri::CANCELED, error);
    }

    /// Returns whether a session has a running call with this request id.
    pub(in crate::core::router) fn is_calling(&self, from: ConnectionId, request: u64) -> bool {
        self.sessions.get(&from).is_some_and(|session| session.calls.contains_key(&request))
    }

    /// Tells a caller that the answer to its call cannot be carried to it.
    pub(in crate::core::router) fn replace_answer(
        &mut self,
        turn: &mut Turn<'_>,
        caller: ConnectionId,
        request: u64,
        error: ApplicationError,
    ) {
        if self.sessions.get(&caller).is_some_and(|session| session.may_have_asked(request)) {
            turn.outputs.error(caller, RequestType::Call, request, error);
        }
    }

    /// Ends a call that has taken too long.
    pub(in crate::core::router) fn time_out(
        &mut self,
        turn: &mut Turn<'_>,
        caller: ConnectionId,
        request: u64,
    ) {
        self.dealer.time_out(turn, &mut self.sessions, caller, request);
    }
}
