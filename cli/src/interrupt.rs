//! Waits for Ctrl-C, and on Unix for SIGTERM, which service managers send.

use crate::failure::Outcome;

/// Catches the signals from its creation on: the system then no longer ends the program by itself.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
    #[cfg(windows)]
    signal: tokio::signal::windows::CtrlC,
}

impl Interrupt {
    #[cfg(unix)]
    pub(crate) fn new() -> Outcome<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        Ok(Interrupt { signals })
    }

    #[cfg(windows)]
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Interrupt { signal: tokio::signal::windows::ctrl_c()? })
    }

    /// Completes at the next signal.
    #[cfg(unix)]
    pub(crate) async fn wait(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    /// Completes at the next signal.
    #[cfg(windows)]
    pub(crate) async fn wait(&mut self) {
        self.signal.recv().await;
    }
}
