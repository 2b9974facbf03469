//! Contains payload codecs, which convert arguments to binary data that only the two ends can read.

#[cfg(feature = "cryptobox")]
pub mod cryptobox;

use bytes::Bytes;

use crate::error::ApplicationError;
use crate::message::{CallOptions, EventDetails, InvocationDetails, Payload, PublishOptions};
use crate::message::{RequestErrorDetails, ResultDetails, YieldOptions};
use crate::rt::{MaybeSend, MaybeSync};
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

/// Converts arguments to binary data and back, for messages whose content the router must not see
/// or does not understand. Equivalent of Autobahn's `IPayloadCodec`.
///
/// A session with a codec calls it for each outgoing CALL and PUBLISH; for results, progressive
/// results and errors that answer an encoded call; and for every incoming encoded message.
/// Applications see plain arguments; the details tell that a message was encoded (`enc_algo`,
/// `ppt_scheme`).
///
/// # Errors in messages
/// An error in an incoming message is an error of its request: the own call fails, or the caller
/// receives ERROR if the callee could not read the call. An event is dropped and reported to
/// [`on_user_error`](super::SessionConfig::on_user_error). An outgoing message needs a router that
/// announced the form; otherwise the request fails with `wamp.error.feature_not_supported`.
///
/// The errors' URIs are Autobahn's:
///
/// - `wamp.error.no_payload_codec` without a codec
/// - `wamp.error.encryption.trusted_uri_mismatch` if the [sealed URI](Decoded::uri) differs from
///   the message's
/// - the error of [`decode`](PayloadCodec::decode), which should be
///   `wamp.error.encryption.decrypt_error`
///
/// The URI of a call or event is the registered or subscribed one, whatever the router sends. For a
/// pattern it is the router's, which must match the pattern.
///
/// If the arguments of a call are sent in parts, the codec is called for each part. Algorithm,
/// serializer, cipher and key must be those of the first part.
///
/// ```
/// use wampwerk::{ApplicationError, Uri};
/// use wampwerk::session::{Decoded, EncodedPayload, PayloadCodec, Side};
/// use wampwerk::value::{Dict, List};
///
/// /// Encodes lists of arguments as JSON and flips some bits of each byte.
/// struct Turned;
///
/// impl PayloadCodec for Turned {
///     fn encode(
///         &self, _: Side, uri: &Uri, args: List, _: Dict,
///     ) -> Result<Option<EncodedPayload>, ApplicationError> {
///         if !uri.starts_with("com.example.turned.") {
///             return Ok(None);
///         }
///         let mut bytes = serde_json::to_vec(&args)
///             .map_err(|error| ApplicationError::new(Uri::INVALID_PAYLOAD).arg(error.to_string()))?;
///         bytes.iter_mut().for_each(|byte| *byte ^= 13);
///         Ok(Some(EncodedPayload::enc("x_turned", bytes).serializer("json")))
///     }
///
///     fn decode(
///         &self, _: Side, _: &Uri, payload: &EncodedPayload,
///     ) -> Result<Decoded, ApplicationError> {
///         let error = |text: &str| ApplicationError::new(Uri::ENCRYPTION_DECRYPT_ERROR).arg(text);
///         if payload.scheme != "x_turned" {
///             return Err(error("not our scheme"));
///         }
///         let bytes: Vec<u8> = payload.payload.iter().map(|byte| byte ^ 13).collect();
///         let args: List = serde_json::from_slice(&bytes).map_err(|_| error("not a list"))?;
///         Ok(Decoded { uri: None, args, kwargs: Dict::new() })
///     }
/// }
/// ```
#[doc(alias = "IPayloadCodec")]
pub trait PayloadCodec: MaybeSend + MaybeSync + 'static {
    /// Encodes arguments, or returns `None` to send those of this URI unencoded.
    ///
    /// `uri` is the topic, the procedure or, for an error, the error's URI. The side is
    /// [`Side::Originator`] for CALL and PUBLISH, [`Side::Responder`] for results and errors.
    ///
    /// # Errors
    /// With an error the message is not sent, and its request fails with this error.
    fn encode(
        &self,
        side: Side,
        uri: &Uri,
        args: List,
        kwargs: Dict,
    ) -> Result<Option<EncodedPayload>, ApplicationError>;

    /// Decodes incoming arguments. The side is the own one: [`Side::Responder`] for invocations and
    /// events, [`Side::Originator`] for results and errors.
    ///
    /// # Errors
    /// Any error; preferably `wamp.error.encryption.decrypt_error` with a text.
    fn decode(
        &self,
        side: Side,
        uri: &Uri,
        payload: &EncodedPayload,
    ) -> Result<Decoded, ApplicationError>;
}

/// The own end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a way has two ends")]
pub enum Side {
    /// The caller or publisher.
    Originator,
    /// The callee or subscriber.
    Responder,
}

/// Encoded arguments, and the data that a peer needs to decode them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodedPayload {
    /// Binary data.
    pub payload: Bytes,
    /// Form in a message.
    pub form: PayloadForm,
    /// `enc_algo` or `ppt_scheme`: `"cryptobox"`, `"mqtt"`, `"wamp"`, or a custom one such as
    /// `"x_…"`.
    pub scheme: String,
    /// `enc_serializer` or `ppt_serializer`: serializer of the arguments.
    pub serializer: Option<String>,
    /// `ppt_cipher`; not present in the form [`PayloadForm::Enc`].
    pub cipher: Option<String>,
    /// `enc_key` or `ppt_keyid`: id of the key.
    pub key_id: Option<String>,
}

/// The form of encoded arguments in a message. The two forms are not compatible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadForm {
    /// The specification's payload passthru mode: the only positional argument, and keys `ppt_…`.
    Ppt,
    /// Autobahn's and Crossbar's payload transparency: in place of arguments, and keys `enc_…`.
    Enc,
}

/// Decoded arguments.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "made to be put together")]
pub struct Decoded {
    /// URI that was sealed together with them, if any. It must be the message's.
    pub uri: Option<Uri>,
    /// Positional arguments.
    pub args: List,
    /// Keyword arguments.
    pub kwargs: Dict,
}

impl EncodedPayload {
    /// Creates encoded arguments in Autobahn's form.
    pub fn enc(algorithm: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        EncodedPayload::new(PayloadForm::Enc, algorithm.into(), payload.into())
    }

    /// Creates encoded arguments in the specification's form.
    pub fn ppt(scheme: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        EncodedPayload::new(PayloadForm::Ppt, scheme.into(), payload.into())
    }

    /// Sets the serializer of the arguments.
    #[must_use]
    pub fn serializer(mut self, serializer: impl Into<String>) -> Self {
        self.serializer = Some(serializer.into());
        self
    }

    /// Sets the cipher, in the specification's form.
    #[must_use]
    pub fn cipher(mut self, cipher: impl Into<String>) -> Self {
        self.cipher = Some(cipher.into());
        self
    }

    /// Sets the id of the key.
    #[must_use]
    pub fn key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    fn new(form: PayloadForm, scheme: String, payload: Bytes) -> Self {
        EncodedPayload { payload, form, scheme, serializer: None, cipher: None, key_id: None }
    }

    /// Returns the keys without the data.
    pub(super) fn keys(&self) -> Self {
        EncodedPayload { payload: Bytes::new(), ..self.clone() }
    }

    /// Adds the data of an incoming payload with these keys, or returns a text if it has another
    /// form.
    pub(super) fn of(mut self, payload: &Payload) -> Result<Self, &'static str> {
        self.payload = match self.form {
            PayloadForm::Enc => payload
                .opaque()
                .ok_or("enc_algo stands with arguments that are not encoded")?
                .clone(),
            PayloadForm::Ppt => only_bytes(payload)
                .ok_or("ppt_scheme stands with arguments that are not one binary item")?,
        };
        Ok(self)
    }

    /// Returns the data in the form of a message.
    pub(super) fn into_payload(self) -> Payload {
        match self.form {
            PayloadForm::Enc => Payload::from_opaque(self.payload),
            PayloadForm::Ppt => Payload::from_values(vec![Value::Bytes(self.payload)], Dict::new()),
        }
    }
}

/// Options or details that can describe an encoded payload.
pub(super) trait EncodedBy {
    fn is_encoded(&self) -> bool;

    /// Returns the keys without the data.
    fn keys(&self) -> Option<EncodedPayload>;

    /// Sets the keys of an encoded payload.
    fn set(&mut self, keys: &EncodedPayload);
}

macro_rules! encoded_by {
    ($($ty:ty),* $(,)?) => {$(
        impl EncodedBy for $ty {
            #[inline]
            fn is_encoded(&self) -> bool {
                self.enc_algo.is_some() || self.ppt_scheme.is_some()
            }

            fn keys(&self) -> Option<EncodedPayload> {
                if let Some(algorithm) = &self.enc_algo {
                    let mut keys = EncodedPayload::enc(algorithm, Bytes::new());
                    keys.serializer = self.enc_serializer.clone();
                    keys.key_id = self.enc_key.clone();
                    return Some(keys);
                }
                let mut keys = EncodedPayload::ppt(self.ppt_scheme.as_deref()?, Bytes::new());
                keys.serializer = self.ppt_serializer.clone();
                keys.cipher = self.ppt_cipher.clone();
                keys.key_id = self.ppt_keyid.clone();
                Some(keys)
            }

            fn set(&mut self, keys: &EncodedPayload) {
                let EncodedPayload { form, scheme, serializer, cipher, key_id, .. } = keys.keys();
                match form {
                    PayloadForm::Enc => {
                        self.enc_algo = Some(scheme);
                        self.enc_serializer = serializer;
                        self.enc_key = key_id;
                    }
                    PayloadForm::Ppt => {
                        self.ppt_scheme = Some(scheme);
                        self.ppt_serializer = serializer;
                        self.ppt_cipher = cipher;
                        self.ppt_keyid = key_id;
                    }
                }
            }
        }
    )*};
}

encoded_by! {
    CallOptions, PublishOptions, YieldOptions,
    InvocationDetails, EventDetails, ResultDetails, RequestErrorDetails,
}

fn only_bytes(payload: &Payload) -> Option<Bytes> {
    let (mut args, kwargs) = payload.to_values().ok()?;
    match (args.pop(), args.is_empty() && kwargs.is_empty()) {
        (Some(Value::Bytes(bytes)), true) => Some(bytes),
        _ => None,
    }
}
