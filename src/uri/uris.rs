//! Contains the URIs that the protocol defines (spec: "Predefined URIs"), and those that other
//! routers and clients send in addition.

use crate::uri::Uri;

impl Uri {
    /// Returns whether this error means that the call was canceled or that its callee left.
    ///
    /// Accepts [`CANCELED`](Self::CANCELED), and [`CANCELLED`](Self::CANCELLED), the spelling in one
    /// section of the specification.
    ///
    /// ```
    /// use wampwerk::Uri;
    ///
    /// assert!(Uri::from("wamp.error.canceled").is_canceled());
    /// assert!(Uri::from("wamp.error.cancelled").is_canceled());
    /// ```
    pub fn is_canceled(&self) -> bool {
        *self == Uri::CANCELED || *self == Uri::CANCELLED
    }

    /// Returns whether this error means that the session may not disclose itself.
    ///
    /// Accepts [`OPTION_DISALLOWED_DISCLOSE_ME`](Self::OPTION_DISALLOWED_DISCLOSE_ME), and
    /// [`DISCLOSE_ME_NOT_ALLOWED`](Self::DISCLOSE_ME_NOT_ALLOWED), the spelling in one
    /// example of the specification.
    pub fn is_disclose_me_refused(&self) -> bool {
        *self == Uri::OPTION_DISALLOWED_DISCLOSE_ME || *self == Uri::DISCLOSE_ME_NOT_ALLOWED
    }
}

macro_rules! uris {
    ($($(#[$doc:meta])* $name:ident = $uri:literal;)*) => {
        /// The predefined URIs, as text.
        impl Uri {
            $($(#[$doc])* #[doc = concat!("\n\n`", $uri, "`")] pub const $name: &'static str = $uri;)*

            /// All predefined URIs.
            pub const PREDEFINED: &'static [&'static str] = &[$(Uri::$name),*];
        }
    };
}

uris! {
    /// Close reason: the client leaves.
    CLOSE_REALM = "wamp.close.close_realm";
    /// Close reason: the answer to GOODBYE.
    GOODBYE_AND_OUT = "wamp.close.goodbye_and_out";
    /// Close reason: the router shuts down.
    SYSTEM_SHUTDOWN = "wamp.close.system_shutdown";
    /// Close reason: another session ended the session through the meta API.
    KILLED = "wamp.close.killed";
    /// Close reason: normal end (Autobahn, Crossbar).
    NORMAL = "wamp.close.normal";
    /// Close reason: the user logs out (Autobahn, Crossbar).
    LOGOUT = "wamp.close.logout";
    /// Close reason, local only: the transport was lost (Autobahn).
    TRANSPORT_LOST = "wamp.close.transport_lost";

    /// A URI is not valid.
    INVALID_URI = "wamp.error.invalid_uri";
    /// The procedure is not registered.
    NO_SUCH_PROCEDURE = "wamp.error.no_such_procedure";
    /// The procedure is already registered.
    PROCEDURE_ALREADY_EXISTS = "wamp.error.procedure_already_exists";
    /// The registration does not exist or belongs to another session.
    NO_SUCH_REGISTRATION = "wamp.error.no_such_registration";
    /// The subscription does not exist or belongs to another session.
    NO_SUCH_SUBSCRIPTION = "wamp.error.no_such_subscription";
    /// The session does not exist (meta API).
    NO_SUCH_SESSION = "wamp.error.no_such_session";
    /// The arguments do not fit the procedure.
    INVALID_ARGUMENT = "wamp.error.invalid_argument";
    /// The call was canceled, or its callee left; see also [`is_canceled`](Self::is_canceled).
    CANCELED = "wamp.error.canceled";
    /// Misspelling of [`CANCELED`](Self::CANCELED): accepted, never sent.
    CANCELLED = "wamp.error.cancelled";
    /// The message is longer than the receiver accepts.
    PAYLOAD_SIZE_EXCEEDED = "wamp.error.payload_size_exceeded";
    /// The peer violated the protocol.
    PROTOCOL_VIOLATION = "wamp.error.protocol_violation";
    /// The session is not authorized for this action.
    NOT_AUTHORIZED = "wamp.error.not_authorized";
    /// The authorization check failed, so it is unknown whether the action is allowed.
    AUTHORIZATION_FAILED = "wamp.error.authorization_failed";
    /// The session is not authorized for this action (Advanced Profile).
    AUTHORIZATION_DENIED = "wamp.error.authorization_denied";
    /// The action requires authorization.
    AUTHORIZATION_REQUIRED = "wamp.error.authorization_required";
    /// The router does not have the realm.
    NO_SUCH_REALM = "wamp.error.no_such_realm";
    /// The router does not have the role.
    NO_SUCH_ROLE = "wamp.error.no_such_role";
    /// The router does not know the authid.
    NO_SUCH_PRINCIPAL = "wamp.error.no_such_principal";
    /// The router accepts none of the offered authentication methods.
    NO_MATCHING_AUTH_METHOD = "wamp.error.no_matching_auth_method";
    /// The credentials are wrong.
    AUTHENTICATION_DENIED = "wamp.error.authentication_denied";
    /// The router could not check the credentials.
    AUTHENTICATION_FAILED = "wamp.error.authentication_failed";
    /// The client sent no credentials.
    AUTHENTICATION_REQUIRED = "wamp.error.authentication_required";
    /// The call timed out.
    TIMEOUT = "wamp.error.timeout";
    /// The option is known, but not allowed here.
    OPTION_NOT_ALLOWED = "wamp.error.option_not_allowed";
    /// The session may not disclose itself; see also [`is_disclose_me_refused`](Self::is_disclose_me_refused).
    OPTION_DISALLOWED_DISCLOSE_ME = "wamp.error.option_disallowed.disclose_me";
    /// Misspelling of [`OPTION_DISALLOWED_DISCLOSE_ME`](Self::OPTION_DISALLOWED_DISCLOSE_ME): accepted, never sent.
    DISCLOSE_ME_NOT_ALLOWED = "wamp.error.disclose_me.not_allowed";
    /// The network between the router and the peer failed.
    NETWORK_FAILURE = "wamp.error.network_failure";
    /// No callee can accept the call at the moment.
    UNAVAILABLE = "wamp.error.unavailable";
    /// Every callee that the router tried declined the call.
    NO_AVAILABLE_CALLEE = "wamp.error.no_available_callee";
    /// The peer does not support the feature.
    FEATURE_NOT_SUPPORTED = "wamp.error.feature_not_supported";

    /// The router accepts none of the offered authentication methods (Crossbar).
    NO_AUTH_METHOD = "wamp.error.no_auth_method";
    /// The router asked for authentication that the client cannot perform (Autobahn).
    CANNOT_AUTHENTICATE = "wamp.error.cannot_authenticate";
    /// The payload cannot be sent to the receiver (Autobahn, Crossbar).
    INVALID_PAYLOAD = "wamp.error.invalid_payload";
    /// The procedure failed with an error that has no URI (Autobahn).
    RUNTIME_ERROR = "wamp.error.runtime_error";
    /// The procedure is registered with another invocation policy (Crossbar).
    PROCEDURE_EXISTS_WITH_DIFFERENT_INVOCATION_POLICY =
        "wamp.error.procedure_exists_with_different_invocation_policy";
    /// The session may not call any callee of a shared registration (Crossbar).
    NO_ELIGIBLE_CALLEE = "wamp.error.no_eligible_callee";
    /// The payload is encoded, and the receiver has no codec for it (Autobahn).
    NO_PAYLOAD_CODEC = "wamp.error.no_payload_codec";
    /// The URI inside an encrypted payload differs from the URI of the message (Autobahn).
    ENCRYPTION_TRUSTED_URI_MISMATCH = "wamp.error.encryption.trusted_uri_mismatch";
    /// The payload cannot be decrypted (Autobahn).
    ENCRYPTION_DECRYPT_ERROR = "wamp.error.encryption.decrypt_error";
    /// The arguments have the wrong types (Autobahn).
    TYPE_CHECK_ERROR = "wamp.error.type_check_error";
    /// Revocation reason: another session registered the procedure with force (Crossbar).
    UNREGISTERED = "wamp.error.unregistered";
    /// The router cannot store a testament (Crossbar).
    TESTAMENT_ERROR = "wamp.error.testament_error";
    /// The router keeps no history for the subscription (Crossbar).
    HISTORY_UNAVAILABLE = "wamp.error.history_unavailable";
    /// The callee has reached its maximum number of concurrent invocations (Crossbar).
    MAX_CONCURRENCY_REACHED = "crossbar.error.max_concurrency_reached";
    /// [`SYSTEM_SHUTDOWN`](Self::SYSTEM_SHUTDOWN) in Autobahn's old spelling.
    ERROR_SYSTEM_SHUTDOWN = "wamp.error.system_shutdown";
    /// [`CLOSE_REALM`](Self::CLOSE_REALM) in Autobahn's old spelling.
    ERROR_CLOSE_REALM = "wamp.error.close_realm";
    /// [`GOODBYE_AND_OUT`](Self::GOODBYE_AND_OUT) in Autobahn's old spelling.
    ERROR_GOODBYE_AND_OUT = "wamp.error.goodbye_and_out";
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_is_a_strict_uri_and_stands_once() {
        for uri in Uri::PREDEFINED {
            assert_eq!(Uri::parse_strict(*uri).unwrap(), *uri);
        }
        assert_eq!(Uri::PREDEFINED.iter().collect::<HashSet<_>>().len(), Uri::PREDEFINED.len());
    }

    #[test]
    fn both_spellings() {
        assert!(
            !Uri::from(Uri::TIMEOUT).is_canceled()
                && !Uri::from(Uri::OPTION_NOT_ALLOWED).is_disclose_me_refused()
        );
        assert!(Uri::from("wamp.error.option_disallowed.disclose_me").is_disclose_me_refused());
        assert!(Uri::from("wamp.error.disclose_me.not_allowed").is_disclose_me_refused());
    }
}
