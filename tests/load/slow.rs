//! Those who do not read, and those who are loud.

use std::future::poll_fn;

use bytes::Bytes;
use wampwerk::Session;
use wampwerk::transport::Transport;

use crate::crowd::{Error, Tasks};
use crate::kind::Kind;

const TOPIC: &str = "com.example.flood";

/// So much is in each event of the flood, and so many are published before one is waited for.
const SIZE: usize = 32 << 10;
const BURST: usize = 16;

/// A client that subscribes to the flood and then reads nothing.
pub(crate) struct SlowReader(Box<dyn Transport>);

impl SlowReader {
    pub(crate) async fn join(kind: Kind, url: &str) -> Result<Self, Error> {
        let mut reader = SlowReader(kind.open(url).await?);
        reader.ask(r#"[1,"realm1",{"roles":{"subscriber":{}}}]"#, "[2,").await?;
        reader.ask(&format!(r#"[32,1,{{}},"{TOPIC}"]"#), "[33,").await?;
        Ok(reader)
    }

    /// Now it reads: how many events were on their way when it was thrown out.
    pub(crate) async fn read_to_the_end(mut self) -> usize {
        let mut events = 0;
        while let Some(Ok(_)) = poll_fn(|cx| self.0.poll_recv(cx)).await {
            events += 1;
        }
        events
    }

    async fn ask(&mut self, message: &str, answer: &str) -> Result<(), Error> {
        poll_fn(|cx| self.0.poll_ready(cx)).await?;
        self.0.start_send(Bytes::copy_from_slice(message.as_bytes()))?;
        poll_fn(|cx| self.0.poll_flush(cx)).await?;
        let got = poll_fn(|cx| self.0.poll_recv(cx)).await.ok_or("closed")??;
        if !got.starts_with(answer.as_bytes()) {
            return Err(format!("{answer} expected, but {got:?} came").into());
        }
        Ok(())
    }
}

/// Publishes large events as fast as it may, until the task is aborted.
pub(crate) fn flood(tasks: &mut Tasks, session: Session) {
    tasks.spawn(async move {
        let text = "x".repeat(SIZE);
        loop {
            for _ in 0..BURST {
                session.publish(TOPIC).args((text.as_str(),)).await?;
            }
            session.publish(TOPIC).args((text.as_str(),)).acknowledge().await?;
        }
    });
}
