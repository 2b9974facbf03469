// The URIs of closing and of errors: the same names as in Rust (src/uri/uris.rs).

/** A close reason: the client leaves. */
export const CLOSE_REALM = 'wamp.close.close_realm';
/** A close reason: the answer to GOODBYE. */
export const GOODBYE_AND_OUT = 'wamp.close.goodbye_and_out';
/** A close reason: the router goes down. */
export const SYSTEM_SHUTDOWN = 'wamp.close.system_shutdown';
/** A close reason: another session ended this one through the meta API. */
export const KILLED = 'wamp.close.killed';
/** A close reason: normal end (Autobahn and Crossbar). */
export const NORMAL = 'wamp.close.normal';
/** A close reason: the user logs out for good (Autobahn and Crossbar). */
export const LOGOUT = 'wamp.close.logout';
/** A close reason, local only: the transport broke (Autobahn). */
export const TRANSPORT_LOST = 'wamp.close.transport_lost';
/** A URI broke the syntax rules. */
export const INVALID_URI = 'wamp.error.invalid_uri';
/** The procedure is not registered. */
export const NO_SUCH_PROCEDURE = 'wamp.error.no_such_procedure';
/** The procedure is already registered. */
export const PROCEDURE_ALREADY_EXISTS = 'wamp.error.procedure_already_exists';
/** There is no such registration, or it belongs to another session. */
export const NO_SUCH_REGISTRATION = 'wamp.error.no_such_registration';
/** There is no such subscription, or it belongs to another session. */
export const NO_SUCH_SUBSCRIPTION = 'wamp.error.no_such_subscription';
/** There is no such session (meta API). */
export const NO_SUCH_SESSION = 'wamp.error.no_such_session';
/** The arguments do not fit the procedure. */
export const INVALID_ARGUMENT = 'wamp.error.invalid_argument';
/** The call was cancelled, or the callee has gone. */
export const CANCELED = 'wamp.error.canceled';
/** The same, misspelled: accepted, never sent. */
export const CANCELLED = 'wamp.error.cancelled';
/** The message exceeds the receiver's limit. */
export const PAYLOAD_SIZE_EXCEEDED = 'wamp.error.payload_size_exceeded';
/** The peer broke the protocol. */
export const PROTOCOL_VIOLATION = 'wamp.error.protocol_violation';
/** The session may not do this. */
export const NOT_AUTHORIZED = 'wamp.error.not_authorized';
/** The authorization of the action failed. */
export const AUTHORIZATION_FAILED = 'wamp.error.authorization_failed';
/** The session may not do this (Advanced Profile). */
export const AUTHORIZATION_DENIED = 'wamp.error.authorization_denied';
/** The session has to prove that it may do this. */
export const AUTHORIZATION_REQUIRED = 'wamp.error.authorization_required';
/** The router does not have the realm. */
export const NO_SUCH_REALM = 'wamp.error.no_such_realm';
/** The router does not have the role. */
export const NO_SUCH_ROLE = 'wamp.error.no_such_role';
/** The router does not know the authid. */
export const NO_SUCH_PRINCIPAL = 'wamp.error.no_such_principal';
/** The router supports none of the offered authentication methods. */
export const NO_MATCHING_AUTH_METHOD = 'wamp.error.no_matching_auth_method';
/** The credentials are wrong. */
export const AUTHENTICATION_DENIED = 'wamp.error.authentication_denied';
/** The credentials could not be checked. */
export const AUTHENTICATION_FAILED = 'wamp.error.authentication_failed';
/** There are no credentials. */
export const AUTHENTICATION_REQUIRED = 'wamp.error.authentication_required';
/** The call took too long. */
export const TIMEOUT = 'wamp.error.timeout';
/** The option is not available here. */
export const OPTION_NOT_ALLOWED = 'wamp.error.option_not_allowed';
/** The session's identity may not be disclosed. */
export const OPTION_DISALLOWED_DISCLOSE_ME = 'wamp.error.option_disallowed.disclose_me';
/** The same, misspelled: accepted, never sent. */
export const DISCLOSE_ME_NOT_ALLOWED = 'wamp.error.disclose_me.not_allowed';
/** The network between the router and the peer failed. */
export const NETWORK_FAILURE = 'wamp.error.network_failure';
/** No callee can handle the call at the moment. */
export const UNAVAILABLE = 'wamp.error.unavailable';
/** Every callee reported that it cannot handle the call. */
export const NO_AVAILABLE_CALLEE = 'wamp.error.no_available_callee';
/** The feature is not supported. */
export const FEATURE_NOT_SUPPORTED = 'wamp.error.feature_not_supported';
/** None of the offered authentication methods fits (Crossbar). */
export const NO_AUTH_METHOD = 'wamp.error.no_auth_method';
/** The router asked for authentication that the client cannot give (Autobahn). */
export const CANNOT_AUTHENTICATE = 'wamp.error.cannot_authenticate';
/** The payload cannot be carried to the receiver (Autobahn and Crossbar). */
export const INVALID_PAYLOAD = 'wamp.error.invalid_payload';
/** The procedure failed (Autobahn, for an error without a URI of its own). */
export const RUNTIME_ERROR = 'wamp.error.runtime_error';
/** The procedure is registered with another invocation policy (Crossbar). */
export const PROCEDURE_EXISTS_WITH_DIFFERENT_INVOCATION_POLICY = 'wamp.error.procedure_exists_with_different_invocation_policy';
/** No callee of a shared registration may be called by this session (Crossbar). */
export const NO_ELIGIBLE_CALLEE = 'wamp.error.no_eligible_callee';
/** The payload is encoded, and the receiver has no codec for it (Autobahn). */
export const NO_PAYLOAD_CODEC = 'wamp.error.no_payload_codec';
/** The URI inside an encrypted payload is another than the message's (Autobahn). */
export const ENCRYPTION_TRUSTED_URI_MISMATCH = 'wamp.error.encryption.trusted_uri_mismatch';
/** The payload cannot be decrypted (Autobahn). */
export const ENCRYPTION_DECRYPT_ERROR = 'wamp.error.encryption.decrypt_error';
/** The arguments are of wrong types (Autobahn). */
export const TYPE_CHECK_ERROR = 'wamp.error.type_check_error';
/** A reason of a revocation: another session registered with force (Crossbar). */
export const UNREGISTERED = 'wamp.error.unregistered';
/** A testament cannot be kept (Crossbar). */
export const TESTAMENT_ERROR = 'wamp.error.testament_error';
/** The router keeps no history of the subscription (Crossbar). */
export const HISTORY_UNAVAILABLE = 'wamp.error.history_unavailable';
/** A callee has as many invocations as it registered for (Crossbar). */
export const MAX_CONCURRENCY_REACHED = 'crossbar.error.max_concurrency_reached';
/** {@link SYSTEM_SHUTDOWN} in Autobahn's old spelling. */
export const ERROR_SYSTEM_SHUTDOWN = 'wamp.error.system_shutdown';
/** {@link CLOSE_REALM} in Autobahn's old spelling. */
export const ERROR_CLOSE_REALM = 'wamp.error.close_realm';
/** {@link GOODBYE_AND_OUT} in Autobahn's old spelling. */
export const ERROR_GOODBYE_AND_OUT = 'wamp.error.goodbye_and_out';
