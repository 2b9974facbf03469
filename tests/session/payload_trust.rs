//! Encoded payloads and a router that does not play fair, or says no more than the spec wants.

use std::future::IntoFuture;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use wampwerk::message::{CancelMode, Event, EventDetails, Invocation, InvocationDetails, Message};
use wampwerk::session::{
    Chunks, Decoded, EncodedPayload, PayloadCodec, PayloadForm, SessionConfig, Side,
};
use wampwerk::uri::Pattern;
use wampwerk::value::{Dict, List};
use wampwerk::{ApplicationError, Match, Payload, Uri};

use crate::common::payload_codec::*;
use crate::common::router;

/// Arguments are for what was registered, whatever the router says.
#[tokio::test]
async fn a_router_cannot_pass_off_a_call_as_one_of_another_procedure() {
    const TRANSFER: &str = "com.example.sealed.bank.transfer";
    const LOG: &str = "com.example.sealed.log";
    const BANK: &str = "com.example.sealed.bank.";
    let (session, mut peer) = with_peer(with(PPT)).await;
    let mut told_of = told(&session, &mut peer, TRANSFER, Match::Exact, "[65,1,7]").await;
    for (request, procedure) in [(1, None), (2, Some(LOG))] {
        send(&mut peer, invocation(request, procedure, sealed_for(LOG, 1)));
        let Message::Error(error) = recv(&mut peer).await else { panic!("ERROR") };
        assert_eq!((error.request, &*error.error), (request, Uri::ENCRYPTION_TRUSTED_URI_MISMATCH));
    }
    send(&mut peer, invocation(3, Some(LOG), sealed_for(TRANSFER, 2)));
    assert!(matches!(recv(&mut peer).await, Message::Yield(_)));
    assert_eq!(told_of.recv().await, Some(2));

    // With a pattern, for what matches it.
    let mut told_of = told(&session, &mut peer, BANK, Match::Prefix, "[65,2,8]").await;
    for (request, procedure) in [(4, None), (5, Some(LOG))] {
        let refused = invocation(request, procedure, sealed_for(procedure.unwrap_or(BANK), 1));
        send(&mut peer, Invocation { registration: 8, ..refused });
        let Message::Error(error) = recv(&mut peer).await else { panic!("ERROR") };
        assert_eq!((error.request, &*error.error), (request, Uri::ENCRYPTION_TRUSTED_URI_MISMATCH));
    }
    let right = invocation(6, Some(TRANSFER), sealed_for(TRANSFER, 3));
    send(&mut peer, Invocation { registration: 8, ..right });
    assert!(matches!(recv(&mut peer).await, Message::Yield(_)));
    assert_eq!(told_of.recv().await, Some(3));
}

#[tokio::test]
async fn nor_an_event_as_one_of_another_topic_and_who_wants_to_know_is_told() {
    const HALT: &str = "com.example.sealed.halt";
    const LOG: &str = "com.example.sealed.log";
    let (sender, mut errors) = mpsc::unbounded_channel();
    let config = with(PPT).on_user_error(move |error| sender.send(error.clone()).unwrap());
    let (session, mut peer) = with_peer(config).await;
    let mut subscribe = async |topic: &'static str, policy: Match, subscribed: &'static str| {
        let subscribe = session.subscribe(Pattern::new(topic, policy));
        let subscribing = tokio::spawn(subscribe.into_future());
        assert!(matches!(recv(&mut peer).await, Message::Subscribe(_)));
        say(&mut peer, subscribed);
        subscribing.await.unwrap().unwrap()
    };
    let exact = subscribe(HALT, Match::Exact, "[33,1,9]").await;
    let pattern = subscribe("com.example..halt", Match::Wildcard, "[33,2,10]").await;
    for (mut events, subscription) in [(exact, 9), (pattern, 10)] {
        for (publication, topic, payload) in
            [(1, LOG, sealed_for(LOG, 1)), (2, HALT, sealed_for(HALT, 2))]
        {
            let keys = invocation(0, None, Payload::empty()).details.into_fields();
            let mut details = EventDetails::default();
            details.topic = Some(topic.into());
            details.ppt_scheme = keys.ppt_scheme;
            details.ppt_serializer = keys.ppt_serializer;
            details.ppt_cipher = keys.ppt_cipher;
            details.ppt_keyid = keys.ppt_keyid;
            send(&mut peer, Event { subscription, publication, details, payload });
        }
        let event = events.next().await.unwrap().unwrap();
        assert_eq!((&*event.topic, event.publication), (HALT, 2));
        assert_eq!(event.decode::<i64>().unwrap(), 2);
        let error = errors.recv().await.unwrap();
        assert_eq!(error.error.uri, Uri::ENCRYPTION_TRUSTED_URI_MISMATCH);
        assert_eq!(&*error.uri, if subscription == 9 { HALT } else { LOG });
    }
    assert!(errors.try_recv().is_err());
}

/// A procedure that tells what it gets, and returns when it has all of it.
fn listener()
-> (mpsc::UnboundedReceiver<i64>, impl Fn(Chunks) -> BoxFuture<'static, i64> + Send + Sync) {
    let (sender, told) = mpsc::unbounded_channel();
    let handler = move |mut chunks: Chunks| {
        let sender = sender.clone();
        let all = async move {
            while let Some(chunk) = chunks.next().await {
                sender.send(chunk.unwrap().decode::<i64>().unwrap()).unwrap();
            }
            1
        };
        all.boxed()
    };
    (told, handler)
}

#[tokio::test]
async fn what_comes_behind_the_end_of_a_registration_is_decoded_too() {
    let router = router();
    for codec in [ENC, PPT] {
        let (caller, callee) =
            (join(&router, with(codec.clone())).await, join(&router, with(codec)).await);
        let (mut told, handler) = listener();
        let registration = callee.register("com.example.sealed.all", handler).await.unwrap();
        let call =
            caller.call("com.example.sealed.all").args((1,)).start_streaming().await.unwrap();
        call.send((2,)).await.unwrap();
        assert_eq!((told.recv().await, told.recv().await), (Some(1), Some(2)));
        registration.unregister().await.unwrap();
        let call = call.finish((3,)).await.unwrap();
        assert_eq!(call.value::<i64>().await.unwrap(), 1);
        assert_eq!(told.recv().await, Some(3));
    }
}

/// The options of the first CALL are frozen: what follows need not say how it is encoded.
#[tokio::test]
async fn arguments_that_follow_are_encoded_as_the_first_ones() {
    let (session, mut peer) = with_peer(with(PPT)).await;
    let (mut told, handler) = listener();
    let registering =
        tokio::spawn(session.register("com.example.sealed.all", handler).into_future());
    assert!(matches!(recv(&mut peer).await, Message::Register(_)));
    say(&mut peer, "[65,1,7]");
    registering.await.unwrap().unwrap();
    let part = |number| {
        let mut part = invocation(1, None, sealed_for("com.example.sealed.all", number));
        part.details.progress = Some(true);
        part
    };
    send(&mut peer, part(1));
    let mut second = part(2);
    second.details = InvocationDetails::default();
    second.details.progress = Some(true);
    send(&mut peer, second);
    send(&mut peer, Invocation { details: InvocationDetails::default(), ..part(3) });
    for number in 1..=3 {
        assert_eq!(told.recv().await, Some(number));
    }
    let Message::Yield(answer) = recv(&mut peer).await else { panic!("YIELD") };
    assert_eq!(answer.options.ppt_scheme.as_deref(), Some("x_turned"));

    // What was not encoded at first is not later, and what was is not given out as it is.
    let plain = |payload| {
        let mut details = InvocationDetails::default();
        details.progress = Some(true);
        Invocation { request: 2, registration: 7, details, payload }
    };
    let number = || Payload::from_values(vec![4.into()], Dict::new());
    for (request, first, then) in [(2, plain(number()), part(5)), (3, part(4), plain(number()))] {
        send(&mut peer, Invocation { request, ..first });
        assert_eq!(told.recv().await, Some(4));
        send(&mut peer, Invocation { request, ..then });
        let Message::Error(error) = recv(&mut peer).await else { panic!("ERROR") };
        assert_eq!((error.request, &*error.error), (request, Uri::ENCRYPTION_DECRYPT_ERROR));
    }
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_caller_says_once_how_it_encodes() {
    for codec in [ENC, PPT] {
        let in_place = codec.form == PayloadForm::Enc;
        let (session, mut peer) = with_peer(with(codec)).await;
        let call = session.call("com.example.sealed.all").args((1,)).start_streaming();
        let call = call.await.unwrap();
        call.send((2,)).await.unwrap();
        let _call = call.finish((3,)).await.unwrap();
        for number in 1..=3 {
            let Message::Call(part) = recv(&mut peer).await else { panic!("CALL") };
            assert_eq!(part.options.ppt_scheme.is_some(), !in_place && number == 1);
            assert_eq!(part.options.ppt_keyid.is_some(), !in_place && number == 1);
            // Without this the message could not be read.
            assert_eq!(part.options.enc_algo.is_some(), in_place);
            if !in_place {
                let sealed = sealed_for("com.example.sealed.all", number);
                assert_eq!(part.payload.to_values().unwrap(), sealed.to_values().unwrap());
            }
        }
    }
}

/// Encodes all but "open".
struct Fickle;

impl PayloadCodec for Fickle {
    fn encode(
        &self,
        side: Side,
        uri: &Uri,
        args: List,
        kwargs: Dict,
    ) -> Result<Option<EncodedPayload>, ApplicationError> {
        if args == ["open".into()] { Ok(None) } else { PPT.encode(side, uri, args, kwargs) }
    }

    fn decode(&self, _: Side, _: &Uri, _: &EncodedPayload) -> Result<Decoded, ApplicationError> {
        Err(ApplicationError::new(Uri::ENCRYPTION_DECRYPT_ERROR))
    }
}

#[tokio::test]
async fn a_codec_cannot_change_its_way_in_the_middle_of_a_call() {
    let (session, mut peer) = with_peer(SessionConfig::default().payload_codec(Fickle)).await;
    for [first, then] in [["open", "sealed"], ["sealed", "open"]] {
        let call = session.call("com.example.sealed.all").args((first,)).start_streaming();
        let call = call.await.unwrap();
        drop(call.send((then,)).await);
        let call = call.finish(("last",)).await.unwrap();
        assert_eq!(application(call.result().await.unwrap_err()).uri, Uri::INVALID_PAYLOAD);
        assert!(matches!(recv(&mut peer).await, Message::Call(_)));
        assert!(matches!(recv(&mut peer).await, Message::Cancel(_)));
    }
}

/// Late arguments of what has been answered leave nothing behind.
#[tokio::test]
async fn only_what_began_encoded_is_answered_so() {
    let (session, mut peer) = with_peer(with(PPT)).await;
    let mut told =
        told(&session, &mut peer, "com.example.sealed.n", Match::Exact, "[65,1,7]").await;
    let sealed = || sealed_for("com.example.sealed.n", 1);
    let mut first = invocation(1, None, sealed());
    first.details.progress = Some(true);
    send(&mut peer, first);
    let Message::Yield(answer) = recv(&mut peer).await else { panic!("YIELD") };
    assert!(answer.options.ppt_scheme.is_some());
    send(&mut peer, invocation(1, None, sealed()));
    // Nothing but what it left behind would tell this one from others.
    say(&mut peer, "[68,1,7,{},[2]]");
    let Message::Yield(answer) = recv(&mut peer).await else { panic!("YIELD") };
    assert_eq!(answer.options.ppt_scheme, None);
    assert_eq!((told.recv().await, told.recv().await), (Some(1), Some(2)));
}

#[tokio::test]
async fn a_call_whose_progress_cannot_be_decoded_is_cancelled() {
    let (session, mut peer) = with_peer(with(ENC)).await;
    let calling = tokio::spawn(session.call("com.example.any").on_progress(drop).into_future());
    assert!(matches!(recv(&mut peer).await, Message::Call(_)));
    let progress = r#"[50,1,{"progress":true,"enc_algo":"x_turned","enc_serializer":"cbor","enc_key":"k1"},"\u0000AAAA"]"#;
    say(&mut peer, progress);
    let error = application(calling.await.unwrap().unwrap_err());
    assert_eq!(error.uri, Uri::ENCRYPTION_DECRYPT_ERROR);
    let Message::Cancel(cancel) = recv(&mut peer).await else { panic!("CANCEL") };
    assert_eq!((cancel.request, cancel.options.mode), (1, Some(CancelMode::KillNoWait)));
    // What was on its way.
    say(&mut peer, progress);
    say(&mut peer, r#"[50,1,{},[2]]"#);
    // The last one ends the call anyway.
    let calling = tokio::spawn(session.call("com.example.any").into_future());
    assert!(matches!(recv(&mut peer).await, Message::Call(_)));
    say(
        &mut peer,
        r#"[50,2,{"enc_algo":"x_turned","enc_serializer":"cbor","enc_key":"k1"},"\u0000AAAA"]"#,
    );
    application(calling.await.unwrap().unwrap_err());
    session.publish("com.example.open").await.unwrap();
    assert!(matches!(recv(&mut peer).await, Message::Publish(_)));
}
