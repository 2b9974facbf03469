//! `Publication`: one published event, apart from the subscriptions that it goes to.

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
}

impl Publication {
    /// The EVENT for a subscription; for patterns it names the topic (spec: "Pattern-based
    /// Subscriptions").
    pub(super) fn event(&self, subscription: u64, policy: Match) -> Event {
        self.clone_event().into_event(subscription, policy)
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
        let details = &self.details;
        let texts = [
            &details.publisher_authid,
            &details.publisher_authrole,
            &details.ppt_scheme,
            &details.ppt_serializer,
            &details.ppt_cipher,
            &details.ppt_keyid,
            &details.enc_algo,
            &details.enc_serializer,
            &details.enc_key,
        ];
        EMPTY
            + self.topic.len()
            + self.payload.weight()
            + texts.into_iter().flatten().map(String::len).sum::<usize>()
            + weight(&details.extra)
            + self.listing.as_ref().map_or(0, |listing| listing.weight())
    }

    fn clone_event(&self) -> Self {
        Publication {
            id: self.id,
            topic: self.topic.clone(),
            details: self.details.clone(),
            listing: None,
            payload: self.payload.clone(),
        }
    }
}

fn weight(extra: &Dict) -> usize {
    if extra.is_empty() {
        return 0;
    }
    Payload::from_values(vec![extra.clone().into()], Dict::new()).weight()
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
