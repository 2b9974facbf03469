//! A payload codec, and peers, for the tests of encoded payloads.

use std::future::{IntoFuture, poll_fn};

use tokio::sync::mpsc;
use wampwerk::error::CallError;
use wampwerk::internals::codec;
use wampwerk::message::{Invocation, InvocationDetails, Message};
use wampwerk::session::{
    self, Decoded, EncodedPayload, PayloadCodec, PayloadForm, SessionConfig, Side,
};
use wampwerk::transport::{MemoryTransport, Transport};
use wampwerk::uri::Pattern;
use wampwerk::value::{Dict, List};
use wampwerk::{ApplicationError, Match, Payload, Router, Serializer, Session, Uri, Value};

/// Arguments in CBOR with every bit turned, for URIs under `com.example.sealed`.
#[derive(Clone)]
pub struct Turned {
    pub form: PayloadForm,
    /// Is sealed with the arguments, in place of the real one.
    pub uri: Option<&'static str>,
}

pub const ENC: Turned = Turned { form: PayloadForm::Enc, uri: None };
pub const PPT: Turned = Turned { form: PayloadForm::Ppt, uri: None };

impl PayloadCodec for Turned {
    fn encode(
        &self,
        side: Side,
        uri: &Uri,
        args: List,
        kwargs: Dict,
    ) -> Result<Option<EncodedPayload>, ApplicationError> {
        if !uri.starts_with("com.example.sealed") {
            return Ok(None);
        }
        if args.first() == Some(&"forbidden".into()) {
            return Err(ApplicationError::new("com.example.error.forbidden"));
        }
        let uri = self.uri.unwrap_or(uri);
        let content =
            vec![uri.into(), (side == Side::Originator).into(), args.into(), kwargs.into()];
        let mut bytes = codec::write_value(Serializer::Cbor, &Value::List(content)).unwrap();
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
        let encoded = match self.form {
            PayloadForm::Ppt => EncodedPayload::ppt("x_turned", bytes).cipher("turning"),
            _ => EncodedPayload::enc("x_turned", bytes),
        };
        Ok(Some(encoded.serializer("cbor").key_id("k1")))
    }

    fn decode(
        &self,
        side: Side,
        _: &Uri,
        payload: &EncodedPayload,
    ) -> Result<Decoded, ApplicationError> {
        assert_eq!((payload.form, &*payload.scheme), (self.form, "x_turned"));
        assert_eq!(payload.serializer.as_deref(), Some("cbor"));
        assert_eq!(payload.key_id.as_deref(), Some("k1"));
        let cipher = (self.form == PayloadForm::Ppt).then_some("turning");
        assert_eq!(payload.cipher.as_deref(), cipher);
        let bytes: Vec<u8> = payload.payload.iter().map(|byte| !*byte).collect();
        let unreadable = || ApplicationError::new(Uri::ENCRYPTION_DECRYPT_ERROR).arg("garbled");
        let content = codec::read_value(Serializer::Cbor, &bytes).map_err(|_| unreadable())?;
        let Some([uri, from_originator, args, kwargs]) = content.as_list() else {
            return Err(unreadable());
        };
        assert_eq!(from_originator.as_bool(), Some(side == Side::Responder));
        Ok(Decoded {
            uri: uri.as_str().map(Uri::from),
            args: args.as_list().unwrap().to_vec(),
            kwargs: kwargs.as_dict().unwrap().clone(),
        })
    }
}

pub async fn join(router: &Router, config: SessionConfig) -> Session {
    session::join(router.connect_transport(), "realm1", config).await.unwrap()
}

pub fn with(codec: Turned) -> SessionConfig {
    SessionConfig::default().payload_codec(codec)
}

pub fn application(error: CallError) -> ApplicationError {
    match error {
        CallError::Application(error) => error,
        other => panic!("{other}"),
    }
}

/// A session whose router is played by the test.
pub async fn with_peer(config: SessionConfig) -> (Session, MemoryTransport) {
    let (client, mut peer) = MemoryTransport::pair(Serializer::Json, 64);
    let joining = tokio::spawn(session::join(Box::new(client), "realm1", config));
    assert!(matches!(recv(&mut peer).await, Message::Hello(_)));
    say(
        &mut peer,
        r#"[2,1,{"roles":{
            "broker":{"features":{"pattern_based_subscription":true}},
            "dealer":{"features":{
                "call_canceling":true, "progressive_call_results":true,
                "progressive_call_invocations":true, "pattern_based_registration":true,
                "payload_passthru_mode":true, "payload_transparency":true
            }}
        }}]"#,
    );
    (joining.await.unwrap().unwrap(), peer)
}

/// A procedure that tells the first argument of each call.
pub async fn told(
    session: &Session,
    peer: &mut impl Transport,
    procedure: &'static str,
    policy: Match,
    registered: &'static str,
) -> mpsc::UnboundedReceiver<i64> {
    let (sender, told) = mpsc::unbounded_channel();
    let handler = move |number: i64| {
        sender.send(number).unwrap();
        async { 1 }
    };
    let register = session.register(Pattern::new(procedure, policy), handler);
    let registering = tokio::spawn(register.into_future());
    assert!(matches!(recv(peer).await, Message::Register(_)));
    say(peer, registered);
    registering.await.unwrap().unwrap();
    told
}

/// One number, sealed for a URI in [`PPT`].
pub fn sealed_for(uri: &str, number: i64) -> Payload {
    let args = vec![number.into()];
    let encoded = PPT.encode(Side::Originator, &uri.into(), args, Dict::new()).unwrap().unwrap();
    Payload::from_values(vec![encoded.payload.into()], Dict::new())
}

/// INVOCATION of registration 7 with the keys of [`PPT`].
pub fn invocation(request: u64, procedure: Option<&str>, payload: Payload) -> Invocation {
    let mut details = InvocationDetails::default();
    details.procedure = procedure.map(Uri::from);
    details.ppt_scheme = Some("x_turned".into());
    details.ppt_serializer = Some("cbor".into());
    details.ppt_cipher = Some("turning".into());
    details.ppt_keyid = Some("k1".into());
    Invocation { request, registration: 7, details, payload }
}

pub fn send(peer: &mut impl Transport, message: impl Into<Message>) {
    peer.start_send(codec::encode(Serializer::Json, &message.into()).unwrap()).unwrap();
}

pub async fn recv(peer: &mut impl Transport) -> Message {
    let frame = poll_fn(|cx| peer.poll_recv(cx)).await.unwrap().unwrap();
    codec::decode(Serializer::Json, &frame).unwrap()
}

pub fn say(peer: &mut impl Transport, text: &'static str) {
    peer.start_send(text.into()).unwrap();
}
