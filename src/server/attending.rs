//! The task of one connection that has a handler: the handler's methods, one after the other, and
//! the transport, which goes on beside them.
//!
//! Implements the order of calls, and the cases in which the handler fails, panics or does not return.

use std::future::{Future, poll_fn};

use crate::codec::{self, Bounds, Refused};
use crate::rt::future::{Race, race, within};
use crate::rt::guard::{Panic, catch, caught};
use crate::server::wire::{GRACE, Next, Wire};
use crate::server::{HandlerError, TransportHandler};
use crate::transport::TransportInfo;
use crate::websocket::CloseCode;

/// Bounds of the messages that are decoded for a handler.
const BOUNDS: Bounds = Bounds { details: 64 << 10, ..Bounds::NONE };

/// Runs one connection from its beginning to its end.
pub(super) async fn run_handler<H: TransportHandler>(make: impl FnOnce() -> H, mut wire: Wire) {
    let mut handler = match catch(make) {
        Ok(handler) => handler,
        Err(panic) => {
            log(wire.info(), "the function that makes handlers", &MethodFailure::Panicked(panic));
            wire.fail(CloseCode::InternalError);
            wire.closed().await;
            return;
        }
    };
    let transport = wire.handle();
    let opened = async { handler.on_open(transport).await };
    run_method(&mut wire, "on_open", opened).await;
    let was_clean = loop {
        match wire.next().await {
            Next::Message(frame) => {
                match codec::decode_within(wire.info().serializer, &frame, &BOUNDS) {
                    Ok(message) => {
                        let handled = async { handler.on_message(message).await };
                        run_method(&mut wire, "on_message", handled).await;
                    }
                    Err(refused) => {
                        let violation = match refused {
                            Refused::Violation(violation) => violation,
                            Refused::Unusable(unusable) => unusable.violation(),
                        };
                        tracing::debug!(peer = wire.info().peer, %violation, "undecodable message");
                        wire.fail(CloseCode::ProtocolError);
                    }
                }
            }
            Next::Shutdown => {
                let transport = wire.handle();
                let told = async { handler.on_shutdown(transport).await };
                run_method(&mut wire, "on_shutdown", told).await;
            }
            Next::End(was_clean) => break was_clean,
        }
    };
    // The transport is closed, so only this call is left.
    let told = caught(async { handler.on_close(was_clean).await });
    match within(GRACE, told).await {
        Some(Ok(())) => {}
        Some(Err(panic)) => log(wire.info(), "on_close", &MethodFailure::Panicked(panic)),
        None => log(wire.info(), "on_close", &MethodFailure::TooLate),
    }
}

/// Outcome of a method that did not succeed.
enum MethodFailure {
    Failed(HandlerError),
    Panicked(Panic),
    TooLate,
}

/// Runs a method beside the transport. If it fails, the connection is closed.
async fn run_method(
    wire: &mut Wire,
    name: &'static str,
    method: impl Future<Output = Result<(), HandlerError>>,
) {
    let fate = match race(caught(method), poll_fn(|cx| wire.poll_transport(cx))).await {
        Race::First(Ok(Ok(()))) => return,
        Race::First(Ok(Err(error))) => MethodFailure::Failed(error),
        Race::First(Err(panic)) => MethodFailure::Panicked(panic),
        Race::Second(()) => MethodFailure::TooLate,
    };
    log(wire.info(), name, &fate);
    wire.fail(match fate {
        MethodFailure::Failed(error) => error.close_code(),
        MethodFailure::Panicked(_) | MethodFailure::TooLate => CloseCode::InternalError,
    });
}

fn log(info: &TransportInfo, what: &'static str, fate: &MethodFailure) {
    let (peer, kind) = (&info.peer, info.kind);
    match fate {
        MethodFailure::Failed(error) if error.is_violation() => {
            tracing::debug!(peer, kind, "{what}: {error}");
        }
        MethodFailure::Failed(error) => tracing::error!(peer, kind, "{what} failed: {error}"),
        MethodFailure::Panicked(panic) => tracing::error!(peer, kind, "{what} {panic}"),
        MethodFailure::TooLate => {
            tracing::error!(peer, kind, "{what} did not return, and was dropped")
        }
    }
}
