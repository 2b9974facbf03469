//! Autobahn at the other end: sessions of Autobahn|Python and of Autobahn|JS, driven from here.

mod process;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use process::Process;
pub(crate) use process::{Implementation, tools_cache};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What no healthy machine needs; nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(30);

/// A session of Autobahn's. When it is dropped its connection is cut.
pub(crate) struct Autobahn {
    process: &'static Process,
    name: String,
    happenings: UnboundedReceiver<Json>,
    /// The code of an orderly end, which only WebSocket has.
    goodbye: Json,
    /// What Autobahn knows about it: `session`, `realm`, `authid`, `authrole`, `authmethod`,
    /// `authprovider`, `authextra`, `features`.
    pub(crate) details: Json,
}

/// A command that is at work. `await` it for what it gives.
pub(crate) struct Pending {
    pub(crate) id: u64,
    process: &'static Process,
    what: String,
    replies: UnboundedReceiver<Json>,
}

/// Why a command failed: `error`, `args` and `kwargs`.
pub(crate) type Failed = Json;

impl Autobahn {
    /// Connects and joins, by methods as Autobahn's `Component` has them: `{"ticket": {"authid": …},
    /// …}`, or in this order if they are a list of pairs. `serializer` is Autobahn's name of one:
    /// json, msgpack, cbor, or these with `.batched` behind.
    pub(crate) async fn log_in(
        url: &str,
        realm: &str,
        serializer: &str,
        authentication: Json,
    ) -> Result<Self, Failed> {
        let how = json!({
            "url": url, "realm": realm, "serializer": serializer, "authentication": authentication,
        });
        Autobahn::join_as(Implementation::Python, how).await
    }

    /// The same, as `join` of the peer takes it.
    pub(crate) async fn join_as(with: Implementation, how: Json) -> Result<Self, Failed> {
        let mut session = Autobahn::new(with);
        if how["url"].as_str().unwrap().starts_with("ws") {
            session.goodbye = json!(1000);
        }
        session.details = session.ask("join", how).await?;
        Ok(session)
    }

    /// Autobahn's `Component`, which has a procedure that echoes and a topic, as `how` says. It
    /// connects, and connects again, from the command `start` on until `stop`.
    pub(crate) async fn component(how: Json) -> Self {
        let component = Autobahn::new(Implementation::Python);
        component.must("steady", how).await;
        component
    }

    /// A name without anybody behind it yet.
    fn new(with: Implementation) -> Self {
        let (process, (sender, happenings)) = (with.process(), unbounded_channel());
        let name = process.enter(sender);
        Autobahn { process, name, happenings, goodbye: Json::Null, details: Json::Null }
    }

    pub(crate) fn id(&self) -> u64 {
        self.details["session"].as_u64().unwrap()
    }

    /// Starts the command `what`, with the parameters that the method of peer.py has.
    pub(crate) fn start(&self, what: &str, with: Json) -> Pending {
        let (sender, replies) = unbounded_channel();
        let id = self.process.send(&self.name, what, with.clone(), Some(sender));
        Pending { id, process: self.process, what: format!("{what} {with}"), replies }
    }

    /// The outcome of a command.
    pub(crate) async fn ask(&self, what: &str, with: Json) -> Result<Json, Failed> {
        self.start(what, with).await
    }

    /// What a command gives that has to succeed.
    pub(crate) async fn must(&self, what: &str, with: Json) -> Json {
        let command = format!("{what} {with}");
        self.ask(what, with).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Calls a procedure with positional arguments.
    pub(crate) async fn call(&self, procedure: &str, args: Json) -> Result<Json, Failed> {
        self.ask("call", json!({"procedure": procedure, "args": args})).await
    }

    /// The next thing that happens to the session, which has to be an `event`.
    pub(crate) async fn next(&mut self, event: &str) -> Json {
        let awaited = format!("{event} of Autobahn's session {}", self.name);
        let happened = within(&awaited, self.happenings.recv()).await;
        let happened = happened.unwrap_or_else(|| panic!("no {awaited}: {}", self.process.said()));
        assert_eq!(happened["event"], event, "{happened}");
        happened
    }

    /// The next `event`, whatever happens before it.
    pub(crate) async fn until(&mut self, event: &str) -> Json {
        let awaited = format!("{event} of Autobahn's session {}", self.name);
        loop {
            let happened = within(&awaited, self.happenings.recv()).await;
            let happened =
                happened.unwrap_or_else(|| panic!("no {awaited}: {}", self.process.said()));
            if happened["event"] == event {
                return happened;
            }
        }
    }

    /// What has happened already.
    pub(crate) fn happened(&mut self) -> Vec<Json> {
        std::iter::from_fn(|| self.happenings.try_recv().ok()).collect()
    }

    /// Leaves; nothing else may have happened, and all has to end as it should.
    pub(crate) async fn leave(mut self) {
        self.must("leave", json!({})).await;
        self.next("left").await;
        self.closed().await;
    }

    /// The end of the connection, which has to be as it should. Autobahn ends it with another code
    /// and a reason, or cuts it, as soon as it sees a violation of the protocol.
    pub(crate) async fn closed(&mut self) {
        let closed = self.next("closed").await;
        assert_eq!((&closed["clean"], &closed["code"]), (&json!(true), &self.goodbye), "{closed}");
    }
}

impl Drop for Autobahn {
    fn drop(&mut self) {
        self.process.forget(&self.name);
    }
}

impl Pending {
    /// The next progressive result: `args` and `kwargs`.
    pub(crate) async fn progress(&mut self) -> Json {
        let reply = self.reply().await;
        assert!(reply["progress"].is_object(), "{}: {reply}", self.what);
        reply["progress"].clone()
    }

    async fn reply(&mut self) -> Json {
        let reply = within(&self.what, self.replies.recv()).await;
        reply.unwrap_or_else(|| panic!("{}: {}", self.what, self.process.said()))
    }
}

impl IntoFuture for Pending {
    type Output = Result<Json, Failed>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let reply = self.reply().await;
            assert!(reply["progress"].is_null(), "{}: {reply}", self.what);
            if reply["error"].is_null() { Ok(reply["ok"].clone()) } else { Err(reply) }
        })
    }
}

/// What the future gives; it has to give it before the deadline.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let limit = tokio::time::timeout(DEADLINE, future).await;
    limit.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}; {}", process::all_said()))
}
