//! The messages of publish and subscribe.

use crate::message::Payload;
use crate::message::options::options;
use crate::message::parts::{Arguments, Details, Id, IdOrZero, Name, Optional, messages};
use crate::uri::{Match, Uri};

messages! {
    /// A publisher sends an event.
    Publish = 16 "PUBLISH" {
        /// The publisher's request id.
        request: u64 as Id,
        /// How to deliver it.
        options: PublishOptions as Details<PublishOptions>,
        /// The topic.
        topic: Uri as Name,
        /// The event's arguments.
        payload: Payload as Arguments,
    }
    /// The broker took an event; only when it was asked to say so.
    Published = 17 "PUBLISHED" {
        /// The request id of PUBLISH.
        request: u64 as Id,
        /// The event's id.
        publication: u64 as Id,
    }
    /// A subscriber asks for events.
    Subscribe = 32 "SUBSCRIBE" {
        /// The subscriber's request id.
        request: u64 as Id,
        /// How to match.
        options: SubscribeOptions as Details<SubscribeOptions>,
        /// The topic or pattern.
        topic: Uri as Name,
    }
    /// The broker has a subscriber now.
    Subscribed = 33 "SUBSCRIBED" {
        /// The request id of SUBSCRIBE.
        request: u64 as Id,
        /// The subscription's id.
        subscription: u64 as Id,
    }
    /// A subscriber has enough.
    Unsubscribe = 34 "UNSUBSCRIBE" {
        /// The subscriber's request id.
        request: u64 as Id,
        /// The subscription to end.
        subscription: u64 as Id,
        /// Only Autobahn sends it; nothing in it is known.
        options: Option<UnsubscribeOptions> as Optional<UnsubscribeOptions>,
    }
    /// A subscription has ended.
    Unsubscribed = 35 "UNSUBSCRIBED" {
        /// The request id of UNSUBSCRIBE; 0 if the broker ended it by itself.
        request: u64 as IdOrZero,
        /// Which one and why, if the broker ended it by itself.
        details: Option<UnsubscribedDetails> as Optional<UnsubscribedDetails>,
    }
    /// The broker hands an event to a subscriber.
    Event = 36 "EVENT" {
        /// The subscription that it came by.
        subscription: u64 as Id,
        /// The event's id.
        publication: u64 as Id,
        /// More about it.
        details: EventDetails as Details<EventDetails>,
        /// The event's arguments.
        payload: Payload as Arguments,
    }
}

options! {
    /// PUBLISH.Options.
    PublishOptions / PublishOptionsFields("PUBLISH.Options") {
        /// Whether the broker shall answer. Default: no.
        acknowledge: bool,
        /// Whether the publisher itself gets no event. Default: yes.
        exclude_me: bool,
        /// Sessions that get no event.
        exclude: Vec<u64>,
        /// Authids that get no event.
        exclude_authid: Vec<String>,
        /// Roles that get no event.
        exclude_authrole: Vec<String>,
        /// The only sessions that get the event.
        eligible: Vec<u64>,
        /// The only authids that get the event.
        eligible_authid: Vec<String>,
        /// The only roles that get the event.
        eligible_authrole: Vec<String>,
        /// Whether subscribers may know the publisher.
        disclose_me: bool,
        /// Whether the broker shall keep the event for later subscribers.
        retain: bool,
    } + passthru
}

options! {
    /// SUBSCRIBE.Options.
    SubscribeOptions / SubscribeOptionsFields("SUBSCRIBE.Options") {
        /// How the topic matches. Default: exact.
        r#match: Match,
        /// Whether to get what was retained.
        get_retained: bool,
    }
}

options! {
    /// UNSUBSCRIBE.Options.
    UnsubscribeOptions / UnsubscribeOptionsFields("UNSUBSCRIBE.Options") {}
}

options! {
    /// UNSUBSCRIBED.Details.
    UnsubscribedDetails / UnsubscribedDetailsFields("UNSUBSCRIBED.Details") {
        /// The subscription that was revoked.
        subscription: u64,
        /// Why.
        reason: String,
    }
}

options! {
    /// EVENT.Details.
    EventDetails / EventDetailsFields("EVENT.Details") {
        /// The topic that was published to; always there for a pattern subscription.
        topic: Uri,
        /// The publisher's session.
        publisher: u64,
        /// The publisher's authid.
        publisher_authid: String,
        /// The publisher's role.
        publisher_authrole: String,
        /// How far the router trusts the publisher.
        trustlevel: u64,
        /// Whether the event was kept from before the subscription.
        retained: bool,
    } + passthru
}
