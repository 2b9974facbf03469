//! `wampwerk meta`: asks the router about sessions, registrations and subscriptions, and ends sessions.

use clap::{Args, Subcommand};
use wampwerk::error::CallError;
use wampwerk::session::meta::{Killed, Lists, MetaRequest};
use wampwerk::uri::Pattern;
use wampwerk::{Dict, Session, Uri};

use crate::connection::Connection;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, warn};

/// Commands of `wampwerk meta`.
#[derive(Subcommand, Debug)]
pub(crate) enum Meta {
    /// List the sessions of the realm
    Sessions(Box<Connection>),
    /// List the procedures
    Registrations(Box<Connection>),
    /// List the topics with a subscriber
    Subscriptions(Box<Connection>),
    /// End sessions; the router must allow it
    Kill(Box<Kill>),
    /// Print joins, leaves, registrations and subscriptions when they happen, until Ctrl-C
    Watch(Box<Connection>),
}

/// Options of `wampwerk meta kill`.
#[derive(Args, Debug)]
pub(crate) struct Kill {
    #[command(flatten)]
    target: KillTarget,
    /// Reason that the sessions receive
    #[arg(long, value_name = "URI", value_parser = crate::uris::exact)]
    reason: Option<Uri>,
    /// Text that the sessions receive
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// The sessions to end.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct KillTarget {
    /// The session with this id
    #[arg(value_name = "SESSION")]
    session: Option<u64>,
    /// All sessions of a login. The options of the connection say who asks
    #[arg(long, value_name = "AUTHID")]
    of_authid: Option<String>,
    /// All sessions of a role
    #[arg(long, value_name = "ROLE")]
    of_role: Option<String>,
    /// All sessions but this program's own
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(command: Meta) -> Outcome {
    match command {
        Meta::Sessions(connection) => {
            let output = connection.output();
            connection.run(|session| async move { sessions(&session, output).await }).await
        }
        Meta::Registrations(connection) => {
            let output = connection.output();
            connection.run(|session| async move { registrations(&session, output).await }).await
        }
        Meta::Subscriptions(connection) => {
            let output = connection.output();
            connection.run(|session| async move { subscriptions(&session, output).await }).await
        }
        Meta::Kill(options) => kill(*options).await,
        Meta::Watch(connection) => {
            let output = connection.output();
            connection
                .run_until_interrupted(|session| async move { watch(&session, output).await })
                .await
        }
    }
}

async fn sessions(session: &Session, output: Output) -> Outcome {
    let meta = session.meta();
    let mut rows = Vec::new();
    for id in meta.session_list(None).await? {
        let Some(info) = still_there(meta.session_get(id).await)? else { continue };
        rows.push(
            Dict::new()
                .with("session", info.session)
                .with("authid", info.authid)
                .with("authrole", info.authrole)
                .with("authmethod", info.authmethod)
                .with("own", (id == session.id()).then_some("yes")),
        );
    }
    output.table(&["session", "authid", "authrole", "authmethod", "own"], &rows)
}

async fn registrations(session: &Session, output: Output) -> Outcome {
    let meta = session.meta();
    let mut rows = Vec::new();
    for id in all(meta.registration_list().await?) {
        let Some(info) = still_there(meta.registration_get(id).await)? else { continue };
        let callees = still_there(meta.registration_count_callees(id).await)?;
        rows.push(
            Dict::new()
                .with("id", info.id)
                .with("uri", info.uri.as_str())
                .with("match", info.r#match.as_str())
                .with("invoke", info.invoke.map(|policy| policy.as_str()))
                .with("callees", callees)
                .with("created", info.created),
        );
    }
    output.table(&["id", "uri", "match", "invoke", "callees", "created"], &rows)
}

async fn subscriptions(session: &Session, output: Output) -> Outcome {
    let meta = session.meta();
    let mut rows = Vec::new();
    for id in all(meta.subscription_list().await?) {
        let Some(info) = still_there(meta.subscription_get(id).await)? else { continue };
        let subscribers = still_there(meta.subscription_count_subscribers(id).await)?;
        rows.push(
            Dict::new()
                .with("id", info.id)
                .with("uri", info.uri.as_str())
                .with("match", info.r#match.as_str())
                .with("subscribers", subscribers)
                .with("created", info.created),
        );
    }
    output.table(&["id", "uri", "match", "subscribers", "created"], &rows)
}

async fn kill(options: Kill) -> Outcome {
    let Kill { target, reason, message, connection } = options;
    let output = connection.output();
    connection
        .run(|session| async move {
            let meta = session.meta();
            let mut request: MetaRequest<Killed> = match target {
                KillTarget { session: Some(id), .. } => meta.kill(id),
                KillTarget { of_authid: Some(authid), .. } => meta.kill_by_authid(authid),
                KillTarget { of_role: Some(role), .. } => meta.kill_by_authrole(role),
                KillTarget { .. } => meta.kill_all(),
            };
            if let Some(reason) = reason {
                request = request.reason(reason);
            }
            if let Some(message) = message {
                request = request.message(message);
            }
            let killed = request.await?;
            output.line(
                format_args!("ended {} sessions", killed.count),
                &Dict::new().with("count", killed.count),
            )
        })
        .await
}

async fn watch(session: &Session, output: Output) -> Outcome {
    // One pattern keeps the order of the events.
    let mut events = session.subscribe(Pattern::prefix("wamp.")).await?;
    output.note("watching");
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                output.event(&event.topic, event.publication, &event.details, &event.payload)?
            }
            Err(lagged) => warn(lagged),
        }
    }
    Err(Failure::lost(session.closed().await.as_ref()))
}

fn all(lists: Lists) -> Vec<u64> {
    [lists.exact, lists.prefix, lists.wildcard].concat()
}

/// Nothing, if it has gone since it was listed.
fn still_there<T>(answer: Result<T, CallError>) -> Outcome<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(CallError::Application(error)) if error.uri.starts_with("wamp.error.no_such_") => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
