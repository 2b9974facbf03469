//! Encoded payloads between the wire and the core: the core and the user see arguments, the router
//! sees what the payload codec made of them.

use std::sync::Arc;

use super::{Driver, Listener, Waiting};
use crate::core::client::Ticket;
use crate::core::ids::IdMap;
use crate::error::ApplicationError;
use crate::message::{Message, Payload, RequestError, RequestErrorDetails, RequestType, Roles};
use crate::session::payload_codec::{Decoded, EncodedBy, PayloadCodec, PayloadForm, Side};
use crate::uri::{Uri, uris};

/// What a session does with encoded payloads.
#[derive(Default)]
pub(in crate::session) struct Payloads {
    pub(in crate::session) codec: Option<Arc<dyn PayloadCodec>>,
    /// Without a codec: they go to the user as they are.
    pub(in crate::session) passthru: bool,
    /// The procedures of invocations that came encoded, until they are answered; so shall their
    /// answers be.
    encoded: IdMap<Uri>,
}

impl Payloads {
    pub(in crate::session) fn new(codec: Option<Arc<dyn PayloadCodec>>, passthru: bool) -> Self {
        Payloads { codec, passthru, encoded: IdMap::default() }
    }

    /// Encodes a message that goes out, if the codec wants it. A router that has not announced the
    /// form gets nothing: it may take it for a violation.
    pub(super) fn encode(
        &mut self,
        message: &mut Message,
        router: &Roles,
    ) -> Result<(), ApplicationError> {
        let Some(codec) = &self.codec else { return Ok(()) };
        let broker = Encoder { codec: &**codec, router, role: "broker" };
        let dealer = Encoder { codec: &**codec, router, role: "dealer" };
        match message {
            Message::Call(m) => {
                dealer.encode(Side::Originator, &m.procedure, &mut m.options, &mut m.payload)
            }
            Message::Publish(m) => {
                broker.encode(Side::Originator, &m.topic, &mut m.options, &mut m.payload)
            }
            Message::Yield(m) => {
                let procedure = match m.options.progress {
                    Some(true) => self.encoded.get(&m.request).cloned(),
                    _ => self.encoded.remove(&m.request),
                };
                procedure.map_or(Ok(()), |procedure| {
                    dealer.encode(Side::Responder, &procedure, &mut m.options, &mut m.payload)
                })
            }
            Message::Error(m) => self.encoded.remove(&m.request).map_or(Ok(()), |_| {
                dealer.encode(Side::Responder, &m.error, &mut m.details, &mut m.payload)
            }),
            _ => Ok(()),
        }
    }

    /// The arguments of an encoded payload.
    fn decode(
        &self,
        side: Side,
        uri: &Uri,
        details: &impl EncodedBy,
        payload: &Payload,
    ) -> Result<Payload, ApplicationError> {
        let Some(codec) = &self.codec else {
            let text = "the payload is encoded, and this session has no payload codec";
            return Err(ApplicationError::new(uris::NO_PAYLOAD_CODEC).arg(text));
        };
        let encoded = details
            .encoded(payload)
            .map_err(|text| ApplicationError::new(uris::ENCRYPTION_DECRYPT_ERROR).arg(text))?;
        let Decoded { uri: sealed, args, kwargs } = codec.decode(side, uri, &encoded)?;
        match sealed {
            Some(sealed) if sealed != *uri => {
                let text = format!("the payload was made for {sealed:?}, and came with {uri:?}");
                Err(ApplicationError::new(uris::ENCRYPTION_TRUSTED_URI_MISMATCH).arg(text))
            }
            _ => Ok(Payload::from_values(args, kwargs)),
        }
    }
}

struct Encoder<'a> {
    codec: &'a dyn PayloadCodec,
    router: &'a Roles,
    /// The router's, for this message.
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
        // The user did it by hand.
        if options.is_encoded() {
            return Ok(());
        }
        let (args, kwargs) = payload
            .to_values()
            .map_err(|error| ApplicationError::new(uris::INVALID_PAYLOAD).arg(error.to_string()))?;
        let Some(encoded) = self.codec.encode(side, uri, args, kwargs)? else { return Ok(()) };
        let feature = match encoded.form {
            PayloadForm::Ppt => "payload_passthru_mode",
            PayloadForm::Enc => "payload_transparency",
        };
        if !self.router.supports(self.role, feature) {
            let role = self.role;
            let text = format!("the router has not announced {feature} as a {role}");
            return Err(ApplicationError::new(uris::FEATURE_NOT_SUPPORTED).arg(text));
        }
        *payload = options.set(encoded);
        Ok(())
    }
}

impl Driver {
    /// A message that came in, its payload decoded. Nothing if it has been dealt with.
    pub(super) fn decode_payload(&mut self, mut message: Message) -> Option<Message> {
        // Nearly all messages pass here.
        let encoded = match &message {
            Message::Event(m) => m.details.is_encoded(),
            Message::Invocation(m) => m.details.is_encoded(),
            Message::Result(m) => m.details.is_encoded(),
            Message::Error(m) => m.request_type == RequestType::Call && m.details.is_encoded(),
            _ => false,
        };
        if !encoded || (self.payloads.passthru && self.payloads.codec.is_none()) {
            return Some(message);
        }
        // Whom we do not know is for the core to judge.
        let Some(uri) = self.uri_of(&message) else { return Some(message) };
        let payloads = &mut self.payloads;
        match &mut message {
            Message::Event(m) => {
                match payloads.decode(Side::Responder, &uri, &m.details, &m.payload) {
                    Ok(payload) => m.payload = payload,
                    Err(error) => {
                        // There is nobody to be told.
                        tracing::warn!(topic = %uri, %error, "an encoded event is dropped");
                        return None;
                    }
                }
            }
            Message::Invocation(m) => {
                match payloads.decode(Side::Responder, &uri, &m.details, &m.payload) {
                    Ok(payload) => {
                        m.payload = payload;
                        payloads.encoded.insert(m.request, uri);
                    }
                    Err(error) => {
                        tracing::warn!(procedure = %uri, %error, "an encoded call is refused");
                        let streaming = m.details.progress == Some(true);
                        self.client.refuse(m.request, streaming, error);
                        return None;
                    }
                }
            }
            Message::Result(m) => {
                match payloads.decode(Side::Originator, &uri, &m.details, &m.payload) {
                    Ok(payload) => m.payload = payload,
                    Err(error) => return Some(call_failed(m.request, error)),
                }
            }
            Message::Error(m) => {
                match payloads.decode(Side::Originator, &uri, &m.details, &m.payload) {
                    Ok(payload) => m.payload = payload,
                    Err(error) => {
                        let error = error.kwarg("error", &*m.error);
                        return Some(call_failed(m.request, error));
                    }
                }
            }
            _ => {}
        }
        Some(message)
    }

    /// What the arguments of a message are for.
    fn uri_of(&self, message: &Message) -> Option<Uri> {
        match message {
            Message::Event(m) => m
                .details
                .topic
                .clone()
                .or_else(|| self.listener_uri(self.client.subscriber(m.subscription)?)),
            Message::Invocation(m) => m
                .details
                .procedure
                .clone()
                .or_else(|| self.listener_uri(self.client.callee(m.registration)?)),
            Message::Result(m) => self.called(m.request),
            // An error is made for its own URI.
            Message::Error(m) => Some(m.error.clone()),
            _ => None,
        }
    }

    fn listener_uri(&self, ticket: Ticket) -> Option<Uri> {
        self.listeners.get(&ticket).map(|listener| match listener {
            Listener::Subscriber { topic, .. } => topic.clone(),
            Listener::Callee { procedure, .. } => procedure.clone(),
        })
    }

    fn called(&self, request: u64) -> Option<Uri> {
        let Waiting { procedure, .. } = self.waiting.get(&self.client.requester(request)?)?;
        // Without a codec it is not kept, and not looked at.
        Some(procedure.clone().unwrap_or_else(|| Uri::from("")))
    }
}

/// As if the callee had said so.
fn call_failed(request: u64, error: ApplicationError) -> Message {
    tracing::warn!(%error, "an encoded result cannot be read");
    Message::Error(RequestError {
        request_type: RequestType::Call,
        request,
        details: RequestErrorDetails::default(),
        error: error.uri,
        payload: Payload::from_values(error.args, error.kwargs),
    })
}
