//! Contains the messages of a session's life cycle: HELLO to GOODBYE.

use crate::message::options::options;
use crate::message::parts::{Arguments, Details, Id, Name, Text, messages};
use crate::message::{Payload, Roles};
use crate::uri::Uri;
use crate::value::Dict;

messages! {
    /// HELLO: a client asks to join a realm.
    Hello = 1 "HELLO" {
        /// Realm to join.
        realm: Uri as Name,
        /// Features and identity of the client.
        details: HelloDetails as Details<HelloDetails>,
    }
    /// WELCOME: the router accepts a client.
    Welcome = 2 "WELCOME" {
        /// Id of the session.
        session: u64 as Id,
        /// Features of the router and the identity that it assigned to the client.
        details: WelcomeDetails as Details<WelcomeDetails>,
    }
    /// ABORT: ends a session, or the joining of a realm, without an answer.
    Abort = 3 "ABORT" {
        /// Further details.
        details: ClosingDetails as Details<ClosingDetails>,
        /// Reason URI.
        reason: Uri as Name,
        /// Arguments of the reason.
        payload: Payload as Arguments,
    }
    /// CHALLENGE: the router asks a client to authenticate.
    ///
    /// The `Debug` output omits `extra`: together with an answer it allows guessing secrets.
    Challenge = 4 "CHALLENGE" hides ["extra"] {
        /// Authentication method.
        method: String as Text,
        /// Parameters of the method.
        extra: Dict as Details<Dict>,
    }
    /// AUTHENTICATE: the client's answer to CHALLENGE.
    ///
    /// The `Debug` output omits all fields: a signature may be the secret itself, as a ticket is.
    Authenticate = 5 "AUTHENTICATE" hides ["signature", "extra"] {
        /// Signature.
        signature: String as Text,
        /// Parameters of the method.
        extra: Dict as Details<Dict>,
    }
    /// GOODBYE: ends a session in order; the peer answers with GOODBYE.
    Goodbye = 6 "GOODBYE" {
        /// Further details.
        details: ClosingDetails as Details<ClosingDetails>,
        /// Reason URI.
        reason: Uri as Name,
    }
}

options! {
    /// HELLO.Details. The `Debug` output omits `authextra`.
    HelloDetails / HelloDetailsFields("HELLO.Details") hides ["authextra"] {
        /// Roles of the client; at least one is required.
        roles: Roles,
        /// Name and version of the client.
        agent: String,
        /// Authentication methods in order of preference.
        authmethods: Vec<String>,
        /// Requested authid.
        authid: String,
        /// Requested role (Autobahn).
        authrole: String,
        /// Parameters of the authentication methods.
        authextra: Dict,
    }
}

options! {
    /// WELCOME.Details. The `Debug` output omits `authextra`.
    WelcomeDetails / WelcomeDetailsFields("WELCOME.Details") hides ["authextra"] {
        /// Joined realm; may differ from the requested one.
        realm: Uri,
        /// Roles of the router.
        roles: Roles,
        /// Name and version of the router.
        agent: String,
        /// Assigned authid.
        authid: String,
        /// Role of the client on the realm.
        authrole: String,
        /// Authentication method that was used.
        authmethod: String,
        /// Provider that authenticated the client.
        authprovider: String,
        /// Parameters of the authentication method.
        authextra: Dict,
    }
}

options! {
    /// ABORT.Details and GOODBYE.Details.
    ClosingDetails / ClosingDetailsFields("Details") {
        /// Human-readable message.
        message: String,
    }
}
