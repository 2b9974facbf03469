//! Contains the messages of publish and subscribe.

use crate::message::Payload;
use crate::message::options::options;
use crate::message::parts::{Arguments, Details, Id, IdOrZero, Name, Optional, messages};
use crate::uri::{Match, Uri};
use crate::value::Dict;

messages! {
    /// PUBLISH: a publisher publishes an event.
    Publish = 16 "PUBLISH" {
        /// Request id of the publisher.
        request: u64 as Id,
        /// Options of the publication.
        options: PublishOptions as Details<PublishOptions>,
        /// Topic.
        topic: Uri as Name,
        /// Arguments of the event.
        payload: Payload as Arguments,
    }
    /// PUBLISHED: the broker accepted an event. Sent only with the option `acknowledge`.
    Published = 17 "PUBLISHED" {
        /// Request id of PUBLISH.
        request: u64 as Id,
        /// Id of the publication.
        publication: u64 as Id,
    }
    /// SUBSCRIBE: a subscriber subscribes to a topic.
    Subscribe = 32 "SUBSCRIBE" {
        /// Request id of the subscriber.
        request: u64 as Id,
        /// Options of the subscription.
        options: SubscribeOptions as Details<SubscribeOptions>,
        /// Topic or pattern.
        topic: Uri as Name,
    }
    /// SUBSCRIBED: the broker has subscribed the session.
    Subscribed = 33 "SUBSCRIBED" {
        /// Request id of SUBSCRIBE.
        request: u64 as Id,
        /// Id of the subscription.
        subscription: u64 as Id,
    }
    /// UNSUBSCRIBE: a subscriber ends a subscription.
    Unsubscribe = 34 "UNSUBSCRIBE" {
        /// Request id of the subscriber.
        request: u64 as Id,
        /// Id of the subscription to end.
        subscription: u64 as Id,
        /// Options without known keys; only Autobahn sends them.
        options: Option<Dict> as Optional<Dict>,
    }
    /// UNSUBSCRIBED: a subscription has ended.
    Unsubscribed = 35 "UNSUBSCRIBED" {
        /// Request id of UNSUBSCRIBE, or 0 for a revocation by the broker.
        request: u64 as IdOrZero,
        /// Revoked subscription and reason, for a revocation by the broker.
        details: Option<RevocationDetails> as Optional<RevocationDetails>,
    }
    /// EVENT: the broker sends an event to a subscriber.
    Event = 36 "EVENT" {
        /// Id of the subscription.
        subscription: u64 as Id,
        /// Id of the publication.
        publication: u64 as Id,
        /// Further details.
        details: EventDetails as Details<EventDetails>,
        /// Arguments of the event.
        payload: Payload as Arguments,
    }
}

options! {
    /// PUBLISH.Options.
    PublishOptions / PublishOptionsFields("PUBLISH.Options") {
        /// True if the broker acknowledges the event. Default: false.
        acknowledge: bool,
        /// True if the publisher is excluded from receiving the event. Default: true.
        exclude_me: bool,
        /// Ids of the sessions that do not receive the event.
        exclude: Vec<u64>,
        /// Authids that do not receive the event.
        exclude_authid: Vec<String>,
        /// Roles that do not receive the event.
        exclude_authrole: Vec<String>,
        /// Ids of the only sessions that receive the event.
        eligible: Vec<u64>,
        /// The only authids that receive the event.
        eligible_authid: Vec<String>,
        /// The only roles that receive the event.
        eligible_authrole: Vec<String>,
        /// True if subscribers may learn the publisher's identity.
        disclose_me: bool,
        /// True if the broker retains the event for later subscribers.
        retain: bool,
    } + passthru
}

options! {
    /// SUBSCRIBE.Options.
    SubscribeOptions / SubscribeOptionsFields("SUBSCRIBE.Options") {
        /// Match policy. Default: exact.
        r#match: Match,
        /// True to receive the retained event.
        get_retained: bool,
    }
}

options! {
    /// UNSUBSCRIBED.Details and UNREGISTERED.Details, which a revocation by the router has.
    RevocationDetails / RevocationDetailsFields("Details") {
        /// Id of the revoked subscription.
        subscription: u64,
        /// Id of the revoked registration.
        registration: u64,
        /// Reason of the revocation.
        reason: String,
    }
}

options! {
    /// EVENT.Details. An event handler can have it as a parameter.
    #[doc(alias = "PublishDetails")]
    EventDetails / EventDetailsFields("EVENT.Details") {
        /// Topic of the event; always present for a pattern subscription.
        topic: Uri,
        /// Session id of the publisher.
        publisher: u64,
        /// Authid of the publisher.
        publisher_authid: String,
        /// Role of the publisher.
        publisher_authrole: String,
        /// Trust level that the router assigned to the publisher.
        trustlevel: u64,
        /// True if the event was retained from before the subscription.
        retained: bool,
    } + passthru
}
