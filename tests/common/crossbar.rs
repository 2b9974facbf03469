//! The Crossbar that `tests/crossbar/with` starts; its description is named by `WAMPWERK_CROSSBAR`.

#![allow(clippy::unwrap_used, dead_code, reason = "tests may")]

use std::io::Write;
use std::path::Path;

use serde_json::Value as Json;
use wampwerk::Serializer;
use wampwerk::transport::{
    Connector, TlsConfig, WampRawSocketClientFactory, WampWebSocketClientFactory,
};

/// Where everybody may join, by the keys of the rig.
pub(crate) const TRANSPORTS: [&str; 8] =
    ["ws", "wss", "unix_ws", "universal_ws", "rs", "rss", "unix", "universal_rs"];

/// What `rig.json` says: `tests/crossbar/README.md` lists it.
pub(crate) struct Rig(Json);

impl Rig {
    /// Nothing, and a loud word, if there is no Crossbar; in CI that is a failure.
    pub(crate) fn find() -> Option<Rig> {
        let Ok(path) = std::env::var("WAMPWERK_CROSSBAR") else {
            assert!(
                std::env::var("WAMPWERK_REQUIRE_ALL").is_err(),
                "no Crossbar: WAMPWERK_CROSSBAR is not set, and all tests are required"
            );
            // Written past the test runner, which keeps the output of tests that pass.
            let loud = b"\nSKIPPED: no Crossbar (run `tests/crossbar/with cargo test`)\n";
            std::io::stderr().write_all(loud).unwrap();
            return None;
        };
        Some(Rig::at(path.as_ref()))
    }

    /// The one that this file describes.
    pub(crate) fn at(path: &Path) -> Rig {
        Rig(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// A text: a URL or a path.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap()
    }

    /// The authid and the secret of a user.
    pub(crate) fn user(&self, name: &str) -> (&str, &str) {
        let user = &self.0["users"][name];
        (user["authid"].as_str().unwrap(), user["secret"].as_str().unwrap())
    }

    /// The certificates to trust.
    pub(crate) fn ca(&self) -> Vec<u8> {
        std::fs::read(self.get("ca")).unwrap()
    }

    /// The URL of a transport.
    pub(crate) fn url(&self, transport: &str) -> String {
        match (transport, self.get(transport)) {
            ("unix", path) => format!("rs://unix:{path}"),
            ("unix_ws", path) => format!("ws://unix:{path}:/ws"),
            (_, url) => url.to_owned(),
        }
    }

    /// What connects to a transport.
    pub(crate) fn connector(&self, transport: &str, serializer: Serializer) -> Box<dyn Connector> {
        let url = self.url(transport);
        let tls = TlsConfig::new().with_root_pem(self.ca()).unwrap();
        if url.starts_with("ws") {
            Box::new(WampWebSocketClientFactory::new(&url, &[serializer]).unwrap().tls(tls))
        } else {
            Box::new(WampRawSocketClientFactory::new(&url, serializer).unwrap().tls(tls))
        }
    }
}
