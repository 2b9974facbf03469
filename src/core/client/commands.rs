//! Commands of the user of a session.

use std::time::Duration;

use super::pending::{Pending, Request};
use super::{Answer, Client, Failure, RequestTicket, State, invocation_error};
use crate::error::{ApplicationError, CloseKind, CloseReason};
use crate::message::{
    Call, CallOptions, CancelMode, ClosingDetails, Goodbye, Payload, Publish, PublishOptions,
    Register, RegisterOptions, Subscribe, SubscribeOptions, Unregister, Unsubscribe, Yield,
    YieldOptions,
};
use crate::uri::{Match, Uri, UriRule};

impl Client {
    /// Calls a procedure. A caller that stops waiting [abandons](Self::abandon) the call.
    ///
    /// With `options.progress`, more arguments follow by [`call_more`](Self::call_more). With
    /// `options.receive_progress`, any number of [`ClientEvent::Progress`] may come before the reply.
    ///
    /// [`ClientEvent::Progress`]: super::ClientEvent::Progress
    pub fn call(
        &mut self,
        ticket: RequestTicket,
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

    /// Sends more arguments of a call that is open for them. Does nothing if the call is settled,
    /// or if its last arguments have been sent. Only `progress` counts in the options of such a
    /// CALL (spec: "Progressive call invocations").
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
        // Also on the last, so that it can be told from a new call.
        let mut options = CallOptions::default();
        options.progress = Some(!last);
        self.transmits.push_back(Call { request, options, procedure, payload }.into());
    }

    /// Cancels a call. CANCEL is sent if the router announced call canceling. With
    /// [`CancelMode::Kill`] the reply is the callee's last answer. Otherwise, or without CANCEL, it
    /// is `wamp.error.canceled` at once: some routers never answer (Crossbar does not for "skip").
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
        let error = ApplicationError::new(Uri::CANCELED).arg("the call was cancelled");
        self.reply(ticket, Err(Failure::Unsendable(error)));
    }

    /// Publishes an event. An [`ClientEvent::Reply`](super::ClientEvent::Reply) comes only if
    /// `options.acknowledge` is true.
    pub fn publish(
        &mut self,
        ticket: RequestTicket,
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
    /// before the next message is handled.
    pub fn subscribe(
        &mut self,
        ticket: RequestTicket,
        topic: Uri,
        options: SubscribeOptions,
    ) -> u64 {
        let pattern = options.r#match.unwrap_or_default();
        let retained = options.get_retained == Some(true);
        let kind = Request::Subscribe { topic: topic.clone(), pattern, retained };
        let Some(request) = self.begin(ticket, kind) else { return 0 };
        self.interest.subscribing(&topic, pattern);
        self.transmits.push_back(Subscribe { request, options, topic }.into());
        request
    }

    /// Removes a listener from a subscription; removing the last one unsubscribes at the router.
    pub fn unsubscribe(
        &mut self,
        ticket: RequestTicket,
        subscription: u64,
        listener: RequestTicket,
    ) -> u64 {
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
    pub fn register(
        &mut self,
        ticket: RequestTicket,
        procedure: Uri,
        options: RegisterOptions,
    ) -> u64 {
        let Some(request) = self.begin(ticket, Request::Register) else { return 0 };
        self.transmits.push_back(Register { request, options, procedure }.into());
        request
    }

    /// Unregisters a procedure. Invocations that come before the answer are still passed on.
    pub fn unregister(&mut self, ticket: RequestTicket, registration: u64) -> u64 {
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

    /// Answers an invocation. Does nothing if it is not running.
    pub fn answer(&mut self, invocation: u64, result: Result<Payload, ApplicationError>) {
        if !self.is_established() || !self.end_invocation(invocation) {
            return;
        }
        self.transmits.push_back(match result {
            Ok(payload) => {
                Yield { request: invocation, options: YieldOptions::default(), payload }.into()
            }
            // An invalid URI would be a protocol violation; the caller still learns of the error.
            Err(error) if !error.uri.check(UriRule::Loose, Match::Exact) => {
                let text = format!(
                    "the procedure failed with {:?}, which is not a valid URI",
                    &*error.uri
                );
                invocation_error(invocation, ApplicationError::runtime(text)).into()
            }
            Err(error) => invocation_error(invocation, error).into(),
        });
    }

    /// Sends a progressive result. Returns false and sends nothing if the invocation is not
    /// running, or if its caller accepts no progressive results.
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

    /// Gives up a request. A call is cancelled in the given mode if the router announced call
    /// canceling; otherwise its late answer is dropped. The effect of a late SUBSCRIBED or
    /// REGISTERED is undone.
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

    /// Leaves the realm: sends GOODBYE. [`ClientEvent::Closed`](super::ClientEvent::Closed) follows when it is
    /// answered.
    pub fn leave(&mut self, now: Duration, reason: Uri, message: Option<String>) {
        match self.state {
            State::Established => {
                let mut details = ClosingDetails::default();
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
