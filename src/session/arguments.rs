//! Contains the argument setters that the request builders share.

/// Defines `args`, `kwargs` and `payload` on a builder with the fields `session` and `payload`.
macro_rules! argument_setters {
    () => {
        /// Sets the positional arguments: a tuple, array or list of values that serde can
        /// serialize.
        pub fn args<A: serde::Serialize>(mut self, args: A) -> Self {
            self.payload = self
                .payload
                .and_then(|payload| payload.with_args(self.session.serializer(), &args));
            self
        }

        /// Sets the keyword arguments: a struct or map.
        pub fn kwargs<K: serde::Serialize>(mut self, kwargs: K) -> Self {
            self.payload = self
                .payload
                .and_then(|payload| payload.with_kwargs(self.session.serializer(), &kwargs));
            self
        }

        /// Sets all arguments at once, without encoding them again.
        pub fn payload(mut self, payload: $crate::message::Payload) -> Self {
            self.payload = Ok(payload);
            self
        }

        /// Sets any other option by its name on the wire, for extensions of a particular router.
        ///
        /// A key that has a setter or a field of its own is rejected with
        /// `wamp.error.invalid_argument`.
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
