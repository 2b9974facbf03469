//! Contains a registration for the JavaScript half, and the ends of registrations and
//! subscriptions.

use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;

use crate::session::promise;
use crate::value::set;
use wampwerk::error::RegisterError;
use wampwerk::session::{Ending, Registration};

/// A registered procedure.
#[wasm_bindgen]
pub struct RawRegistration {
    registration: Registration,
}

impl RawRegistration {
    pub(crate) fn new(registration: Registration) -> Self {
        RawRegistration { registration }
    }
}

#[wasm_bindgen]
impl RawRegistration {
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> f64 {
        self.registration.id() as f64
    }

    #[wasm_bindgen(getter, js_name = isActive)]
    pub fn is_active(&self) -> bool {
        self.registration.is_active()
    }

    /// Resolves to its ending.
    pub fn ended(&self) -> Promise {
        let ended = self.registration.ended();
        promise(async move { Ok(ending_to_js(&ended.await)) })
    }

    /// Resolves when the procedure is unregistered, also by the end of the session.
    pub fn unregister(&self) -> Promise {
        let registration = self.registration.clone();
        promise(async move {
            match registration.unregister().await {
                Ok(()) | Err(RegisterError::Closed { .. }) => Ok(JsValue::UNDEFINED),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// Returns an ending in the form of `index.d.ts`.
pub(crate) fn ending_to_js(ending: &Ending) -> JsValue {
    let (kind, reason, message) = match ending {
        Ending::Withdrawn => ("withdrawn", "", None),
        Ending::Revoked(reason) => ("revoked", reason.as_str(), None),
        Ending::Closed(reason) => ("closed", reason.reason.as_str(), reason.message.as_deref()),
        _ => ("withdrawn", "", None),
    };
    let object = Object::new();
    set(&object, "kind", &kind.into());
    set(&object, "reason", &reason.into());
    set(&object, "message", &message.map_or(JsValue::NULL, JsValue::from_str));
    object.into()
}
