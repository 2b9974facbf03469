//! Where other WAMP implementations surprise their users, and that we do not: a test for each
//! surprise that concerns sessions, payloads and serializers, under its number in our list of them.
//!
//! Those of components stand with the components' other tests:
//!
//! | surprise | test |
//! | --- | --- |
//! | S6, counters live on over joins | `component_backoff::each_loss_waits_the_initial_delay_and_resets_the_counter` |
//! | S7, a failing `main` storms | `component_backoff::a_failing_main_is_tried_again_with_growing_delays` |
//! | S8, `run` hides failures | `net_run::one_that_fails_is_told_and_does_not_stop_the_others` |
//! | S9, `stop` is not final | `component_stop`, all of it |
//! | S10, the router's GOODBYE as success | `component_backoff::a_goodbye_of_the_router_is_no_success` |
//! | S11, headers are not sent | `net_component_config::the_server_sees_url_headers_and_serializers` |
//! | S12, `rss://` in the clear | `net_component_rawsocket::rss_has_tls` |
//! | S13, URLs taken for WebSocket's | `net_component_rawsocket::a_url_alone_is_read_by_its_scheme`, `net_endpoint_unix::a_url_leads_to_the_socket` |
//! | S17, ready in spite of failures | `component_callbacks::what_goes_wrong_is_told_and_ready_comes_all_the_same`, `…::a_strict_component_takes_no_half_session` |
//! | S18, no GOODBYE on SIGINT | `net_run::sigterm_during_a_call_says_goodbye` |
//! | S19, RawSocket's PING, and serializers that a router lacks | `net_rawsocket_client::a_ping_is_answered_and_none_is_sent_unasked`, `…::a_server_that_closes_may_not_speak_the_serializer`, `net_rawsocket_session::a_serializer_that_the_router_lacks_is_refused_by_name` |
//! | S20, the first retry's delay | `core_retry::the_first_retry_waits_the_initial_delay_and_the_last_the_longest` |
//! | S21, GOODBYE ends the retries | `component_refused::a_refusal_that_may_pass_is_no_end`, and the package's tests |
//! | S22, `close` during a delay | `component_stop::while_it_waits`, and the package's tests |
//!
//! S23 and S25 are in the package's tests.

use std::collections::BTreeMap;
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use serde_json::json;
use wampwerk::error::{CallError, CloseKind, PublishError, RegisterError, SubscribeError};
use wampwerk::internals::framing::batch::{Batch, BatchFormat};
use wampwerk::message::{CancelMode, EventDetails, PublishOptions};
use wampwerk::session::{Ending, Kwargs, SessionConfig, join as join_over};
use wampwerk::{ApplicationError, Dict, Payload, Serializer, Value};

use crate::common;
use crate::common::fake_transport::FakeTransport;
use crate::common::notes::Notes;
use crate::common::scripted::{join, join_as, join_with};

/// Starts a future that is not to be done yet.
async fn start<F: Future>(future: &mut Pin<&mut F>) {
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

fn uri(error: &CallError) -> &str {
    match error.application() {
        Some(error) => &error.uri,
        None => panic!("{error}"),
    }
}

/// Autobahn|Python's `Session` leaves them pending for ever.
#[tokio::test]
async fn s01_pending_requests_settle_when_the_transport_is_lost() {
    let (session, mut router) = join().await;
    let (subscription, _) =
        tokio::join!(session.subscribe("com.a").into_future(), router.subscribed(1));
    let mut subscription = subscription.unwrap();
    let mut call = pin!(session.call("com.b").into_future());
    let mut publish = pin!(session.publish("com.c").acknowledge().into_future());
    let mut subscribe = pin!(session.subscribe("com.d").into_future());
    let mut register = pin!(session.register("com.e", || async {}).into_future());
    start(&mut call).await;
    start(&mut publish).await;
    start(&mut subscribe).await;
    start(&mut register).await;
    for code in [48, 16, 32, 64] {
        router.expect(code).await;
    }
    router.close().await;
    let lost = session.closed().await;
    assert_eq!(lost.kind, CloseKind::TransportLost);
    assert!(matches!(call.await.unwrap_err(), CallError::Closed { reason, .. } if reason == lost));
    assert!(
        matches!(publish.await.unwrap_err(), PublishError::Closed { reason, .. } if reason == lost)
    );
    assert!(
        matches!(subscribe.await.unwrap_err(), SubscribeError::Closed { reason, .. } if reason == lost)
    );
    assert!(
        matches!(register.await.unwrap_err(), RegisterError::Closed { reason, .. } if reason == lost)
    );
    assert!(subscription.next().await.is_none());
    assert_eq!(subscription.close_reason().unwrap(), lost);
    // And nothing new begins to wait.
    assert!(matches!(session.call("com.b").await.unwrap_err(), CallError::Closed { .. }));
    let unsubscribed = subscription.unsubscribe().await;
    assert!(matches!(unsubscribed.unwrap_err(), SubscribeError::Closed { .. }));
}

/// Autobahn|JS leaves them pending, too. Here the connection breaks and is not closed; calls with
/// progress and listeners end as well.
#[tokio::test]
async fn s02_streams_and_listeners_end_when_the_connection_breaks() {
    let roles = json!({"broker": {}, "dealer": {"features": {"progressive_call_results": true}}});
    let (session, mut router) = join_as(json!({"roles": roles})).await;
    let register = session.register("com.a", || async {}).into_future();
    let (registration, ()) = tokio::join!(register, async {
        let request = router.expect(64).await;
        router.send(json!([65, request, 1]));
    });
    let registration = registration.unwrap();
    let mut running = session.call("com.b").start().await.unwrap();
    router.expect(48).await;
    let meta = session.meta();
    let mut joined = pin!(meta.on_session_join());
    start(&mut joined).await;
    drop(router);
    assert!(running.next().await.is_none());
    assert!(matches!(running.result().await.unwrap_err(), CallError::Closed { .. }));
    assert!(joined.await.is_err());
    assert!(matches!(registration.ended().await, Ending::Closed(_)));
    assert_eq!(session.closed().await.kind, CloseKind::TransportLost);
}

/// Autobahn|Python and Crossbar take the number for seconds.
#[tokio::test(start_paused = true)]
async fn s03_timeouts_are_durations_and_milliseconds_on_the_wire() {
    let roles = json!({"dealer": {"features": {"call_canceling": true}}});
    let (session, mut router) = join_as(json!({"roles": roles})).await;
    let call = session.call("com.a").router_timeout(Duration::from_secs(2));
    let (reply, call) = tokio::join!(call.into_future(), router.answer(json!([])));
    reply.unwrap();
    assert_eq!(call[2]["timeout"], 2000);
    // The caller's own timer asks nothing of the router: neither to know the option nor its unit.
    let began = tokio::time::Instant::now();
    let limit = Duration::from_secs(2);
    match session.call("com.a").timeout(limit).await.unwrap_err() {
        CallError::Timeout { limit: passed, .. } => assert_eq!(passed, limit),
        other => panic!("{other}"),
    }
    assert!(began.elapsed() >= limit && began.elapsed() < limit + Duration::from_millis(100));
    let call = router.recv().await;
    assert_eq!((&call[0], &call[2]), (&json!(48), &json!({})));
    let cancel = router.recv().await;
    assert_eq!((&cancel[0], &cancel[1]), (&json!(49), &call[1]));

    // The embedded router reads milliseconds, and calls a timeout by its name.
    let router = common::router();
    let session = router.connect("realm1").await.unwrap();
    session.register("com.a", pending::<()>).await.unwrap();
    let began = tokio::time::Instant::now();
    let call = session.call("com.a").router_timeout(Duration::from_millis(700));
    assert_eq!(uri(&call.await.unwrap_err()), "wamp.error.timeout");
    let elapsed = began.elapsed();
    assert!(elapsed >= Duration::from_millis(700) && elapsed < Duration::from_secs(1));
}

/// Autobahn|Python takes integers only, and has no timer of its own.
#[tokio::test(start_paused = true)]
async fn s04_timeouts_may_be_fractions_of_a_second() {
    let (session, mut router) = join().await;
    for (limit, milliseconds) in [
        (Duration::from_millis(500), 500),
        (Duration::from_secs_f64(0.25), 250),
        (Duration::from_micros(1500), 2),
        (Duration::from_nanos(1), 1),
    ] {
        let call = session.call("com.a").router_timeout(limit);
        let (reply, call) = tokio::join!(call.into_future(), router.answer(json!([])));
        reply.unwrap();
        assert_eq!(call[2]["timeout"], milliseconds);
    }
    let began = tokio::time::Instant::now();
    let error = session.call("com.a").timeout(Duration::from_millis(500)).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(1));
}

/// Crossbar never answers `skip`, and Autobahn waits for it.
#[tokio::test(start_paused = true)]
async fn s05_a_cancelled_call_settles_whatever_the_router_does() {
    let roles = json!({"dealer": {"features": {"call_canceling": true}}});
    let (session, mut router) = join_as(json!({"roles": roles})).await;
    for (mode, word) in [
        (CancelMode::Skip, "skip"),
        (CancelMode::KillNoWait, "killnowait"),
        // It waits for the callee's last word, but not for ever.
        (CancelMode::Kill, "kill"),
    ] {
        let call = session.call("com.a").start().await.unwrap();
        let request = router.expect(48).await;
        call.cancel(mode);
        let error = call.result().await.unwrap_err();
        assert_eq!(uri(&error), "wamp.error.canceled");
        assert_eq!(router.recv().await, json!([49, request, {"mode": word}]));
        // An answer that comes after all is nothing.
        router.send(json!([8, 48, request, {}, "wamp.error.canceled"]));
    }
    let (reply, _) = tokio::join!(session.call("com.a").into_future(), router.answer(json!([1])));
    assert_eq!(reply.unwrap().decode::<u8>().unwrap(), 1);
}

/// Autobahn|Python writes 0x18, the specification 0x1e.
#[test]
fn s14_both_separators_of_batched_json_are_read() {
    for (separator, format) in
        [('\u{18}', BatchFormat::Separated18), ('\u{1e}', BatchFormat::Separated1e)]
    {
        let text = format!("[17,1,2]{separator}[35,3]{separator}");
        let batch = Batch::read(Serializer::Json, text.clone().into()).unwrap();
        // What was seen is what is answered.
        assert_eq!(batch.format(), format);
        let mut again = Vec::new();
        for message in batch {
            assert!(format.append(&message, &mut again));
        }
        assert_eq!(again, text.as_bytes());
    }
}

/// Autobahn|Python drops the connection, though it announces that it can.
#[tokio::test]
async fn s15_a_revocation_ends_what_was_revoked_and_nothing_else() {
    let (session, mut router) = join().await;
    let roles = &router.hello[2]["roles"];
    assert_eq!(roles["subscriber"]["features"]["subscription_revocation"], true);
    assert_eq!(roles["callee"]["features"]["registration_revocation"], true);
    let (subscription, _) =
        tokio::join!(session.subscribe("com.a").into_future(), router.subscribed(1));
    let mut subscription = subscription.unwrap();
    let register = session.register("com.b", || async {}).into_future();
    let (registration, ()) = tokio::join!(register, async {
        let request = router.expect(64).await;
        router.send(json!([65, request, 2]));
    });
    let registration = registration.unwrap();
    router.send(json!([36, 1, 9, {}, ["last"]]));
    router.send(json!([35, 0, {"subscription": 1, "reason": "com.example.why"}]));
    router.send(json!([67, 0, {"registration": 2, "reason": "wamp.error.unregistered"}]));
    // The same for unknown ids.
    router.send(json!([35, 0, {"subscription": 99}]));
    router.send(json!([67, 0, {"registration": 99}]));
    assert_eq!(subscription.next().await.unwrap().unwrap().decode::<String>().unwrap(), "last");
    assert!(subscription.next().await.is_none());
    let Ending::Revoked(reason) = subscription.ended().await else { panic!("not revoked") };
    assert_eq!(reason, "com.example.why");
    let Ending::Revoked(reason) = registration.ended().await else { panic!("not revoked") };
    assert_eq!(reason, "wamp.error.unregistered");
    assert!(!registration.is_active());
    let (reply, _) = tokio::join!(session.call("com.c").into_future(), router.answer(json!([1])));
    assert_eq!(reply.unwrap().decode::<u8>().unwrap(), 1);
}

/// Autobahn|Python gives both handlers the same dict, and writes the first one's details into it.
#[tokio::test]
async fn s16_handlers_of_one_subscription_share_nothing() {
    let router = common::router();
    let session = router.connect("realm1").await.unwrap();
    let seen = Notes::new();
    for who in ["first", "second", "third"] {
        let seen = seen.clone();
        let handler = move |Kwargs(mut kwargs): Kwargs<Dict>, _: EventDetails| {
            seen.note((who, kwargs.clone()));
            kwargs.insert("details", who);
            async {}
        };
        session.subscribe_with("com.a", handler).await.unwrap();
    }
    let mut end = session.subscribe("com.a").await.unwrap();
    let kwargs = Dict::from([("a", Value::from(1)), ("details", Value::from("the publisher's"))]);
    let publish = session.publish("com.a").kwargs(&kwargs).exclude_me(false);
    publish.acknowledge().await.unwrap();
    assert_eq!(end.next().await.unwrap().unwrap().kwargs::<Dict>().unwrap(), kwargs);
    while seen.all().len() < 3 {
        tokio::task::yield_now().await;
    }
    assert!(seen.all().iter().all(|(_, got)| *got == kwargs));
}

/// Autobahn|JS throws `d.notify is not a function`.
#[tokio::test]
async fn s24_progressive_results_come_as_stream_and_as_callback() {
    let roles = json!({"dealer": {"features": {"progressive_call_results": true}}});
    let (session, mut router) = join_as(json!({"roles": roles})).await;
    let mut call = session.call("com.a").start().await.unwrap();
    let request = router.expect(48).await;
    // Of any shape: without a value, with several, with keywords.
    router.send(json!([50, request, {"progress": true}]));
    router.send(json!([50, request, {"progress": true}, [1, 2]]));
    router.send(json!([50, request, {"progress": true}, [], {"callee": 3}]));
    router.send(json!([50, request, {}, ["end"]]));
    assert!(call.next().await.unwrap().unwrap().payload.is_empty());
    assert_eq!(call.next().await.unwrap().unwrap().args::<(u8, u8)>().unwrap(), (1, 2));
    let kwargs = call.next().await.unwrap().unwrap().kwargs::<BTreeMap<String, u8>>().unwrap();
    assert_eq!(kwargs["callee"], 3);
    assert!(call.next().await.is_none());
    assert_eq!(call.value::<String>().await.unwrap(), "end");

    let steps = Notes::new();
    let step = {
        let steps = steps.clone();
        move |reply: wampwerk::session::CallReply| {
            steps.note(reply.decode::<u8>().unwrap());
        }
    };
    let call = session.call("com.a").on_progress(step).value::<u8>();
    let (last, ()) = tokio::join!(call, async {
        let request = router.expect(48).await;
        for number in 0..3 {
            router.send(json!([50, request, {"progress": true}, [number]]));
        }
        router.send(json!([50, request, {}, [3]]));
    });
    assert_eq!((last.unwrap(), &*steps.all()), (3, &[0, 1, 2][..]));
}

/// Autobahn|Python fails the whole connection.
#[tokio::test]
async fn s26_a_text_that_begins_with_nul_harms_its_own_message_only() {
    let (session, mut router) = join().await;
    let (subscription, _) =
        tokio::join!(session.subscribe("com.a").into_future(), router.subscribed(1));
    let mut subscription = subscription.unwrap();
    router.send_text(r#"[36,1,9,{},["\u0000no Base64!","good"]]"#);
    router.send_text(r#"[36,1,10,{},["\u0000AQI="]]"#);
    let event = subscription.next().await.unwrap().unwrap();
    let error = event.args::<(Value, String)>().unwrap_err();
    assert!(error.message.contains("bad Base64"), "{error}");
    let event = subscription.next().await.unwrap().unwrap();
    let value: Value = event.decode().unwrap();
    assert_eq!(value.as_bytes().unwrap(), &[1, 2][..]);

    let call = session.call("com.b").value::<String>();
    let (result, ()) = tokio::join!(call, async {
        let request = router.expect(48).await;
        router.send_text(&format!(r#"[50,{request},{{}},["\u0000?"]]"#));
    });
    assert!(matches!(result.unwrap_err(), CallError::Decode { .. }));
    // What JSON cannot carry is refused where it is written.
    let error = session.call("com.b").args(("\0text",)).await.unwrap_err();
    assert!(matches!(error, CallError::Encode(_)), "{error}");
    assert!(!session.is_closed());
}

/// In Autobahn|Python the limit for receiving is one for sending, too, of what compression made of
/// it, and breaks the connection. Here the transport's limit for sending is asked before anything is
/// sent, and the message alone fails, in words.
#[tokio::test]
async fn s27_what_is_too_long_to_send_fails_alone() {
    let router = common::router();
    let narrow = FakeTransport::to(&router).with_info(|info| info.max_send = 1000);
    let session = join_over(Box::new(narrow), "realm1", SessionConfig::default()).await.unwrap();
    let other = router.connect("realm1").await.unwrap();
    session.register("com.a", |text: String| async move { text }).await.unwrap();
    // It would compress well.
    let long = "x".repeat(1000);
    let error = session.call("com.a").args((&long,)).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.payload_size_exceeded");
    assert!(error.to_string().contains("the transport takes 1000"), "{error}");
    let error = session.publish("com.b").args((&long,)).await.unwrap_err();
    assert_eq!(error.application().unwrap().uri, "wamp.error.payload_size_exceeded");
    // The limit for receiving is another: the long argument comes in, and the long result does not
    // go out.
    let error = other.call("com.a").args((&long,)).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.payload_size_exceeded");
    assert_eq!(other.call("com.a").args(("short",)).value::<String>().await.unwrap(), "short");
    assert!(!session.is_closed());
}

/// One chapter of the specification writes `call_cancelling`.
#[tokio::test]
async fn s28_call_canceling_is_announced_and_both_spellings_are_understood() {
    for feature in ["call_canceling", "call_cancelling"] {
        let roles = json!({"dealer": {"features": {feature: true}}});
        let (session, mut router) = join_as(json!({"roles": roles})).await;
        let announced = &router.hello[2]["roles"];
        for role in ["caller", "callee"] {
            assert_eq!(announced[role]["features"]["call_canceling"], true);
            assert!(announced[role]["features"].get("call_cancelling").is_none());
        }
        let call = session.call("com.a").start().await.unwrap();
        let request = router.expect(48).await;
        drop(call);
        assert_eq!(router.recv().await, json!([49, request, {"mode": "killnowait"}]));
    }
    // Without call canceling at the router, no CANCEL is sent.
    let (session, mut router) = join().await;
    let call = session.call("com.a").start().await.unwrap();
    router.expect(48).await;
    drop(call);
    session.publish("com.b").await.unwrap();
    router.expect(16).await;
}

/// Autobahn|Python makes other exceptions of them.
#[tokio::test]
async fn s29_every_error_of_the_peer_is_an_application_error() {
    let (session, mut router) = join().await;
    for uri in [
        "wamp.error.invalid_payload",
        "wamp.error.payload_size_exceeded",
        "wamp.error.no_such_procedure",
        "wamp.error.type_check_error",
        "com.example.own",
    ] {
        let (result, ()) = tokio::join!(session.call("com.a").into_future(), async {
            let request = router.expect(48).await;
            let details = json!({
                "callee": 5, "callee_authid": "joe", "callee_authrole": "user",
                "forward_for": [{"session": 9, "authid": "eve", "authrole": "rlink"}],
                "x_place": {"rack": [7]},
            });
            router.send(json!([8, 48, request, details, uri, ["text"], {"k": 1}]));
        });
        let error = result.unwrap_err();
        let error = error.application().unwrap();
        let expected = ApplicationError::new(uri).arg("text").kwarg("k", 1);
        assert_ne!(error, &expected);
        let parts = |error: &ApplicationError| {
            (error.uri.clone(), error.args.clone(), error.kwargs.clone())
        };
        assert_eq!(parts(error), parts(&expected));
        assert_eq!((error.callee(), error.callee_authid()), (Some(5), Some("joe")));
        assert_eq!(error.callee_authrole(), Some("user"));
        let far = error.details.get("forward_for").and_then(Value::as_list).unwrap();
        assert_eq!(far[0].as_dict().unwrap().get("authid"), Some(&"eve".into()));
        let place = error.details.get("x_place").and_then(Value::as_dict).unwrap();
        assert_eq!(place.get("rack"), Some(&vec![7.into()].into()));
    }
}

/// Autobahn's `traceback_app` sends the lines among the keyword values.
#[tokio::test]
async fn the_traceback_of_autobahn_is_read() {
    let (session, mut router) = join().await;
    for (kwargs, lines, text) in [
        (json!({"traceback": ["one", "two"], "k": 1}), &["one", "two"][..], "com.a.e: text (k: 1)"),
        (json!({"traceback": "one"}), &[], "com.a.e: text (traceback: one)"),
        (json!({"traceback": [7, "two"]}), &["two"], "com.a.e: text"),
        (json!({}), &[], "com.a.e: text"),
    ] {
        let (result, ()) = tokio::join!(session.call("com.a").into_future(), async {
            let request = router.expect(48).await;
            router.send(json!([8, 48, request, {}, "com.a.e", ["text"], kwargs.clone()]));
        });
        let error = result.unwrap_err();
        let error = error.application().unwrap();
        assert_eq!(
            (error.traceback(), error.to_string()),
            (lines.iter().map(|it| it.to_string()).collect(), text.to_owned())
        );
        assert_eq!(error.kwargs.len(), kwargs.as_object().unwrap().len(), "they stay there, too");
    }
}

/// Autobahn's and Crossbar's keys (`enc_*`) are others than the specification's (`ppt_*`), and the
/// payload stands elsewhere: both are read, and each is sent as its kind wants it.
#[tokio::test]
async fn s30_both_kinds_of_encoded_payload_are_told_apart() {
    let config = SessionConfig::default().payload_passthru(true);
    let roles = json!({"roles": {"broker": {}, "dealer": {}}});
    let (session, mut router) = join_with(roles, config).await;
    let (subscription, _) =
        tokio::join!(session.subscribe("com.a").into_future(), router.subscribed(1));
    let mut subscription = subscription.unwrap();
    router.send_text(r#"[36,1,9,{"ppt_scheme":"x_own","ppt_serializer":"cbor"},["\u0000AQI="]]"#);
    router.send_text(r#"[36,1,9,{"enc_algo":"x_own","enc_key":"k"},"\u0000AQI="]"#);
    let event = subscription.next().await.unwrap().unwrap();
    assert_eq!(event.details.ppt_scheme.as_deref(), Some("x_own"));
    assert_eq!(event.details.enc_algo, None);
    assert_eq!(event.decode::<Value>().unwrap().as_bytes().unwrap(), &[1, 2][..]);
    let event = subscription.next().await.unwrap().unwrap();
    assert_eq!(
        (event.details.enc_algo.as_deref(), event.details.enc_key.as_deref()),
        (Some("x_own"), Some("k"))
    );
    assert_eq!(event.payload.opaque().unwrap(), &[1, 2][..]);
    assert!(event.decode::<Value>().is_err(), "sealed is not the same as a value");

    let mut options = PublishOptions::default();
    options.ppt_scheme = Some("x_own".to_owned());
    let payload = Payload::from_values(vec![Value::Bytes("\u{1}".into())], Dict::new());
    let publish = session.publish("com.a").payload(payload).options(options);
    // Sent to a router that does not know it, it would be a violation.
    let error = publish.await.unwrap_err();
    assert_eq!(error.application().unwrap().uri, "wamp.error.feature_not_supported");
    let mut options = PublishOptions::default();
    options.enc_algo = Some("x_own".to_owned());
    session.publish("com.a").payload(Payload::from_opaque("\u{1}")).options(options).await.unwrap();
    let message = router.recv().await;
    assert_eq!(message[2], json!({"enc_algo": "x_own"}));
    assert_eq!(message[4], "\u{0}AQ==");
}

/// A request that is never answered stays pending only while its future exists.
#[tokio::test]
async fn s05_a_call_that_is_dropped_leaves_nothing_behind() {
    let router = common::router();
    let session = router.connect("realm1").await.unwrap();
    session.register("com.a", pending::<()>).await.unwrap();
    let call = session.call("com.a").start().await.unwrap();
    session.publish("com.b").acknowledge().await.unwrap();
    assert_eq!(router.statistics().calls, 1);
    drop(call);
    session.publish("com.b").acknowledge().await.unwrap();
    session.publish("com.b").acknowledge().await.unwrap();
    assert_eq!(router.statistics().calls, 0);
}
