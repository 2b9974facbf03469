//! The messages of remote procedure calls, and ERROR.

use crate::message::Payload;
use crate::message::options::{Field, options};
use crate::message::parts::{Arguments, Details, Id, IdOrZero, Kind, Name, Optional, messages};
use crate::uri::{Match, Uri};
use crate::value::Value;

messages! {
    /// A request failed.
    RequestError = 8 "ERROR" {
        /// What kind of request.
        request_type: RequestType as Kind,
        /// Its request id.
        request: u64 as Id,
        /// More about it.
        details: RequestErrorDetails as Details<RequestErrorDetails>,
        /// What went wrong.
        error: Uri as Name,
        /// Values about it.
        payload: Payload as Arguments,
    }
    /// A caller calls a procedure.
    Call = 48 "CALL" {
        /// The caller's request id.
        request: u64 as Id,
        /// How to call.
        options: CallOptions as Details<CallOptions>,
        /// The procedure.
        procedure: Uri as Name,
        /// The arguments.
        payload: Payload as Arguments,
    }
    /// A caller gives up a call.
    Cancel = 49 "CANCEL" {
        /// The request id of CALL.
        request: u64 as Id,
        /// How to cancel.
        options: CancelOptions as Details<CancelOptions>,
    }
    /// The dealer hands a result to the caller.
    CallResult = 50 "RESULT" {
        /// The request id of CALL.
        request: u64 as Id,
        /// More about it.
        details: ResultDetails as Details<ResultDetails>,
        /// The result.
        payload: Payload as Arguments,
    }
    /// A callee offers a procedure.
    Register = 64 "REGISTER" {
        /// The callee's request id.
        request: u64 as Id,
        /// How it may be called.
        options: RegisterOptions as Details<RegisterOptions>,
        /// The procedure or pattern.
        procedure: Uri as Name,
    }
    /// The dealer has a callee now.
    Registered = 65 "REGISTERED" {
        /// The request id of REGISTER.
        request: u64 as Id,
        /// The registration's id.
        registration: u64 as Id,
    }
    /// A callee withdraws a procedure.
    Unregister = 66 "UNREGISTER" {
        /// The callee's request id.
        request: u64 as Id,
        /// The registration to end.
        registration: u64 as Id,
        /// Only Autobahn sends it; nothing in it is known.
        options: Option<UnregisterOptions> as Optional<UnregisterOptions>,
    }
    /// A registration has ended.
    Unregistered = 67 "UNREGISTERED" {
        /// The request id of UNREGISTER; 0 if the dealer ended it by itself.
        request: u64 as IdOrZero,
        /// Which one and why, if the dealer ended it by itself.
        details: Option<UnregisteredDetails> as Optional<UnregisteredDetails>,
    }
    /// The dealer hands a call to a callee.
    Invocation = 68 "INVOCATION" {
        /// The dealer's request id.
        request: u64 as Id,
        /// The registration that is called.
        registration: u64 as Id,
        /// More about the call.
        details: InvocationDetails as Details<InvocationDetails>,
        /// The arguments.
        payload: Payload as Arguments,
    }
    /// The dealer asks a callee to stop.
    Interrupt = 69 "INTERRUPT" {
        /// The request id of INVOCATION.
        request: u64 as Id,
        /// How.
        options: InterruptOptions as Details<InterruptOptions>,
    }
    /// A callee hands its result to the dealer.
    Yield = 70 "YIELD" {
        /// The request id of INVOCATION.
        request: u64 as Id,
        /// More about it.
        options: YieldOptions as Details<YieldOptions>,
        /// The result.
        payload: Payload as Arguments,
    }
}

macro_rules! request_types {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// A kind of request that can be answered by ERROR.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RequestType {
            $($(#[$doc])* $name,)*
        }

        impl RequestType {
            /// The code of the request's message.
            pub fn code(self) -> u64 {
                match self {
                    $(RequestType::$name => $code,)*
                }
            }

            /// The kind of a message code.
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

/// How a call is cancelled (spec: "Call canceling").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelMode {
    /// The callee goes on; its answer is thrown away.
    Skip,
    /// The callee is interrupted; the caller waits for its answer.
    Kill,
    /// The callee is interrupted; the caller does not wait.
    KillNoWait,
}

impl CancelMode {
    /// The word on the wire: `"skip"`, `"kill"`, `"killnowait"`.
    pub fn as_str(self) -> &'static str {
        match self {
            CancelMode::Skip => "skip",
            CancelMode::Kill => "kill",
            CancelMode::KillNoWait => "killnowait",
        }
    }
}

/// How the calls of a procedure are shared among several callees (spec: "Shared registration").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvocationPolicy {
    /// There is only one callee.
    #[default]
    Single,
    /// One after the other, in the order in which they registered.
    RoundRobin,
    /// Any.
    Random,
    /// The one that registered first; the others stand by.
    First,
    /// The one that registered last.
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

    /// The word on the wire: `"single"`, `"roundrobin"`, `"random"`, `"first"`, `"last"`.
    pub fn as_str(self) -> &'static str {
        match self {
            InvocationPolicy::Single => "single",
            InvocationPolicy::RoundRobin => "roundrobin",
            InvocationPolicy::Random => "random",
            InvocationPolicy::First => "first",
            InvocationPolicy::Last => "last",
        }
    }

    /// The policy of a word on the wire.
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
        /// The session of the callee that answered (Crossbar, and our router where it discloses).
        callee: u64,
        /// Its authid.
        callee_authid: String,
        /// Its role.
        callee_authrole: String,
    } + passthru
}

options! {
    /// CALL.Options.
    CallOptions / CallOptionsFields("CALL.Options") {
        /// For the dealer or the callee, in milliseconds; 0 is none (Crossbar reads seconds).
        timeout: u64,
        /// Whether the caller takes progressive results.
        receive_progress: bool,
        /// Whether more arguments follow.
        progress: bool,
        /// Whether the callee may know the caller.
        disclose_me: bool,
    } + passthru
}

options! {
    /// CANCEL.Options.
    CancelOptions / CancelOptionsFields("CANCEL.Options") {
        /// How to cancel.
        mode: CancelMode,
    }
}

options! {
    /// INTERRUPT.Options.
    InterruptOptions / InterruptOptionsFields("INTERRUPT.Options") {
        /// How it was cancelled.
        mode: CancelMode,
        /// Why (Autobahn).
        reason: String,
    }
}

options! {
    /// REGISTER.Options.
    RegisterOptions / RegisterOptionsFields("REGISTER.Options") {
        /// How the procedure matches. Default: exact.
        r#match: Match,
        /// How several callees share it. Default: single.
        invoke: InvocationPolicy,
        /// Whether the callee wants to know the caller.
        disclose_caller: bool,
        /// Whether the dealer shall leave timeouts to the callee.
        forward_timeout: bool,
        /// How many calls the callee takes at the same time (Crossbar, and the embedded router).
        /// Default: no limit.
        concurrency: u64,
        /// Whether to take the procedure over from who has it: in Crossbar from anybody, in the
        /// embedded router from callees that asked for the same.
        force_reregister: bool,
    }
}

options! {
    /// RESULT.Details.
    ResultDetails / ResultDetailsFields("RESULT.Details") {
        /// Whether more results follow.
        progress: bool,
        /// The session of the callee that answered (Crossbar, and our router where it discloses).
        callee: u64,
        /// Its authid.
        callee_authid: String,
        /// Its role.
        callee_authrole: String,
    } + passthru
}

options! {
    /// UNREGISTER.Options.
    UnregisterOptions / UnregisterOptionsFields("UNREGISTER.Options") {}
}

options! {
    /// UNREGISTERED.Details.
    UnregisteredDetails / UnregisteredDetailsFields("UNREGISTERED.Details") {
        /// The registration that was revoked.
        registration: u64,
        /// Why.
        reason: String,
    }
}

options! {
    /// INVOCATION.Details.
    InvocationDetails / InvocationDetailsFields("INVOCATION.Details") {
        /// The procedure that was called; always there for a pattern registration.
        procedure: Uri,
        /// The caller's session.
        caller: u64,
        /// The caller's authid.
        caller_authid: String,
        /// The caller's role.
        caller_authrole: String,
        /// How far the router trusts the caller.
        trustlevel: u64,
        /// How long the call may take, in milliseconds.
        timeout: u64,
        /// Whether the caller takes progressive results.
        receive_progress: bool,
        /// Whether more arguments follow.
        progress: bool,
    } + passthru
}

options! {
    /// YIELD.Options.
    YieldOptions / YieldOptionsFields("YIELD.Options") {
        /// Whether more results follow.
        progress: bool,
    } + passthru
}
