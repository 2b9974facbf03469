//! `Publication`: one published event, apart from the subscriptions that it goes to.

use std::sync::OnceLock;

use crate::core::router::broker::listing::Listing;
use crate::core::router::custom::custom;
use crate::core::router::features::Features;
use crate::core::router::session::Identity;
use crate::message::{Event, EventDetails, Payload, PublishOptions};
use crate::uri::{Match, Uri};
use crate::value::Dict;

/// The common part of all EVENTs of one publication.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    pub(super) id: u64,
    pub(super) topic: Uri,
    /// Without the topic.
    pub(super) details: EventDetails,
    pub(super) listing: Option<Box<Listing>>,
    pub(super) payload: Payload,
    /// The details with the topic, which all patterns share.
    pub(super) with_topic: OnceLock<EventDetails>,
}

impl Publication {
    /// The EVENT for a subscription; for patterns it names the topic (spec: "Pattern-based
    /// Subscriptions").
    pub(super) fn event(&self, subscription: u64, policy: Match) -> Event {
        let details = match policy {
            Match::Exact => self.details.clone(),
            _ => self
                .with_topic
                .get_or_init(|| {
                    let mut details = self.details.clone();
                    details.topic = Some(self.topic.clone());
                    details
                })
                .clone(),
        };
        Event { subscription, publication: self.id, details, payload: self.payload.clone() }
    }

    /// The EVENT for the only subscription.
    pub(super) fn into_event(self, subscription: u64, policy: Match) -> Event {
        let Publication { id, topic, mut details, payload, .. } = self;
        if policy != Match::Exact {
            details.topic = Some(topic);
        }
        Event { subscription, publication: id, details, payload }
    }

    /// Returns whether a subscriber with these features can read it.
    pub(super) fn is_readable_by(&self, to: Features) -> bool {
        to.subscriber_transparency || self.payload.opaque().is_none()
    }

    /// A copy that may be stored for long: see [`Payload::detached`].
    pub(super) fn detached(&self) -> Self {
        Publication { payload: self.payload.detached(), ..self.clone() }
    }

    /// Approximate size in bytes when stored.
    pub(super) fn weight(&self) -> usize {
        /// Approximate size without content.
        const EMPTY: usize = 256;
        EMPTY
            + self.topic.len()
            + self.payload.weight()
            + self.details.weight()
            + self.listing.as_ref().map_or(0, |listing| listing.weight())
    }
}

/// EVENT.Details of a publication; `publisher` is given if it is disclosed.
pub(super) fn details(options: &PublishOptions, publisher: Option<&Identity>) -> EventDetails {
    let mut details = EventDetails::default();
    if let Some(publisher) = publisher {
        details.publisher = Some(publisher.session);
        details.publisher_authid = Some(publisher.authid.clone());
        details.publisher_authrole = Some(publisher.authrole.clone());
    }
    // The scheme switches the mode on (spec: "Payload Passthru Mode").
    if options.ppt_scheme.is_some() {
        details.ppt_scheme.clone_from(&options.ppt_scheme);
        details.ppt_serializer.clone_from(&options.ppt_serializer);
        details.ppt_cipher.clone_from(&options.ppt_cipher);
        details.ppt_keyid.clone_from(&options.ppt_keyid);
    }
    // Autobahn's keys need no announcement, as the spec does not know them.
    if options.enc_algo.is_some() || options.enc_serializer.is_some() || options.enc_key.is_some() {
        details.enc_algo.clone_from(&options.enc_algo);
        details.enc_serializer.clone_from(&options.enc_serializer);
        details.enc_key.clone_from(&options.enc_key);
    }
    let extra = &options.extra;
    let extra = if extra.is_empty() { Dict::new() } else { custom(extra.clone()) };
    if !extra.is_empty() {
        details.extra = extra;
    }
    details
}
