//! Listening on TCP ports and unix sockets.

pub(crate) mod socket;
