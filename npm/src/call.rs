//! Performs calls, also with progressive results and with arguments in parts.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::{mpsc, oneshot};
use wampwerk::error::{CallError, Lagged};
use wampwerk::hosted::spawn;
use wampwerk::message::{CallOptions, CancelMode, Payload, Serializer};
use wampwerk::session::{CallReply, CallRequest, RunningCall, StreamingCall};
use wampwerk::value::Dict;

use crate::command::{Arguments, Fields};
use crate::face::{self, Entry, spawn_until};
use crate::json;
use crate::record::{Kind, push};
use crate::report::Report;
use crate::session::{duration, read_options, session_or_fail};

/// The flags of a call, as in `module/call.js`.
const DETAILS: u8 = 1;
const PROGRESS: u8 = 2;
const PARTS: u8 = 4;
// A call is also revocable with any other flag, such as 8.

/// The flag of a result with details.
const WITH_DETAILS: u8 = 1;

/// A call that can be abandoned, or takes further arguments.
pub(crate) struct Running {
    serializer: Serializer,
    parts: mpsc::UnboundedSender<Result<(Payload, bool), Report>>,
    /// Abandons the call when it is dropped.
    _abandon: oneshot::Sender<()>,
}

/// Calls a procedure.
pub(crate) fn call(handle: u32, fields: &mut Fields<'_>) -> Option<()> {
    let (ticket, flags, mode, timeout) = (fields.u32()?, fields.u8()?, fields.u8()?, fields.f64()?);
    let (procedure, options, arguments) = (fields.text()?, fields.bytes()?, fields.arguments()?);
    let Some(session) = session_or_fail(handle, ticket) else { return Some(()) };
    let serializer = session.serializer();
    let payload = arguments.payload(serializer).map_err(Report::from);
    let request = payload.and_then(|payload| {
        let options = read_options(options, CallOptions::from_dict)?;
        let mut request = session.call(procedure).payload(payload).options(options);
        if !timeout.is_nan() {
            request = request.timeout(duration(timeout));
        }
        Ok(match mode {
            1 => request.cancel_mode(CancelMode::Skip),
            2 => request.cancel_mode(CancelMode::Kill),
            3 => request.cancel_mode(CancelMode::KillNoWait),
            _ => request,
        })
    });
    let reply = Reply { ticket, serializer, details: flags & DETAILS != 0 };
    let request = match request {
        Ok(request) => request,
        Err(report) => {
            report.fail(ticket, serializer);
            return Some(());
        }
    };
    if flags & !DETAILS == 0 {
        spawn(async move { reply.end(request.await.map_err(Report::from), 0) });
        return Some(());
    }
    let (abandon, abandoned) = oneshot::channel();
    let (sender, parts) = mpsc::unbounded_channel();
    face::insert(ticket, Entry::Call(Running { serializer, parts: sender, _abandon: abandon }));
    spawn_until(abandoned, async move {
        run(request, flags, parts, reply).await;
        drop(face::remove(ticket));
    });
    Some(())
}

/// Ends a call, whose result is not needed.
pub(crate) fn abandon(ticket: u32) {
    drop(face::remove(ticket));
}

/// Sends a further part of a call's arguments.
pub(crate) fn part(ticket: u32, arguments: Arguments<'_>, last: bool) {
    let sender = face::get(ticket, |entry| match entry {
        Entry::Call(running) => Some((running.parts.clone(), running.serializer)),
        _ => None,
    });
    if let Some((parts, serializer)) = sender {
        let part = arguments.payload(serializer).map_err(Report::from);
        // The call may have ended.
        let _ = parts.send(part.map(|payload| (payload, last)));
    }
}

type Parts = mpsc::UnboundedReceiver<Result<(Payload, bool), Report>>;

async fn run(request: CallRequest, flags: u8, parts: Parts, reply: Reply) {
    let mut missed = 0;
    let result = if flags & (PROGRESS | PARTS) == 0 {
        request.await.map_err(Report::from)
    } else {
        stream(request, flags, parts, &reply, &mut missed).await
    };
    reply.end(result, missed);
}

/// A call with or without further arguments to send.
enum AnyCall {
    Open(StreamingCall),
    Running(RunningCall),
}

impl AnyCall {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<CallReply, Lagged>>> {
        match self {
            AnyCall::Open(call) => Pin::new(call).poll_next(cx),
            AnyCall::Running(call) => Pin::new(call).poll_next(cx),
        }
    }
}

enum CallEvent {
    Step(Option<Result<CallReply, Lagged>>),
    Part(Result<(Payload, bool), Report>),
}

async fn stream(
    request: CallRequest,
    flags: u8,
    mut parts: Parts,
    reply: &Reply,
    missed: &mut u64,
) -> Result<CallReply, Report> {
    let mut call = match flags & PARTS {
        0 => AnyCall::Running(request.start().await?),
        _ => {
            let call = request.start_streaming().await?;
            part_sent(reply.ticket);
            AnyCall::Open(call)
        }
    };
    loop {
        let event = poll_fn(|cx| {
            if let Poll::Ready(step) = call.poll_next(cx) {
                return Poll::Ready(CallEvent::Step(step));
            }
            match &call {
                AnyCall::Open(_) => match parts.poll_recv(cx) {
                    Poll::Ready(Some(part)) => Poll::Ready(CallEvent::Part(part)),
                    Poll::Ready(None) | Poll::Pending => Poll::Pending,
                },
                AnyCall::Running(_) => Poll::Pending,
            }
        });
        match event.await {
            CallEvent::Step(None) => {
                let call = match call {
                    AnyCall::Open(call) => call.into_running(),
                    AnyCall::Running(call) => call,
                };
                return Ok(call.result().await?);
            }
            CallEvent::Step(Some(Err(lagged))) => *missed += lagged.missed,
            CallEvent::Step(Some(Ok(step))) => {
                // Without the flag the page takes the result only.
                if flags & PROGRESS != 0 {
                    reply.push(Kind::Progress, &step, std::mem::take(missed));
                }
            }
            CallEvent::Part(part) => {
                let (payload, last) = part?;
                call = match call {
                    AnyCall::Open(call) if last => {
                        AnyCall::Running(call.finish_payload(payload).await?)
                    }
                    AnyCall::Open(call) => {
                        match call.send_payload(payload).await {
                            Ok(()) => part_sent(reply.ticket),
                            // The next step is its end.
                            Err(CallError::Ended { .. }) => {}
                            Err(error) => return Err(error.into()),
                        }
                        AnyCall::Open(call)
                    }
                    running @ AnyCall::Running(_) => running,
                };
            }
        }
    }
}

fn part_sent(ticket: u32) {
    push(Kind::PartSent, ticket, |_| {});
}

/// The form of a call's results.
struct Reply {
    ticket: u32,
    serializer: Serializer,
    details: bool,
}

impl Reply {
    fn end(&self, result: Result<CallReply, Report>, missed: u64) {
        match result {
            Ok(reply) => self.push(Kind::Result, &reply, missed),
            Err(report) => report.fail(self.ticket, self.serializer),
        }
    }

    fn push(&self, kind: Kind, reply: &CallReply, missed: u64) {
        let details = if self.details { reply.details.to_dict() } else { Dict::new() };
        let details = json::details(self.serializer, details);
        // Opaque data can only come with a codec, of which there is none here.
        push(kind, self.ticket, |record| {
            record.u8(if self.details { WITH_DETAILS } else { 0 });
            record.f64(missed as f64);
            record.payload(&details);
            record.payload(&reply.payload);
        });
    }
}
