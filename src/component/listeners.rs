//! Contains the listeners of a component, which are called at each stage of its life cycle.

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
use crate::uri::Uri;

/// Id of a listener, or of a declared registration or subscription, for removing it with
/// [`off`](Component::off).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// All listeners, registrations and subscriptions of a component, in order.
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
    Established(Callback<Uri, ()>),
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

    /// Adds declarations under one id.
    fn declare(&mut self, all: impl IntoIterator<Item = Declared>) -> ListenerId {
        self.last += 1;
        let id = ListenerId(self.last);
        for mut declared in all {
            self.last += 1;
            declared.serial = self.last;
            self.entries.push((id, Listener::Declared(declared)));
        }
        id
    }

    fn remove(&mut self, id: ListenerId) -> Vec<(ListenerId, Listener)> {
        self.entries.extract_if(.., |(found, _)| *found == id).collect()
    }

    /// Returns the listeners of one kind, in the order in which they were added.
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
/// Listeners are async functions. All listeners of one stage run concurrently, and the component
/// continues when all have completed; `on_ready` runs beside `main`. Registrations and
/// subscriptions that a listener makes belong to that session only.
///
/// An error or a panic of a listener is reported as a [`UserError`](crate::session::UserError),
/// whose URI is the listener's name, such as `on_join`, and logged. In a
/// [strict](super::ComponentBuilder::strict) component an error of `on_join` fails the attempt.
///
/// All listeners have time limits:
///
/// - `on_connect`: the time limit for joining
///   ([`join_timeout`](crate::session::SessionConfig::join_timeout), 10 s); then the attempt
///   fails
/// - `on_connect`, `on_join` and `on_ready` are dropped when the session ends or the component is
///   stopped
/// - `on_leave`, `on_disconnect` and `on_connect_failure`: 3 s; then they are dropped, and this is
///   reported
/// - `on_start`: no limit, but 3 s after the component is stopped
///
/// A listener that awaits [`stop`](Component::stop) waits until its own time limit.
impl Component {
    /// Adds a listener for each [`start`](Component::start) that begins a run.
    pub fn on_start<F, Fut>(&self, listener: F) -> ListenerId
    where
        F: Fn() -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future + MaybeSend + 'static,
        Fut::Output: Outcome + 'static,
    {
        self.listeners().add(Listener::Start(handler(move |()| listener())))
    }

    listeners! {
        /// Adds a listener for an open connection, before HELLO is sent.
        on_connect: Connect(TransportInfo);
        /// Adds a listener for a joined session. What the component
        /// [registers](Component::register) and [subscribes to](Component::subscribe) is active.
        on_join: Join(Session);
        /// Adds a listener for a joined session whose join listeners have all completed.
        on_ready: Ready(Session);
        /// Adds a listener for a [registration](Component::register) or [subscription](Component::subscribe) that is
        /// active only now: it had failed in this session, or was declared while there was a session. The argument
        /// is the procedure or topic.
        on_established: Established(Uri);
        /// Adds a listener for the end of a session, or for a refusal by the router.
        on_leave: Leave(Arc<CloseReason>);
        /// Adds a listener for the end of the connection. The argument is true if it was closed in
        /// order, and false if it broke.
        on_disconnect: Disconnect(bool);
        /// Adds a listener for a failed attempt: there was no connection, the realm was not joined,
        /// `main` failed, or a session was lost.
        #[doc(alias("on_connectfailure", "connectfailure"))]
        on_connect_failure: ConnectFailure(AttemptError);
    }

    /// Adds a listener that is called after each failed attempt and decides about the next one. The
    /// first [`RetryDecision::Stop`] counts, otherwise the last [`RetryDecision::After`].
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
    #[doc(alias = "onclose")]
    pub fn on_retry(
        &self,
        decide: impl Fn(&RetryNotice) -> RetryDecision + MaybeSend + MaybeSync + 'static,
    ) -> ListenerId {
        let decide = move |notice: RetryNotice| ready(Ok::<_, BoxError>(decide(&notice)));
        self.listeners().add(Listener::Retry(provider(decide)))
    }

    /// Adds an async listener as [`on_retry`](Component::on_retry), for a decision that takes time,
    /// such as asking a person. The delay begins after the decision. An error is reported and
    /// counts as [`RetryDecision::Retry`].
    pub fn on_retry_async<F, Fut, E>(&self, decide: F) -> ListenerId
    where
        F: Fn(RetryNotice) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<RetryDecision, E>> + MaybeSend + 'static,
        E: Into<BoxError> + 'static,
    {
        self.listeners().add(Listener::Retry(provider(decide)))
    }

    /// Removes a listener, registration or subscription. Running listeners complete, and
    /// registrations of the current session stay. Returns false if the id is unknown or already
    /// removed.
    pub fn off(&self, id: ListenerId) -> bool {
        // Dropped outside the lock: it may hold a handle of this component.
        let removed = self.listeners().remove(id);
        !removed.is_empty()
    }

    pub(super) fn declare(&self, all: impl IntoIterator<Item = Declared>) -> ListenerId {
        let id = self.listeners().declare(all);
        self.owner.shared.declarations.send_modify(|count| *count = count.wrapping_add(1));
        id
    }
}
