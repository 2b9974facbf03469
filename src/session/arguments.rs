//! The setters of what a call or an event carries; one home for all builders that have them.

/// Defines `args`, `kwargs` and `payload` on a builder with the fields `session` and `payload`.
macro_rules! argument_setters {
    () => {
        /// The positional arguments: a tuple, array or list of anything that serde can write.
        pub fn args<A: serde::Serialize>(mut self, args: A) -> Self {
            self.payload = self
                .payload
                .and_then(|payload| payload.with_args(self.session.serializer(), &args));
            self
        }

        /// The keyword arguments: a struct or map.
        pub fn kwargs<K: serde::Serialize>(mut self, kwargs: K) -> Self {
            self.payload = self
                .payload
                .and_then(|payload| payload.with_kwargs(self.session.serializer(), &kwargs));
            self
        }

        /// All arguments at once, as they are.
        pub fn payload(mut self, payload: $crate::message::Payload) -> Self {
            self.payload = Ok(payload);
            self
        }

        /// Any other option, as it shall stand on the wire; for what a router has of its own.
        /// A key that has a setter or a field of its own is refused
        /// (`wamp.error.invalid_argument`).
        pub fn option(
            mut self,
            key: impl Into<String>,
            value: impl Into<$crate::value::Value>,
        ) -> Self {
            self.options.extra.insert(key, value);
            self
        }
    };
}

pub(super) use argument_setters;
