//! Contains [`Notices`]: what others have to tell the task of a connection.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::core::router::{CloseCause, Denied, Principal};
use crate::lock::Lock;

/// News for the task of one connection, and where its session is.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// True if there is news.
    any: AtomicBool,
    state: Lock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The realm of the session.
    realm: Option<usize>,
    dismissed: bool,
    /// Rarely used.
    news: Option<Box<News>>,
}

/// What has happened to a connection since its task has last looked.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The session has ended; with a cause if GOODBYE was sent.
    pub(super) ended: Option<Option<CloseCause>>,
    /// The authenticator's answer.
    pub(super) answer: Option<Result<Principal, Denied>>,
    /// True if the router, or the connection's listener, shuts down.
    pub(super) dismissed: bool,
    /// True if the connection was closed.
    pub(super) closed: bool,
}

impl Notices {
    /// Notes that a session enters a realm. Returns false if the connection was dismissed.
    pub(super) fn enter(&self, realm: usize) -> bool {
        let mut state = self.state.lock();
        if !state.dismissed {
            state.realm = Some(realm);
        }
        !state.dismissed
    }

    /// Dismisses the connection. Returns the realm of its session.
    pub(super) fn dismiss(&self) -> Option<usize> {
        let mut state = self.state.lock();
        state.dismissed = true;
        self.any.store(true, Ordering::Release);
        state.realm
    }

    /// Notes that the session has ended.
    pub(super) fn end_session(&self, cause: Option<CloseCause>) {
        self.note(|state, news| {
            state.realm = None;
            news.ended = Some(cause);
        });
    }

    pub(super) fn answer(&self, answer: Result<Principal, Denied>) {
        self.note(|_, news| news.answer = Some(answer));
    }

    pub(super) fn closed(&self) {
        self.note(|state, news| {
            state.realm = None;
            news.closed = true;
        });
    }

    /// Returns whether there is news.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Takes the news.
    pub(super) fn take(&self) -> Option<News> {
        if !self.any() {
            return None;
        }
        let mut state = self.state.lock();
        self.any.store(false, Ordering::Release);
        let mut news = state.news.take().map(|news| *news).unwrap_or_default();
        news.dismissed = state.dismissed;
        Some(news)
    }

    fn note(&self, change: impl FnOnce(&mut State, &mut News)) {
        let mut state = self.state.lock();
        let mut news = state.news.take().unwrap_or_default();
        change(&mut state, &mut news);
        state.news = Some(news);
        self.any.store(true, Ordering::Release);
    }
}
