//! What a configuration cannot mean is refused by its key, and never ignored.

use wampwerk::component::Component;
use wampwerk::transport::{Endpoint, IpVersion, Proxy, Tls, TransportConfig};

/// The path of the error, and its text.
fn refused(config: &TransportConfig) -> (String, String) {
    let error = config.connector().err().unwrap();
    (error.path.to_string(), error.to_string())
}

fn identity() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn a_version_of_ip_beside_a_unix_socket() {
    let (path, text) =
        refused(&TransportConfig::new("ws://unix:/run/router.sock").ip_version(IpVersion::V4));
    assert_eq!(path, "endpoint.version", "{text}");
}

#[test]
fn a_key_that_is_there_twice() {
    for text in [
        r#"{"realm": "realm1", "realm": "realm2"}"#,
        r#"{"transports": [{"url": "ws://h/", "options": {"realm": 1, "realm": 1}}]}"#,
    ] {
        let error = Component::from_json(text).unwrap_err().to_string();
        assert!(error.contains("the key \"realm\" is given twice"), "{error}");
    }
    Component::from_json(r#"{"realm": "realm1", "extra": [{"a": 1.5}, {"a": [-1, null, true]}]}"#)
        .unwrap();
}

#[test]
fn an_onion_without_tor() {
    let onion = TransportConfig::new("ws://abc.Onion./");
    let elsewhere = TransportConfig::new("ws://h/");
    let far = elsewhere.clone().endpoint(Endpoint::tcp("abc.onion", 80));
    assert_eq!(refused(&onion).0, "url");
    assert_eq!(refused(&far).0, "endpoint.host");
    // An HTTP proxy would ask the DNS.
    assert!(onion.clone().proxy(Proxy::http("p", 80)).connector().is_err());
    assert!(elsewhere.proxy(Proxy::socks5("p.onion", 80)).connector().is_err());
    for config in [onion, far] {
        config.proxy(Proxy::socks5("127.0.0.1", 9050)).connector().unwrap();
    }
}

#[test]
fn a_key_that_is_damaged_or_of_another() {
    let (chain, key) = identity();
    let config = |chain: &str, key: &str| {
        TransportConfig::new("wss://h/").tls(Tls::new().certificate(chain, key))
    };
    config(&chain, &key).connector().unwrap();
    let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(refused(&config(&chain, damaged)).0, "endpoint.tls.key");
    let (path, text) = refused(&config(&chain, &identity().1));
    assert_eq!(path, "endpoint.tls.key");
    assert!(text.contains("does not belong to the certificate"), "{text}");
    let (path, text) = refused(&config(&damaged.replace("PRIVATE KEY", "CERTIFICATE"), &key));
    assert_eq!(path, "endpoint.tls.certificate", "{text}");
}

#[test]
fn a_file_that_is_too_long() {
    let path = std::env::temp_dir().join(format!("wampwerk-long-{}.pem", std::process::id()));
    let mut text = identity().0;
    text.push_str(&"# a comment\n".repeat((4 << 20) / 12));
    std::fs::write(&path, text).unwrap();
    let tls = Tls::new().trust_root(path.to_str().unwrap());
    let (key, text) = refused(&TransportConfig::new("wss://h/").tls(tls));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(key, "endpoint.tls.trust_root");
    assert!(text.contains("longer than 4 MiB"), "{text}");
}

#[test]
fn the_kind_follows_the_url_unless_it_was_said() {
    let (path, text) = refused(&TransportConfig::new("ws://h/").header("X", "y").url("rs://h:1"));
    assert!(path == "headers" && text.contains("not supported by RawSocket"), "{text}");
    TransportConfig::new("rs://h:1").header("X", "y").url("ws://h/").connector().unwrap();
    assert_eq!(refused(&TransportConfig::websocket("ws://h/").url("rs://h:1")).0, "url");
}
