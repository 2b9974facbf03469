//! Contains subscriptions: events go to JavaScript as long as it takes them.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use wampwerk::error::{Lagged, SubscribeError};
use wampwerk::hosted::spawn;
use wampwerk::message::{Serializer, SubscribeOptions};
use wampwerk::session::{Ending, IncomingEvent, Subscription};

use crate::command::Fields;
use crate::face::{self, Entry};
use crate::json;
use crate::record::{Kind, push};
use crate::report::{self, Report};
use crate::session::{done, performed, read_options, session_or_fail};

/// Number of events that JavaScript takes before the first has been handled, as in `module/subscription.js`.
const CREDIT: u32 = 64;

/// The origin of events.
pub(crate) struct Source {
    handle: u32,
    topic: String,
    /// `None` before it is confirmed, and after the end. Borrowed during a poll only.
    subscription: RefCell<Option<Subscription>>,
    /// Number of events that JavaScript takes.
    credit: Cell<u32>,
    waker: Cell<Option<Waker>>,
}

impl Source {
    pub(crate) fn new(handle: u32, topic: &str) -> Rc<Self> {
        Rc::new(Source {
            handle,
            topic: topic.to_owned(),
            subscription: RefCell::new(None),
            credit: Cell::new(CREDIT),
            waker: Cell::new(None),
        })
    }

    /// Passes an event on, and takes its credit.
    pub(crate) fn deliver(&self, event: &IncomingEvent) {
        // An empty payload has no format, and the handler of a component does not know its session's.
        let serializer = event.payload.serializer().unwrap_or(Serializer::Json);
        let details = json::details(serializer, event.details.to_dict());
        let topic = if *event.topic == *self.topic { "" } else { &*event.topic };
        push(Kind::Event, self.handle, |record| {
            record.f64(event.publication as f64);
            record.text(topic);
            record.u8(u8::from(serializer == Serializer::Json));
            record.payload(&details);
            record.payload(&event.payload);
        });
        self.credit.set(self.credit.get().saturating_sub(1));
    }

    /// Reports the number of events that were dropped.
    pub(crate) fn tell_lagged(&self, missed: u64) {
        push(Kind::Lagged, self.handle, |record| record.f64(missed as f64));
    }

    /// Waits until JavaScript takes an event.
    pub(crate) fn poll_credit(&self, cx: &Context<'_>) -> Poll<()> {
        if self.credit.get() > 0 {
            return Poll::Ready(());
        }
        self.waker.set(Some(cx.waker().clone()));
        Poll::Pending
    }

    fn grant(&self, events: u32) {
        self.credit.set(self.credit.get().saturating_add(events));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn poll_item(&self, cx: &mut Context<'_>) -> Poll<Option<Result<IncomingEvent, Lagged>>> {
        let mut subscription = self.subscription.borrow_mut();
        let Some(subscription) = subscription.as_mut() else { return Poll::Ready(None) };
        if self.poll_credit(cx).is_pending() {
            return Poll::Pending;
        }
        Pin::new(subscription).poll_next(cx)
    }

    /// Takes the subscription, and wakes what waits for its events.
    fn take(&self) -> Option<Subscription> {
        let subscription = self.subscription.take();
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        subscription
    }
}

/// Subscribes to a topic.
pub(crate) fn subscribe(handle: u32, fields: &mut Fields<'_>) -> Option<()> {
    let (ticket, queue) = (fields.u32()?, fields.u32()?);
    let (topic, options) = (fields.text()?, fields.bytes()?);
    let Some(session) = session_or_fail(handle, ticket) else { return Some(()) };
    let serializer = session.serializer();
    let source = Source::new(ticket, topic);
    let request = read_options(options, SubscribeOptions::from_dict).map(|options| {
        let request = session.subscribe(topic).options(options);
        if queue == 0 { request } else { request.queue(queue as usize) }
    });
    spawn(async move {
        let subscription = match performed(request).await {
            Ok(subscription) => subscription,
            Err(report) => return report.fail(ticket, serializer),
        };
        push(Kind::Established, ticket, |record| record.f64(subscription.id() as f64));
        let ended = subscription.ended();
        source.subscription.replace(Some(subscription));
        face::insert(ticket, Entry::Subscription(Rc::clone(&source)));
        let ending = Rc::clone(&source);
        spawn(async move {
            tell_ending(ticket, &ended.await);
            // What is left is bounded; its consumer may never come.
            ending.grant(u32::MAX);
        });
        while let Some(item) = poll_fn(|cx| source.poll_item(cx)).await {
            match item {
                Ok(event) => source.deliver(&event),
                Err(lagged) => source.tell_lagged(lagged.missed),
            }
        }
        push(Kind::Over, ticket, |_| {});
        drop(face::remove(ticket));
    });
    Some(())
}

/// Takes further events.
pub(crate) fn credit(handle: u32, events: u32) {
    if let Some(source) = source(handle) {
        source.grant(events);
    }
}

/// Unsubscribes. The request is done when the subscription has ended, also by the end of the session.
pub(crate) fn unsubscribe(handle: u32, ticket: u32) {
    let subscription = source(handle).and_then(|source| source.take());
    spawn(async move {
        match subscription {
            Some(subscription) => match subscription.unsubscribe().await {
                Ok(()) | Err(SubscribeError::Closed { .. }) => done(ticket, f64::NAN),
                Err(error) => Report::from(error).fail(ticket, Serializer::Json),
            },
            None => done(ticket, f64::NAN),
        }
    });
}

fn source(handle: u32) -> Option<Rc<Source>> {
    face::get(handle, |entry| match entry {
        Entry::Subscription(source) | Entry::Declared(_, _, Some(source)) => {
            Some(Rc::clone(source))
        }
        _ => None,
    })
}

/// Reports the end of a subscription or registration.
pub(crate) fn tell_ending(handle: u32, ending: &Ending) {
    let (kind, reason, message) = match ending {
        Ending::Withdrawn => ("withdrawn", "", None),
        Ending::Revoked(reason) => ("revoked", reason.as_str(), None),
        Ending::Closed(reason) => ("closed", reason.reason.as_str(), reason.message.as_deref()),
        _ => ("withdrawn", "", None),
    };
    let ending = json::write(report::ending(kind, reason, message));
    push(Kind::Ended, handle, |record| record.payload(&ending));
}
