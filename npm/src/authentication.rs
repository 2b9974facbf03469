//! Reads the authentication of a page: the offered methods, and its answers to challenges.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::Report;
use crate::value::{dict_from_js, dict_to_js, get};
use wampwerk::auth::AuthError;
use wampwerk::error::ConnectError;
use wampwerk::message::Challenge;
use wampwerk::session::authentication::{Authentication, Named, OnChallenge, Signature};
use wampwerk::session::{Connect, SessionConfig};
use wampwerk::value::{Dict, Value};

/// The identity and methods that `authentication.js` has checked.
pub(crate) struct Credentials {
    authentication: Authentication,
    authid: Option<String>,
    authrole: Option<String>,
    authextra: Dict,
}

impl Credentials {
    /// Reads the settings. `answer` is a function of `(method, extra)`; see [`answered`].
    pub(crate) fn read(settings: &JsValue, answer: Option<Function>) -> Result<Self, Report> {
        let mut settings = dict_from_js(settings, "options")?;
        let mut text = |key| match settings.remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let (authid, authrole) = (text("authid"), text("authrole"));
        let authextra = match settings.remove("authextra") {
            Some(Value::Dict(dict)) => dict,
            _ => Dict::new(),
        };
        let authentication = match settings.remove("authentication").unwrap_or_default() {
            Value::Null => {
                offered(settings.remove("authmethods"), answer).map_err(ConnectError::from)?
            }
            methods => {
                let read = Authentication::from_value(&methods);
                read.map_err(|error| error.within("authentication"))?
            }
        };
        Ok(Credentials { authentication, authid, authrole, authextra })
    }

    pub(crate) fn of(self, mut connect: Connect) -> Connect {
        if let Some(authid) = self.authid {
            connect = connect.authid(authid);
        }
        if let Some(authrole) = self.authrole {
            connect = connect.authrole(authrole);
        }
        connect.authextra(self.authextra).authentication(self.authentication)
    }

    pub(crate) fn of_all(self, mut config: SessionConfig) -> SessionConfig {
        if let Some(authid) = self.authid {
            config = config.authid(authid);
        }
        if let Some(authrole) = self.authrole {
            config = config.authrole(authrole);
        }
        config.authextra(self.authextra).authentication(self.authentication)
    }
}

/// Reads `authmethods`, whose challenges the page answers if there is `answer`.
fn offered(methods: Option<Value>, answer: Option<Function>) -> Result<Authentication, AuthError> {
    let methods = methods.unwrap_or_default();
    let methods = methods.as_list().unwrap_or_default().iter().filter_map(Value::as_str);
    let Some(answer) = answer else {
        return methods
            .map(Named::new)
            .try_fold(Authentication::new(), |offered, method| offered.with(method));
    };
    let methods: Vec<_> = methods.collect();
    let ask = move |challenge: Challenge| {
        let answer = answer.call2(
            &JsValue::UNDEFINED,
            &challenge.method.into(),
            &dict_to_js(&challenge.extra),
        );
        async move { answered(answer).await }
    };
    Authentication::new().with(OnChallenge::new(&methods, ask))
}

/// Awaits a promise of `{signature, extra}` or `{message}`, which is never rejected.
async fn answered(answer: Result<JsValue, JsValue>) -> Result<Signature, AuthError> {
    let unexpected = |_| AuthError::new("onchallenge failed");
    let answer = Promise::resolve(&answer.map_err(unexpected)?);
    let answer = JsFuture::from(answer).await.map_err(unexpected)?;
    let Some(signature) = get(&answer, "signature").as_string() else {
        let message = get(&answer, "message").as_string();
        return Err(AuthError::new(message.as_deref().unwrap_or("onchallenge failed")));
    };
    let extra = dict_from_js(&get(&answer, "extra"), "extra").map_err(AuthError::new)?;
    Ok(Signature::new(signature).with_extra(extra))
}
