//! Contains a subscription for the JavaScript half. Events are fetched, so that no function of the
//! page is held here.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;
use js_sys::{Array, Object, Promise};
use wasm_bindgen::prelude::*;

use crate::error::Report;
use crate::registration::ending_to_js;
use crate::session::{promise, values_to_js};
use crate::value::{details_to_js, set};
use wampwerk::error::{DecodeError, Lagged, SubscribeError};
use wampwerk::session::{Event, Subscription};

/// Maximum number of events per fetch.
const BATCH: usize = 64;

/// A subscription.
#[wasm_bindgen]
pub struct RawSubscription {
    id: f64,
    source: Rc<Source>,
}

struct Source {
    /// `None` after the end. Borrowed during a poll only: the page may end it while it waits for an
    /// event.
    subscription: RefCell<Option<Subscription>>,
    /// Number of events lost since the last one that was returned.
    missed: Cell<u64>,
}

/// An event, and the number of events lost before it.
type Counted = (Event, u64);

impl RawSubscription {
    pub(crate) fn new(subscription: Subscription) -> Self {
        RawSubscription {
            id: subscription.id() as f64,
            source: Rc::new(Source {
                subscription: RefCell::new(Some(subscription)),
                missed: Cell::new(0),
            }),
        }
    }
}

#[wasm_bindgen]
impl RawSubscription {
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> f64 {
        self.id
    }

    #[wasm_bindgen(getter, js_name = isActive)]
    pub fn is_active(&self) -> bool {
        self.source.subscription.borrow().as_ref().is_some_and(Subscription::is_active)
    }

    /// Resolves to its ending; null if called after `unsubscribe()`.
    pub fn ended(&self) -> Promise {
        let ended = self.source.subscription.borrow().as_ref().map(Subscription::ended);
        promise(async move {
            Ok(match ended {
                Some(ended) => ending_to_js(&ended.await),
                None => JsValue::NULL,
            })
        })
    }

    /// Waits for the first event and resolves to a list of the available events, or to null after
    /// the end. An event is `{args, kwargs, details}`, or `{error}` if it cannot be read.
    pub fn next(&self) -> Promise {
        let source = Rc::clone(&self.source);
        promise(async move {
            let batch = poll_fn(|cx| source.poll_batch(cx)).await;
            Ok(batch.map_or(JsValue::NULL, |batch| {
                batch.iter().map(|counted| source.event_to_js(counted)).collect::<Array>().into()
            }))
        })
    }

    /// Resolves when it has ended, also by the end of the session.
    pub fn unsubscribe(&self) -> Promise {
        let subscription = self.source.subscription.take();
        promise(async move {
            match subscription {
                Some(subscription) => match subscription.unsubscribe().await {
                    Ok(()) | Err(SubscribeError::Closed { .. }) => Ok(JsValue::UNDEFINED),
                    Err(error) => Err(error.into()),
                },
                None => Ok(JsValue::UNDEFINED),
            }
        })
    }
}

impl Source {
    fn poll_batch(&self, cx: &mut Context<'_>) -> Poll<Option<Vec<Counted>>> {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            match self.poll_item(cx) {
                Poll::Ready(Some(Ok(event))) => batch.push((event, self.missed.take())),
                Poll::Ready(Some(Err(lagged))) => {
                    self.missed.set(self.missed.get() + lagged.missed);
                }
                Poll::Pending if batch.is_empty() => return Poll::Pending,
                Poll::Ready(None) if batch.is_empty() => return Poll::Ready(None),
                Poll::Pending | Poll::Ready(None) => break,
            }
        }
        Poll::Ready(Some(batch))
    }

    fn poll_item(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Lagged>>> {
        match self.subscription.borrow_mut().as_mut() {
            Some(subscription) => Pin::new(subscription).poll_next(cx),
            None => Poll::Ready(None),
        }
    }

    fn event_to_js(&self, (event, missed): &Counted) -> JsValue {
        match event_to_js(event, *missed) {
            Ok(object) => object.into(),
            Err(error) => {
                let object = Object::new();
                set(&object, "error", &Report::from(error).into());
                object.into()
            }
        }
    }
}

/// Returns `{args, kwargs, details}`.
pub(crate) fn event_to_js(event: &Event, missed: u64) -> Result<Object, DecodeError> {
    let (args, kwargs) = event.payload.to_values()?;
    let mut details = event.details.to_dict();
    details.insert("publication", event.publication);
    details.insert("topic", event.topic.as_str());
    if missed > 0 {
        details.insert("missed", missed);
    }
    let object = values_to_js(&args, &kwargs);
    set(&object, "details", &details_to_js(details));
    Ok(object)
}
