//! Messages from the router.

use super::pending::{Pending, Request};
use super::{Answer, Client, ClientEvent, Failure, RequestTicket, Running, invocation_error};
use crate::error::{ApplicationError, CloseKind, CloseReason, Violation};
use crate::message::{
    CallResult, CancelMode, ClosingDetails, Goodbye, Interrupt, Invocation, Message, Payload,
    RequestError, RequestErrorDetails, RequestType, Unsubscribe,
};
use crate::uri::{Match, Uri};

impl Client {
    pub(super) fn message_while_established(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Result(result) => {
                if result.details.progress == Some(true) {
                    return self.progressed(result);
                }
                let (details, payload) = (result.details, result.payload);
                self.answered("RESULT", result.request, Request::is_call, |_, _| Answer::Result {
                    details,
                    payload,
                })
            }
            Message::Published(published) => {
                self.answered("PUBLISHED", published.request, Request::is_publish, |_, _| {
                    Answer::Published { publication: published.publication }
                })
            }
            Message::Subscribed(subscribed) => self.subscribed(subscribed),
            Message::Unsubscribed(message) if message.request == 0 => {
                let details = message.details.unwrap_or_default().into_fields();
                let subscription = details.subscription.unwrap_or_default();
                let listeners = self.interest.revoke_subscription(subscription).unwrap_or_default();
                let reason = details.reason.unwrap_or_default();
                self.events.extend(listeners.into_iter().map(|listener| ClientEvent::Ended {
                    listener,
                    revoked: Some(Uri::from(reason.as_str())),
                }));
                Ok(())
            }
            Message::Unsubscribed(unsubscribed) => {
                let is_unsubscribe =
                    |request: &Request| matches!(request, Request::Unsubscribe { .. });
                self.answered(
                    "UNSUBSCRIBED",
                    unsubscribed.request,
                    is_unsubscribe,
                    |client, request| {
                        if let Request::Unsubscribe { subscription } = request {
                            client.interest.unsubscribed(*subscription);
                        }
                        Answer::Unsubscribed
                    },
                )
            }
            Message::Registered(message) => self.registered(message),
            Message::Unregistered(message) if message.request == 0 => {
                let details = message.details.unwrap_or_default().into_fields();
                let registration = details.registration.unwrap_or_default();
                let reason = Uri::from(details.reason.unwrap_or_default());
                self.end_registration(registration, Some(reason));
                Ok(())
            }
            Message::Unregistered(unregistered) => {
                let is_unregister =
                    |request: &Request| matches!(request, Request::Unregister { .. });
                self.answered(
                    "UNREGISTERED",
                    unregistered.request,
                    is_unregister,
                    |client, request| {
                        if let Request::Unregister { registration } = request {
                            client.end_registration(*registration, None);
                        }
                        Answer::Unregistered
                    },
                )
            }
            Message::Error(error) => self.failed(error),
            Message::Event(event) => {
                let Some(listeners) = self.interest.listeners(event.subscription)? else {
                    return Ok(());
                };
                match listeners {
                    // Other listeners of the topic may have had it, or do not want it.
                    _ if event.details.retained == Some(true) => {
                        let asked = self.interest.retained_listener(event.subscription);
                        let to = |listener| ClientEvent::Event { listener, event };
                        self.events.extend(asked.map(to));
                    }
                    [listener] => {
                        self.events.push_back(ClientEvent::Event { listener: *listener, event })
                    }
                    several => self.events.extend(
                        several
                            .iter()
                            .map(|&listener| ClientEvent::Event { listener, event: event.clone() }),
                    ),
                }
                Ok(())
            }
            Message::Invocation(invocation) => self.invoked(invocation),
            Message::Interrupt(interrupt) => {
                self.interrupted(&interrupt);
                Ok(())
            }
            Message::Goodbye(goodbye) => {
                let details = ClosingDetails::default();
                let reason = Uri::from(Uri::GOODBYE_AND_OUT);
                self.transmits.push_back(Goodbye { details, reason }.into());
                let message = goodbye.details.into_fields().message;
                self.close(CloseReason::new(CloseKind::Goodbye, goodbye.reason, message));
                Ok(())
            }
            Message::Abort(abort) => {
                self.aborted(abort);
                Ok(())
            }
            other => Err(Violation::new(format!(
                "unexpected {} from a router in a session",
                other.name()
            ))),
        }
    }

    pub(super) fn message_while_leaving(&mut self, message: Message) {
        match message {
            Message::Goodbye(goodbye) => {
                let message = goodbye.details.into_fields().message;
                self.close(CloseReason::new(CloseKind::Left, goodbye.reason, message));
            }
            Message::Abort(abort) => self.aborted(abort),
            // Other messages may still be under way (spec: "Session lifecycle", closing).
            _ => {}
        }
    }

    fn subscribed(&mut self, message: crate::message::Subscribed) -> Result<(), Violation> {
        if let Some(Pending { request: Request::Subscribe { topic, pattern, .. }, .. }) =
            self.pending.get(message.request)
        {
            self.interest.check(message.subscription, topic, *pattern)?;
        }
        let pending = self.take("SUBSCRIBED", message.request, |request| {
            matches!(request, Request::Subscribe { .. })
        })?;
        let Some(Pending {
            ticket,
            request: Request::Subscribe { topic, pattern, retained },
            abandoned,
            ..
        }) = pending
        else {
            return Ok(());
        };
        self.interest.subscribed(message.subscription, &topic, pattern, ticket);
        if retained {
            self.interest.asks_retained(message.subscription, ticket);
        }
        self.interest.subscribe_settled(&topic, pattern);
        if abandoned {
            self.unsubscribe(RequestTicket::UNUSED, message.subscription, ticket);
        } else {
            self.reply(ticket, Ok(Answer::Subscribed { subscription: message.subscription }));
        }
        self.end_idle_subscriptions(&topic, pattern);
        Ok(())
    }

    fn registered(&mut self, message: crate::message::Registered) -> Result<(), Violation> {
        let is_register = |request: &Request| matches!(request, Request::Register);
        let Some(pending) = self.take("REGISTERED", message.request, is_register)? else {
            return Ok(());
        };
        let registration = message.registration;
        if self.interest.is_registered(registration) {
            // Some routers (Crossbar) let a session share a procedure with itself, under one id. It
            // is invoked only once, so the first registration stands: nothing is withdrawn.
            let text = format!("already registered by this session, as {registration}");
            let error = ApplicationError::new(Uri::PROCEDURE_ALREADY_EXISTS).arg(text);
            if !pending.abandoned {
                self.reply(pending.ticket, Err(Failure::Unsendable(error)));
            }
            return Ok(());
        }
        self.interest.registered(registration, pending.ticket);
        if pending.abandoned {
            self.unregister(RequestTicket::UNUSED, registration);
        } else {
            self.reply(pending.ticket, Ok(Answer::Registered { registration }));
        }
        Ok(())
    }

    fn invoked(&mut self, invocation: Invocation) -> Result<(), Violation> {
        let streaming = invocation.details.progress == Some(true);
        // First of all: a running invocation goes on when its registration has been withdrawn.
        if let Some(running) = self.invocations.get_mut(&invocation.request) {
            if !running.streaming {
                return Err(Violation::new(format!(
                    "INVOCATION {} while it is running",
                    invocation.request
                )));
            }
            running.streaming = streaming;
            let Invocation { request: invocation, payload, .. } = invocation;
            self.events.push_back(ClientEvent::Arguments { invocation, payload, last: !streaming });
            return Ok(());
        }
        // More arguments for an answered invocation have crossed our answer. (Ids are not compared:
        // some routers do not count them per session.)
        if self.cut_short.contains(invocation.request) {
            if !streaming {
                self.cut_short.remove(invocation.request);
            }
            return Ok(());
        }
        let Some(listener) = self.interest.callee(invocation.registration) else {
            return self.handle_stale_invocation(&invocation);
        };
        let progress = invocation.details.receive_progress == Some(true);
        self.invocations.insert(invocation.request, Running { progress, streaming });
        self.events.push_back(ClientEvent::Invocation { listener, invocation });
        Ok(())
    }

    /// Handles an invocation without a registration: refuses it if the registration has just ended.
    fn handle_stale_invocation(&mut self, invocation: &Invocation) -> Result<(), Violation> {
        let registration = invocation.registration;
        if !self.interest.was_registered(registration) {
            let text = format!(
                "INVOCATION for registration {registration}, which this session does not have"
            );
            return Err(Violation::new(text));
        }
        if invocation.details.progress == Some(true) {
            self.cut_short.add(invocation.request);
        }
        let error = ApplicationError::new(Uri::NO_SUCH_PROCEDURE)
            .arg("the procedure was just unregistered");
        self.transmits.push_back(invocation_error(invocation.request, error).into());
        Ok(())
    }

    /// Handles a progressive result.
    fn progressed(&mut self, result: CallResult) -> Result<(), Violation> {
        match self.pending.get_mut(result.request) {
            Some(Pending { request: Request::Call { .. }, ticket, .. }) => {
                let CallResult { details, payload, .. } = result;
                self.events.push_back(ClientEvent::Progress { ticket: *ticket, details, payload });
                Ok(())
            }
            // Late, or invalid as the check finds.
            _ => self.take("RESULT", result.request, Request::is_call).map(drop),
        }
    }

    /// Ends a call whose RESULT or ERROR has an unreadable payload, in place of
    /// [`handle_message`](Self::handle_message). If more results were to follow (`progress`),
    /// CANCEL is sent.
    pub fn refuse_result(&mut self, request: u64, progress: bool, error: ApplicationError) {
        if !self.is_established() {
            return;
        }
        self.heartbeat.hear();
        let pending = match self.take("RESULT", request, Request::is_call) {
            Ok(Some(pending)) => pending,
            Ok(None) => return,
            Err(violation) => return self.handle_violation(violation),
        };
        if progress && !matches!(pending.request, Request::Call { killed: true, .. }) {
            self.send_cancel(request, CancelMode::KillNoWait);
        }
        // As if the callee had answered so.
        let ApplicationError { uri, args, kwargs, .. } = error;
        let error = RequestError {
            request_type: RequestType::Call,
            request,
            details: RequestErrorDetails::default(),
            error: uri,
            payload: Payload::from_values(args, kwargs),
        };
        self.reply(pending.ticket, Err(Failure::Error(error)));
    }

    /// Stops the handler; the answer need not wait for it (spec: "Call canceling"). An INTERRUPT
    /// for an ended invocation has crossed the answer.
    fn interrupted(&mut self, interrupt: &Interrupt) {
        let invocation = interrupt.request;
        if !self.invocations.contains_key(&invocation) {
            return;
        }
        let error = ApplicationError::new(Uri::CANCELED).arg("the call was cancelled");
        self.answer(invocation, Err(error));
        self.events
            .push_back(ClientEvent::Interrupted { invocation, mode: interrupt.options.mode });
    }

    fn failed(&mut self, error: RequestError) -> Result<(), Violation> {
        let wanted = error.request_type;
        if wanted == RequestType::Invocation {
            return Err(Violation::new("ERROR for an INVOCATION sent to a callee"));
        }
        let fits = move |request: &Request| request.request_type() == wanted;
        let Some(pending) = self.take("ERROR", error.request, fits)? else { return Ok(()) };
        match &pending.request {
            Request::Subscribe { topic, pattern, .. } => {
                self.interest.subscribe_settled(topic, *pattern);
                self.end_idle_subscriptions(topic, *pattern);
            }
            // After another refusal it goes on at the router: then events are still ignored, and
            // invocations still passed on.
            Request::Unsubscribe { subscription } => {
                if error.error == Uri::NO_SUCH_SUBSCRIPTION {
                    self.interest.unsubscribed(*subscription);
                }
            }
            Request::Unregister { registration } => {
                if error.error == Uri::NO_SUCH_REGISTRATION {
                    self.end_registration(*registration, None);
                } else {
                    self.interest.unregister_failed(*registration);
                }
            }
            Request::Call { .. } | Request::Publish | Request::Register => {}
        }
        if !pending.abandoned {
            self.reply(pending.ticket, Err(Failure::Error(error)));
        }
        Ok(())
    }

    /// Handles the plain answer to a request.
    fn answered(
        &mut self,
        name: &str,
        request: u64,
        fits: impl Fn(&Request) -> bool,
        answer: impl FnOnce(&mut Self, &Request) -> Answer,
    ) -> Result<(), Violation> {
        if let Some(pending) = self.take(name, request, fits)? {
            let answer = answer(self, &pending.request);
            if !pending.abandoned {
                self.reply(pending.ticket, Ok(answer));
            }
        }
        Ok(())
    }

    /// Takes the request that `name` answers out of the table. A late answer to an abandoned call
    /// is ignored; an answer to an unknown request is a violation.
    fn take(
        &mut self,
        name: &str,
        request: u64,
        fits: impl Fn(&Request) -> bool,
    ) -> Result<Option<Pending>, Violation> {
        match self.pending.get_mut(request) {
            Some(pending) if fits(&pending.request) => Ok(self.pending.remove(request)),
            Some(pending) => Err(Violation::new(format!(
                "{name} for request {request}, which is a {:?}",
                pending.request.request_type()
            ))),
            None if (1..=self.ids.last()).contains(&request) => Ok(None),
            None => {
                Err(Violation::new(format!("{name} for request {request}, which was never sent")))
            }
        }
    }

    fn end_registration(&mut self, registration: u64, revoked: Option<Uri>) {
        if let Some(listener) = self.interest.remove_registration(registration) {
            self.events.push_back(ClientEvent::Ended { listener, revoked });
        }
    }

    pub(super) fn end_idle_subscriptions(&mut self, topic: &Uri, pattern: Match) {
        for subscription in self.interest.take_idle(topic, pattern) {
            let request = Request::Unsubscribe { subscription };
            if let Some(request) = self.begin(RequestTicket::UNUSED, request) {
                let options = None;
                self.transmits.push_back(Unsubscribe { request, subscription, options }.into());
            }
        }
    }
}
