//! Notes of what happens during a test, in order.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use wampwerk::component::ComponentBuilder;
use wampwerk::session::UserError;

/// Clones add to the same notes. Those of bytes are a log, to be written by a subscriber.
pub(crate) struct Notes<T>(Arc<Mutex<Vec<T>>>);

impl<T> Notes<T> {
    pub(crate) fn new() -> Self {
        Notes(Arc::default())
    }

    pub(crate) fn note(&self, what: T) {
        self.0.lock().unwrap().push(what);
    }

    pub(crate) fn extend(&self, more: impl IntoIterator<Item = T>) {
        self.0.lock().unwrap().extend(more);
    }

    /// All notes until now, which are forgotten then.
    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl<T: Clone> Notes<T> {
    /// All notes until now.
    pub(crate) fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }
}

impl Notes<u8> {
    /// What is logged until now.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.all()).unwrap()
    }
}

impl io::Write for Notes<u8> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T> Clone for Notes<T> {
    fn clone(&self) -> Self {
        Notes(Arc::clone(&self.0))
    }
}

impl<T> Default for Notes<T> {
    fn default() -> Self {
        Notes::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Notes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.lock().unwrap().fmt(f)
    }
}

/// Notes the errors of the user's functions.
pub(crate) fn user_errors(builder: ComponentBuilder) -> (ComponentBuilder, Notes<UserError>) {
    let errors = Notes::new();
    let noted = errors.clone();
    (builder.on_user_error(move |error| noted.note(error.clone())), errors)
}
