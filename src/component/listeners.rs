//! Listeners: functions that are called at each station of a component's way.

use std::future::{Future, ready};
use std::sync::Arc;

use crate::component::Component;
use crate::component::callback::{Callback, Outcome, handler, provider};
use crate::component::error::{AttemptError, BoxError};
use crate::component::interest::Declared;
use crate::component::retry_notice::{RetryDecision, RetryNotice};
use crate::error::CloseReason;
use crate::rt::{MaybeSend, MaybeSync};
use crate::session::Session;
use crate::transport::TransportInfo;

/// Names a listener, or a declared registration or subscription, to take it
/// [off](Component::off) again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// All listeners of a component, and what it registers and subscribes to, in order.
#[derive(Default)]
pub(super) struct Listeners {
    last: u64,
    entries: Vec<(ListenerId, Listener)>,
}

#[derive(Clone)]
pub(super) enum Listener {
    Start(Callback<(), ()>),
    Connect(Callback<TransportInfo, ()>),
    Join(Callback<Session, ()>),
    Ready(Callback<Session, ()>),
    Leave(Callback<Arc<CloseReason>, ()>),
    Disconnect(Callback<bool, ()>),
    ConnectFailure(Callback<AttemptError, ()>),
    Retry(Callback<RetryNotice, RetryDecision>),
    Declared(Declared),
}

impl Listeners {
    pub(super) fn add(&mut self, listener: Listener) -> ListenerId {
        self.last += 1;
        let id = ListenerId(self.last);
        self.entries.push((id, listener));
        id
    }

    fn remove(&mut self, id: ListenerId) -> Option<Listener> {
        let place = self.entries.iter().position(|(found, _)| *found == id)?;
        Some(self.entries.remove(place).1)
    }

    /// Those of one kind, in the order in which they were added.
    pub(super) fn of<T>(&self, kind: impl FnMut(&Listener) -> Option<T>) -> Vec<T> {
        self.entries.iter().map(|(_, listener)| listener).filter_map(kind).collect()
    }
}

macro_rules! listeners {
    ($($(#[$doc:meta])* $name:ident: $kind:ident($argument:ty);)*) => {$(
        $(#[$doc])*
        pub fn $name<F, Fut>(&self, listener: F) -> ListenerId
        where
            F: Fn($argument) -> Fut + MaybeSend + MaybeSync + 'static,
            Fut: Future + MaybeSend + 'static,
            Fut::Output: Outcome + 'static,
        {
            self.listeners().add(Listener::$kind(handler(listener)))
        }
    )*};
}

/// # Listeners
///
/// Async functions. Those of one station run at the same time, and the component goes on when all
/// are done; `on_ready` runs beside `main`. What they register or subscribe to belongs to the one
/// session.
///
/// An error or a panic of a listener is told as a [`UserError`](crate::session::UserError) whose
/// URI is the listener's name, as `on_join`, and logged; in a
/// [strict](super::ComponentBuilder::strict) component one of `on_join` fails the attempt.
///
/// None holds a component up for ever. Listeners of `on_connect` may take as long as joining
/// ([`join_timeout`](crate::core::client::ClientConfig::join_timeout), 10 s); then the attempt has
/// failed. When the session ends or the component is stopped, they and those of `on_join` and
/// `on_ready` are dropped where they wait. Listeners of `on_leave`, `on_disconnect` and
/// `on_connect_failure` have 3 s; then they are dropped, and that is told. Those of `on_start` have
/// their time, but 3 s only once the component is stopped. To await [`stop`](Component::stop) in one
/// is to wait for that.
impl Component {
    /// Each [`start`](Component::start) that begins a run.
    pub fn on_start<F, Fut>(&self, listener: F) -> ListenerId
    where
        F: Fn() -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future + MaybeSend + 'static,
        Fut::Output: Outcome + 'static,
    {
        self.listeners().add(Listener::Start(handler(move |()| listener())))
    }

    listeners! {
        /// There is a connection; HELLO comes next.
        on_connect: Connect(TransportInfo);
        /// A session is joined; what the component [registers](Component::register) and
        /// [subscribes to](Component::subscribe) stands.
        on_join: Join(Session);
        /// A session is joined, and all join listeners are done.
        on_ready: Ready(Session);
        /// A session is over, or the router did not let us in.
        on_leave: Leave(Arc<CloseReason>);
        /// The connection is gone. The argument tells whether it was closed in order; otherwise it
        /// broke.
        on_disconnect: Disconnect(bool);
        /// An attempt failed: there was no connection, the realm could not be joined, `main` failed,
        /// or a session was lost.
        on_connect_failure: ConnectFailure(AttemptError);
    }

    /// Each time after an attempt failed: what comes next, and whether it may. The first
    /// [`RetryDecision::Stop`] counts, or else the last [`RetryDecision::After`].
    ///
    /// ```
    /// # fn example(component: wampwerk::Component) {
    /// use wampwerk::component::RetryDecision;
    ///
    /// component.on_retry(|notice| {
    ///     println!("{}: the next attempt is in {:?}", notice.error, notice.delay);
    ///     if notice.failures < 10 { RetryDecision::Retry } else { RetryDecision::Stop }
    /// });
    /// # }
    /// ```
    pub fn on_retry(
        &self,
        decide: impl Fn(&RetryNotice) -> RetryDecision + MaybeSend + MaybeSync + 'static,
    ) -> ListenerId {
        let decide = move |notice: RetryNotice| ready(Ok::<_, BoxError>(decide(&notice)));
        self.listeners().add(Listener::Retry(provider(decide)))
    }

    /// As [`on_retry`](Component::on_retry), for a decision that takes its time, as that of a person:
    /// the delay begins when it is made. An error is told, and counts as [`RetryDecision::Retry`].
    pub fn on_retry_async<F, Fut, E>(&self, decide: F) -> ListenerId
    where
        F: Fn(RetryNotice) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<RetryDecision, E>> + MaybeSend + 'static,
        E: Into<BoxError> + 'static,
    {
        self.listeners().add(Listener::Retry(provider(decide)))
    }

    /// Takes a listener, registration or subscription off; one that is at work is finished, and what
    /// stands in the session of the moment stays. False if there is none with this id (any more).
    pub fn off(&self, id: ListenerId) -> bool {
        // Dropped without the lock: it may hold a handle of this component.
        let removed = self.listeners().remove(id);
        removed.is_some()
    }

    pub(super) fn declare(&self, declared: Declared) -> ListenerId {
        self.listeners().add(Listener::Declared(declared))
    }
}
