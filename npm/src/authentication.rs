//! Contains the authentication methods of a page. The module computes no proofs and knows no
//! secrets: `provers.js` does.

use std::future::Future;

use tokio::sync::oneshot;
use wampwerk::auth::AuthError;
use wampwerk::error::ConnectError;
use wampwerk::message::{Challenge, Payload, Welcome};
use wampwerk::session::authentication::{
    Anonymous, Authentication, Authenticator, Proof, Signature,
};
use wampwerk::transport::{BoxFuture, TransportInfo};
use wampwerk::value::{Dict, Value};

use crate::face::{self, Entry, Question};
use crate::json;
use crate::record::{Kind, push};

/// Reads the identity: authid, authrole and authextra.
pub(crate) fn identity(settings: &Dict) -> (Option<&str>, Option<&str>, Dict) {
    let authextra = settings.get("authextra").and_then(Value::as_dict).cloned();
    (
        json::text(settings, "authid"),
        json::text(settings, "authrole"),
        authextra.unwrap_or_default(),
    )
}

/// Reads `methods`: dicts with an identity, `names`, and `prover` if there is one.
pub(crate) fn methods(settings: &Dict) -> Result<Authentication, ConnectError> {
    let mut methods = Authentication::new();
    for given in json::list(settings, "methods").iter().filter_map(Value::as_dict) {
        let names = json::list(given, "names").iter().filter_map(Value::as_str);
        methods = match json::number(given, "prover") {
            None => names.map(Anonymous::named).try_fold(methods, |all, name| {
                let (authid, authrole, authextra) = identity(given);
                let name = authid.into_iter().fold(name, Anonymous::authid);
                let name = authrole.into_iter().fold(name, Anonymous::authrole);
                all.with(name.authextra(authextra))
            })?,
            Some(prover) => {
                let (authid, authrole, authextra) = identity(given);
                methods.with(Prover {
                    number: prover as u32,
                    names: names.map(ToOwned::to_owned).collect(),
                    authid: authid.map(ToOwned::to_owned),
                    authrole: authrole.map(ToOwned::to_owned),
                    authextra,
                })?
            }
        };
    }
    Ok(methods)
}

/// A method whose proofs JavaScript computes.
struct Prover {
    number: u32,
    names: Vec<String>,
    authid: Option<String>,
    authrole: Option<String>,
    authextra: Dict,
}

impl Authenticator for Prover {
    fn method(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    fn methods(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    fn authid(&self) -> Option<&str> {
        self.authid.as_deref()
    }

    fn authrole(&self) -> Option<&str> {
        self.authrole.as_deref()
    }

    fn authextra(&self) -> Dict {
        self.authextra.clone()
    }

    fn begin(&self, _: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        let begun = face::ask(Question::Begin, self.number, "").map_err(AuthError::new)?;
        let begun = json::read(begun.as_bytes()).map_err(AuthError::new)?;
        let (_, _, authextra) = identity(&begun);
        let number = json::number(&begun, "attempt").unwrap_or_default() as u32;
        Ok(Box::new(Attempt { number, authextra }))
    }
}

impl Drop for Prover {
    fn drop(&mut self) {
        push(Kind::Forget, self.number, |_| {});
    }
}

/// An attempt to join.
struct Attempt {
    number: u32,
    authextra: Dict,
}

impl Proof for Attempt {
    fn authextra(&self) -> Dict {
        self.authextra.clone()
    }

    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>> {
        let about = json::write(Dict::from([("extra", challenge.extra.clone())]));
        let answer = asked(self.number, &challenge.method, 0, about);
        Box::pin(async move {
            let unreadable = |text: Vec<u8>| String::from_utf8_lossy(&text).into_owned();
            let answer = answer.await.map_err(|text| AuthError::new(unreadable(text)))?;
            let mut answer = json::read(&answer).map_err(AuthError::new)?;
            let extra = match answer.remove("extra") {
                Some(Value::Dict(extra)) => extra,
                _ => Dict::new(),
            };
            let signature = json::text(&answer, "signature").unwrap_or_default();
            Ok(Signature::new(signature).with_extra(extra))
        })
    }

    fn check(&mut self, welcome: &Welcome) -> Result<(), AuthError> {
        let details = json::write(welcome.details.to_dict());
        let details = details.encoded().map(|(args, _)| args).unwrap_or_default();
        let checked = face::ask(Question::Check, self.number, &String::from_utf8_lossy(details));
        checked.map(drop).map_err(AuthError::new)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        push(Kind::Forget, self.number, |_| {});
    }
}

/// Asks JavaScript; the answer and the error are texts. The question is sent at once.
pub(crate) fn asked(
    handle: u32,
    what: &str,
    session: u32,
    about: Payload,
) -> impl Future<Output = Result<Vec<u8>, Vec<u8>>> + use<> {
    let question = face::number();
    let (sender, answer) = oneshot::channel();
    face::insert(question, Entry::Question(sender));
    push(Kind::Ask, handle, |record| {
        record.u32(question);
        record.text(what);
        record.u32(session);
        record.payload(&about);
    });
    let asked = Asked(question);
    async move {
        let answer = answer.await.unwrap_or_else(|_| Err(Vec::new()));
        drop(asked);
        answer
    }
}

/// A question, whose answer is not needed any more when it is dropped.
struct Asked(u32);

impl Drop for Asked {
    fn drop(&mut self) {
        drop(face::remove(self.0));
    }
}
