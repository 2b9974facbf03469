//! Compressing long messages in steps, so that other tasks get their turn.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::coop;

use super::connection::{Connection, STEPS_PER_POLL};
use super::prepared::{Preparation, Prepared, Preparing};
use crate::framing::websocket::{WriteError, deflate};

/// What a step of compression takes of the task's budget of tokio (128 for each poll). It is shared by everything
/// that the task polls, so about 1 MiB is compressed before other tasks get their turn.
const STEP_COST: u8 = 8;

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection<S> {
    /// Puts a message for many into the buffer, or keeps it until it is compressed.
    pub(super) fn push_prepared(&mut self, message: &Arc<Prepared>) -> Result<(), WriteError> {
        let payload = message.payload();
        let shape =
            if message.is_uncompressed() { None } else { self.writer.compression(payload.len()) };
        let Some(shape) = shape.filter(|_| !self.writer.is_within_message() && !self.has_closed())
        else {
            return self.write(|writer| writer.shared(message.kind(), payload, false));
        };
        let mut preparing = Preparing::new(Arc::clone(message), shape);
        if let Preparation::Made(made) = preparing.step() {
            let octets = made.as_ref().unwrap_or(payload);
            return self.write(|writer| writer.shared(message.kind(), octets, made.is_some()));
        }
        self.begin_write();
        self.preparing = Some(Box::new(preparing));
        Ok(())
    }

    /// Returns whether a message is compressed, so that the next one has to wait.
    pub(super) fn is_compressing(&self) -> bool {
        self.preparing.is_some() || self.writer.is_compressing()
    }

    /// Compresses what waits for that, as far as the task's budget allows.
    pub(super) fn poll_compress(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..STEPS_PER_POLL {
            if !self.is_compressing() {
                return Poll::Ready(());
            }
            for _ in 0..STEP_COST {
                ready!(coop::poll_proceed(cx)).made_progress();
            }
            let Some(preparing) = &mut self.preparing else {
                self.writer.step();
                continue;
            };
            match preparing.step() {
                Preparation::More => {}
                Preparation::Waits => ready!(preparing.poll_turn(cx)),
                Preparation::Made(made) => self.write_made(made),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes the message for many at once, for what is written behind it. That is only our Close frame, as a
    /// rule.
    pub(super) fn finish_preparing(&mut self) {
        while let Some(preparing) = &mut self.preparing {
            match preparing.step() {
                Preparation::More => {}
                Preparation::Made(made) => self.write_made(made),
                Preparation::Waits => {
                    let payload = preparing.message().payload();
                    let shape = self.writer.compression(payload.len());
                    let made = shape.and_then(|(level, window)| {
                        deflate::compress_shared(payload, level, window).map(Bytes::from)
                    });
                    self.write_made(made);
                }
            }
        }
    }

    fn write_made(&mut self, made: Option<Bytes>) {
        if let Some(preparing) = self.preparing.take() {
            let message = preparing.message();
            let payload = made.as_ref().unwrap_or(message.payload());
            // No message can be begun before its turn.
            let _ = self.writer.shared(message.kind(), payload, made.is_some());
        }
    }
}

#[cfg(test)]
#[cfg(feature = "deflate")]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use std::future::poll_fn;

    use tokio::io::duplex;

    use super::*;
    use crate::framing::websocket::deflate::{accept, offer};
    use crate::framing::websocket::{Kind, Role};
    use crate::net::limits::HIGH_WATER;
    use crate::settings::Deflate;
    use crate::websocket::settings::Settings;
    use crate::websocket::wire::Wire;

    /// Compressing 8 MiB takes 60 ms or more, which other tasks of the thread do not wait for.
    #[tokio::test]
    async fn long_messages_are_compressed_between_other_tasks() {
        let settings = Deflate::new();
        let (agreed, _) = accept([offer(&settings)], &settings).unwrap().unwrap();
        let payload = Bytes::from(vec![7; 8 << 20]);
        let prepared = Arc::new(Prepared::new(Kind::Binary, payload.clone(), false));
        let mut sending = Vec::new();
        for of_many in [false, true, true] {
            let (near, far) = duplex(1 << 20);
            let mut connection = Connection::new(
                near,
                Vec::new(),
                Role::Server,
                &Settings::default(),
                Some(&agreed),
            );
            if of_many {
                connection.write_prepared(&prepared).unwrap();
            } else {
                connection.write_message(Kind::Binary, payload.clone()).unwrap();
            }
            assert!(connection.is_compressing() && connection.buffered() >= HIGH_WATER);
            let mut polls = 0;
            sending.push(tokio::spawn(async move {
                poll_fn(|cx| {
                    polls += 1;
                    connection.poll_flush(cx)
                })
                .await
                .unwrap();
                (polls, connection.bytes_written(), far)
            }));
        }
        let mut results = Vec::new();
        for task in sending {
            results.push(task.await.unwrap());
        }
        assert!(results[0].0 >= 8 && results[1].0 >= 8, "{} {}", results[0].0, results[1].0);
        // The third had nothing to do but to wait for the second.
        assert!(results[2].0 <= 3, "{}", results[2].0);
        assert_eq!(results[1].1, results[2].1);
    }
}
