//! The messages of a session's life: HELLO to GOODBYE.

use crate::message::options::options;
use crate::message::parts::{Arguments, Details, Id, Name, Text, messages};
use crate::message::{Payload, Roles};
use crate::uri::Uri;
use crate::value::Dict;

messages! {
    /// A client asks to join a realm.
    Hello = 1 "HELLO" {
        /// The realm to join.
        realm: Uri as Name,
        /// What the client can do and who it is.
        details: HelloDetails as Details<HelloDetails>,
    }
    /// The router lets a client in.
    Welcome = 2 "WELCOME" {
        /// The id of the session.
        session: u64 as Id,
        /// What the router can do and as whom it sees the client.
        details: WelcomeDetails as Details<WelcomeDetails>,
    }
    /// The end of a session, or of its opening, without an answer.
    Abort = 3 "ABORT" {
        /// More about it.
        details: AbortDetails as Details<AbortDetails>,
        /// Why.
        reason: Uri as Name,
        /// Values about it.
        payload: Payload as Arguments,
    }
    /// The router asks a client to prove who it is.
    ///
    /// Its `Debug` shows no `extra`: with an answer at hand, secrets can be guessed from it.
    Challenge = 4 "CHALLENGE" hides ["extra"] {
        /// The authentication method.
        method: String as Text,
        /// What the method needs.
        extra: Dict as Details<Dict>,
    }
    /// A client's answer to CHALLENGE.
    ///
    /// Its `Debug` shows nothing of it: a signature may be the secret itself, as a ticket is.
    Authenticate = 5 "AUTHENTICATE" hides ["signature", "extra"] {
        /// The proof.
        signature: String as Text,
        /// What the method needs.
        extra: Dict as Details<Dict>,
    }
    /// The orderly end of a session; answered by another.
    Goodbye = 6 "GOODBYE" {
        /// More about it.
        details: GoodbyeDetails as Details<GoodbyeDetails>,
        /// Why.
        reason: Uri as Name,
    }
}

options! {
    /// HELLO.Details. `authextra` does not show in its `Debug`.
    HelloDetails / HelloDetailsFields("HELLO.Details") hides ["authextra"] {
        /// The client's roles; at least one is needed.
        roles: Roles,
        /// The client's name and version.
        agent: String,
        /// Authentication methods, the preferred first.
        authmethods: Vec<String>,
        /// Who the client wants to be.
        authid: String,
        /// The role that the client wants (Autobahn).
        authrole: String,
        /// What the methods need.
        authextra: Dict,
    }
}

options! {
    /// WELCOME.Details. `authextra` does not show in its `Debug`.
    WelcomeDetails / WelcomeDetailsFields("WELCOME.Details") hides ["authextra"] {
        /// The realm joined; may differ from the one asked for.
        realm: Uri,
        /// The router's roles.
        roles: Roles,
        /// The router's name and version.
        agent: String,
        /// Who the client is now.
        authid: String,
        /// The client's role on the realm.
        authrole: String,
        /// How the client was authenticated.
        authmethod: String,
        /// By whom the client was authenticated.
        authprovider: String,
        /// What the method says.
        authextra: Dict,
    }
}

options! {
    /// ABORT.Details.
    AbortDetails / AbortDetailsFields("ABORT.Details") {
        /// A text for people.
        message: String,
    }
}

options! {
    /// GOODBYE.Details.
    GoodbyeDetails / GoodbyeDetailsFields("GOODBYE.Details") {
        /// A text for people.
        message: String,
    }
}
