//! Authorization as sessions see it: over WebSocket and in the process, by rules and by a callback
//! that takes its time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use wampwerk::error::BuildError;
use wampwerk::router::{Action, Authorization, MetaApi, Role, RouterBuilder, Rule};
use wampwerk::{Error, Router, Session};

use crate::common::notes::Notes;
use crate::common::router_with;

fn uri<T, E: Into<Error>>(result: Result<T, E>) -> String {
    let Err(error) = result else { panic!("it has been done") };
    let error: Error = error.into();
    error.application().unwrap().uri.to_string()
}

async fn sessions(router: &Router) -> [Session; 2] {
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let remote = wampwerk::connect(listener.url(), "realm1").await.unwrap();
    [remote, router.connect("realm1").await.unwrap()]
}

#[tokio::test]
async fn rules_say_who_may_do_what() {
    let role = Role::new("anonymous")
        .allow(Rule::prefix("com.example.").all())
        .allow(Rule::prefix("com.example.who").call().disclose())
        .deny(Rule::prefix("com.example.internal.").call().subscribe());
    let router = router_with(|it| it.role(role));
    let [a, b] = sessions(&router).await;
    for (one, other) in [(&a, &b), (&b, &a)] {
        let add = one.register("com.example.add", |x: i64, y: i64| async move { x + y });
        let add = add.await.unwrap();
        let sum: i64 = other.call("com.example.add").args((2, 3)).value().await.unwrap();
        assert_eq!(sum, 5);
        add.unregister().await.unwrap();
        let refused = other.call("com.example.internal.f").value::<()>().await.unwrap_err();
        assert_eq!(refused.application().unwrap().uri, "wamp.error.not_authorized");
        let text = "role \"anonymous\" may not call \"com.example.internal.f\"";
        assert!(refused.to_string().contains(text), "{refused}");
        assert_eq!(uri(other.subscribe("net.example.t").await), "wamp.error.not_authorized");
        let publish = other.publish("net.example.t").args((1,)).acknowledge().await;
        assert_eq!(uri(publish), "wamp.error.not_authorized");
        // It is dropped without a word, and the session goes on.
        other.publish("net.example.t").args((1,)).await.unwrap();
        let mut events = one.subscribe("com.example.t").await.unwrap();
        other.publish("com.example.t").args((7,)).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap().args::<(u8,)>().unwrap(), (7,));
    }
    router.shutdown().await;
}

#[tokio::test]
async fn the_session_waits_for_the_callback_and_others_do_not() {
    let (questions, mut asked) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let gate = Arc::clone(&go);
    let router = Router::builder()
        .realm("realm1")
        .role(Role::new("anonymous").allow(Rule::prefix("com.open.").all()).dynamic())
        .authorizer(move |request| {
            let (questions, gate) = (questions.clone(), Arc::clone(&gate));
            async move {
                questions.send((request.action, request.uri.to_string())).unwrap();
                gate.notified().await;
                match request.uri.as_str() {
                    "com.example.fails" => Err("the database is away"),
                    "com.example.panics" => panic!("on purpose"),
                    uri => Ok(Authorization::from(uri == "com.example.f").cached_for_role()),
                }
            }
        })
        .build()
        .unwrap();
    let [a, b] = sessions(&router).await;
    let heard = Notes::new();
    let mut events = b.subscribe("com.open.t").await.unwrap();

    let late = heard.clone();
    let caller = a.clone();
    let call = tokio::spawn(async move {
        let answer = caller.call("com.example.f").value::<()>().await;
        late.note("answer");
        uri(answer)
    });
    assert_eq!(asked.recv().await.unwrap(), (Action::Call, "com.example.f".to_owned()));
    a.publish("com.open.t").args((1,)).await.unwrap();
    // The other one is served meanwhile, and nothing of the first one has come.
    assert_eq!(uri(b.call("com.open.f").value::<()>().await), "wamp.error.no_such_procedure");
    b.publish("com.open.t").exclude_me(false).args((2,)).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().args::<(u8,)>().unwrap(), (2,));
    assert!(heard.all().is_empty());
    go.notify_one();
    assert_eq!(events.next().await.unwrap().unwrap().args::<(u8,)>().unwrap(), (1,));
    assert_eq!(call.await.unwrap(), "wamp.error.no_such_procedure");
    // The answer was for the role.
    assert_eq!(uri(b.call("com.example.f").value::<()>().await), "wamp.error.no_such_procedure");

    for (procedure, expected) in [
        ("com.example.not", "wamp.error.not_authorized"),
        ("com.example.fails", "wamp.error.authorization_failed"),
        ("com.example.panics", "wamp.error.authorization_failed"),
    ] {
        go.notify_one();
        assert_eq!(uri(a.call(procedure).value::<()>().await), expected, "{procedure}");
    }
    router.shutdown().await;
}

#[tokio::test]
async fn a_callback_that_says_nothing_is_not_waited_for_for_ever() {
    let router = Router::builder()
        .realm("realm1")
        .role(Role::new("anonymous").dynamic())
        .authorizer(|_| std::future::pending::<Result<bool, String>>())
        .authorization_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let [a, b] = sessions(&router).await;
    for session in [&a, &b, &a] {
        let answer = session.call("com.example.f").value::<()>().await;
        assert_eq!(uri(answer), "wamp.error.authorization_failed");
    }
    // Nor does it hold up the end.
    let stuck = tokio::spawn(async move { b.call("com.example.f").value::<()>().await });
    router.shutdown().await;
    assert!(stuck.await.unwrap().is_err());
}

fn refused(builder: RouterBuilder) -> String {
    match builder.build() {
        Err(BuildError::InvalidConfig(error)) => error.message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_says_nothing_or_too_much_is_refused() {
    let one = || Router::builder().realm("realm1");
    let with = |rule| refused(one().role(Role::new("r").allow(rule)));
    let call = |uri: &str| Rule::exact(uri).call();
    for (text, expected) in [
        (with(Rule::exact("com.a")), "role \"r\": rule of \"com.a\" (exact): no action is set"),
        (
            with(call("com..a")),
            "role \"r\": rule of \"com..a\" (exact): \"com..a\" is not a valid URI",
        ),
        (with(Rule::exact("a").subscribe().disclose()), "discloses, but allows neither"),
        (refused(one().role(Role::new("r").deny(call("a").disclose()))), "discloses, but"),
        (
            refused(one().role(Role::new("r").allow(call("a").publish()).deny(call("a")))),
            "role \"r\": rule of \"a\" (exact): another rule decides whether to call",
        ),
        (refused(one().role(Role::new("r")).role(Role::new("r"))), "role \"r\" twice"),
        (refused(one().role(Role::new(""))), "the name is empty"),
        (
            refused(one().role_on("realm2", Role::new("r"))),
            "role \"r\" on realm \"realm2\": no such realm",
        ),
        (
            refused(one().realm("realm2").role_on("realm1", Role::new("r"))),
            "realm \"realm2\" has no role",
        ),
        (refused(one().role(Role::new("r").dynamic())), "role \"r\" is dynamic, but no authorizer"),
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let long = Rule::wildcard(".".repeat(200)).call();
    assert!(with(long).contains("more than 128 components"));
    let role = Role::new("r").allow(call("a")).deny(Rule::exact("a").publish());
    let router = one().role(role.clone()).role_on("realm1", role.meta_api(MetaApi::Full));
    let router = router.anonymous("r").build();
    assert!(router.is_ok());
}

#[test]
fn what_a_wildcard_denies_in_vain_is_refused() {
    let secret = || Rule::wildcard("com..secret").call().publish();
    let role = || Role::new("r").deny(secret());
    let build = |role| Router::builder().realm("realm1").role(role).anonymous("r").build();
    for prefix in ["com.", "com", ""] {
        let text = refused(
            Router::builder().realm("realm1").role(role().allow(Rule::prefix(prefix).publish())),
        );
        let expected = format!(
            "role \"r\": denying to publish \"com..secret\" (wildcard) has no effect: the rule of \
             {prefix:?} (prefix) allows it, and prefixes decide before wildcards"
        );
        assert_eq!(text, expected);
    }
    for fine in [
        // It decides where the prefix does not fit.
        role().allow(Rule::prefix("com.a").all()),
        role().allow(Rule::prefix("org.").all()),
        role().allow(Rule::prefix("com.").subscribe()),
        role().allow(Rule::wildcard("com..").all()),
        // It is denied all the same.
        Role::new("r")
            .deny(Rule::wildcard("com.a..secret").call())
            .deny(Rule::prefix("com.a.").call())
            .allow(Rule::prefix("com.").call()),
    ] {
        assert!(build(fine).is_ok());
    }
}
