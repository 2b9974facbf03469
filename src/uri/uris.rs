//! The URIs that the protocol defines (spec: "Predefined URIs"), and those that routers and clients
//! in the field send beside them.

/// Whether an error says that the call was cancelled, or that its callee has gone:
/// [`CANCELED`], or [`CANCELLED`], as one section of the specification writes it.
///
/// ```
/// use wampwerk::uris;
///
/// assert!(uris::is_canceled("wamp.error.canceled") && uris::is_canceled("wamp.error.cancelled"));
/// ```
pub fn is_canceled(uri: &str) -> bool {
    uri == CANCELED || uri == CANCELLED
}

/// Whether an error says that the session may not have itself disclosed:
/// [`OPTION_DISALLOWED_DISCLOSE_ME`], or [`DISCLOSE_ME_NOT_ALLOWED`], as one example of the
/// specification writes it.
pub fn is_disclose_me_refused(uri: &str) -> bool {
    uri == OPTION_DISALLOWED_DISCLOSE_ME || uri == DISCLOSE_ME_NOT_ALLOWED
}

macro_rules! uris {
    ($($(#[$doc:meta])* $name:ident = $uri:literal;)*) => {
        $($(#[$doc])* #[doc = concat!("\n\n`", $uri, "`")] pub const $name: &str = $uri;)*

        /// All of them.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

uris! {
    /// A close reason: the client leaves.
    CLOSE_REALM = "wamp.close.close_realm";
    /// A close reason: the answer to GOODBYE.
    GOODBYE_AND_OUT = "wamp.close.goodbye_and_out";
    /// A close reason: the router goes down.
    SYSTEM_SHUTDOWN = "wamp.close.system_shutdown";
    /// A close reason: somebody ended the session through the meta API.
    KILLED = "wamp.close.killed";
    /// A close reason: all is said (Autobahn's and Crossbar's word).
    NORMAL = "wamp.close.normal";
    /// A close reason: the user logs out for good (Autobahn's and Crossbar's word).
    LOGOUT = "wamp.close.logout";
    /// A close reason, local only: the transport broke (Autobahn's word).
    TRANSPORT_LOST = "wamp.close.transport_lost";

    /// A URI broke the syntax rules.
    INVALID_URI = "wamp.error.invalid_uri";
    /// Nobody has registered the procedure.
    NO_SUCH_PROCEDURE = "wamp.error.no_such_procedure";
    /// Somebody has registered the procedure before.
    PROCEDURE_ALREADY_EXISTS = "wamp.error.procedure_already_exists";
    /// There is no such registration, or it is somebody else's.
    NO_SUCH_REGISTRATION = "wamp.error.no_such_registration";
    /// There is no such subscription, or it is somebody else's.
    NO_SUCH_SUBSCRIPTION = "wamp.error.no_such_subscription";
    /// There is no such session (meta API).
    NO_SUCH_SESSION = "wamp.error.no_such_session";
    /// The arguments do not fit the procedure.
    INVALID_ARGUMENT = "wamp.error.invalid_argument";
    /// The call was cancelled, or its callee has gone; see also [`is_canceled`].
    CANCELED = "wamp.error.canceled";
    /// The same, misspelled: accepted, never sent.
    CANCELLED = "wamp.error.cancelled";
    /// The message is longer than the receiver takes.
    PAYLOAD_SIZE_EXCEEDED = "wamp.error.payload_size_exceeded";
    /// The peer broke the protocol.
    PROTOCOL_VIOLATION = "wamp.error.protocol_violation";
    /// The session may not do this.
    NOT_AUTHORIZED = "wamp.error.not_authorized";
    /// Whether the session may do this could not be found out.
    AUTHORIZATION_FAILED = "wamp.error.authorization_failed";
    /// The session may not do this (Advanced Profile's word).
    AUTHORIZATION_DENIED = "wamp.error.authorization_denied";
    /// The session has to prove that it may do this.
    AUTHORIZATION_REQUIRED = "wamp.error.authorization_required";
    /// The router does not have the realm.
    NO_SUCH_REALM = "wamp.error.no_such_realm";
    /// The router does not have the role.
    NO_SUCH_ROLE = "wamp.error.no_such_role";
    /// The router does not know the authid.
    NO_SUCH_PRINCIPAL = "wamp.error.no_such_principal";
    /// None of the offered authentication methods fits.
    NO_MATCHING_AUTH_METHOD = "wamp.error.no_matching_auth_method";
    /// The credentials are wrong.
    AUTHENTICATION_DENIED = "wamp.error.authentication_denied";
    /// The credentials could not be checked.
    AUTHENTICATION_FAILED = "wamp.error.authentication_failed";
    /// There are no credentials.
    AUTHENTICATION_REQUIRED = "wamp.error.authentication_required";
    /// The call took too long.
    TIMEOUT = "wamp.error.timeout";
    /// The option is known, but not to be had here.
    OPTION_NOT_ALLOWED = "wamp.error.option_not_allowed";
    /// The session may not have itself disclosed; see also [`is_disclose_me_refused`].
    OPTION_DISALLOWED_DISCLOSE_ME = "wamp.error.option_disallowed.disclose_me";
    /// The same, misspelled: accepted, never sent.
    DISCLOSE_ME_NOT_ALLOWED = "wamp.error.disclose_me.not_allowed";
    /// The network between the router and the peer failed.
    NETWORK_FAILURE = "wamp.error.network_failure";
    /// Nobody can take the call at the moment.
    UNAVAILABLE = "wamp.error.unavailable";
    /// Every callee that the call was offered to said that it cannot take it.
    NO_AVAILABLE_CALLEE = "wamp.error.no_available_callee";
    /// The feature is not there.
    FEATURE_NOT_SUPPORTED = "wamp.error.feature_not_supported";

    /// None of the offered authentication methods fits (Crossbar's word).
    NO_AUTH_METHOD = "wamp.error.no_auth_method";
    /// The router asked for authentication that the client cannot give (Autobahn's word).
    CANNOT_AUTHENTICATE = "wamp.error.cannot_authenticate";
    /// The payload cannot be carried to the receiver (Autobahn's and Crossbar's word).
    INVALID_PAYLOAD = "wamp.error.invalid_payload";
    /// The procedure failed (Autobahn's word for an error without a URI of its own).
    RUNTIME_ERROR = "wamp.error.runtime_error";
    /// The procedure is registered with another invocation policy (Crossbar's word).
    PROCEDURE_EXISTS_WITH_DIFFERENT_INVOCATION_POLICY =
        "wamp.error.procedure_exists_with_different_invocation_policy";
    /// No callee of a shared registration may be called by this session (Crossbar's word).
    NO_ELIGIBLE_CALLEE = "wamp.error.no_eligible_callee";
    /// The payload is encoded, and the receiver has no codec for it (Autobahn's word).
    NO_PAYLOAD_CODEC = "wamp.error.no_payload_codec";
    /// The URI inside an encrypted payload is another than the message's (Autobahn's word).
    ENCRYPTION_TRUSTED_URI_MISMATCH = "wamp.error.encryption.trusted_uri_mismatch";
    /// The payload cannot be decrypted (Autobahn's word).
    ENCRYPTION_DECRYPT_ERROR = "wamp.error.encryption.decrypt_error";
    /// The arguments are of wrong types (Autobahn's word).
    TYPE_CHECK_ERROR = "wamp.error.type_check_error";
    /// A reason of a revocation: another session registered with force (Crossbar's word).
    UNREGISTERED = "wamp.error.unregistered";
    /// A testament cannot be kept (Crossbar's word).
    TESTAMENT_ERROR = "wamp.error.testament_error";
    /// The router keeps no history of the subscription (Crossbar's word).
    HISTORY_UNAVAILABLE = "wamp.error.history_unavailable";
    /// A callee has as many invocations as it registered for (Crossbar's word).
    MAX_CONCURRENCY_REACHED = "crossbar.error.max_concurrency_reached";
    /// [`SYSTEM_SHUTDOWN`] in Autobahn's old spelling.
    ERROR_SYSTEM_SHUTDOWN = "wamp.error.system_shutdown";
    /// [`CLOSE_REALM`] in Autobahn's old spelling.
    ERROR_CLOSE_REALM = "wamp.error.close_realm";
    /// [`GOODBYE_AND_OUT`] in Autobahn's old spelling.
    ERROR_GOODBYE_AND_OUT = "wamp.error.goodbye_and_out";
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::uri::Uri;

    #[test]
    fn each_is_a_strict_uri_and_stands_once() {
        for uri in ALL {
            assert_eq!(Uri::parse_strict(*uri).unwrap(), *uri);
        }
        assert_eq!(ALL.iter().collect::<HashSet<_>>().len(), ALL.len());
    }

    #[test]
    fn both_spellings() {
        assert!(!is_canceled(TIMEOUT) && !is_disclose_me_refused(OPTION_NOT_ALLOWED));
        assert!(is_disclose_me_refused("wamp.error.option_disallowed.disclose_me"));
        assert!(is_disclose_me_refused("wamp.error.disclose_me.not_allowed"));
    }
}
