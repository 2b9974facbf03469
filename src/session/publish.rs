//! Publishing an event.

use std::future::IntoFuture;

use serde::Serialize;

use crate::core::client::Answer;
use crate::error::{EncodeError, PublishError};
use crate::message::{Payload, PublishOptions};
use crate::rt::BoxFuture;
use crate::session::command::Command;
use crate::session::{Session, failure, unexpected};
use crate::uri::Uri;

/// An event that is being put together; `await` it to publish.
///
/// Without [`acknowledge`](PublishRequest::acknowledge) the future is ready when the event is on
/// its way to the transport; it waits only while too much is on the way already. The router answers
/// nothing then, not even an error.
#[must_use = "nothing is published until it is awaited"]
#[derive(Debug)]
pub struct PublishRequest {
    session: Session,
    topic: Uri,
    options: PublishOptions,
    payload: Result<Payload, EncodeError>,
}

/// An event that the router shall acknowledge; `await` it to publish and get the publication's id.
#[must_use = "nothing is published until it is awaited"]
#[derive(Debug)]
pub struct AcknowledgedPublish(PublishRequest);

impl Session {
    /// Publishes an event.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
    /// session.publish("com.example.news").args(("it rains",)).await?;
    /// let id: u64 = session.publish("com.example.news").args((42,)).acknowledge().await?;
    /// # Ok(()) }
    /// ```
    pub fn publish(&self, topic: impl Into<Uri>) -> PublishRequest {
        PublishRequest {
            session: self.clone(),
            topic: topic.into(),
            options: PublishOptions::default(),
            payload: Ok(Payload::empty()),
        }
    }
}

impl PublishRequest {
    /// The positional arguments: a tuple, array or list of anything that serde can write.
    pub fn args<A: Serialize>(mut self, args: A) -> Self {
        self.payload =
            self.payload.and_then(|payload| payload.with_args(self.session.serializer(), &args));
        self
    }

    /// The keyword arguments: a struct or map.
    pub fn kwargs<K: Serialize>(mut self, kwargs: K) -> Self {
        self.payload = self
            .payload
            .and_then(|payload| payload.with_kwargs(self.session.serializer(), &kwargs));
        self
    }

    /// All arguments at once, as they are.
    pub fn payload(mut self, payload: Payload) -> Self {
        self.payload = Ok(payload);
        self
    }

    /// The options on the wire. Whether to acknowledge is not taken from here.
    pub fn options(mut self, options: PublishOptions) -> Self {
        self.options = options;
        self
    }

    /// Whether the event comes back to this session if it subscribed to the topic. Default: false.
    pub fn to_me_too(mut self, to_me_too: bool) -> Self {
        self.options.exclude_me = Some(!to_me_too);
        self
    }

    /// Asks the router for an answer: the publication's id, or an error.
    pub fn acknowledge(self) -> AcknowledgedPublish {
        AcknowledgedPublish(self)
    }

    async fn send(self) -> Result<(), PublishError> {
        let PublishRequest { session, topic, mut options, payload } = self;
        let payload = payload?.into_serializer(session.serializer())?;
        session.check(&topic, &payload)?;
        options.acknowledge = None;
        let ticket = session.ticket();
        let command = Command::Publish { ticket, topic, options, payload, waiter: None };
        session.shared.commands.send(command).await.map_err(|_| session.reason())?;
        Ok(())
    }
}

impl IntoFuture for PublishRequest {
    type Output = Result<(), PublishError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl AcknowledgedPublish {
    async fn send(self) -> Result<u64, PublishError> {
        let PublishRequest { session, topic, mut options, payload } = self.0;
        let payload = payload?.into_serializer(session.serializer())?;
        session.check(&topic, &payload)?;
        options.acknowledge = Some(true);
        let ticket = session.ticket();
        let answer = session.request(ticket, |waiter| Command::Publish {
            ticket,
            topic,
            options,
            payload,
            waiter: Some(waiter),
        });
        match answer.await {
            Ok(Answer::Published { publication }) => Ok(publication),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(failure(error)),
        }
    }
}

impl IntoFuture for AcknowledgedPublish {
    type Output = Result<u64, PublishError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
