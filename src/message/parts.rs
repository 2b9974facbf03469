//! Contains the kinds of elements that messages consist of, and the macro that defines the
//! messages.

use crate::error::Violation;
use crate::message::wire::DictError;
use crate::message::{ElementWriter, Elements, Payload, RequestType, weight};
use crate::uri::Uri;
use crate::value::Dict;

/// Largest id (spec: "IDs").
pub const MAX_ID: u64 = 1 << 53;

/// One element of a message, or several for the payload.
pub(crate) trait Part {
    type Value;

    /// Minimum and maximum number of elements.
    const MIN: usize = 1;
    const MAX: usize = 1;

    fn read(elements: &dyn Elements, index: usize) -> Result<Self::Value, Violation>;

    /// Writes the value. The writer keeps the first error.
    fn write(value: &Self::Value, writer: &mut dyn ElementWriter);

    /// Returns the number of elements that this value takes.
    fn len(_value: &Self::Value) -> usize {
        1
    }

    /// Returns the approximate memory use in bytes beside the struct of the message.
    #[cfg_attr(
        not(feature = "router"),
        allow(dead_code, reason = "only the router's outboxes weigh whole messages")
    )]
    fn weight(_value: &Self::Value) -> usize {
        0
    }
}

/// An id from 1 to 2^53.
pub(crate) struct Id;

impl Part for Id {
    type Value = u64;

    fn read(elements: &dyn Elements, index: usize) -> Result<u64, Violation> {
        match elements.uint(index)? {
            id @ 1..=MAX_ID => Ok(id),
            id => Err(Violation::new(format!("{id} is not a valid id (1 to 2^53)"))),
        }
    }

    fn write(value: &u64, writer: &mut dyn ElementWriter) {
        writer.uint(*value);
    }
}

/// The request id of UNSUBSCRIBED and UNREGISTERED: an id, or 0 for a revocation.
pub(crate) struct IdOrZero;

impl Part for IdOrZero {
    type Value = u64;

    fn read(elements: &dyn Elements, index: usize) -> Result<u64, Violation> {
        match elements.uint(index)? {
            id @ 0..=MAX_ID => Ok(id),
            id => Err(Violation::new(format!("{id} is not a valid id (0 to 2^53)"))),
        }
    }

    fn write(value: &u64, writer: &mut dyn ElementWriter) {
        Id::write(value, writer);
    }
}

/// A string.
pub(crate) struct Text;

impl Part for Text {
    type Value = String;

    fn read(elements: &dyn Elements, index: usize) -> Result<String, Violation> {
        elements.text(index)
    }

    fn write(value: &String, writer: &mut dyn ElementWriter) {
        writer.text(value);
    }

    fn weight(value: &String) -> usize {
        value.len()
    }
}

/// A URI. The receiver checks its syntax: an invalid URI is answered with ERROR, it is not a
/// protocol violation.
pub(crate) struct Name;

impl Part for Name {
    type Value = Uri;

    fn read(elements: &dyn Elements, index: usize) -> Result<Uri, Violation> {
        elements.uri(index)
    }

    fn write(value: &Uri, writer: &mut dyn ElementWriter) {
        writer.text(value);
    }

    fn weight(value: &Uri) -> usize {
        value.len()
    }
}

/// The request type of ERROR.
pub(crate) struct Kind;

impl Part for Kind {
    type Value = RequestType;

    fn read(elements: &dyn Elements, index: usize) -> Result<RequestType, Violation> {
        let code = elements.uint(index)?;
        RequestType::from_code(code).ok_or_else(|| {
            Violation::new(format!("{code} is not the code of a request that can fail"))
        })
    }

    fn write(value: &RequestType, writer: &mut dyn ElementWriter) {
        writer.uint(value.code());
    }
}

/// A type for a dict of options or details.
pub(crate) trait Options: Sized {
    /// The known keys, if not every key is.
    const KEYS: Option<&'static [&'static str]>;

    fn from_dict(dict: Dict) -> Result<Self, Violation>;

    /// Creates the violation for a known key whose value is `found`.
    fn wrong(key: &str, found: &str) -> Violation;

    fn to_dict(&self) -> Dict;

    #[cfg_attr(
        not(feature = "router"),
        allow(dead_code, reason = "only the router's outboxes weigh whole messages")
    )]
    fn weight(&self) -> usize;
}

impl Options for Dict {
    const KEYS: Option<&'static [&'static str]> = None;

    fn from_dict(dict: Dict) -> Result<Self, Violation> {
        Ok(dict)
    }

    fn wrong(key: &str, found: &str) -> Violation {
        Violation::new(format!("{key} is {found}"))
    }

    fn to_dict(&self) -> Dict {
        self.clone()
    }

    fn weight(&self) -> usize {
        weight::dict(self)
    }
}

/// A dict of options or details.
pub(crate) struct Details<T>(std::marker::PhantomData<T>);

impl<T: Options> Part for Details<T> {
    type Value = T;

    fn read(elements: &dyn Elements, index: usize) -> Result<T, Violation> {
        let options = match elements.dict(index, T::KEYS) {
            Ok(dict) => T::from_dict(dict),
            Err(DictError::Element(violation)) => return Err(violation),
            Err(DictError::Entry { key, found }) => Err(T::wrong(&key, &found)),
        };
        options.inspect_err(|violation| elements.refuse_option(violation))
    }

    fn write(value: &T, writer: &mut dyn ElementWriter) {
        writer.dict(&value.to_dict());
    }

    fn weight(value: &T) -> usize {
        value.weight()
    }
}

/// A dict of options or details that may be omitted.
pub(crate) struct Optional<T>(std::marker::PhantomData<T>);

impl<T: Options> Part for Optional<T> {
    type Value = Option<T>;

    const MIN: usize = 0;

    fn read(elements: &dyn Elements, index: usize) -> Result<Option<T>, Violation> {
        if index < elements.len() {
            Details::<T>::read(elements, index).map(Some)
        } else {
            Ok(None)
        }
    }

    fn write(value: &Option<T>, writer: &mut dyn ElementWriter) {
        if let Some(value) = value {
            Details::write(value, writer);
        }
    }

    fn len(value: &Option<T>) -> usize {
        usize::from(value.is_some())
    }

    fn weight(value: &Option<T>) -> usize {
        value.as_ref().map_or(0, T::weight)
    }
}

/// `args` and `kwargs`.
pub(crate) struct Arguments;

impl Part for Arguments {
    type Value = Payload;

    const MIN: usize = 0;
    const MAX: usize = 2;

    fn read(elements: &dyn Elements, index: usize) -> Result<Payload, Violation> {
        elements.payload(index)
    }

    fn write(value: &Payload, writer: &mut dyn ElementWriter) {
        writer.payload(value);
    }

    fn len(value: &Payload) -> usize {
        value.elements()
    }

    fn weight(value: &Payload) -> usize {
        value.weight()
    }
}

/// Creates the violation for a message with the wrong number of elements.
#[cold]
pub(crate) fn wrong_length(wire: &str, len: usize, min: usize, max: usize) -> Violation {
    Violation::new(format!("{wire} has {len} elements, must have {min} to {max}"))
}

/// Creates the violation for an element, with its place.
#[cold]
pub(crate) fn wrong_element(wire: &str, field: &str, error: &Violation) -> Violation {
    Violation::new(format!("{wire}.{field}: {}", error.message))
}

/// Placeholder in `Debug` for secret fields, because whole messages are logged.
pub(crate) struct Hidden;

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Defines message structs: the fields in wire order, each as `name: Type as Part`. The `Debug`
/// output omits the fields that a message `hides`.
macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $name:ident = $code:literal $wire:literal $(hides [$($hidden:literal),*])? {
            $($(#[$field_doc:meta])* $field:ident: $ty:ty as $part:ty,)*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        #[allow(clippy::exhaustive_structs, reason = "the fields are the wire format")]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $ty,)*
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                const HIDDEN: &[&str] = &[$($($hidden),*)?];
                let mut shown = f.debug_struct(stringify!($name));
                $(if HIDDEN.contains(&stringify!($field)) {
                    shown.field(stringify!($field), &$crate::message::parts::Hidden);
                } else {
                    shown.field(stringify!($field), &self.$field);
                })*
                shown.finish()
            }
        }

        impl $name {
            pub(crate) fn read(
                elements: &dyn $crate::message::Elements,
            ) -> Result<Self, $crate::error::Violation> {
                use $crate::message::parts::Part;
                const MIN: usize = 1 $(+ <$part as Part>::MIN)*;
                const MAX: usize = 1 $(+ <$part as Part>::MAX)*;
                let len = elements.len();
                if !(MIN..=MAX).contains(&len) {
                    return Err($crate::message::parts::wrong_length($wire, len, MIN, MAX));
                }
                let mut index = 0;
                Ok($name {
                    $($field: {
                        index += 1;
                        <$part as Part>::read(elements, index).map_err(|error| {
                            $crate::message::parts::wrong_element($wire, stringify!($field), &error)
                        })?
                    },)*
                })
            }

            pub(crate) fn write(
                &self,
                writer: &mut dyn $crate::message::ElementWriter,
            ) {
                use $crate::message::parts::Part;
                writer.begin(1 $(+ <$part as Part>::len(&self.$field))*);
                writer.uint($code);
                $(<$part as Part>::write(&self.$field, writer);)*
                writer.end();
            }

            #[cfg_attr(
                not(feature = "router"),
                allow(dead_code, reason = "only the router's outboxes weigh whole messages")
            )]
            pub(crate) fn weight(&self) -> usize {
                use $crate::message::parts::Part;
                0 $(+ <$part as Part>::weight(&self.$field))*
            }
        }
    )*};
}

pub(crate) use messages;
