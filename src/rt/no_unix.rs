//! Replaces `unix` where the system has no unix sockets: all paths are refused.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::task::{Context, Poll};

pub(crate) use tokio::net::TcpStream as Stream;

const NONE: &str = "this system has no unix sockets";

pub(crate) fn check(_path: &Path) -> Result<(), String> {
    Err(NONE.to_owned())
}

pub(crate) async fn connect(_path: &Path) -> io::Result<Stream> {
    Err(io::Error::new(io::ErrorKind::Unsupported, NONE))
}

/// Never exists.
#[cfg_attr(not(feature = "router"), allow(dead_code, reason = "who listens is a server"))]
#[derive(Debug)]
pub(crate) struct Listener(Infallible);

#[cfg_attr(not(feature = "router"), allow(dead_code, reason = "who listens is a server"))]
impl Listener {
    pub(crate) async fn bind(path: &Path, _mode: Option<u32>) -> io::Result<Self> {
        check(path).map_err(io::Error::other)?;
        Err(io::Error::new(io::ErrorKind::Unsupported, NONE))
    }

    pub(crate) fn poll_accept(&self, _cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match self.0 {}
    }
}
