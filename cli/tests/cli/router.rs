//! A router for a test: the program itself.

use crate::process::{Folder, Running};

/// `wampwerk router` with the realm `realm1`, on a free port. It ends when it is dropped.
pub(crate) struct TestRouter {
    url: String,
    pub(crate) process: Running,
    _folder: Folder,
}

impl TestRouter {
    pub(crate) fn start() -> TestRouter {
        TestRouter::with("")
    }

    /// A router with more of a configuration.
    pub(crate) fn with(configuration: &str) -> TestRouter {
        let folder = Folder::new();
        let text = format!(
            "realms = [\"realm1\"]\nlisteners = [{{ url = \"ws://127.0.0.1:0/ws\" }}]\n{configuration}"
        );
        let file = folder.file("router.toml", &text, 0o600);
        let mut process = Running::start(&["router", "--config", &file]);
        let url = process.prints("listening on ");
        TestRouter { url, process, _folder: folder }
    }

    /// A router that knows joe, by each method that needs a secret.
    pub(crate) fn with_users() -> TestRouter {
        TestRouter::with(
            "[[users]]\nauthid = \"joe\"\nrole = \"user\"\nticket = \"a ticket\"\n\
             secret = \"a secret of joe\"\n",
        )
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ids of the sessions, beside that which asks.
    pub(crate) fn sessions(&self) -> usize {
        let run = crate::process::run(&["meta", "sessions", "--url", &self.url, "-o", "json"]);
        run.ok().lines().count() - 1
    }
}
