//! Implements testaments: events that the router publishes at the end of the session.

use std::future::IntoFuture;

use serde::Serialize;

use crate::error::{CallError, EncodeError};
use crate::message::{Payload, PublishOptions};
use crate::rt::BoxFuture;
use crate::session::Session;
use crate::uri::{Match, Uri};
use crate::value::{Dict, List};

/// The time at which a testament is published. Where sessions cannot be resumed, both are published
/// at the end of the session, those for [`Scope::Detached`] first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// At the end of the session.
    #[default]
    Destroyed,
    /// When the transport is lost.
    Detached,
}

/// A builder for a testament. Await it to store the testament at the router.
#[must_use = "nothing is laid down until it is awaited"]
#[derive(Debug)]
pub struct TestamentRequest {
    session: Session,
    topic: Uri,
    options: PublishOptions,
    scope: Scope,
    payload: Result<Payload, EncodeError>,
}

impl Session {
    /// Stores an event that the router publishes when this session ends in any way: by leaving, by
    /// being killed, or by losing the transport. Several testaments are published in the order in
    /// which they were added.
    ///
    /// Fails with the errors of a call, with `wamp.error.invalid_uri` or with
    /// `wamp.error.not_authorized`. `wamp.error.no_such_procedure` means that the router does not
    /// support testaments; it announces them by `testament_meta_api`.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
    /// use wampwerk::session::meta::Scope;
    ///
    /// session.add_testament("com.example.sensor.gone").args(("sensor 7",)).await?;
    /// // An intended end need not be announced.
    /// session.flush_testaments(Scope::Destroyed).await?;
    /// session.leave().await;
    /// # Ok(()) }
    /// ```
    pub fn add_testament(&self, topic: impl Into<Uri>) -> TestamentRequest {
        TestamentRequest {
            session: self.clone(),
            topic: topic.into(),
            options: PublishOptions::default(),
            scope: Scope::default(),
            payload: Ok(Payload::empty()),
        }
    }

    /// Removes all testaments of this session for a scope.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn flush_testaments(&self, scope: Scope) -> Result<(), CallError> {
        let kwargs = Dict::from([("scope", scope.as_str())]);
        let payload = Payload::from_values(List::new(), kwargs);
        self.call("wamp.session.flush_testaments").payload(payload).await?;
        Ok(())
    }
}

impl Scope {
    /// Returns the wire form: `"destroyed"` or `"detached"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Destroyed => "destroyed",
            Scope::Detached => "detached",
        }
    }
}

impl TestamentRequest {
    /// Sets the positional arguments: a tuple, array or list of values that serde can serialize.
    pub fn args<A: Serialize>(mut self, args: A) -> Self {
        let serializer = self.session.serializer();
        self.payload = self.payload.and_then(|payload| payload.with_args(serializer, &args));
        self
    }

    /// Sets the keyword arguments: a struct or map.
    pub fn kwargs<K: Serialize>(mut self, kwargs: K) -> Self {
        let serializer = self.session.serializer();
        self.payload = self.payload.and_then(|payload| payload.with_kwargs(serializer, &kwargs));
        self
    }

    /// Sets all arguments at once, without encoding them again.
    pub fn payload(mut self, payload: Payload) -> Self {
        self.payload = Ok(payload);
        self
    }

    /// Sets the options of the publication. An acknowledgement has no effect.
    pub fn options(mut self, options: PublishOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the time of publication. Default: [`Scope::Destroyed`].
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    async fn send(self) -> Result<(), CallError> {
        let TestamentRequest { session, topic, options, scope, payload } = self;
        // The router may check the topic only when an error can no longer be reported.
        session.check_uri(&topic, Match::Exact)?;
        let values = payload?.to_values();
        let (args, kwargs) = values.map_err(|error| EncodeError::new(error.message))?;
        let args = vec![topic.as_str().into(), args.into(), kwargs.into()];
        let mut keywords = Dict::from([("scope", scope.as_str())]);
        let options = options.to_dict();
        if !options.is_empty() {
            keywords.insert("publish_options", options);
        }
        let payload = Payload::from_values(args, keywords);
        session.call("wamp.session.add_testament").payload(payload).await?;
        Ok(())
    }
}

impl IntoFuture for TestamentRequest {
    type Output = Result<(), CallError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
