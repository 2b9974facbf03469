//! Contains the messages of WAMP: one struct per message, typed options and details, and the lazy
//! payload.
//!
//! Defines which messages are well-formed (spec: "Messages", "Validation on receive"). The messages
//! are independent of the wire format, which is the responsibility of `codec`.
//!
//! ```
//! use wampwerk::Payload;
//! use wampwerk::message::{Call, Message};
//!
//! let message = Message::from(Call {
//!     request: 1,
//!     options: Default::default(),
//!     procedure: "com.example.add".into(),
//!     payload: Payload::from_values(vec![2.into(), 3.into()], Default::default()),
//! });
//! assert_eq!((message.name(), message.code()), ("CALL", 48));
//! ```

#[cfg(not(feature = "hosted"))]
mod custom;
pub(crate) mod options;
pub(crate) mod parts;
mod payload;
mod pubsub;
mod roles;
mod rpc;
mod serializer;
mod session;
#[allow(dead_code, reason = "only the router reads points in time")]
pub(crate) mod time;
pub(crate) mod unusable;
pub(crate) mod weight;
pub(crate) mod wire;

pub(crate) use payload::{Content, Encoded};
pub(crate) use wire::{ElementWriter, Elements};
#[allow(unused_imports, reason = "only the router reads options by hand")]
pub(crate) use {
    options::Field,
    parts::{MAX_ID, Options},
};

#[cfg(not(feature = "hosted"))]
pub use custom::CustomSerializer;
#[cfg(not(feature = "hosted"))]
pub(crate) use custom::add as add_custom;
pub use payload::Payload;
pub use pubsub::{
    Event, EventDetails, Publish, PublishOptions, Published, RevocationDetails, Subscribe,
    SubscribeOptions, Subscribed, Unsubscribe, Unsubscribed,
};
pub use roles::Roles;
pub use rpc::{
    Call, CallOptions, CallResult, Cancel, CancelMode, CancelOptions, Interrupt, Invocation,
    InvocationDetails, InvocationPolicy, Register, RegisterOptions, Registered, RequestError,
    RequestErrorDetails, RequestType, ResultDetails, Unregister, Unregistered, Yield, YieldOptions,
};
pub use serializer::Serializer;
pub use session::{
    Abort, Authenticate, Challenge, ClosingDetails, Goodbye, Hello, HelloDetails, Welcome,
    WelcomeDetails,
};

use crate::error::{EncodeError, Violation};

macro_rules! message_enum {
    ($($variant:ident($ty:ty) = $code:literal $name:literal,)*) => {
        /// Any WAMP message.
        #[derive(Clone, Debug)]
        #[allow(clippy::large_enum_variant, reason = "boxing would cost an allocation a message")]
        #[non_exhaustive]
        pub enum Message {
            $(#[doc = concat!("`", $name, "`, code ", $code, ".")] $variant($ty),)*
        }

        impl Message {
            /// Returns the name in the specification, as in `"SUBSCRIBE"`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Message::$variant(_) => $name,)*
                }
            }

            /// Returns the message code on the wire.
            pub fn code(&self) -> u64 {
                match self {
                    $(Message::$variant(_) => $code,)*
                }
            }

            /// Returns the approximate memory use of everything in the message, in bytes.
            #[cfg_attr(
                not(feature = "router"),
                allow(dead_code, reason = "only the router's outboxes weigh whole messages")
            )]
            pub(crate) fn weight(&self) -> usize {
                match self {
                    $(Message::$variant(message) => message.weight(),)*
                }
            }

            /// Reads a message from the elements of a list; if it is `FROM_ROUTER`, only one that
            /// routers send.
            pub(crate) fn read<const FROM_ROUTER: bool>(
                elements: &dyn Elements,
            ) -> Result<Self, Violation> {
                if elements.len() == 0 {
                    return Err(Violation::new("the message is an empty list"));
                }
                let code = elements
                    .uint(0)
                    .map_err(|error| Violation::new(format!("message code: {}", error.message)))?;
                let message = match code {
                    $($code if FROM_ROUTER && !is_from_router($code) => {
                        return Err(Violation::new(concat!("unexpected ", $name, " from a router")));
                    }
                    $code => Message::$variant(<$ty>::read(elements)?),)*
                    _ => return Err(Violation::new(format!("unknown message code {code}"))),
                };
                if message.lacks_enc_algo() {
                    return Err(Violation::new(format!(
                        "{}.payload: args must be a list, is bytes (bytes need enc_algo)",
                        message.name()
                    )));
                }
                Ok(message)
            }

            /// Writes the message as the elements of a list.
            pub(crate) fn write(&self, writer: &mut dyn ElementWriter) -> Result<(), EncodeError> {
                if self.lacks_enc_algo() {
                    return Err(EncodeError::new("an opaque payload needs the option enc_algo"));
                }
                match self {
                    $(Message::$variant(message) => message.write(writer),)*
                }
                Ok(())
            }
        }

        $(impl From<$ty> for Message {
            fn from(message: $ty) -> Self {
                Message::$variant(message)
            }
        })*
    };
}

/// Returns whether routers send messages with this code.
const fn is_from_router(code: u64) -> bool {
    matches!(code, 2 | 3 | 4 | 6 | 8 | 17 | 33 | 35 | 36 | 50 | 65 | 67 | 68 | 69)
}

impl Message {
    /// Returns whether the payload is opaque although the message has no `enc_algo`.
    #[inline]
    fn lacks_enc_algo(&self) -> bool {
        match self {
            Message::Abort(m) => m.payload.opaque().is_some(),
            Message::Error(m) => m.payload.opaque().is_some() && m.details.enc_algo.is_none(),
            Message::Publish(m) => m.payload.opaque().is_some() && m.options.enc_algo.is_none(),
            Message::Event(m) => m.payload.opaque().is_some() && m.details.enc_algo.is_none(),
            Message::Call(m) => m.payload.opaque().is_some() && m.options.enc_algo.is_none(),
            Message::Result(m) => m.payload.opaque().is_some() && m.details.enc_algo.is_none(),
            Message::Invocation(m) => m.payload.opaque().is_some() && m.details.enc_algo.is_none(),
            Message::Yield(m) => m.payload.opaque().is_some() && m.options.enc_algo.is_none(),
            _ => false,
        }
    }
}

message_enum! {
    Hello(Hello) = 1 "HELLO",
    Welcome(Welcome) = 2 "WELCOME",
    Abort(Abort) = 3 "ABORT",
    Challenge(Challenge) = 4 "CHALLENGE",
    Authenticate(Authenticate) = 5 "AUTHENTICATE",
    Goodbye(Goodbye) = 6 "GOODBYE",
    Error(RequestError) = 8 "ERROR",
    Publish(Publish) = 16 "PUBLISH",
    Published(Published) = 17 "PUBLISHED",
    Subscribe(Subscribe) = 32 "SUBSCRIBE",
    Subscribed(Subscribed) = 33 "SUBSCRIBED",
    Unsubscribe(Unsubscribe) = 34 "UNSUBSCRIBE",
    Unsubscribed(Unsubscribed) = 35 "UNSUBSCRIBED",
    Event(Event) = 36 "EVENT",
    Call(Call) = 48 "CALL",
    Cancel(Cancel) = 49 "CANCEL",
    Result(CallResult) = 50 "RESULT",
    Register(Register) = 64 "REGISTER",
    Registered(Registered) = 65 "REGISTERED",
    Unregister(Unregister) = 66 "UNREGISTER",
    Unregistered(Unregistered) = 67 "UNREGISTERED",
    Invocation(Invocation) = 68 "INVOCATION",
    Interrupt(Interrupt) = 69 "INTERRUPT",
    Yield(Yield) = 70 "YIELD",
}
