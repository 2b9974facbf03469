//! The setters of `TransportConfig`, for what carries one: it has a method `with`, to which the
//! change is given. The documentation of each stands once, at `TransportConfig`.

macro_rules! transport_setters {
    ($($name:ident($($arg:ident: $type:ty),+)),+ $(,)?) => {$(
        #[doc = concat!(
            "See [`TransportConfig::", stringify!($name),
            "`](crate::transport::TransportConfig::", stringify!($name), ")."
        )]
        #[must_use = "the setting is in the value that is returned"]
        pub fn $name(self, $($arg: $type),+) -> Self {
            self.with(|config| config.$name($($arg),+))
        }
    )+};
}

/// As `transport_setters`, for what stands in the options.
macro_rules! option_setters {
    ($($name:ident($($arg:ident: $type:ty),+)),+ $(,)?) => {$(
        #[doc = concat!(
            "See [`WebSocketOptions::", stringify!($name),
            "`](crate::websocket::WebSocketOptions::", stringify!($name), ")."
        )]
        #[must_use = "the setting is in the value that is returned"]
        pub fn $name(self, $($arg: $type),+) -> Self {
            self.with(|mut config| {
                config.options = config.options.$name($($arg),+);
                config
            })
        }
    )+};
}

pub(crate) use {option_setters, transport_setters};
