//! Implements the opening handshake (RFC 6455, section 4) for both sides: octets of HTTP heads in, decisions
//! and answers out.
//!
//! Contains the rules that need no I/O. A reader collects a head of bounded size; the client's side builds the
//! request and checks the response; the server's side checks the request and builds the response or refusal.

mod client;
mod fields;
mod head;
mod key;
mod refusal;
mod scanner;
mod server;

pub use client::{Agreement, ClientRequest, ResponseError, check_protocols};
pub use fields::check_field;
pub use head::{HeadReader, MAX_HEAD};
pub use key::Key;
pub use refusal::{Refusal, encode};
pub use scanner::{HeadError, HeadFault, HeadKind, MAX_FIELDS};
pub use server::{Offer, RequestError, UnofferedProtocol, check, check_host, host_of};
