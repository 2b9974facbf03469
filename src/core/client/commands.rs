//! What the user of a session asks for.

use std::time::Duration;

use super::pending::{Pending, Request};
use super::{Answer, Client, State, Ticket, client_roles, invocation_error};
use crate::error::{ApplicationError, CloseKind, CloseReason};
use crate::message::{
    Call, CallOptions, Goodbye, GoodbyeDetails, Hello, HelloDetails, Payload, Publish,
    PublishOptions, Register, RegisterOptions, Subscribe, SubscribeOptions, Unregister,
    Unsubscribe, Yield, YieldOptions,
};
use crate::uri::{Match, Uri, UriRule};

impl Client {
    /// Asks to join a realm.
    pub fn join(&mut self, now: Duration, realm: Uri) {
        let mut details = HelloDetails::default();
        details.roles = Some(client_roles());
        details.agent = Some(self.config.agent.clone());
        self.state = State::Joining {
            realm: realm.clone(),
            deadline: now.saturating_add(self.config.join_timeout),
        };
        self.transmits.push_back(Hello { realm, details }.into());
    }

    /// Calls a procedure. Who waits no longer than some time [abandons](Self::abandon) it then.
    pub fn call(
        &mut self,
        ticket: Ticket,
        procedure: Uri,
        options: CallOptions,
        payload: Payload,
    ) -> u64 {
        let Some(request) = self.begin(ticket, Request::Call) else { return 0 };
        self.transmits.push_back(Call { request, options, procedure, payload }.into());
        request
    }

    /// Publishes an event. There is an [`Event::Reply`](super::Event::Reply) only if `options.acknowledge` is true.
    pub fn publish(
        &mut self,
        ticket: Ticket,
        topic: Uri,
        options: PublishOptions,
        payload: Payload,
    ) -> u64 {
        let request = if options.acknowledge == Some(true) {
            self.begin(ticket, Request::Publish)
        } else {
            self.is_established().then(|| self.ids.next())
        };
        let Some(request) = request else { return 0 };
        self.transmits.push_back(Publish { request, options, topic, payload }.into());
        request
    }

    /// Subscribes. `ticket` becomes a listener of the subscription as soon as SUBSCRIBED is read,
    /// before the next message is looked at.
    pub fn subscribe(&mut self, ticket: Ticket, topic: Uri, options: SubscribeOptions) -> u64 {
        let pattern = options.r#match.unwrap_or_default();
        let kind = Request::Subscribe { topic: topic.clone(), pattern };
        let Some(request) = self.begin(ticket, kind) else { return 0 };
        self.interest.subscribing(&topic, pattern);
        self.transmits.push_back(Subscribe { request, options, topic }.into());
        request
    }

    /// Takes a listener off a subscription; the last one ends it at the router.
    pub fn unsubscribe(&mut self, ticket: Ticket, subscription: u64, listener: Ticket) -> u64 {
        if !self.interest.remove_listener(subscription, listener) {
            self.reply(ticket, Ok(Answer::Unsubscribed));
            return 0;
        }
        let Some(request) = self.begin(ticket, Request::Unsubscribe { subscription }) else {
            return 0;
        };
        self.transmits.push_back(Unsubscribe { request, subscription, options: None }.into());
        request
    }

    /// Registers a procedure. `ticket` becomes the listener of its invocations.
    pub fn register(&mut self, ticket: Ticket, procedure: Uri, options: RegisterOptions) -> u64 {
        let Some(request) = self.begin(ticket, Request::Register) else { return 0 };
        self.transmits.push_back(Register { request, options, procedure }.into());
        request
    }

    /// Withdraws a procedure. Invocations that come before the answer are still handed out.
    pub fn unregister(&mut self, ticket: Ticket, registration: u64) -> u64 {
        if !self.interest.is_registered(registration) {
            self.reply(ticket, Ok(Answer::Unregistered));
            return 0;
        }
        let Some(request) = self.begin(ticket, Request::Unregister { registration }) else {
            return 0;
        };
        self.transmits.push_back(Unregister { request, registration, options: None }.into());
        request
    }

    /// Answers an invocation. Nothing happens if it is not running (any more).
    pub fn answer(&mut self, invocation: u64, result: Result<Payload, ApplicationError>) {
        if !self.is_established() || !self.invocations.remove(&invocation) {
            return;
        }
        self.transmits.push_back(match result {
            Ok(payload) => {
                Yield { request: invocation, options: YieldOptions::default(), payload }.into()
            }
            // What is no URI would be a violation; the error is told all the same.
            Err(error) if !error.uri.check(UriRule::Loose, Match::Exact) => {
                let text = format!("the procedure failed with {error:?}, which is no URI");
                invocation_error(invocation, ApplicationError::runtime(text)).into()
            }
            Err(error) => invocation_error(invocation, error).into(),
        });
    }

    /// Nobody waits for a request any more. Of a call the router is told, if it understands that;
    /// what a late SUBSCRIBED or REGISTERED brings is undone.
    pub fn abandon(&mut self, request: u64) {
        match self.pending.get_mut(request) {
            Some(Pending { request: Request::Call, .. }) => {
                self.pending.remove(request);
                self.cancel(request);
            }
            Some(pending) => pending.abandoned = true,
            None => {}
        }
    }

    /// Leaves the realm: GOODBYE, and [`Event::Closed`](super::Event::Closed) when it is answered.
    pub fn leave(&mut self, now: Duration, reason: Uri, message: Option<String>) {
        match self.state {
            State::Established => {
                let mut details = GoodbyeDetails::default();
                details.message = message;
                self.transmits.push_back(Goodbye { details, reason }.into());
                let deadline = now.saturating_add(self.config.leave_timeout);
                self.state = State::Leaving { deadline };
            }
            // No GOODBYE before WELCOME (spec: "Session lifecycle").
            State::Joining { .. } => {
                self.send_abort(&reason, message.clone().unwrap_or_default());
                self.close(CloseReason::new(CloseKind::Left, reason, message));
            }
            State::Leaving { .. } | State::Closed(_) => {}
        }
    }
}
