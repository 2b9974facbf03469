//! Payload codecs: what is encoded on the wire, what applications see of it, and what becomes of
//! payloads that cannot be read.

use std::future::{IntoFuture, poll_fn};

use wampwerk::error::PublishError;
use wampwerk::internals::core::client::ClientConfig;
use wampwerk::message::{CallOptions, EventDetails, InvocationDetails, Message};
use wampwerk::session::{
    self, Chunks, EncodedPayload, Kwargs, PayloadCodec, PayloadForm, Progress, SessionConfig, Side,
};
use wampwerk::transport::{MemoryTransport, Transport};
use wampwerk::value::Dict;
use wampwerk::websocket::CloseCode;
use wampwerk::{ApplicationError, Payload, Serializer, Uri, connect};

use crate::common::payload_codec::*;
use crate::common::router;

#[tokio::test]
async fn calls_results_and_events_are_encoded_in_both_forms_and_between_all_serializers() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    for codec in [ENC, PPT] {
        for from in Serializer::ALL {
            for to in Serializer::ALL {
                let open = |serializer| {
                    connect(listener.url(), "realm1")
                        .serializers(&[serializer])
                        .payload_codec(codec.clone())
                };
                let (caller, callee) = (open(from).await.unwrap(), open(to).await.unwrap());
                let is_enc = codec.form == PayloadForm::Enc;
                let add = move |a: i64, b: i64, details: InvocationDetails| async move {
                    // The application sees that it was encoded, and how.
                    let details = &details;
                    assert_eq!(details.enc_algo.is_some(), is_enc);
                    assert_eq!(details.ppt_scheme.is_some(), !is_enc);
                    a + b
                };
                callee.register("com.example.sealed.add", add).await.unwrap();
                let call = caller.call("com.example.sealed.add").args((2, 3));
                assert_eq!(call.value::<i64>().await.unwrap(), 5);

                let mut news = callee.subscribe("com.example.sealed.news").await.unwrap();
                let publish = caller.publish("com.example.sealed.news").args(("rain", 7));
                publish.acknowledge().await.unwrap();
                let event = news.next().await.unwrap().unwrap();
                assert_eq!(event.args::<(String, u8)>().unwrap(), ("rain".into(), 7));
                assert_eq!(event.details.enc_algo.is_some(), is_enc);
                assert_eq!(event.details.ppt_scheme.is_some(), !is_enc);

                // Other URIs go as they are.
                callee.register("com.example.open", || async { 1 }).await.unwrap();
                let reply = caller.call("com.example.open").await.unwrap();
                assert_eq!(reply.details.enc_algo, None);
                assert_eq!(reply.decode::<u8>().unwrap(), 1);
                callee.leave().await;
            }
        }
    }
}

#[tokio::test]
async fn errors_and_keyword_arguments_are_encoded_too() {
    let router = router();
    let (caller, callee) = (join(&router, with(ENC)).await, join(&router, with(ENC)).await);
    let fails = |kwargs: Kwargs<Dict>| async move {
        let depth = kwargs.0.get("depth").cloned().unwrap_or_default();
        Err::<(), _>(ApplicationError::new("com.example.sealed.error").arg(depth))
    };
    callee.register("com.example.sealed.fails", fails).await.unwrap();
    let mut arguments = Dict::new();
    arguments.insert("depth", 40);
    let call = caller.call("com.example.sealed.fails").kwargs(&arguments);
    let error = application(call.await.unwrap_err());
    assert_eq!((&*error.uri, error.args), ("com.example.sealed.error", vec![40.into()]));
}

#[tokio::test]
async fn progressive_results_and_arguments_are_encoded_too() {
    let router = router();
    let (caller, callee) = (join(&router, with(PPT)).await, join(&router, with(PPT)).await);
    let running_sum = |progress: Progress, mut chunks: Chunks| async move {
        let mut sum = 0;
        while let Some(chunk) = chunks.next().await {
            sum += chunk.unwrap().decode::<i64>().unwrap();
            progress.send((sum,)).await.unwrap();
        }
        sum
    };
    callee.register("com.example.sealed.sum", running_sum).await.unwrap();
    let call = caller.call("com.example.sealed.sum").args((1,));
    let call = call.start_streaming().await.unwrap();
    call.send((10,)).await.unwrap();
    let mut call = call.finish((100,)).await.unwrap();
    let mut steps = Vec::new();
    while let Some(step) = call.next().await {
        let step = step.unwrap();
        assert_eq!(step.details.ppt_scheme.as_deref(), Some("x_turned"));
        steps.push(step.decode::<i64>().unwrap());
    }
    assert_eq!(steps, [1, 11, 111]);
    assert_eq!(call.value::<i64>().await.unwrap(), 111);
}

/// A session that takes encoded payloads as they are sees what the router sees.
#[tokio::test]
async fn the_router_sees_no_argument() {
    let router = router();
    let publisher = join(&router, with(ENC)).await;
    let raw = join(&router, SessionConfig::default().payload_passthru(true)).await;
    let mut seen = raw.subscribe("com.example.sealed.news").await.unwrap();
    let (sender, mut details) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |payload: Payload, details: EventDetails| {
        sender.send((payload, details)).unwrap();
        async {}
    };
    let handler = raw.subscribe_with("com.example.sealed.news", handler).await.unwrap();
    let publish = publisher.publish("com.example.sealed.news").args(("plain text",));
    publish.acknowledge().await.unwrap();
    let event = seen.next().await.unwrap().unwrap();
    let opaque = event.payload.opaque().unwrap();
    assert!(!opaque.windows(5).any(|window| window == b"plain"));
    let (payload, details) = details.recv().await.unwrap();
    assert_eq!(payload.opaque(), Some(opaque));
    assert_eq!(details.enc_serializer.as_deref(), Some("cbor"));

    // And what it sends by hand is read by the codec.
    let callee = publisher;
    callee.register("com.example.sealed.echo", |text: String| async { text }).await.unwrap();
    let encoded = ENC
        .encode(Side::Originator, &"com.example.sealed.echo".into(), vec!["hi".into()], Dict::new())
        .unwrap()
        .unwrap();
    let mut options = CallOptions::default();
    options.enc_algo = Some(encoded.scheme.clone());
    options.enc_serializer.clone_from(&encoded.serializer);
    options.enc_key.clone_from(&encoded.key_id);
    let call = raw.call("com.example.sealed.echo").options(options);
    let reply = call.payload(Payload::from_opaque(encoded.payload)).await.unwrap();
    let mut answer = EncodedPayload::enc("x_turned", reply.payload.opaque().unwrap().clone());
    answer = answer.serializer("cbor").key_id("k1");
    let uri = "com.example.sealed.echo".into();
    assert_eq!(ENC.decode(Side::Originator, &uri, &answer).unwrap().args, ["hi".into()]);
    drop(handler);
}

#[tokio::test]
async fn a_payload_made_for_another_uri_is_refused() {
    let router = router();
    let forger = Turned { uri: Some("com.example.sealed.other"), ..ENC };
    let (forger, honest) = (join(&router, with(forger)).await, join(&router, with(ENC)).await);
    let never = || async { panic!("must not be called") as u8 };
    honest.register("com.example.sealed.add", never).await.unwrap();
    let call = forger.call("com.example.sealed.add").args((2,));
    let error = application(call.await.unwrap_err());
    assert_eq!(error.uri, Uri::ENCRYPTION_TRUSTED_URI_MISMATCH);

    // A result that was made for another procedure.
    forger.register("com.example.sealed.forged", || async { 1 }).await.unwrap();
    let mut options = CallOptions::default();
    let encoded = Turned { uri: Some("com.example.sealed.forged"), ..ENC };
    let uri = "com.example.sealed.forged".into();
    let encoded = encoded.encode(Side::Originator, &uri, vec![], Dict::new()).unwrap().unwrap();
    options.enc_algo = Some(encoded.scheme);
    options.enc_serializer = encoded.serializer;
    options.enc_key = encoded.key_id;
    let call = honest.call("com.example.sealed.forged").options(options);
    let call = call.payload(Payload::from_opaque(encoded.payload));
    let error = application(call.await.unwrap_err());
    assert_eq!(error.uri, Uri::ENCRYPTION_TRUSTED_URI_MISMATCH);

    // An event is dropped, and the next one comes.
    let mut news = honest.subscribe("com.example.sealed.news").await.unwrap();
    forger.publish("com.example.sealed.news").args((1,)).acknowledge().await.unwrap();
    let other = join(&router, with(ENC)).await;
    other.publish("com.example.sealed.news").args((2,)).acknowledge().await.unwrap();
    assert_eq!(news.next().await.unwrap().unwrap().decode::<u8>().unwrap(), 2);
}

#[tokio::test]
async fn what_cannot_be_decoded_is_an_error_of_its_request() {
    let router = router();
    let raw = join(&router, SessionConfig::default().payload_passthru(true)).await;
    let session = join(&router, with(ENC)).await;
    let never = || async { panic!("must not be called") as u8 };
    session.register("com.example.sealed.never", never).await.unwrap();
    // Neither garbage, nor arguments that only say that they are encoded.
    let opaque = Payload::from_opaque("garbage");
    for payload in [opaque, Payload::from_values(vec![1.into()], Dict::new()), Payload::empty()] {
        let mut options = CallOptions::default();
        options.enc_algo = Some("x_turned".into());
        options.enc_serializer = Some("cbor".into());
        options.enc_key = Some("k1".into());
        let call = raw.call("com.example.sealed.never").options(options).payload(payload);
        let error = application(call.await.unwrap_err());
        assert_eq!(error.uri, Uri::ENCRYPTION_DECRYPT_ERROR, "{error}");
    }
    assert!(!session.is_closed());
}

#[tokio::test]
async fn what_cannot_be_encoded_is_not_sent() {
    let router = router();
    let session = join(&router, with(ENC)).await;
    let call = session.call("com.example.sealed.any").args(("forbidden",));
    assert_eq!(application(call.await.unwrap_err()).uri, "com.example.error.forbidden");
    let publish = session.publish("com.example.sealed.any").args(("forbidden",));
    match publish.acknowledge().await.unwrap_err() {
        PublishError::Application(error) => assert_eq!(error.uri, "com.example.error.forbidden"),
        other => panic!("{other}"),
    }
    // A result that cannot be encoded is the error of its call.
    session.register("com.example.sealed.result", || async { "forbidden" }).await.unwrap();
    let error = application(session.call("com.example.sealed.result").await.unwrap_err());
    assert_eq!(error.uri, "com.example.error.forbidden");
}

#[tokio::test]
async fn a_router_that_did_not_announce_it_gets_nothing_encoded() {
    for codec in [ENC, PPT] {
        let (client, mut peer) = MemoryTransport::pair(Serializer::Json, 8);
        let joining = tokio::spawn(session::join(Box::new(client), "realm1", with(codec)));
        assert!(matches!(recv(&mut peer).await, Message::Hello(_)));
        say(&mut peer, r#"[2,1,{"roles":{"broker":{},"dealer":{}}}]"#);
        let session = joining.await.unwrap().unwrap();
        let error = session.call("com.example.sealed.any").await.unwrap_err();
        assert_eq!(application(error).uri, Uri::FEATURE_NOT_SUPPORTED);
        let error = session.publish("com.example.sealed.any").acknowledge().await.unwrap_err();
        let PublishError::Application(error) = error else { panic!("{error}") };
        assert_eq!(error.uri, Uri::FEATURE_NOT_SUPPORTED);
        // It is the next thing that the router hears, under the first id.
        session.publish("com.example.open").await.unwrap();
        let Message::Publish(publish) = recv(&mut peer).await else { panic!("PUBLISH") };
        assert_eq!((publish.request, &*publish.topic), (1, "com.example.open"));
    }
}

#[tokio::test]
async fn only_who_can_decode_says_so() {
    let features = ["payload_passthru_mode", "payload_transparency"];
    for (config, announced) in [
        (SessionConfig::default(), false),
        (ClientConfig::default().into(), false),
        (with(ENC), true),
        (SessionConfig::default().payload_passthru(true), true),
    ] {
        let (client, mut peer) = MemoryTransport::pair(Serializer::Json, 8);
        let joining = tokio::spawn(session::join(Box::new(client), "realm1", config));
        let Message::Hello(hello) = recv(&mut peer).await else { panic!("HELLO") };
        let roles = hello.details.into_fields().roles.unwrap();
        for role in ["caller", "callee", "publisher", "subscriber"] {
            for feature in features {
                assert_eq!(roles.supports(role, feature), announced, "{role} {feature}");
            }
        }
        poll_fn(|cx| peer.poll_close(cx, CloseCode::Normal)).await.unwrap();
        joining.await.unwrap().unwrap_err();
    }
}

/// A router that does not look at features, as Crossbar.
#[tokio::test]
async fn without_a_codec_encoded_payloads_are_refused() {
    let (client, mut peer) = MemoryTransport::pair(Serializer::Json, 8);
    let joining = tokio::spawn(session::join(Box::new(client), "realm1", SessionConfig::default()));
    assert!(matches!(recv(&mut peer).await, Message::Hello(_)));
    say(&mut peer, r#"[2,1,{"roles":{"broker":{},"dealer":{}}}]"#);
    let session = joining.await.unwrap().unwrap();

    let never = || async { panic!("must not be called") as u8 };
    let registering = tokio::spawn({
        let session = session.clone();
        async move { session.register("com.example.never", never).await }
    });
    assert!(matches!(recv(&mut peer).await, Message::Register(_)));
    say(&mut peer, "[65,1,7]");
    registering.await.unwrap().unwrap();
    // More arguments that crossed the refusal are nothing, not even a second refusal.
    say(&mut peer, r#"[68,1,7,{"progress":true,"enc_algo":"cryptobox"},"\u0000"]"#);
    say(&mut peer, r#"[68,1,7,{"enc_algo":"cryptobox"},"\u0000"]"#);
    say(&mut peer, r#"[68,2,7,{"ppt_scheme":"wamp"},["\u0000"]]"#);
    for request in [1, 2] {
        let Message::Error(error) = recv(&mut peer).await else { panic!("ERROR") };
        assert_eq!((error.request, &*error.error), (request, Uri::NO_PAYLOAD_CODEC));
    }

    let calling = tokio::spawn(session.call("com.example.any").into_future());
    assert!(matches!(recv(&mut peer).await, Message::Call(_)));
    say(&mut peer, r#"[50,2,{"enc_algo":"cryptobox"},"\u0000AAAA"]"#);
    assert_eq!(application(calling.await.unwrap().unwrap_err()).uri, Uri::NO_PAYLOAD_CODEC);

    let calling = tokio::spawn(session.call("com.example.any").into_future());
    assert!(matches!(recv(&mut peer).await, Message::Call(_)));
    say(&mut peer, r#"[8,48,3,{"enc_algo":"cryptobox"},"com.example.error","\u0000AAAA"]"#);
    let error = application(calling.await.unwrap().unwrap_err());
    assert_eq!(error.uri, Uri::NO_PAYLOAD_CODEC);
    assert_eq!(error.kwargs.get("error"), Some(&"com.example.error".into()));

    let subscribing = tokio::spawn(session.subscribe("com.example.topic").into_future());
    assert!(matches!(recv(&mut peer).await, Message::Subscribe(_)));
    say(&mut peer, "[33,4,9]");
    let mut news = subscribing.await.unwrap().unwrap();
    say(&mut peer, r#"[36,9,1,{"enc_algo":"cryptobox"},"\u0000AAAA"]"#);
    say(&mut peer, r#"[36,9,2,{},[2]]"#);
    assert_eq!(news.next().await.unwrap().unwrap().publication, 2);
}
