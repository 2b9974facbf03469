//! Listening for the signals that end a process, and what they do when nobody listens any more.
//!
//! Once tokio has its handler, a signal does not end the process by itself, ever again; only `unsafe`
//! code could give it back to the system. So, behind the last listener, a thread stands in for the
//! system: it ends the process, but not at the first signal, which may be meant for somebody else.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};
use std::thread;

use tokio::sync::oneshot;

use super::Signals;
use super::lock::Lock;

/// A signal that ends a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShutdownSignal {
    /// Name for people.
    pub(crate) name: &'static str,
    /// The exit status of a process that it ends, as a shell tells it.
    pub(super) status: i32,
}

/// Listens for the signals that end a process.
///
/// When the last one is dropped, one more signal ends the process with the status 128 + its number if
/// that one had heard a signal, else two more do, until there is another listener.
#[derive(Debug)]
pub(crate) struct ShutdownSignals {
    /// Nothing once it is dropped.
    signals: Option<Signals>,
    heard: bool,
}

/// Who listens in this process.
struct Listeners {
    count: usize,
    /// Ends the thread that stands in when there is none.
    stand_in: Option<oneshot::Sender<()>>,
}

static LISTENERS: Lock<Listeners> = Lock::new(Listeners { count: 0, stand_in: None });

impl ShutdownSignals {
    /// Begins to listen.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn new() -> io::Result<Self> {
        let signals = Signals::new()?;
        let mut listeners = LISTENERS.lock();
        listeners.count += 1;
        listeners.stand_in = None;
        Ok(ShutdownSignals { signals: Some(signals), heard: false })
    }

    /// The name of the next one.
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
        // It goes on with what we have listened by, so that nothing is missed or heard twice.
        let (stop, stopped) = oneshot::channel();
        let heard = self.heard;
        let thread = thread::Builder::new().name("wampwerk-signals".to_owned());
        match thread.spawn(move || stand_in(signals, heard, stopped)) {
            Ok(_) => listeners.stand_in = Some(stop),
            Err(error) => tracing::warn!(%error, "signals do not end the process any more"),
        }
    }
}

/// Ends the process at the next signal, or at the one after it; or itself, if it is stopped.
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
