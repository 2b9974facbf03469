//! Connects, joins, publishes and leaves.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use wampwerk::Uri;
use wampwerk::error::{CloseReason, ConnectError, Violation};
use wampwerk::hosted::spawn;
use wampwerk::message::{PublishOptions, Serializer};
use wampwerk::session::{self, Session, SessionConfig};
use wampwerk::transport::Connector;
use wampwerk::value::{Dict, Value};

use crate::authentication;
use crate::command::Fields;
use crate::face::{self, Entry, spawn_until};
use crate::hooks;
use crate::json;
use crate::record::{Kind, push};
use crate::report::{Report, close_reason};
use crate::socket::Dialer;

/// Maximum time limit; a longer one counts as none.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Setter of a limit in bytes.
type SetLimit = fn(SessionConfig, usize) -> SessionConfig;

/// The limits of a session by their names. JavaScript has checked them.
const LIMITS: [(&str, SetLimit); 4] = [
    ("details", SessionConfig::details_limit),
    ("joining", SessionConfig::joining_limit),
    ("queue", SessionConfig::queue_limit),
    ("running", SessionConfig::running_limit),
];

/// Connects and joins, as the settings say: the session gets the number of the request.
pub(crate) fn connect(ticket: u32, settings: &[u8]) {
    let settings = json::read(settings).map_err(Report::from);
    let (abandon, abandoned) = oneshot::channel();
    face::insert(ticket, Entry::Connecting { _abandon: abandon });
    spawn_until(abandoned, async move {
        match connected(settings).await {
            Ok(session) => keep(ticket, session),
            Err(report) => {
                report.fail(ticket, Serializer::Json);
                drop(face::remove(ticket));
            }
        }
    });
}

async fn connected(settings: Result<Dict, Report>) -> Result<Session, Report> {
    let settings = settings?;
    let config = config(&settings)?;
    let transport = Dialer::new(&settings).connect().await?;
    let realm = json::text(&settings, "realm").unwrap_or_default();
    Ok(session::join(transport, realm, config).await?)
}

/// Reads the settings of a session.
pub(crate) fn config(settings: &Dict) -> Result<SessionConfig, ConnectError> {
    let mut config = SessionConfig::default();
    if let Some(timeout) = json::number(settings, "timeout") {
        config = config.join_timeout(duration(timeout));
    }
    if let Some(disclose) = json::flag(settings, "discloseMe") {
        config = config.disclose_me(disclose);
    }
    if let Some(risk) = json::flag(settings, "riskUnannounced") {
        config = config.risk_unannounced(risk);
    }
    if let Some(codec) = hooks::payload_codec(settings) {
        config = config.payload_codec(codec);
    }
    if let Some(Value::Dict(details)) = settings.get("helloDetails") {
        config = config.hello_details(details.clone());
    }
    if let Some(Value::Dict(limits)) = settings.get("limits") {
        for (key, set) in LIMITS {
            if let Some(bytes) = json::number(limits, key) {
                config = set(config, bytes as usize);
            }
        }
    }
    if let Some(Value::Dict(heartbeat)) = settings.get("heartbeat") {
        let time = |key| json::number(heartbeat, key).map(duration).unwrap_or_default();
        config = config.heartbeat(time("interval"), time("timeout"));
    }
    let (authid, authrole, authextra) = authentication::identity(settings);
    if let Some(authid) = authid {
        config = config.authid(authid);
    }
    if let Some(authrole) = authrole {
        config = config.authrole(authrole);
    }
    Ok(config.authextra(authextra).authentication(authentication::methods(settings)?))
}

/// Stores a session, reports it, and later its end.
pub(crate) fn keep(handle: u32, session: Session) {
    let serializer = session.serializer();
    let welcome = json::details(serializer, session.welcome().details.to_dict());
    push(Kind::Joined, handle, |record| {
        record.f64(session.id() as f64);
        record.text(session.realm());
        record.text(serializer.as_str());
        record.payload(&welcome);
    });
    let closed = session.closed();
    face::insert(handle, Entry::Session(session));
    // The entry stays until JavaScript drops it: requests fail with the reason until then.
    spawn(async move {
        let reason = closed.await;
        tell_end(handle, &reason);
    });
}

fn tell_end(handle: u32, reason: &Arc<CloseReason>) {
    let reason = json::write(close_reason(reason));
    push(Kind::Closed, handle, |record| record.payload(&reason));
}

/// Publishes an event.
pub(crate) fn publish(handle: u32, fields: &mut Fields<'_>) -> Option<()> {
    let ticket = fields.u32()?;
    let (topic, options, arguments) = (fields.text()?, fields.bytes()?, fields.arguments()?);
    let Some(session) = session_or_fail(handle, ticket) else { return Some(()) };
    let serializer = session.serializer();
    let publish = arguments.payload(serializer).map_err(Report::from).and_then(|payload| {
        let options = read_options(options, PublishOptions::from_dict)?;
        let acknowledge = options.acknowledge == Some(true);
        Ok((session.publish(topic).payload(payload).options(options), acknowledge))
    });
    spawn(async move {
        let published = match publish {
            Ok((publish, true)) => publish.acknowledge().await.map(|id| id as f64),
            Ok((publish, false)) => publish.await.map(|()| f64::NAN),
            Err(report) => return report.fail(ticket, serializer),
        };
        match published {
            Ok(id) => done(ticket, id),
            Err(error) => Report::from(error).fail(ticket, serializer),
        }
    });
    Some(())
}

/// Leaves. The request is done at the end of the session.
pub(crate) fn leave(handle: u32, fields: &mut Fields<'_>) -> Option<()> {
    let (ticket, reason, message) = (fields.u32()?, fields.text()?, fields.bytes()?);
    let reason = if reason.is_empty() { Uri::CLOSE_REALM } else { reason }.to_owned();
    let message = json::read(message).unwrap_or_default();
    let message = json::text(&message, "message").map(ToOwned::to_owned);
    let session = face::session(handle);
    spawn(async move {
        if let Some(session) = session {
            session.leave_with(reason, message).await;
        }
        done(ticket, f64::NAN);
    });
    Some(())
}

/// Leaves, and joins another realm on the same connection: the new session gets the number of the
/// request.
pub(crate) fn rejoin(handle: u32, fields: &mut Fields<'_>) -> Option<()> {
    let (ticket, realm) = (fields.u32()?, fields.text()?.to_owned());
    let Some(session) = session_or_fail(handle, ticket) else { return Some(()) };
    spawn(async move {
        match session.rejoin(realm).await {
            Ok(session) => keep(ticket, session),
            Err(error) => Report::from(error).fail(ticket, Serializer::Json),
        }
    });
    Some(())
}

/// Reports that a request is done.
pub(crate) fn done(ticket: u32, number: f64) {
    push(Kind::Done, ticket, |record| record.f64(number));
}

/// Returns a session, or fails the request: JavaScript drops a session that it does not use.
pub(crate) fn session_or_fail(handle: u32, ticket: u32) -> Option<Session> {
    let session = face::session(handle);
    if session.is_none() {
        Report::gone().fail(ticket, Serializer::Json);
    }
    session
}

/// Performs a request that may be wrong already.
pub(crate) async fn performed<R, T, E>(request: Result<R, Report>) -> Result<T, Report>
where
    R: IntoFuture<Output = Result<T, E>>,
    Report: From<E>,
{
    Ok(request?.await?)
}

/// Reads the options of a request.
pub(crate) fn read_options<T>(
    options: &[u8],
    from_dict: fn(Dict) -> Result<T, Violation>,
) -> Result<T, Report> {
    Ok(from_dict(json::read(options)?)?)
}

pub(crate) fn duration(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).map_or(LONGEST, |limit| limit.min(LONGEST))
}
