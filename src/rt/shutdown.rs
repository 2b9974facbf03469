//! Listens for the signals that end a process, and replaces their default action after the last
//! listener.
//!
//! Once tokio has its handler, a signal never ends the process by default again; only `unsafe` code
//! could restore that. Therefore a thread replaces the default after the last listener: it ends the
//! process, but not at the first signal, which may be meant for another listener.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};
use std::thread;

use tokio::sync::oneshot;

use super::Signals;
use crate::lock::Lock;

/// A signal that ends a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShutdownSignal {
    /// Name for people.
    pub(crate) name: &'static str,
    /// Exit status of a process that it ends, as a shell reports it.
    pub(super) status: i32,
}

/// Listens for the signals that end a process.
///
/// After the last listener was dropped, one more signal ends the process with status 128 plus its
/// number if that listener had received a signal. Otherwise two more are needed, unless another
/// listener starts.
#[derive(Debug)]
pub(crate) struct ShutdownSignals {
    /// `None` once it is dropped.
    signals: Option<Signals>,
    heard: bool,
}

/// The listeners of this process.
struct Listeners {
    count: usize,
    /// Ends the replacing thread.
    stand_in: Option<oneshot::Sender<()>>,
}

static LISTENERS: Lock<Listeners> = Lock::new(Listeners { count: 0, stand_in: None });

impl ShutdownSignals {
    /// Starts listening.
    ///
    /// # Errors
    /// Returns the error of the system.
    pub(crate) fn new() -> io::Result<Self> {
        let signals = Signals::new()?;
        let mut listeners = LISTENERS.lock();
        listeners.count += 1;
        listeners.stand_in = None;
        Ok(ShutdownSignals { signals: Some(signals), heard: false })
    }

    /// Returns the name of the next signal.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        let Some(signals) = &mut self.signals else { return Poll::Pending };
        signals.poll_next(cx).map(|signal| {
            self.heard = true;
            signal.name
        })
    }
}

impl Drop for ShutdownSignals {
    fn drop(&mut self) {
        let Some(signals) = self.signals.take() else { return };
        let mut listeners = LISTENERS.lock();
        listeners.count -= 1;
        if listeners.count > 0 {
            return;
        }
        // It continues with the same listener, so that no signal is missed or counted twice.
        let (stop, stopped) = oneshot::channel();
        let heard = self.heard;
        let thread = thread::Builder::new().name("wampwerk-signals".to_owned());
        match thread.spawn(move || stand_in(signals, heard, stopped)) {
            Ok(_) => listeners.stand_in = Some(stop),
            Err(error) => tracing::warn!(%error, "signals do not end the process any more"),
        }
    }
}

/// Ends the process at the next signal, or at the one after it. Ends itself if it is stopped.
fn stand_in(mut signals: Signals, mut heard: bool, stopped: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::warn!(%error, "signals do not end the process any more");
            return;
        }
    };
    let mut stopped = pin!(stopped);
    runtime.block_on(poll_fn(|cx| {
        loop {
            if stopped.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let Poll::Ready(signal) = signals.poll_next(cx) else { return Poll::Pending };
            let ShutdownSignal { name, status } = signal;
            if heard {
                tracing::warn!(signal = name, "the process is ended");
                std::process::exit(status);
            }
            heard = true;
            tracing::warn!(signal = name, "nothing runs that it stops; another ends the process");
        }
    }));
}
