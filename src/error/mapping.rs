//! `wamp_errors!`: error types of one's own, to errors on the wire and back.

use serde::de::DeserializeOwned;

use super::application::ApplicationError;
use super::payload::EncodeError;
use crate::value::{Dict, List, Value};

/// Defines an error type whose variants travel as WAMP errors: each has a URI, its positional
/// fields are the error's `args`, its named fields are its `kwargs`.
///
/// A procedure returns it (`Result<T, ShopError>`), and the caller gets it back by
/// [`CallError::downcast`](crate::error::CallError::downcast):
///
/// ```
/// use wampwerk::{ApplicationError, Session, wamp_errors};
/// use wampwerk::error::CallError;
///
/// wamp_errors! {
///     /// What the shop refuses.
///     pub enum ShopError {
///         /// Number of items left.
///         OutOfStock(u32) = "com.shop.error.out_of_stock",
///         /// The shop does not sell this item.
///         NoSuchItem { name: String, did_you_mean: Option<String> } = "com.shop.error.no_such_item",
///         /// Come back later.
///         Closed = "com.shop.error.closed",
///     }
/// }
///
/// async fn example(session: &Session) -> Result<(), CallError> {
///     session.register("com.shop.order", |count: u32| async move {
///         if count > 3 { Err(ShopError::OutOfStock(3)) } else { Ok(count) }
///     }).await.unwrap();
///
///     let order = session.call("com.shop.order").args((4,)).value::<u32>().await;
///     match order.map_err(CallError::downcast::<ShopError>) {
///         Ok(count) => println!("{count} ordered"),
///         Err(Ok(ShopError::OutOfStock(left))) => println!("only {left} left"),
///         Err(Ok(other)) => println!("the shop says: {other}"),
///         Err(Err(other)) => return Err(other),
///     }
///     Ok(())
/// }
///
/// let error = ApplicationError::from(ShopError::OutOfStock(3));
/// assert_eq!(error, ApplicationError::new("com.shop.error.out_of_stock").arg(3));
/// assert!(matches!(ShopError::try_from(error), Ok(ShopError::OutOfStock(3))));
/// assert_eq!(ShopError::Closed.uri(), "com.shop.error.closed");
/// ```
///
/// It makes the enum with `Clone` and `Debug`, `uri()`, `Display` (as [`ApplicationError`] has it:
/// the URI, the first positional value, and the keyword values), [`Error`](std::error::Error),
/// `From<…> for ApplicationError`, and `TryFrom<ApplicationError>`.
///
/// The way back needs exactly the variant's URI, and values that fit its fields: what is missing
/// reads as null, which an `Option` takes, and what is there beyond the fields is left alone. Any
/// other error comes back unharmed as the `Err` of `TryFrom`.
///
/// A field may have any type that is `Clone + Debug` and serde can serialize and deserialize: numbers,
/// texts, lists, maps, structs and enums of your own. Named fields travel by their names. A variant
/// may have up to eight positional fields. If a field cannot be encoded, as a map whose keys are
/// lists, the error becomes `wamp.error.invalid_payload`.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wampwerk::{ApplicationError, wamp_errors};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// struct Item { name: String, left: u32 }
///
/// wamp_errors! {
///     pub enum OrderError {
///         /// There are not enough of these.
///         Short { items: Vec<Item>, retry_after: Option<f64> } = "com.shop.error.short",
///     }
/// }
///
/// let items = vec![Item { name: "bolt".into(), left: 3 }];
/// let error = ApplicationError::from(OrderError::Short { items, retry_after: None });
/// assert!(error.kwargs.get("items").is_some());
/// match OrderError::try_from(error) {
///     Ok(OrderError::Short { items, .. }) => assert_eq!(items[0].left, 3),
///     Err(other) => panic!("{other}"),
/// }
/// ```
///
/// [`ApplicationError`]: crate::ApplicationError
#[doc(alias("define", "wamp.error"))]
#[macro_export]
macro_rules! wamp_errors {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident
                $( ( $($ty:ty),+ $(,)? ) )?
                $( { $($(#[$field_meta:meta])* $field:ident : $field_ty:ty),+ $(,)? } )?
                = $uri:literal
            ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $visibility enum $name {
            $(
                $(#[$variant_meta])*
                #[doc = concat!("\n\n`", $uri, "`")]
                $variant
                $( ( $($ty),+ ) )?
                $( { $($(#[$field_meta])* $field: $field_ty),+ } )?
            ),+
        }

        #[allow(dead_code, reason = "made by a macro, for whoever wants it")]
        impl $name {
            /// The URI of the error on the wire.
            $visibility fn uri(&self) -> &'static str {
                match self {
                    $($name::$variant { .. } => $uri,)+
                }
            }
        }

        impl ::core::convert::From<$name> for $crate::error::ApplicationError {
            fn from(error: $name) -> Self {
                ::core::convert::From::from(&error)
            }
        }

        impl ::core::convert::From<&$name> for $crate::error::ApplicationError {
            fn from(error: &$name) -> Self {
                match error {
                    $(error @ $name::$variant { .. } => $crate::__wamp_error_write!(
                        error, $name, $variant, $uri,
                        $( ( $($ty),+ ) )? $( { $($field),+ } )?
                    ),)+
                }
            }
        }

        impl ::core::convert::TryFrom<$crate::error::ApplicationError> for $name {
            type Error = $crate::error::ApplicationError;

            fn try_from(
                error: $crate::error::ApplicationError,
            ) -> ::core::result::Result<Self, $crate::error::ApplicationError> {
                $(if error.uri == $uri {
                    if let ::core::option::Option::Some(read) = $crate::__wamp_error_read!(
                        error, $name, $variant, $( ( $($ty),+ ) )? $( { $($field),+ } )?
                    ) {
                        return ::core::result::Result::Ok(read);
                    }
                })+
                ::core::result::Result::Err(error)
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let error = $crate::error::ApplicationError::from(self);
                ::core::fmt::Display::fmt(&error, f)
            }
        }

        impl ::std::error::Error for $name {}
    };
}

/// The way out of one variant. The names of positional fields are drawn from a list, one by one.
#[doc(hidden)]
#[macro_export]
macro_rules! __wamp_error_write {
    ($error:ident, $name:ident, $variant:ident, $uri:literal,) => {
        $crate::error::ApplicationError::new($uri)
    };
    ($error:ident, $name:ident, $variant:ident, $uri:literal, ( $($ty:ty),+ )) => {
        $crate::__wamp_error_write!(
            @zip $error, $name, $variant, $uri, [ $($ty),+ ] [ a b c d e f g h ] []
        )
    };
    ($error:ident, $name:ident, $variant:ident, $uri:literal, { $($field:ident),+ }) => {{
        #[allow(irrefutable_let_patterns, reason = "there may be no other variant")]
        if let $name::$variant { $($field),+ } = $error {
            $crate::error::with_fields($uri, |_args, kwargs| {
                $(kwargs.insert(
                    $crate::error::keyword(stringify!($field)),
                    $crate::Value::encode($field)?,
                );)+
                ::core::result::Result::Ok(())
            })
        } else {
            $crate::error::ApplicationError::new($uri)
        }
    }};
    (
        @zip $error:ident, $name:ident, $variant:ident, $uri:literal,
        [ $ty:ty $(, $types:ty)* ] [ $next:ident $($free:ident)* ] [ $($used:ident)* ]
    ) => {
        $crate::__wamp_error_write!(
            @zip $error, $name, $variant, $uri, [ $($types),* ] [ $($free)* ] [ $($used)* $next ]
        )
    };
    (
        @zip $error:ident, $name:ident, $variant:ident, $uri:literal,
        [] [ $($free:ident)* ] [ $($used:ident)+ ]
    ) => {{
        #[allow(irrefutable_let_patterns, reason = "there may be no other variant")]
        if let $name::$variant($($used),+) = $error {
            $crate::error::with_fields($uri, |args, _kwargs| {
                $(args.push($crate::Value::encode($used)?);)+
                ::core::result::Result::Ok(())
            })
        } else {
            $crate::error::ApplicationError::new($uri)
        }
    }};
}

/// The way back of one variant; nothing if the values do not fit.
#[doc(hidden)]
#[macro_export]
macro_rules! __wamp_error_read {
    ($error:ident, $name:ident, $variant:ident,) => {
        ::core::option::Option::Some($name::$variant)
    };
    ($error:ident, $name:ident, $variant:ident, ( $($ty:ty),+ )) => {{
        let mut values = $error.args.iter();
        (|| {
            ::core::option::Option::Some($name::$variant(
                $($crate::error::read_positional::<$ty>(&mut values)?),+
            ))
        })()
    }};
    ($error:ident, $name:ident, $variant:ident, { $($field:ident),+ }) => {
        (|| {
            ::core::option::Option::Some($name::$variant {
                $($field: $crate::error::read_keyword(&$error.kwargs, stringify!($field))?),+
            })
        })()
    };
}

/// Makes an error of encoded fields. For [`wamp_errors!`](crate::wamp_errors) only.
#[doc(hidden)]
pub fn with_fields(
    uri: &'static str,
    write: impl FnOnce(&mut List, &mut Dict) -> Result<(), EncodeError>,
) -> ApplicationError {
    let mut error = ApplicationError::new(uri);
    match write(&mut error.args, &mut error.kwargs) {
        Ok(()) => error,
        Err(unencodable) => unencodable.into(),
    }
}

/// The next positional value as a type. For [`wamp_errors!`](crate::wamp_errors) only.
#[doc(hidden)]
pub fn read_positional<T: DeserializeOwned>(values: &mut std::slice::Iter<'_, Value>) -> Option<T> {
    values.next().unwrap_or(&Value::Null).decode().ok()
}

/// A keyword value as a type. For [`wamp_errors!`](crate::wamp_errors) only.
#[doc(hidden)]
pub fn read_keyword<T: DeserializeOwned>(values: &Dict, key: &str) -> Option<T> {
    values.get(keyword(key)).unwrap_or(&Value::Null).decode().ok()
}

/// The key of a field: of a raw identifier without its mark. For
/// [`wamp_errors!`](crate::wamp_errors) only.
#[doc(hidden)]
pub fn keyword(field: &str) -> &str {
    field.strip_prefix("r#").unwrap_or(field)
}
