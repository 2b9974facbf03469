//! Contains the messages of remote procedure calls, and ERROR.

use crate::message::options::{Field, options};
use crate::message::parts::{Arguments, Details, Id, IdOrZero, Kind, Name, Optional, messages};
use crate::message::{Payload, RevocationDetails};
use crate::uri::{Match, Uri};
use crate::value::{Dict, Value};

messages! {
    /// ERROR: a request failed.
    RequestError = 8 "ERROR" {
        /// Type of the failed request.
        request_type: RequestType as Kind,
        /// Id of the failed request.
        request: u64 as Id,
        /// Further details.
        details: RequestErrorDetails as Details<RequestErrorDetails>,
        /// URI of the error.
        error: Uri as Name,
        /// Arguments of the error.
        payload: Payload as Arguments,
    }
    /// CALL: a caller calls a procedure.
    Call = 48 "CALL" {
        /// Request id of the caller.
        request: u64 as Id,
        /// Options of the call.
        options: CallOptions as Details<CallOptions>,
        /// Called procedure.
        procedure: Uri as Name,
        /// Arguments of the call.
        payload: Payload as Arguments,
    }
    /// CANCEL: a caller cancels a call.
    Cancel = 49 "CANCEL" {
        /// Request id of CALL.
        request: u64 as Id,
        /// Options of the cancellation.
        options: CancelOptions as Details<CancelOptions>,
    }
    /// RESULT: the dealer sends a result to the caller.
    CallResult = 50 "RESULT" {
        /// Request id of CALL.
        request: u64 as Id,
        /// Further details.
        details: ResultDetails as Details<ResultDetails>,
        /// Result of the call.
        payload: Payload as Arguments,
    }
    /// REGISTER: a callee registers a procedure.
    Register = 64 "REGISTER" {
        /// Request id of the callee.
        request: u64 as Id,
        /// Options of the registration.
        options: RegisterOptions as Details<RegisterOptions>,
        /// Procedure or pattern.
        procedure: Uri as Name,
    }
    /// REGISTERED: the dealer has registered the procedure.
    Registered = 65 "REGISTERED" {
        /// Request id of REGISTER.
        request: u64 as Id,
        /// Id of the registration.
        registration: u64 as Id,
    }
    /// UNREGISTER: a callee unregisters a procedure.
    Unregister = 66 "UNREGISTER" {
        /// Request id of the callee.
        request: u64 as Id,
        /// Id of the registration to remove.
        registration: u64 as Id,
        /// Options without known keys; only Autobahn sends them.
        options: Option<Dict> as Optional<Dict>,
    }
    /// UNREGISTERED: the dealer has removed a registration.
    Unregistered = 67 "UNREGISTERED" {
        /// Request id of UNREGISTER, or 0 for a revocation by the dealer.
        request: u64 as IdOrZero,
        /// Revoked registration and reason, for a revocation by the dealer.
        details: Option<RevocationDetails> as Optional<RevocationDetails>,
    }
    /// INVOCATION: the dealer sends a call to a callee.
    Invocation = 68 "INVOCATION" {
        /// Request id of the dealer.
        request: u64 as Id,
        /// Id of the called registration.
        registration: u64 as Id,
        /// Further details.
        details: InvocationDetails as Details<InvocationDetails>,
        /// Arguments of the call.
        payload: Payload as Arguments,
    }
    /// INTERRUPT: the dealer cancels an invocation.
    Interrupt = 69 "INTERRUPT" {
        /// Request id of INVOCATION.
        request: u64 as Id,
        /// Options of the interruption.
        options: CancelOptions as Details<CancelOptions>,
    }
    /// YIELD: a callee sends a result to the dealer.
    Yield = 70 "YIELD" {
        /// Request id of INVOCATION.
        request: u64 as Id,
        /// Further options.
        options: YieldOptions as Details<YieldOptions>,
        /// Result of the invocation.
        payload: Payload as Arguments,
    }
}

macro_rules! request_types {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// Type of a request that can be answered with ERROR.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RequestType {
            $($(#[$doc])* $name,)*
        }

        impl RequestType {
            /// Returns the message code of the request.
            pub fn code(self) -> u64 {
                match self {
                    $(RequestType::$name => $code,)*
                }
            }

            /// Returns the type for a message code.
            pub fn from_code(code: u64) -> Option<Self> {
                match code {
                    $($code => Some(RequestType::$name),)*
                    _ => None,
                }
            }
        }
    };
}

request_types! {
    /// PUBLISH.
    Publish = 16,
    /// SUBSCRIBE.
    Subscribe = 32,
    /// UNSUBSCRIBE.
    Unsubscribe = 34,
    /// CALL.
    Call = 48,
    /// REGISTER.
    Register = 64,
    /// UNREGISTER.
    Unregister = 66,
    /// INVOCATION.
    Invocation = 68,
}

/// Cancel mode of a call (spec: "Call canceling").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelMode {
    /// The callee continues; its answer is discarded.
    Skip,
    /// The callee is interrupted; the caller waits for its answer.
    Kill,
    /// The callee is interrupted; the caller does not wait.
    KillNoWait,
}

impl CancelMode {
    /// Returns the wire form: `"skip"`, `"kill"` or `"killnowait"`.
    pub fn as_str(self) -> &'static str {
        match self {
            CancelMode::Skip => "skip",
            CancelMode::Kill => "kill",
            CancelMode::KillNoWait => "killnowait",
        }
    }
}

/// Policy by which several callees share the calls of a procedure (spec: "Shared registration").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvocationPolicy {
    /// One callee only.
    #[default]
    Single,
    /// Each callee in turn, in the order of registration.
    RoundRobin,
    /// A random callee.
    Random,
    /// The callee that registered first; the others are standbys.
    First,
    /// The callee that registered last.
    Last,
}

impl InvocationPolicy {
    const ALL: [InvocationPolicy; 5] = [
        InvocationPolicy::Single,
        InvocationPolicy::RoundRobin,
        InvocationPolicy::Random,
        InvocationPolicy::First,
        InvocationPolicy::Last,
    ];

    /// Returns the wire form: `"single"`, `"roundrobin"`, `"random"`, `"first"` or `"last"`.
    pub fn as_str(self) -> &'static str {
        match self {
            InvocationPolicy::Single => "single",
            InvocationPolicy::RoundRobin => "roundrobin",
            InvocationPolicy::Random => "random",
            InvocationPolicy::First => "first",
            InvocationPolicy::Last => "last",
        }
    }

    /// Parses the wire form of a policy.
    pub fn from_wire(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }
}

impl Field for InvocationPolicy {
    const EXPECTED: &'static str = "\"single\", \"roundrobin\", \"random\", \"first\" or \"last\"";

    fn from_value(value: Value) -> Option<Self> {
        Self::from_wire(value.as_str()?)
    }

    fn into_value(self) -> Value {
        self.as_str().into()
    }
}

impl Field for CancelMode {
    const EXPECTED: &'static str = "\"skip\", \"kill\" or \"killnowait\"";

    fn from_value(value: Value) -> Option<Self> {
        let word = value.as_str()?;
        [CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait]
            .into_iter()
            .find(|mode| mode.as_str() == word)
    }

    fn into_value(self) -> Value {
        self.as_str().into()
    }
}

options! {
    /// ERROR.Details.
    RequestErrorDetails / RequestErrorDetailsFields("ERROR.Details") {
        /// Session id of the callee that answered (Crossbar, and the embedded router where it
        /// discloses).
        callee: u64,
        /// Authid of the callee.
        callee_authid: String,
        /// Role of the callee.
        callee_authrole: String,
    } + passthru
}

options! {
    /// CALL.Options.
    CallOptions / CallOptionsFields("CALL.Options") {
        /// Timeout in milliseconds for the dealer or the callee; 0 means no timeout. Crossbar reads
        /// seconds.
        timeout: u64,
        /// True if the caller accepts progressive results.
        receive_progress: bool,
        /// True if more arguments follow.
        progress: bool,
        /// True if the callee may learn the caller's identity.
        disclose_me: bool,
    } + passthru
}

options! {
    /// CANCEL.Options and INTERRUPT.Options.
    CancelOptions / CancelOptionsFields("Options") {
        /// Cancel mode of the call.
        mode: CancelMode,
        /// Reason, in INTERRUPT (Autobahn).
        reason: String,
    }
}

options! {
    /// REGISTER.Options.
    RegisterOptions / RegisterOptionsFields("REGISTER.Options") {
        /// Match policy. Default: exact.
        r#match: Match,
        /// Invocation policy for shared registrations. Default: single.
        invoke: InvocationPolicy,
        /// True if the callee asks for the caller's identity.
        disclose_caller: bool,
        /// True if the dealer leaves timeouts to the callee.
        forward_timeout: bool,
        /// Maximum number of concurrent calls to the callee (Crossbar and the embedded router).
        /// Default: no limit.
        concurrency: u64,
        /// True to take over the procedure from its current callee. Crossbar takes over from any
        /// callee, the embedded router only from callees that registered with this option.
        force_reregister: bool,
    }
}

options! {
    /// RESULT.Details.
    ResultDetails / ResultDetailsFields("RESULT.Details") {
        /// True if more results follow.
        progress: bool,
        /// Session id of the callee that answered (Crossbar, and the embedded router where it
        /// discloses).
        callee: u64,
        /// Authid of the callee.
        callee_authid: String,
        /// Role of the callee.
        callee_authrole: String,
    } + passthru
}

options! {
    /// INVOCATION.Details. A procedure can have it as a parameter.
    #[doc(alias = "CallDetails")]
    InvocationDetails / InvocationDetailsFields("INVOCATION.Details") {
        /// Called procedure; always present for a pattern registration.
        procedure: Uri,
        /// Session id of the caller.
        caller: u64,
        /// Authid of the caller.
        caller_authid: String,
        /// Role of the caller.
        caller_authrole: String,
        /// Trust level that the router assigned to the caller.
        trustlevel: u64,
        /// Timeout of the call in milliseconds.
        timeout: u64,
        /// True if the caller accepts progressive results.
        receive_progress: bool,
        /// True if more arguments follow.
        progress: bool,
    } + passthru
}

options! {
    /// YIELD.Options.
    YieldOptions / YieldOptionsFields("YIELD.Options") {
        /// True if more results follow.
        progress: bool,
    } + passthru
}
