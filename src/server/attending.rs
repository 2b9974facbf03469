//! The task of one connection that has a handler: the handler's methods, one after the other, and
//! the transport, which goes on beside them.
//!
//! Owns the order of calls, and what happens when the handler fails, panics or does not return.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use crate::codec;
use crate::rt::Sleep;
use crate::server::wire::{GRACE, Next, Wire};
use crate::server::{HandlerError, TransportHandler};
use crate::transport::{CloseCode, TransportInfo};

/// One connection from its beginning to its end.
pub(super) async fn attend<H: TransportHandler>(make: impl FnOnce() -> H, mut wire: Wire) {
    let mut handler = match catch_unwind(AssertUnwindSafe(make)) {
        Ok(handler) => handler,
        Err(_) => {
            log(wire.info(), "the function that makes handlers", &Fate::Panicked);
            wire.fail(CloseCode::InternalError);
            wire.closed().await;
            return;
        }
    };
    let transport = wire.handle();
    let opened = async { handler.on_open(transport).await };
    during(&mut wire, "on_open", opened).await;
    let was_clean = loop {
        match wire.next().await {
            Next::Message(frame) => match codec::decode(wire.info().serializer, &frame) {
                Ok(message) => {
                    let handled = async { handler.on_message(message).await };
                    during(&mut wire, "on_message", handled).await;
                }
                Err(violation) => {
                    tracing::debug!(peer = wire.info().peer, %violation, "undecodable message");
                    wire.fail(CloseCode::ProtocolError);
                }
            },
            Next::Shutdown => {
                let transport = wire.handle();
                let told = async { handler.on_shutdown(transport).await };
                during(&mut wire, "on_shutdown", told).await;
            }
            Next::End(was_clean) => break was_clean,
        }
    };
    let mut told = pin!(async {
        handler.on_close(was_clean).await;
        Ok(())
    });
    // The transport is gone, so that this is all that is left to wait for.
    let mut timer = Sleep::new(GRACE);
    let fate = poll_fn(|cx| match poll_method(cx, told.as_mut()) {
        Poll::Pending => Pin::new(&mut timer).poll(cx).map(|()| Err(Fate::TooLate)),
        ready => ready,
    });
    if let Err(fate) = fate.await {
        log(wire.info(), "on_close", &fate);
    }
}

/// What became of a method that did not succeed.
enum Fate {
    Failed(HandlerError),
    Panicked,
    TooLate,
}

/// A method beside the transport. If it fails, the connection does.
async fn during(
    wire: &mut Wire,
    name: &'static str,
    method: impl Future<Output = Result<(), HandlerError>>,
) {
    let mut method = pin!(method);
    let fate = poll_fn(|cx| match poll_method(cx, method.as_mut()) {
        Poll::Pending => wire.poll_beside(cx).map(|()| Err(Fate::TooLate)),
        ready => ready,
    });
    let Err(fate) = fate.await else { return };
    log(wire.info(), name, &fate);
    wire.fail(match fate {
        Fate::Failed(error) => error.close_code(),
        Fate::Panicked | Fate::TooLate => CloseCode::InternalError,
    });
}

fn poll_method(
    cx: &mut Context<'_>,
    method: Pin<&mut impl Future<Output = Result<(), HandlerError>>>,
) -> Poll<Result<(), Fate>> {
    match catch_unwind(AssertUnwindSafe(|| method.poll(cx))) {
        Ok(poll) => poll.map_err(Fate::Failed),
        Err(_) => Poll::Ready(Err(Fate::Panicked)),
    }
}

fn log(info: &TransportInfo, what: &'static str, fate: &Fate) {
    let (peer, kind) = (&info.peer, info.kind);
    match fate {
        Fate::Failed(error) if error.is_violation() => {
            tracing::debug!(peer, kind, "{what}: {error}");
        }
        Fate::Failed(error) => tracing::error!(peer, kind, "{what} failed: {error}"),
        Fate::Panicked => tracing::error!(peer, kind, "{what} panicked"),
        Fate::TooLate => tracing::error!(peer, kind, "{what} did not return, and was dropped"),
    }
}
