//! What the user of a session asks for.

use std::time::Duration;

use super::pending::{Pending, Request};
use super::{Answer, Client, Failure, State, Ticket, invocation_error};
use crate::error::{ApplicationError, CloseKind, CloseReason};
use crate::message::{
    Call, CallOptions, CancelMode, Goodbye, GoodbyeDetails, Payload, Publish, PublishOptions,
    Register, RegisterOptions, Subscribe, SubscribeOptions, Unregister, Unsubscribe, Yield,
    YieldOptions,
};
use crate::uri::{Match, Uri, UriRule, uris};

impl Client {
    /// Calls a procedure. Who waits no longer than some time [abandons](Self::abandon) it then.
    ///
    /// With `options.progress` more arguments follow by [`call_more`](Self::call_more). With
    /// `options.receive_progress` there may be any number of [`Event::Progress`] before the reply.
    ///
    /// [`Event::Progress`]: super::Event::Progress
    pub fn call(
        &mut self,
        ticket: Ticket,
        procedure: Uri,
        mut options: CallOptions,
        payload: Payload,
    ) -> u64 {
        if self.config.disclose_me.is_some() && options.disclose_me.is_none() {
            options.disclose_me = self.config.disclose_me;
        }
        let Some(request) = self.begin(ticket, {
            let streaming = (options.progress == Some(true)).then(|| procedure.clone());
            Request::Call { streaming, killed: false }
        }) else {
            return 0;
        };
        self.transmits.push_back(Call { request, options, procedure, payload }.into());
        request
    }

    /// Sends more arguments of a call that is open for them. Nothing happens if it is settled, or
    /// if its last arguments have been sent. Only `progress` counts in the options of such a CALL
    /// (spec: "Progressive call invocations").
    pub fn call_more(&mut self, request: u64, payload: Payload, last: bool) {
        if !self.is_established() {
            return;
        }
        let Some(Pending { request: Request::Call { streaming, killed: false }, .. }) =
            self.pending.get_mut(request)
        else {
            return;
        };
        let Some(procedure) = streaming.clone() else { return };
        if last {
            *streaming = None;
        }
        // Also on the last, so that it can be told from a call of its own.
        let mut options = CallOptions::default();
        options.progress = Some(!last);
        self.transmits.push_back(Call { request, options, procedure, payload }.into());
    }

    /// Cancels a call. The router is told if it announced call canceling. With
    /// [`CancelMode::Kill`] the reply is what the callee says last; otherwise, and if the router
    /// cannot be told, it is `wamp.error.canceled` at once: there are routers that never answer
    /// (Crossbar does not for "skip").
    pub fn cancel(&mut self, request: u64, mode: CancelMode) {
        let Some(Pending { request: Request::Call { killed, .. }, ticket, .. }) =
            self.pending.get_mut(request)
        else {
            return;
        };
        let (ticket, killed_before) = (*ticket, std::mem::replace(killed, true));
        let told = !killed_before && self.send_cancel(request, mode);
        if mode == CancelMode::Kill && (told || killed_before) {
            return;
        }
        self.pending.remove(request);
        let error = ApplicationError::new(uris::CANCELED).arg("the call was cancelled");
        self.reply(ticket, Err(Failure::Unsendable(error)));
    }

    /// Publishes an event. There is an [`Event::Reply`](super::Event::Reply) only if `options.acknowledge` is true.
    pub fn publish(
        &mut self,
        ticket: Ticket,
        topic: Uri,
        mut options: PublishOptions,
        payload: Payload,
    ) -> u64 {
        if self.config.disclose_me.is_some() && options.disclose_me.is_none() {
            options.disclose_me = self.config.disclose_me;
        }
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
        if !self.interest.unregistering(registration) {
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
        if !self.is_established() || !self.end_invocation(invocation) {
            return;
        }
        self.transmits.push_back(match result {
            Ok(payload) => {
                Yield { request: invocation, options: YieldOptions::default(), payload }.into()
            }
            // What is no URI would be a violation; the error is told all the same.
            Err(error) if !error.uri.check(UriRule::Loose, Match::Exact) => {
                let text = format!("the procedure failed with {error:?}, which is not a valid URI");
                invocation_error(invocation, ApplicationError::runtime(text)).into()
            }
            Err(error) => invocation_error(invocation, error).into(),
        });
    }

    /// Sends a result that is not the last. False, and nothing is sent, if the invocation is not
    /// running any more or its caller takes no progress.
    pub fn progress(&mut self, invocation: u64, payload: Payload) -> bool {
        let wanted = self.is_established()
            && self.invocations.get(&invocation).is_some_and(|running| running.progress);
        if wanted {
            let mut options = YieldOptions::default();
            options.progress = Some(true);
            self.transmits.push_back(Yield { request: invocation, options, payload }.into());
        }
        wanted
    }

    /// Nobody waits for a request any more. Of a call the router is told by CANCEL of the given
    /// mode, if it announced that; without the feature its late answer is thrown away. What a late
    /// SUBSCRIBED or REGISTERED brings is undone.
    pub fn abandon(&mut self, request: u64, mode: CancelMode) {
        match self.pending.get_mut(request) {
            Some(Pending { request: Request::Call { killed, .. }, .. }) => {
                let killed = *killed;
                self.pending.remove(request);
                if !killed {
                    self.send_cancel(request, mode);
                }
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
            State::Joining(_) => {
                self.send_abort(&reason, message.clone().unwrap_or_default());
                self.close(CloseReason::new(CloseKind::Left, reason, message));
            }
            State::Leaving { .. } | State::Closed(_) => {}
        }
    }
}
