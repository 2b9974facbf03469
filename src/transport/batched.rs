//! Contains `Batched`, a WebSocket whose messages are batches (subprotocols
//! `wamp.2.<serializer>.batched`).
//!
//! Decides when a batch is sent: at a flush, or when it is long enough. `framing` implements the
//! format.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use crate::error::TransportError;
use crate::framing::batch::{Batch, BatchFormat};
use crate::transport::{Transport, TransportInfo};
use crate::websocket::CloseCode;

/// Size in bytes from which no message is added to a batch. Larger batches save nothing and make
/// the peer wait.
const LONG: usize = 64 << 10;

/// A transport around a WebSocket whose messages are batches.
pub struct Batched {
    inner: Box<dyn Transport>,
    info: TransportInfo,
    /// Format of the current batch.
    format: BatchFormat,
    /// Format of the next batch: that of the peer's last batch, because the peer reads the
    /// separator that it writes.
    next_format: BatchFormat,
    /// Unread part of the peer's last batch.
    unread: Option<Batch>,
    gathered: Vec<u8>,
    /// True if `inner` was ready and has received nothing since.
    ready: bool,
    /// True if the peer sent an invalid batch.
    failed: bool,
}

impl Batched {
    /// Returns `inner` itself, or wrapped for batches.
    pub fn over(inner: Box<dyn Transport>, batched: bool) -> Box<dyn Transport> {
        if !batched {
            return inner;
        }
        let mut info = inner.info().clone();
        let format = BatchFormat::of(info.serializer);
        info.batched = true;
        // A message that may be sent fits into a batch of its own.
        let alone = info.max_send.saturating_sub(format.overhead());
        info.max_send = alone.min(format.max_message());
        Box::new(Batched {
            inner,
            info,
            format,
            next_format: format,
            unread: None,
            gathered: Vec::new(),
            ready: false,
            failed: false,
        })
    }

    fn poll_inner_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if !self.ready {
            ready!(self.inner.poll_ready(cx))?;
            self.ready = true;
        }
        Poll::Ready(Ok(()))
    }

    fn hand_over(&mut self) -> Result<(), TransportError> {
        self.ready = false;
        let batch = if self.gathered.len() > LONG {
            std::mem::take(&mut self.gathered).into()
        } else {
            let batch = Bytes::copy_from_slice(&self.gathered);
            self.gathered.clear();
            batch
        };
        self.inner.start_send(batch)
    }
}

impl Transport for Batched {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        loop {
            if let Some(message) = self.unread.as_mut().and_then(Iterator::next) {
                return Poll::Ready(Some(Ok(message)));
            }
            self.unread = None;
            let Some(batch) = ready!(self.inner.poll_recv(cx)?) else { return Poll::Ready(None) };
            match Batch::read(self.info.serializer, batch) {
                Ok(batch) => {
                    self.next_format = batch.format();
                    self.unread = Some(batch);
                }
                Err(error) => {
                    self.failed = true;
                    let error = TransportError::Violation(error.to_string());
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // Room for the current batch is room for one more message.
        self.poll_inner_ready(cx)
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let (size, limit) = (frame.len(), self.info.max_send);
        if size > limit {
            return Err(TransportError::TooLarge { size, limit });
        }
        let overhead = self.format.overhead();
        let long = LONG.min(limit.saturating_add(overhead));
        if !self.gathered.is_empty() && self.gathered.len() + size + overhead > long {
            self.hand_over()?;
        }
        if self.gathered.is_empty() {
            self.format = self.next_format;
        }
        if self.format.append(&frame, &mut self.gathered) {
            return Ok(());
        }
        Err(TransportError::TooLarge { size, limit: self.format.max_message() })
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if !self.gathered.is_empty() {
            ready!(self.poll_inner_ready(cx))?;
            self.hand_over()?;
        }
        self.inner.poll_flush(cx)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        if !self.gathered.is_empty() {
            // The last batch is sent before the end, even to a slow peer, because closing has its
            // own time limit. An error of sending is an end, too.
            let _ = self.hand_over();
        }
        let code = if self.failed { CloseCode::ProtocolError } else { code };
        self.inner.poll_close(cx, code)
    }

    fn limit_messages(&mut self, bytes: usize) {
        // A message that may come fits into a batch of its own.
        self.inner.limit_messages(bytes.saturating_add(self.format.overhead()));
    }

    fn close_timeout(&self) -> Duration {
        self.inner.close_timeout()
    }

    fn is_half_open(&self) -> bool {
        self.inner.is_half_open()
    }
}
