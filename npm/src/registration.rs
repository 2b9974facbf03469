//! Contains registrations, and the calls that the page answers.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use futures_core::Stream;
use tokio::sync::oneshot;
use wampwerk::Uri;
use wampwerk::error::{ApplicationError, EncodeError, ProgressError, RegisterError};
use wampwerk::hosted::spawn;
use wampwerk::message::{Payload, RegisterOptions, Serializer};
use wampwerk::session::{Chunks, IncomingCall, Procedure, Progress};
use wampwerk::transport::BoxFuture;
use wampwerk::value::{Dict, List};

use crate::command::{Arguments, Fields};
use crate::face::{self, Entry};
use crate::json;
use crate::record::{Kind, push};
use crate::report::Report;
use crate::session::{done, performed, read_options, session_or_fail};
use crate::subscription::tell_ending;

/// The flags of an invocation, as in `module/registration.js`.
const WANTS_PROGRESS: u8 = 1;
const HAS_MORE: u8 = 2;

/// The flag of the end of the parts.
const LAST: u8 = 1;

/// A call that the page answers.
pub(crate) struct Invocation {
    serializer: Serializer,
    answer: RefCell<Option<oneshot::Sender<Result<Payload, ApplicationError>>>>,
    progress: Progress,
    chunks: RefCell<Chunks>,
}

/// A procedure of the page.
pub(crate) struct JsProcedure {
    /// Number of the registration or declaration.
    handle: u32,
}

/// Distinguishes this procedure from Rust functions.
pub(crate) struct JavaScript;

impl JsProcedure {
    pub(crate) fn new(handle: u32) -> Self {
        JsProcedure { handle }
    }
}

impl Procedure<JavaScript> for JsProcedure {
    fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>> {
        let (sender, answer) = oneshot::channel();
        let (details, serializer) = (&call.details, call.serializer());
        let wants_progress = details.receive_progress == Some(true);
        let has_more = details.progress == Some(true);
        let mut dict = details.to_dict();
        // `endpoint.js` sets `details.progress` and others.
        for key in ["receive_progress", "progress", "chunks", "signal"] {
            dict.remove(key);
        }
        let handle = face::number();
        let invocation = Rc::new(Invocation {
            serializer,
            answer: RefCell::new(Some(sender)),
            progress: call.progress(),
            chunks: RefCell::new(call.chunks()),
        });
        face::insert(handle, Entry::Invocation(invocation));
        let details = json::details(serializer, dict);
        push(Kind::Invocation, self.handle, |record| {
            record.u32(handle);
            record.u8(u8::from(wants_progress) * WANTS_PROGRESS + u8::from(has_more) * HAS_MORE);
            record.text(&call.procedure);
            record.payload(&details);
            record.payload(&call.payload);
        });
        let interrupt = Interrupt { handle, answered: false };
        Box::pin(async move {
            let mut interrupt = interrupt;
            let answer = answer.await;
            interrupt.answered = true;
            drop(interrupt);
            // It is dropped with the table entry only, at the end of a component.
            answer.unwrap_or_else(|_| Err(ApplicationError::new(Uri::CANCELED)))
        })
    }
}

/// Tells the page when its answer is no longer needed.
struct Interrupt {
    handle: u32,
    answered: bool,
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        drop(face::remove(self.handle));
        if !self.answered {
            push(Kind::Interrupt, self.handle, |_| {});
        }
    }
}

/// Registers a procedure.
pub(crate) fn register(handle: u32, fields: &mut Fields<'_>) -> Option<()> {
    let (ticket, procedure, options) = (fields.u32()?, fields.text()?, fields.bytes()?);
    let Some(session) = session_or_fail(handle, ticket) else { return Some(()) };
    let serializer = session.serializer();
    let request = read_options(options, RegisterOptions::from_dict)
        .map(|options| session.register(procedure, JsProcedure::new(ticket)).options(options));
    spawn(async move {
        let registration = match performed(request).await {
            Ok(registration) => registration,
            Err(report) => return report.fail(ticket, serializer),
        };
        push(Kind::Established, ticket, |record| record.f64(registration.id() as f64));
        let ended = registration.ended();
        face::insert(ticket, Entry::Registration(registration));
        spawn(async move {
            tell_ending(ticket, &ended.await);
            drop(face::remove(ticket));
        });
    });
    Some(())
}

/// Unregisters. The request is done when the procedure is unregistered, also by the end of the
/// session.
pub(crate) fn unregister(handle: u32, ticket: u32) {
    let registration = face::get(handle, |entry| match entry {
        Entry::Registration(registration) => Some(registration.clone()),
        _ => None,
    });
    spawn(async move {
        match registration {
            Some(registration) => match registration.unregister().await {
                Ok(()) | Err(RegisterError::Closed { .. }) => done(ticket, f64::NAN),
                Err(error) => Report::from(error).fail(ticket, Serializer::Json),
            },
            None => done(ticket, f64::NAN),
        }
    });
}

/// Answers an invocation: with a result, or with an error if there is a URI.
pub(crate) fn answer(handle: u32, uri: Option<&str>, arguments: Arguments<'_>) {
    let Some(invocation) = invocation(handle) else { return };
    let payload = arguments.payload(invocation.serializer);
    let invalid = |error: EncodeError| error.to_string();
    let answer = match uri {
        None => {
            payload.map_err(|error| ApplicationError::new(Uri::INVALID_PAYLOAD).arg(invalid(error)))
        }
        Some(uri) => {
            let mut error = ApplicationError::new(uri);
            // Keep the URI even if the arguments cannot be sent.
            (error.args, error.kwargs) = payload
                .map_err(invalid)
                .and_then(|payload| payload.to_values().map_err(|error| error.to_string()))
                .unwrap_or_else(|text| (List::from([text.into()]), Dict::new()));
            Err(error)
        }
    };
    if let Some(waiting) = invocation.answer.take() {
        // The caller may have gone.
        let _ = waiting.send(answer);
    }
}

/// Sends a progressive result.
pub(crate) fn progress(handle: u32, ticket: u32, arguments: Arguments<'_>) {
    let Some(invocation) = invocation(handle) else {
        return Report::from(ProgressError::Ended).fail(ticket, Serializer::Json);
    };
    let (serializer, progress) = (invocation.serializer, invocation.progress.clone());
    let payload = arguments.payload(serializer).map_err(Report::from);
    spawn(async move {
        let sent = match payload {
            Ok(payload) => progress.send_payload(payload).await.map_err(Report::from),
            Err(report) => Err(report),
        };
        match sent {
            Ok(()) => done(ticket, f64::NAN),
            Err(report) => report.fail(ticket, serializer),
        }
    });
}

/// Waits for the next part of the arguments. Must not be called while a call is pending.
pub(crate) fn next(handle: u32, ticket: u32) {
    let invocation = invocation(handle);
    spawn(async move {
        let chunk = match invocation {
            Some(invocation) => {
                poll_fn(|cx| Pin::new(&mut *invocation.chunks.borrow_mut()).poll_next(cx)).await
            }
            None => None,
        };
        let (missed, payload) = match &chunk {
            Some(Ok(payload)) => (0, payload.clone()),
            Some(Err(lagged)) => (lagged.missed, Payload::empty()),
            None => (0, Payload::empty()),
        };
        push(Kind::Chunk, ticket, |record| {
            record.u8(if chunk.is_none() { LAST } else { 0 });
            record.f64(missed as f64);
            record.payload(&payload);
        });
    });
}

fn invocation(handle: u32) -> Option<Rc<Invocation>> {
    face::get(handle, |entry| match entry {
        Entry::Invocation(invocation) => Some(Rc::clone(invocation)),
        _ => None,
    })
}
