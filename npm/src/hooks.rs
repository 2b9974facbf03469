//! Contains payload codecs of JavaScript, which answers at once.

use wampwerk::Uri;
use wampwerk::error::ApplicationError;
use wampwerk::session::{Decoded, EncodedPayload, PayloadCodec, PayloadForm, Side};
use wampwerk::value::{Dict, List, Value};

use crate::face::{self, Question};
use crate::json;
use crate::record::{Kind, push};

/// A payload codec of JavaScript.
pub(crate) struct JsCodec(u32);

/// Returns the payload codec of the settings.
pub(crate) fn payload_codec(settings: &Dict) -> Option<JsCodec> {
    json::number(settings, "codec").map(|number| JsCodec(number as u32))
}

impl JsCodec {
    fn ask(
        &self,
        question: Question,
        about: Dict,
        args: List,
        kwargs: Dict,
    ) -> Result<Dict, ApplicationError> {
        let about = about.with("args", args).with("kwargs", kwargs);
        let about = json::write(about);
        let text = about.encoded().map(|(args, _)| args).unwrap_or_default();
        let failed = |text: String| ApplicationError::new(Uri::INVALID_PAYLOAD).arg(text);
        let answer = face::ask(question, self.0, &String::from_utf8_lossy(text));
        let mut answer = answer
            .and_then(|answer| json::read(answer.as_bytes()).map_err(|error| error.to_string()));
        match &mut answer {
            Ok(answer) => match answer.remove("error") {
                Some(Value::Dict(error)) => {
                    let uri = json::text(&error, "uri").unwrap_or(Uri::INVALID_PAYLOAD);
                    Err(ApplicationError::new(uri)
                        .arg(json::text(&error, "message").unwrap_or_default()))
                }
                _ => Ok(std::mem::take(answer)),
            },
            Err(text) => Err(failed(std::mem::take(text))),
        }
    }
}

impl Drop for JsCodec {
    fn drop(&mut self) {
        push(Kind::Forget, self.0, |_| {});
    }
}

impl PayloadCodec for JsCodec {
    fn encode(
        &self,
        side: Side,
        uri: &Uri,
        args: List,
        kwargs: Dict,
    ) -> Result<Option<EncodedPayload>, ApplicationError> {
        let answer = self.ask(Question::Encode, about(side, uri), args, kwargs)?;
        let Some(Value::Bytes(bytes)) = answer.get("payload") else { return Ok(None) };
        let scheme = json::text(&answer, "scheme").unwrap_or_default();
        let mut encoded = match json::text(&answer, "form") {
            Some("enc") => EncodedPayload::enc(scheme, bytes.clone()),
            _ => EncodedPayload::ppt(scheme, bytes.clone()),
        };
        let text = |key| json::text(&answer, key).map(ToOwned::to_owned);
        encoded.serializer = text("serializer");
        encoded.cipher = text("cipher");
        encoded.key_id = text("keyId");
        Ok(Some(encoded))
    }

    fn decode(
        &self,
        side: Side,
        uri: &Uri,
        payload: &EncodedPayload,
    ) -> Result<Decoded, ApplicationError> {
        let mut about = about(side, uri);
        let form = if payload.form == PayloadForm::Enc { "enc" } else { "ppt" };
        about.insert("form", form);
        about.insert("scheme", payload.scheme.as_str());
        about.insert("payload", Value::Bytes(payload.payload.clone()));
        let keys = [
            ("serializer", &payload.serializer),
            ("cipher", &payload.cipher),
            ("keyId", &payload.key_id),
        ];
        for (key, text) in keys {
            if let Some(text) = text {
                about.insert(key, text.as_str());
            }
        }
        let mut answer = self.ask(Question::Decode, about, List::new(), Dict::new())?;
        Ok(Decoded {
            uri: json::text(&answer, "uri").map(Uri::from),
            args: match answer.remove("args") {
                Some(Value::List(args)) => args,
                _ => List::new(),
            },
            kwargs: match answer.remove("kwargs") {
                Some(Value::Dict(kwargs)) => kwargs,
                _ => Dict::new(),
            },
        })
    }
}

fn about(side: Side, uri: &Uri) -> Dict {
    let side = if side == Side::Originator { "originator" } else { "responder" };
    Dict::from([("side", Value::from(side)), ("uri", Value::from(uri.as_str()))])
}
