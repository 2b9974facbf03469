//! Replaces the listener of unix sockets where the system has none: it cannot be bound.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::task::{Context, Poll};

use super::{NONE, Stream, check};

/// Never exists.
#[derive(Debug)]
pub(crate) struct Listener(Infallible);

impl Listener {
    pub(crate) async fn bind(path: &Path, _mode: Option<u32>) -> io::Result<Self> {
        check(path).map_err(io::Error::other)?;
        Err(io::Error::new(io::ErrorKind::Unsupported, NONE))
    }

    pub(crate) fn poll_accept(&self, _cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match self.0 {}
    }
}
