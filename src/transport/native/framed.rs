//! `FramedTransport`: a WAMP transport over a framing.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::error::TransportError;
use crate::net::framed::{Framed, Framing, TimeLimits};
use crate::transport::shared_frame::SharedFrame;
use crate::transport::{Transport, TransportInfo};
use crate::websocket::CloseCode;

/// A connection whose messages are frames of WAMP.
pub(super) struct FramedTransport<F: Framing> {
    framed: Framed<F>,
    info: TransportInfo,
}

impl<F: Framing<Incoming = Bytes, Close = CloseCode>> FramedTransport<F>
where
    F::Outgoing: From<Bytes> + From<SharedFrame>,
{
    pub(super) fn new(framing: F, info: TransportInfo, times: TimeLimits) -> Self {
        let framed = Framed::new(framing, &info.peer, times);
        FramedTransport { framed, info }
    }

    #[cfg(feature = "tokio-tungstenite")]
    pub(super) fn info_mut(&mut self) -> &mut TransportInfo {
        &mut self.info
    }

    #[cfg(test)]
    pub(super) fn framing(&self) -> &F {
        self.framed.framing()
    }
}

impl<F: Framing<Incoming = Bytes, Close = CloseCode>> FramedTransport<F> {
    fn check_size(&self, size: usize) -> Result<(), TransportError> {
        let limit = self.info.max_send;
        if size > limit {
            return Err(TransportError::TooLarge { size, limit });
        }
        Ok(())
    }
}

impl<F: Framing<Incoming = Bytes, Close = CloseCode>> Transport for FramedTransport<F>
where
    F::Outgoing: From<Bytes> + From<SharedFrame>,
{
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        let received = self.framed.poll_recv(cx);
        if let Some(time) = self.framed.take_round_trip() {
            self.info.set_round_trip(time);
        }
        received
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.framed.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        self.check_size(frame.len())?;
        self.framed.start_send(frame.into())
    }

    fn start_send_shared(&mut self, frame: SharedFrame) -> Result<(), TransportError> {
        self.check_size(frame.bytes().len())?;
        self.framed.start_send(frame.into())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.framed.poll_flush(cx)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        self.framed.poll_close(cx, &code)
    }

    fn limit_messages(&mut self, bytes: usize) {
        self.framed.limit_messages(bytes);
    }

    fn close_timeout(&self) -> Duration {
        self.framed.close_timeout()
    }

    fn is_half_open(&self) -> bool {
        self.framed.is_half_open()
    }
}
