//! Contains the macro for typed options and details: known keys become fields, unknown keys are
//! kept.

use crate::error::Violation;
use crate::message::weight;
use crate::uri::{Match, Uri};
use crate::value::{Dict, List, Value};

/// Returns a non-negative integer. Languages with one kind of number write 7.0 for 7.
pub(crate) fn to_u64(value: &Value) -> Option<u64> {
    const EXACT: f64 = (1_u64 << 53) as f64;
    match *value {
        Value::Float(float) if float.fract() == 0.0 && (0.0..=EXACT).contains(&float) => {
            Some(float as u64)
        }
        _ => value.as_u64(),
    }
}

/// A type that a known key can have.
pub(crate) trait Field: Sized {
    /// The expected type, for the error text.
    const EXPECTED: &'static str;

    fn from_value(value: Value) -> Option<Self>;

    fn into_value(self) -> Value;

    /// Returns the approximate memory use in bytes beside the field itself.
    fn weight(&self) -> usize {
        0
    }
}

impl Field for bool {
    const EXPECTED: &'static str = "a bool";

    // Integers are rejected, although some peers have only 0 and 1 (spec: "Messages", types).
    fn from_value(value: Value) -> Option<Self> {
        value.as_bool()
    }

    fn into_value(self) -> Value {
        self.into()
    }
}

impl Field for u64 {
    const EXPECTED: &'static str = "a non-negative integer";

    fn from_value(value: Value) -> Option<Self> {
        to_u64(&value)
    }

    fn into_value(self) -> Value {
        self.into()
    }
}

impl Field for String {
    const EXPECTED: &'static str = "a string";

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        self.into()
    }

    fn weight(&self) -> usize {
        self.len()
    }
}

impl Field for Uri {
    const EXPECTED: &'static str = "a URI";

    fn from_value(value: Value) -> Option<Self> {
        value.as_str().map(Uri::from)
    }

    fn into_value(self) -> Value {
        self.as_str().into()
    }

    fn weight(&self) -> usize {
        self.len()
    }
}

impl Field for Dict {
    const EXPECTED: &'static str = "a dict";

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        self.into()
    }

    fn weight(&self) -> usize {
        weight::dict(self)
    }
}

impl Field for Vec<u64> {
    const EXPECTED: &'static str = "a list of ids";

    fn from_value(value: Value) -> Option<Self> {
        value.as_list()?.iter().map(to_u64).collect()
    }

    fn into_value(self) -> Value {
        self.into_iter().map(Value::from).collect::<List>().into()
    }

    fn weight(&self) -> usize {
        size_of_val(&self[..])
    }
}

impl Field for Vec<String> {
    const EXPECTED: &'static str = "a list of strings";

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::List(list) => list.into_iter().map(String::from_value).collect(),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        self.into_iter().map(Value::from).collect::<List>().into()
    }

    fn weight(&self) -> usize {
        size_of_val(&self[..]) + self.iter().map(String::len).sum::<usize>()
    }
}

impl Field for Match {
    const EXPECTED: &'static str = "\"exact\", \"prefix\" or \"wildcard\"";

    fn from_value(value: Value) -> Option<Self> {
        Match::from_wire(value.as_str()?)
    }

    fn into_value(self) -> Value {
        self.as_str().into()
    }
}

/// A field of options or details: an `Option` of any [`Field`] type. Tables of these keep the code of
/// all structs small.
pub(crate) trait Slot {
    /// Sets the field. Returns the expected type if the value has another one.
    fn set(&mut self, value: Value) -> Result<(), &'static str>;

    /// Returns the value, if the field is set.
    fn get(&self) -> Option<Value>;

    /// Returns the approximate memory use in bytes beside the field itself.
    fn weight(&self) -> usize;
}

impl<T: Field + Clone> Slot for Option<T> {
    fn set(&mut self, value: Value) -> Result<(), &'static str> {
        *self = Some(T::from_value(value).ok_or(T::EXPECTED)?);
        Ok(())
    }

    fn get(&self) -> Option<Value> {
        self.clone().map(T::into_value)
    }

    fn weight(&self) -> usize {
        self.as_ref().map_or(0, T::weight)
    }
}

/// Returns the key of a field: `r#match` is `match`.
pub(crate) const fn key(field: &str) -> &str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Moves the values of known keys from `dict` into their fields, and returns the other entries. Compares the
/// keys, because looking each one up in a short dict takes longer.
pub(crate) fn fill(
    dict: Dict,
    place: &str,
    slots: &mut [(&'static str, &mut dyn Slot)],
) -> Result<Dict, Violation> {
    let mut extra = Dict::new();
    for (key, value) in dict {
        let Some((key, slot)) = slots.iter_mut().find(|(known, _)| *known == key) else {
            extra.insert(key, value);
            continue;
        };
        // Some clients send null, or the undefined of CBOR, for an option that they leave out.
        if value == Value::Null {
            continue;
        }
        let kind = value.kind();
        slot.set(value).map_err(|expected| wrong(place, key, expected, kind))?;
    }
    Ok(extra)
}

/// Creates the violation for a value of a known key.
#[cold]
pub(crate) fn wrong(place: &str, key: &str, expected: &str, found: &str) -> Violation {
    Violation::new(format!("{place}.{key} must be {expected}, is {found}"))
}

/// Returns the keys that are set, and `extra`.
pub(crate) fn collect(slots: &[(&'static str, &dyn Slot)], extra: &Dict) -> Dict {
    let mut dict = Dict::new();
    for (key, slot) in slots {
        if let Some(value) = slot.get() {
            dict.insert(*key, value);
        }
    }
    dict.extend(extra.clone());
    dict
}

/// Returns the approximate memory use of the fields that are set and of `extra`.
pub(crate) fn weigh(slots: &[&dyn Slot], extra: &Dict) -> usize {
    slots.iter().map(|slot| slot.weight()).sum::<usize>() + weight::dict(extra)
}

/// Defines a struct of options or details with one `Option` field for each known key and `extra`
/// for all other keys, and its conversions from and to a dict. The `Debug` output omits the fields
/// that it `hides`. With `+ passthru` it also has the fields for both kinds of encoded payloads,
/// which all messages with a payload share.
macro_rules! options {
    (
        $(#[$doc:meta])*
        $name:ident / $fields:ident ($place:literal) {
            $($(#[doc = $field_doc:literal])* $field:ident: $ty:ty,)*
        } + passthru
    ) => {
        $crate::message::options::options! {
            $(#[$doc])*
            $name / $fields ($place) {
                $($(#[doc = $field_doc])* $field: $ty,)*
                /// Payload passthru mode: scheme.
                ppt_scheme: String,
                /// Payload passthru mode: inner serializer.
                ppt_serializer: String,
                /// Payload passthru mode: cipher.
                ppt_cipher: String,
                /// Payload passthru mode: key id.
                ppt_keyid: String,
                /// Payload transparency (Autobahn, Crossbar): algorithm.
                enc_algo: String,
                /// Payload transparency: inner serializer.
                enc_serializer: String,
                /// Payload transparency: key id.
                enc_key: String,
            }
        }
    };
    (
        $(#[$doc:meta])*
        $name:ident / $fields:ident ($place:literal) $(hides [$($hidden:literal),*])? {
            $($(#[doc = $field_doc:literal])* $field:ident: $ty:ty,)*
        }
    ) => {
        $(#[$doc])*
        ///
        /// Keys, each an `Option` field:
        $(
            #[doc = concat!("- `", stringify!($field), ": ", stringify!($ty), "`:", $($field_doc),*)]
        )*
        /// - `extra: Dict`: all other keys, as received or as they will be sent.
        ///
        /// Most messages have no options. The fields are therefore behind a pointer: an empty struct
        /// is one word, and messages are cheap to move. Clones share the fields until one changes.
        #[derive(Clone, Default)]
        pub struct $name(Option<std::sync::Arc<$fields>>);

        #[doc = concat!("The keys of [`", stringify!($name), "`].")]
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $fields {
            $($(#[doc = $field_doc])* pub $field: Option<$ty>,)*
            /// All other keys, as received or as they will be sent.
            pub extra: $crate::value::Dict,
        }

        impl std::fmt::Debug for $fields {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                #[allow(dead_code, reason = "a struct may have no known key")]
                const HIDDEN: &[&str] = &[$($($hidden),*)?];
                let mut shown = f.debug_struct(stringify!($fields));
                $(if HIDDEN.contains(&stringify!($field)) {
                    shown.field(
                        stringify!($field),
                        &self.$field.as_ref().map(|_| $crate::message::parts::Hidden),
                    );
                } else {
                    shown.field(stringify!($field), &self.$field);
                })*
                shown.field("extra", &self.extra).finish()
            }
        }

        #[allow(dead_code, reason = "not every message is asked")]
        impl $name {
            /// Returns whether no key is set. Cheap, and true for most messages.
            pub(crate) fn is_empty(&self) -> bool {
                self.0.is_none()
            }

            /// Returns the approximate memory use in bytes beside the struct itself.
            pub(crate) fn weight(&self) -> usize {
                let Some(fields) = &self.0 else { return 0 };
                let slots: &[&dyn $crate::message::options::Slot] = &[$(&fields.$field),*];
                size_of::<$fields>() + $crate::message::options::weigh(slots, &fields.extra)
            }

            /// Returns a known key that is in `extra`, although it has a typed field.
            pub(crate) fn misplaced(&self) -> Option<&str> {
                let extra = &self.0.as_ref()?.extra;
                let known: &[&'static str] =
                    &[$($crate::message::options::key(stringify!($field))),*];
                known.iter().copied().find(|key| extra.get(key).is_some())
            }
        }

        impl $name {
            /// Reads the wire form. Unknown keys are kept in `extra`.
            ///
            /// # Errors
            /// Returns `Violation` if a known key has a value of the wrong type.
            pub fn from_dict(
                dict: $crate::value::Dict,
            ) -> Result<Self, $crate::error::Violation> {
                if dict.is_empty() {
                    return Ok(Self::default());
                }
                let mut fields = $fields::default();
                fields.extra = $crate::message::options::fill(
                    dict,
                    $place,
                    &mut [$((
                        const { $crate::message::options::key(stringify!($field)) },
                        &mut fields.$field,
                    )),*],
                )?;
                Ok($name(Some(std::sync::Arc::new(fields))))
            }

            /// Returns the wire form: the keys that are set, and `extra`.
            pub fn to_dict(&self) -> $crate::value::Dict {
                let Some(fields) = &self.0 else { return $crate::value::Dict::new() };
                $crate::message::options::collect(
                    &[$((
                        const { $crate::message::options::key(stringify!($field)) },
                        &fields.$field,
                    )),*],
                    &fields.extra,
                )
            }

            /// Converts into the plain struct of fields.
            pub fn into_fields(self) -> $fields {
                self.0.map_or_else($fields::default, std::sync::Arc::unwrap_or_clone)
            }
        }

        impl std::ops::Deref for $name {
            type Target = $fields;

            fn deref(&self) -> &$fields {
                static NONE: $fields =
                    $fields { $($field: None,)* extra: $crate::value::Dict::new() };
                self.0.as_deref().unwrap_or(&NONE)
            }
        }

        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut $fields {
                std::sync::Arc::make_mut(self.0.get_or_insert_default())
            }
        }

        impl From<$fields> for $name {
            fn from(fields: $fields) -> Self {
                $name(Some(std::sync::Arc::new(fields)))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                **self == **other
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl $crate::message::parts::Options for $name {
            const KEYS: Option<&'static [&'static str]> =
                Some(&[$($crate::message::options::key(stringify!($field))),*]);

            fn from_dict(dict: $crate::value::Dict) -> Result<Self, $crate::error::Violation> {
                Self::from_dict(dict)
            }

            fn wrong(key: &str, found: &str) -> $crate::error::Violation {
                let known = [$((
                    const { $crate::message::options::key(stringify!($field)) },
                    <$ty as $crate::message::options::Field>::EXPECTED,
                )),*];
                let expected = known.iter().find(|(known, _)| *known == key);
                let expected = expected.map_or("another value", |(_, expected)| *expected);
                $crate::message::options::wrong($place, key, expected, found)
            }

            fn to_dict(&self) -> $crate::value::Dict {
                Self::to_dict(self)
            }

            fn weight(&self) -> usize {
                Self::weight(self)
            }
        }
    };
}

pub(crate) use options;
