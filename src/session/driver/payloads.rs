//! Encodes and decodes payloads between the wire and the core: the core and the user see arguments,
//! the router sees the output of the payload codec.

use std::sync::Arc;

use super::{Driver, Listener};
use crate::core::client::RequestTicket;
use crate::core::ids::IdMap;
use crate::error::ApplicationError;
use crate::message::{Call, CallResult, Event, Invocation, Message, Payload};
use crate::message::{RequestError, RequestType, Roles};
use crate::session::payload_codec::{
    Decoded, EncodedBy, EncodedPayload, PayloadCodec, PayloadForm, Side,
};
use crate::uri::{Match, Pattern, Uri};

/// The handling of encoded payloads in a session.
#[derive(Default)]
pub(in crate::session) struct Payloads {
    pub(in crate::session) codec: Option<Arc<dyn PayloadCodec>>,
    /// True to deliver them unchanged to the user if there is no codec.
    pub(in crate::session) passthru: bool,
    /// Encoded invocations until their answers, which must be encoded as well.
    encoded: IdMap<Invoked>,
}

/// An encoded invocation.
struct Invoked {
    procedure: Uri,
    /// Encoding of the first part; later parts need not repeat it (spec: "Progressive call
    /// invocations").
    keys: EncodedPayload,
}

/// The procedure of an own call.
pub(super) struct OwnCall {
    procedure: Uri,
    /// Encoding of the first arguments, if more follow; they must be encoded likewise.
    first: Option<FirstPart>,
}

enum FirstPart {
    ByHand,
    /// `None`: unencoded.
    ByCodec(Option<EncodedPayload>),
}

impl OwnCall {
    pub(super) fn new(procedure: &Uri) -> Self {
        OwnCall { procedure: procedure.clone(), first: None }
    }
}

impl Payloads {
    pub(in crate::session) fn new(codec: Option<Arc<dyn PayloadCodec>>, passthru: bool) -> Self {
        Payloads { codec, passthru, encoded: IdMap::default() }
    }

    /// Decodes the arguments of an encoded payload.
    fn decode(
        &self,
        side: Side,
        uri: &Uri,
        keys: EncodedPayload,
        payload: &Payload,
    ) -> Result<Payload, ApplicationError> {
        let Some(codec) = &self.codec else {
            let text = "the payload is encoded, and this session has no payload codec";
            return Err(ApplicationError::new(Uri::NO_PAYLOAD_CODEC).arg(text));
        };
        let encoded = keys.of(payload).map_err(unreadable)?;
        let Decoded { uri: sealed, args, kwargs } = codec.decode(side, uri, &encoded)?;
        match sealed {
            Some(sealed) if sealed != *uri => {
                Err(mismatch(format!("the payload was made for {sealed:?}, and came with {uri:?}")))
            }
            _ => Ok(Payload::from_values(args, kwargs)),
        }
    }
}

struct Encoder<'a> {
    codec: &'a dyn PayloadCodec,
    router: &'a Roles,
    /// The router's role for this message.
    role: &'a str,
}

impl Encoder<'_> {
    fn encode(
        &self,
        side: Side,
        uri: &Uri,
        options: &mut impl EncodedBy,
        payload: &mut Payload,
    ) -> Result<(), ApplicationError> {
        // The user has encoded it.
        if options.is_encoded() {
            return Ok(());
        }
        if let Some(encoded) = self.encoded(side, uri, payload)? {
            options.set(&encoded);
            *payload = encoded.into_payload();
        }
        Ok(())
    }

    fn encoded(
        &self,
        side: Side,
        uri: &Uri,
        payload: &Payload,
    ) -> Result<Option<EncodedPayload>, ApplicationError> {
        let (args, kwargs) = payload
            .to_values()
            .map_err(|error| ApplicationError::new(Uri::INVALID_PAYLOAD).arg(error.to_string()))?;
        let Some(encoded) = self.codec.encode(side, uri, args, kwargs)? else { return Ok(None) };
        let feature = match encoded.form {
            PayloadForm::Ppt => "payload_passthru_mode",
            PayloadForm::Enc => "payload_transparency",
        };
        if !self.router.supports(self.role, feature) {
            let role = self.role;
            let text = format!("the router has not announced {feature} as a {role}");
            return Err(ApplicationError::new(Uri::FEATURE_NOT_SUPPORTED).arg(text));
        }
        Ok(Some(encoded))
    }

    /// Encodes the arguments of a call that are sent in parts.
    fn encode_part(&self, call: &mut Call, called: &mut OwnCall) -> Result<(), ApplicationError> {
        let Call { options, payload, .. } = call;
        let (side, uri) = (Side::Originator, &called.procedure);
        match &called.first {
            None => {
                let by_hand = options.is_encoded();
                self.encode(side, uri, options, payload)?;
                called.first = Some(match by_hand {
                    true => FirstPart::ByHand,
                    false => FirstPart::ByCodec(options.keys()),
                });
            }
            Some(FirstPart::ByHand) => {}
            Some(FirstPart::ByCodec(first)) => {
                let encoded = self.encoded(side, uri, payload)?;
                if encoded.as_ref().map(EncodedPayload::keys) != *first {
                    let text = "the payload codec changed its way in the middle of a call";
                    return Err(ApplicationError::new(Uri::INVALID_PAYLOAD).arg(text));
                }
                let Some(encoded) = encoded else { return Ok(()) };
                // The specification has the keys in the first CALL only. Autobahn's form cannot be
                // read without them.
                if encoded.form == PayloadForm::Enc {
                    options.set(&encoded);
                }
                *payload = encoded.into_payload();
            }
        }
        Ok(())
    }
}

impl Driver {
    /// Encodes an outgoing message, if the codec wants it. Without the announced feature nothing is
    /// sent, because the router may treat it as a violation.
    pub(super) fn encode_payload(&mut self, message: &mut Message) -> Result<(), ApplicationError> {
        let Payloads { codec: Some(codec), encoded, .. } = &mut self.payloads else {
            return Ok(());
        };
        let router = self.client.router_roles();
        let broker = Encoder { codec: &**codec, router, role: "broker" };
        let dealer = Encoder { codec: &**codec, router, role: "dealer" };
        match message {
            Message::Call(m) => {
                let in_parts = m.options.progress.is_some();
                let ticket = self.client.requester(m.request).filter(|_| in_parts);
                let waiting = ticket.and_then(|ticket| self.waiting.get_mut(&ticket));
                match waiting.and_then(|waiting| waiting.called.as_mut()) {
                    Some(called) => dealer.encode_part(m, called),
                    None => {
                        let (options, payload) = (&mut m.options, &mut m.payload);
                        dealer.encode(Side::Originator, &m.procedure, options, payload)
                    }
                }
            }
            Message::Publish(m) => {
                broker.encode(Side::Originator, &m.topic, &mut m.options, &mut m.payload)
            }
            Message::Yield(m) => {
                let (kept, taken);
                let invoked = if m.options.progress == Some(true) {
                    kept = encoded.get(&m.request);
                    kept
                } else {
                    taken = encoded.remove(&m.request);
                    taken.as_ref()
                };
                invoked.map_or(Ok(()), |Invoked { procedure, .. }| {
                    dealer.encode(Side::Responder, procedure, &mut m.options, &mut m.payload)
                })
            }
            Message::Error(m) => encoded.remove(&m.request).map_or(Ok(()), |_| {
                dealer.encode(Side::Responder, &m.error, &mut m.details, &mut m.payload)
            }),
            _ => Ok(()),
        }
    }

    /// Passes an incoming message with a decoded payload to the core.
    pub(super) fn handle_message(&mut self, message: Message) {
        // Nearly all messages return here.
        let concerned = match &message {
            Message::Event(m) => m.details.is_encoded(),
            Message::Invocation(m) => {
                m.details.is_encoded() || self.payloads.encoded.contains_key(&m.request)
            }
            Message::Result(m) => m.details.is_encoded(),
            Message::Error(m) => m.request_type == RequestType::Call && m.details.is_encoded(),
            _ => false,
        };
        if !concerned || (self.payloads.passthru && self.payloads.codec.is_none()) {
            return self.client.handle_message(message);
        }
        match message {
            Message::Event(m) => self.handle_event(m),
            Message::Invocation(m) => self.handle_invocation(m),
            Message::Result(m) => self.handle_result(m),
            Message::Error(m) => self.handle_error(m),
            other => self.client.handle_message(other),
        }
    }

    fn handle_event(&mut self, mut event: Event) {
        // The core handles unknown subscriptions.
        let listener = self.client.subscriber(event.subscription);
        let (Some(ours), Some(keys)) = (self.pattern(listener), event.details.keys()) else {
            return self.client.handle_message(event.into());
        };
        let decoded = trusted(ours, event.details.topic.as_ref()).and_then(|topic| {
            let payload = self.payloads.decode(Side::Responder, &topic, keys, &event.payload)?;
            Ok((topic, payload))
        });
        match decoded {
            Ok((topic, payload)) => {
                event.payload = payload;
                if let Some(told) = &mut event.details.topic {
                    *told = topic;
                }
                self.client.handle_message(event.into());
            }
            Err(error) => {
                self.user_errors.tell(&named(ours, event.details.topic.as_ref()), error);
            }
        }
    }

    fn handle_invocation(&mut self, mut invocation: Invocation) {
        let request = invocation.request;
        let began = self.client.is_running(request);
        let told = invocation.details.procedure.as_ref();
        let first = self.payloads.encoded.get(&request).filter(|_| began);
        let source = match (first, invocation.details.keys()) {
            (Some(Invoked { procedure, keys: first }), keys) => {
                Ok((procedure.clone(), keys.unwrap_or_else(|| first.clone())))
            }
            (None, Some(_)) if began => {
                Err(unreadable("the arguments are encoded, and those before them were not"))
            }
            (None, Some(keys)) => {
                let listener = self.client.callee(invocation.registration);
                let Some(ours) = self.pattern(listener) else {
                    return self.client.handle_message(invocation.into());
                };
                trusted(ours, told).map(|procedure| (procedure, keys))
            }
            // The answer to another invocation is on its way.
            (None, None) => return self.client.handle_message(invocation.into()),
        };
        let decoded = source.and_then(|(procedure, keys)| {
            let (side, payload) = (Side::Responder, &invocation.payload);
            let payload = self.payloads.decode(side, &procedure, keys.clone(), payload)?;
            Ok((Invoked { procedure, keys: keys.keys() }, payload))
        });
        match decoded {
            Ok((invoked, payload)) => {
                invocation.payload = payload;
                if let Some(told) = &mut invocation.details.procedure {
                    *told = invoked.procedure.clone();
                }
                self.client.handle_message(invocation.into());
                // Not if it was late.
                if !began && self.client.is_running(request) {
                    self.payloads.encoded.insert(request, invoked);
                }
            }
            Err(error) => {
                tracing::warn!(request, %error, "an encoded call is refused");
                let streaming = invocation.details.progress == Some(true);
                self.client.refuse(request, streaming, error);
            }
        }
    }

    fn handle_result(&mut self, mut result: CallResult) {
        let (Some(procedure), Some(keys)) = (self.called(result.request), result.details.keys())
        else {
            return self.client.handle_message(result.into());
        };
        match self.payloads.decode(Side::Originator, &procedure, keys, &result.payload) {
            Ok(payload) => {
                result.payload = payload;
                self.client.handle_message(result.into());
            }
            Err(error) => {
                tracing::warn!(%procedure, %error, "an encoded result cannot be read");
                let progress = result.details.progress == Some(true);
                self.client.refuse_result(result.request, progress, error);
            }
        }
    }

    /// An error is encoded for its own URI.
    fn handle_error(&mut self, mut told: RequestError) {
        let Some(keys) = told.details.keys() else {
            return self.client.handle_message(told.into());
        };
        match self.payloads.decode(Side::Originator, &told.error, keys, &told.payload) {
            Ok(payload) => {
                told.payload = payload;
                self.client.handle_message(told.into());
            }
            Err(error) => {
                let error = error.kwarg("error", &*told.error);
                tracing::warn!(%error, "an encoded error cannot be read");
                self.client.refuse_result(told.request, false, error);
            }
        }
    }

    fn pattern(&self, listener: Option<RequestTicket>) -> Option<&Pattern> {
        self.listeners.get(&listener?).map(|listener| match listener {
            Listener::Subscriber { topic, .. } => topic,
            Listener::Callee { procedure, .. } => procedure,
        })
    }

    fn called(&self, request: u64) -> Option<Uri> {
        let waiting = self.waiting.get(&self.client.requester(request)?)?;
        // Without a codec it is not needed.
        let called = waiting.called.as_ref().map(|called| called.procedure.clone());
        Some(called.unwrap_or_else(|| Uri::from("")))
    }
}

/// Returns the URI of a call or event. The router determines it only for a pattern.
pub(super) fn named(ours: &Pattern, told: Option<&Uri>) -> Uri {
    match (ours.policy(), told) {
        (Match::Prefix | Match::Wildcard, Some(told)) => told.clone(),
        _ => ours.uri().clone(),
    }
}

/// Returns the URI that arguments belong to: the registered or subscribed one, so that a router
/// cannot pass them off as those of another URI.
fn trusted(ours: &Pattern, told: Option<&Uri>) -> Result<Uri, ApplicationError> {
    match (ours.policy(), told) {
        (Match::Exact, _) => Ok(ours.uri().clone()),
        (_, Some(told)) if ours.matches(told) => Ok(told.clone()),
        (_, Some(told)) => Err(mismatch(format!("{told:?} does not match {:?}", ours.uri()))),
        (_, None) => Err(mismatch(format!("which URI it is of {:?} is not told", ours.uri()))),
    }
}

fn mismatch(text: String) -> ApplicationError {
    ApplicationError::new(Uri::ENCRYPTION_TRUSTED_URI_MISMATCH).arg(text)
}

fn unreadable(text: &str) -> ApplicationError {
    ApplicationError::new(Uri::ENCRYPTION_DECRYPT_ERROR).arg(text)
}
