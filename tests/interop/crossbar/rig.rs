//! The Crossbar that `tests/crossbar/with` starts; its description is named by `WAMPWERK_CROSSBAR`.

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value as Json;
use wampwerk::Serializer;
use wampwerk::transport::{Connector, Tls, WampRawSocketClientFactory, WampWebSocketClientFactory};

/// Transports with anonymous sessions, by the keys of the rig.
pub(crate) const TRANSPORTS: [&str; 8] =
    ["ws", "wss", "unix_ws", "universal_ws", "rs", "rss", "unix", "universal_rs"];

/// What `rig.json` says: `tests/crossbar/README.md` lists it.
pub(crate) struct Rig(Json);

impl Rig {
    /// The one that `tests/crossbar/with` has started.
    pub(crate) fn find() -> Rig {
        Rig::at(Rig::path().unwrap().as_ref())
    }

    /// Path of the description, if there is a Crossbar.
    pub(crate) fn path() -> Option<OsString> {
        std::env::var_os("WAMPWERK_CROSSBAR")
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
        let tls = Tls::new().also_trust(self.ca());
        if url.starts_with("ws") {
            let factory = WampWebSocketClientFactory::new(&url, &[serializer]).unwrap();
            Box::new(if url.starts_with("wss") { factory.tls(tls) } else { factory })
        } else {
            let factory = WampRawSocketClientFactory::new(&url, serializer).unwrap();
            Box::new(if url.starts_with("rss") { factory.tls(tls) } else { factory })
        }
    }
}
