//! Settings of a component in JSON: any text is read or refused with the path of the setting, and what was
//! read can be used.

use wampwerk::Value;
use wampwerk::component::{Component, IntoTransports};
use wampwerk::session::authentication::Authentication;
use wampwerk::transport::TransportConfig;

pub fn json(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (bytes, ()) = super::allocated(|| read(text));
    let most = (1 << 20) + 1000 * text.len();
    assert!(bytes < most, "{bytes} bytes were allocated for settings of {}", text.len());
}

fn read(text: &str) {
    let config = TransportConfig::from_json(text);
    if let Err(error) = &config {
        assert!(error.to_string().len() < 2000, "{error}");
    }
    if let Ok(transports) = text.into_transports() {
        assert!(!transports.is_empty());
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let from_value = TransportConfig::from_value(&value);
    assert_eq!(config.is_ok(), from_value.is_ok(), "JSON and the value differ: {text}");
    for outcome in
        [Authentication::from_value(&value).map(drop), Component::from_value(&value).map(drop)]
    {
        if let Err(error) = outcome {
            assert!(!error.to_string().is_empty());
        }
    }
}
