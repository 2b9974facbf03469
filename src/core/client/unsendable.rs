//! Messages that cannot be sent: the format cannot express them, or they are too long.

use super::pending::{Pending, Request};
use super::{Client, ClientEvent, Failure, State, invocation_error};
use crate::error::{ApplicationError, CloseKind, CloseReason};
use crate::message::{CancelMode, Message, RequestType};
use crate::uri::Uri;
use crate::value::Value;

impl Client {
    /// Handles the failure to send the message that [`poll_transmit`](Self::poll_transmit) returned
    /// last: the format cannot express it, or it is too long. Its request fails, and ids stay in
    /// sequence on the wire.
    ///
    /// A replacement is sent first: GOODBYE may be queued, and nothing may follow GOODBYE. HELLO
    /// has no replacement, as the router knows of no session: ours ends with the URI and the text
    /// of the error.
    pub fn handle_unsendable(&mut self, message: &Message, error: ApplicationError) {
        if matches!(self.state, State::Closed(_)) {
            // Only the closing messages matter now, and they are complete without earlier ones.
            let is_last =
                |queued: &Message| matches!(queued, Message::Goodbye(_) | Message::Abort(_));
            return self.transmits.retain(is_last);
        }
        match message {
            Message::Hello(_) => self.hello_unsendable(error),
            Message::Call(call) if call.options.progress.is_some() && self.follow_up => {
                self.follow_up_unsendable(call.request, error);
            }
            Message::Call(call) => self.request_unsendable(call.request, error),
            Message::Publish(publish) => self.request_unsendable(publish.request, error),
            Message::Subscribe(subscribe) => self.request_unsendable(subscribe.request, error),
            Message::Register(register) => self.request_unsendable(register.request, error),
            Message::Yield(answer) => self.result_unsendable(answer.request, error),
            // An error whose values cannot be sent goes without them; an error whose URI cannot be
            // sent goes under a plain one.
            Message::Error(answer)
                if !answer.payload.is_empty() || answer.error != Uri::RUNTIME_ERROR =>
            {
                let no_values = answer.payload.is_empty();
                let uri = if no_values { Uri::RUNTIME_ERROR } else { &*answer.error };
                let error = ApplicationError::new(uri);
                self.transmits.push_front(invocation_error(answer.request, error).into());
            }
            _ => self.abort(Uri::INVALID_PAYLOAD, error.to_string()),
        }
    }

    /// The router never learns of the session.
    fn hello_unsendable(&mut self, error: ApplicationError) {
        let message = match error.args.as_slice() {
            [Value::String(text)] => text.to_string(),
            _ => error.to_string(),
        };
        self.close(CloseReason::new(CloseKind::Left, error.uri, Some(message)));
    }

    /// The router never sees the request.
    fn request_unsendable(&mut self, request: u64, error: ApplicationError) {
        // Also the messages that followed it: more arguments, or CANCEL.
        self.transmits.retain(|queued| !follows(queued, request));
        self.streamed = self.streamed.min(request.saturating_sub(1));
        if request == self.ids.last() {
            self.ids.take_back(request);
        } else {
            // Later requests already have their ids, so a harmless one takes its place. The
            // router's answer to it is ignored.
            let harmless = self.harmless(request);
            self.transmits.push_front(harmless);
        }
        let Some(pending) = self.pending.remove(request) else { return };
        if let Request::Subscribe { topic, pattern, .. } = &pending.request {
            self.interest.subscribe_settled(topic, *pattern);
            self.end_idle_subscriptions(topic, *pattern);
        }
        if !pending.abandoned {
            self.reply(pending.ticket, Err(Failure::Unsendable(error)));
        }
    }

    /// Ends a call whose first arguments the router has, while it waits for more.
    fn follow_up_unsendable(&mut self, request: u64, error: ApplicationError) {
        let is_more = |queued: &Message| matches!(queued, Message::Call(c) if c.request == request);
        self.transmits.retain(|queued| !is_more(queued));
        let Some(Pending { request: Request::Call { killed, .. }, ticket, .. }) =
            self.pending.remove(request)
        else {
            // It has been settled in the meantime.
            return;
        };
        if !killed {
            self.send_cancel(request, CancelMode::KillNoWait);
        }
        self.reply(ticket, Err(Failure::Unsendable(error)));
    }

    /// A progressive result that cannot be sent ends the invocation, too: its caller would miss it.
    fn result_unsendable(&mut self, invocation: u64, error: ApplicationError) {
        if self.end_invocation(invocation) {
            self.events.push_back(ClientEvent::Interrupted { invocation, mode: None });
        }
        self.transmits.retain(|queued| !answers(queued, invocation));
        self.transmits.push_front(invocation_error(invocation, error).into());
    }
}

fn follows(message: &Message, call: u64) -> bool {
    match message {
        Message::Call(more) => more.request == call,
        Message::Cancel(cancel) => cancel.request == call,
        _ => false,
    }
}

fn answers(message: &Message, invocation: u64) -> bool {
    match message {
        Message::Yield(answer) => answer.request == invocation,
        Message::Error(answer) => {
            answer.request == invocation && answer.request_type == RequestType::Invocation
        }
        _ => false,
    }
}
