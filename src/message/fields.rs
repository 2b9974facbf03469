//! Lists the known keys of the options and details.

pub use super::pubsub::{
    EventDetailsFields, PublishOptionsFields, SubscribeOptionsFields, UnsubscribeOptionsFields,
    UnsubscribedDetailsFields,
};
pub use super::rpc::{
    CallOptionsFields, CancelOptionsFields, InterruptOptionsFields, InvocationDetailsFields,
    RegisterOptionsFields, RequestErrorDetailsFields, ResultDetailsFields, UnregisterOptionsFields,
    UnregisteredDetailsFields, YieldOptionsFields,
};
pub use super::session::{
    AbortDetailsFields, GoodbyeDetailsFields, HelloDetailsFields, WelcomeDetailsFields,
};
