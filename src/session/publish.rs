//! Implements publishing an event.

use std::future::IntoFuture;

use crate::core::client::Answer;
use crate::error::{EncodeError, PublishError};
use crate::message::{CancelMode, Payload, PublishOptions};
use crate::rt::BoxFuture;
use crate::session::arguments::argument_setters;
use crate::session::command::Command;
use crate::session::{Session, failure, features, unexpected};
use crate::uri::Uri;

/// A builder for an event. Await it to publish.
///
/// Without [`acknowledge`](PublishRequest::acknowledge) the future completes when the event is
/// queued for the transport. It waits only while the queue is full. The router then sends no
/// answer, not even an error.
#[doc(alias = "PublishOptions")]
#[must_use = "nothing is published until it is awaited"]
#[derive(Debug)]
pub struct PublishRequest {
    session: Session,
    topic: Uri,
    options: PublishOptions,
    payload: Result<Payload, EncodeError>,
}

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
    argument_setters!();

    /// Sets the raw options. Call this before the other setters; it overwrites them. The option
    /// `acknowledge` is ignored here.
    pub fn options(mut self, options: PublishOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets whether this session is excluded from receiving the event. Default: true.
    pub fn exclude_me(mut self, exclude_me: bool) -> Self {
        self.options.exclude_me = Some(exclude_me);
        self
    }

    /// Sets the sessions that do not receive the event.
    pub fn exclude(mut self, sessions: impl IntoIterator<Item = u64>) -> Self {
        self.options.exclude = Some(sessions.into_iter().collect());
        self
    }

    /// Sets the authids whose sessions do not receive the event.
    pub fn exclude_authid<T: Into<String>>(mut self, authids: impl IntoIterator<Item = T>) -> Self {
        self.options.exclude_authid = Some(texts(authids));
        self
    }

    /// Sets the roles whose sessions do not receive the event.
    pub fn exclude_authrole<T: Into<String>>(
        mut self,
        authroles: impl IntoIterator<Item = T>,
    ) -> Self {
        self.options.exclude_authrole = Some(texts(authroles));
        self
    }

    /// Sets the only sessions that receive the event. With an empty list no session receives it;
    /// Crossbar ignores an empty list.
    pub fn eligible(mut self, sessions: impl IntoIterator<Item = u64>) -> Self {
        self.options.eligible = Some(sessions.into_iter().collect());
        self
    }

    /// Sets the only authids whose sessions receive the event; for an empty list see
    /// [`eligible`](Self::eligible).
    pub fn eligible_authid<T: Into<String>>(
        mut self,
        authids: impl IntoIterator<Item = T>,
    ) -> Self {
        self.options.eligible_authid = Some(texts(authids));
        self
    }

    /// Sets the only roles whose sessions receive the event; for an empty list see
    /// [`eligible`](Self::eligible).
    pub fn eligible_authrole<T: Into<String>>(
        mut self,
        authroles: impl IntoIterator<Item = T>,
    ) -> Self {
        self.options.eligible_authrole = Some(texts(authroles));
        self
    }

    /// Lets the router retain the event for later subscribers that [ask for
    /// it](super::SubscribeRequest::get_retained). The router keeps the last event of each topic.
    pub fn retain(mut self) -> Self {
        self.options.retain = Some(true);
        self
    }

    /// Discloses the publisher's identity to subscribers, if the router allows it. Default: the
    /// router decides.
    pub fn disclose_me(mut self, disclose: bool) -> Self {
        self.options.disclose_me = Some(disclose);
        self
    }

    /// Publishes with an acknowledgement by the router, and returns the publication id.
    ///
    /// # Errors
    /// See [`PublishError`].
    #[doc(alias = "Publication")]
    pub async fn acknowledge(self) -> Result<u64, PublishError> {
        let PublishRequest { session, topic, mut options, payload } = self;
        let payload = payload?.into_serializer(session.serializer())?;
        session.check(&topic, &payload)?;
        features::check_publish(session.offered(), &options)?;
        options.acknowledge = Some(true);
        let ticket = session.ticket();
        let answer = session.request(ticket, CancelMode::Skip, |waiter| Command::Publish {
            ticket,
            topic: topic.clone(),
            options,
            payload,
            waiter: Some(waiter),
        });
        match answer.await {
            Ok(Answer::Published { publication }) => Ok(publication),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(failure(error, &topic)),
        }
    }

    async fn send(self) -> Result<(), PublishError> {
        let PublishRequest { session, topic, mut options, payload } = self;
        let payload = payload?.into_serializer(session.serializer())?;
        session.check(&topic, &payload)?;
        features::check_publish(session.offered(), &options)?;
        // Behind GOODBYE it would be dropped without a word.
        if session.is_leaving() || session.is_closed() {
            return Err(PublishError::Closed { topic, reason: session.closed().await });
        }
        options.acknowledge = None;
        let ticket = session.ticket();
        let published = topic.clone();
        let command = Command::Publish { ticket, topic, options, payload, waiter: None };
        let sent = session.shared.commands.send(command).await;
        sent.map_err(|_| session.closed_error(&published))
    }
}

impl IntoFuture for PublishRequest {
    type Output = Result<(), PublishError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}
