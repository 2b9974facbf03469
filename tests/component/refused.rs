//! When another attempt cannot help, a component says so once, and ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wampwerk::component::{
    AttemptError, Component, ComponentBuilder, ComponentError, ComponentState, RetryDecision,
    RetryPolicy, TransportEntry,
};
use wampwerk::error::{CloseKind, ConnectError, RawSocketRefusal};
use wampwerk::session::SessionConfig;
use wampwerk::transport::{BoxFuture, Connector, Transport};

use crate::common::notes::Notes;
use crate::common::site::{Mode, Site, millis};

fn at(site: &Arc<Site>) -> ComponentBuilder {
    Component::builder().transports(site.entry()).retry(RetryPolicy::default().jitter(0.0))
}

fn refusing(reason: &'static str) -> Arc<Site> {
    let site = Site::empty();
    site.behave(Mode::Aborts(reason));
    site
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_good_ends_the_component_at_once_and_is_said_once() {
    for reason in [
        "wamp.error.no_such_realm",
        "wamp.error.no_such_role",
        "wamp.error.no_auth_method",
        "wamp.error.no_such_principal",
        "wamp.error.not_authorized",
        "wamp.error.authentication_failed",
        "wamp.error.authentication_denied",
    ] {
        let (site, other) = (refusing(reason), refusing(reason));
        let component = at(&site).transports(other.entry()).build().unwrap();
        let said = Notes::new();
        let failures = said.clone();
        component.on_connect_failure(move |error| {
            failures.note(error.to_string());
            async {}
        });
        let notices = Notes::new();
        let seen = notices.clone();
        component.on_retry(move |notice| {
            seen.note((notice.failures, notice.will_retry));
            // It changes nothing.
            RetryDecision::After(Duration::ZERO)
        });
        let error = component.start().await.unwrap_err();
        let ComponentError::Fatal(AttemptError::Refused(refusal)) = &error else {
            panic!("{error}")
        };
        assert_eq!((refusal.kind, &*refusal.reason), (CloseKind::Aborted, reason));
        assert_eq!((site.attempts().len(), other.attempts().len()), (1, 0));
        assert_eq!(said.all(), [error.to_string()]);
        assert_eq!(notices.all(), [(1, false)]);
        assert_eq!((site.open_transports(), component.state()), (0, ComponentState::Done));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_may_pass_is_no_end() {
    for reason in [
        "wamp.close.system_shutdown",
        "wamp.error.authorization_failed",
        "wamp.error.no_such_procedure",
        "com.example.come_back",
    ] {
        let site = refusing(reason);
        let component = at(&site).build().unwrap();
        let left = Notes::new();
        let seen = left.clone();
        component.on_leave(move |reason| {
            seen.note(reason.reason.to_string());
            async {}
        });
        let mut states = component.states();
        let running = component.start();
        while site.attempts().len() < 3 {
            states.next().await.unwrap();
        }
        site.behave(Mode::Router);
        site.start();
        states.wait_for(ComponentState::is_joined).await.unwrap();
        assert_eq!(millis(&site.attempts()), [0, 1500, 3750, 7125]);
        assert_eq!(left.all(), [reason; 3]);
        component.stop().await;
        running.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_realm_that_is_not_there() {
    let site = Site::open();
    let error = at(&site).realm("realm2").build().unwrap().start().await.unwrap_err();
    assert!(matches!(error, ComponentError::Fatal(_)), "{error}");
    assert!(error.to_string().contains("wamp.error.no_such_realm"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_program_decides_what_is_fatal() {
    // A refusal that is no end.
    let site = refusing("wamp.error.not_authorized");
    let retry = RetryPolicy::default().jitter(0.0).max_retries(2);
    let component = at(&site).retry(retry).is_fatal(|_| false).build().unwrap();
    let error = component.start().await.unwrap_err();
    assert!(matches!(error, ComponentError::Exhausted { attempts: 3, .. }), "{error}");
    // An error that rules out its transport, and no other.
    let (dead, alive) = (Site::empty(), Site::open());
    let component = at(&dead)
        .transports(alive.entry())
        .is_fatal(|error| {
            matches!(error, AttemptError::Connect(ConnectError::Io { .. }))
                || error.is_fatal_by_default()
        })
        .build()
        .unwrap();
    let mut states = component.states();
    let running = component.start();
    for _ in 0..5 {
        states.wait_for(ComponentState::is_joined).await.unwrap();
        alive.cut();
        states.wait_for(|state| !state.is_joined()).await.unwrap();
    }
    alive.kill();
    let error = running.await.unwrap_err();
    let ComponentError::Exhausted { last, .. } = &error else { panic!("{error}") };
    assert!(matches!(last, AttemptError::Connect(_)), "{last}");
    assert_eq!((dead.attempts().len(), alive.attempts().len()), (1, 6));
}

#[tokio::test(start_paused = true)]
async fn what_is_fatal_ends_the_component_unless_there_was_no_connection() {
    type Is = fn(&AttemptError) -> bool;
    let broken = || async { Err::<wampwerk::session::authentication::Anonymous, _>("broken") };
    let kinds: [(&str, Is); 3] = [
        ("main", |error| matches!(error, AttemptError::Main(_))),
        ("credentials", |error| matches!(error, AttemptError::Handler { .. })),
        ("loss", |error| matches!(error, AttemptError::Lost(_))),
    ];
    for (kind, is) in kinds {
        let (site, other) = (Site::open(), Site::open());
        let builder = at(&site).transports(other.entry()).is_fatal(is);
        let component = match kind {
            "main" => builder.main(|_| async { Err::<(), _>("broken") }),
            "credentials" => builder.credentials(broken),
            _ => builder,
        };
        let component = component.build().unwrap();
        let running = component.start();
        if kind == "loss" {
            component.states().wait_for(ComponentState::is_joined).await.unwrap();
            site.cut();
        }
        let error = running.await.unwrap_err();
        let ComponentError::Fatal(last) = &error else { panic!("{kind}: {error}") };
        assert!(is(last), "{last}");
        assert_eq!((site.attempts().len(), other.attempts().len()), (1, 0), "{kind}");
    }
}

/// What does not take us, for the same reason each time.
struct Refusing(ConnectError, AtomicU32);

impl Connector for Refusing {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Err(self.0.clone()) })
    }
}

fn refused(refusal: RawSocketRefusal) -> ConnectError {
    ConnectError::RawSocketRefused { address: "host:1".to_owned(), serializer: "cbor", refusal }
}

#[tokio::test(start_paused = true)]
async fn what_would_refuse_again_is_not_asked_again_and_the_others_are() {
    let (proxy, message) = ("proxy".to_owned(), "no".to_owned());
    for error in [
        ConnectError::ProxyAuthentication { proxy, message, cause: None },
        ConnectError::Subprotocol { offered: vec!["wamp.2.cbor".to_owned()], chosen: None },
        refused(RawSocketRefusal::SerializerUnsupported),
        refused(RawSocketRefusal::MessageLengthUnacceptable),
        refused(RawSocketRefusal::ReservedBits),
    ] {
        let refusing = Arc::new(Refusing(error.clone(), AtomicU32::new(0)));
        let site = Site::open();
        let component = Component::builder()
            .transports(TransportEntry::new("refusing", refusing.clone()))
            .transports(site.entry())
            .build()
            .unwrap();
        let mut states = component.states();
        let running = component.start();
        for _ in 0..3 {
            states.wait_for(ComponentState::is_joined).await.unwrap();
            site.cut();
            states.wait_for(|state| !state.is_joined()).await.unwrap();
        }
        component.stop().await;
        running.await.unwrap();
        assert_eq!(refusing.1.load(Ordering::Relaxed), 1, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_with_too_many_connections_is_asked_again() {
    let error = refused(RawSocketRefusal::TooManyConnections);
    let full = Arc::new(Refusing(error, AtomicU32::new(0)));
    let retry = RetryPolicy::default().max_retries(2);
    let component = Component::builder()
        .transports(TransportEntry::new("full", full.clone()).retry(retry))
        .build()
        .unwrap();
    let error = component.start().await.unwrap_err();
    assert!(matches!(error, ComponentError::Exhausted { attempts: 3, .. }), "{error}");
    assert_eq!(full.1.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn our_own_refusal_of_welcome_is_fatal() {
    let site = Site::open();
    let config = SessionConfig::default().on_welcome(|_| Err("I know you not".to_owned()));
    let component = at(&site).session_config(config).build().unwrap();
    let error = component.start().await.unwrap_err();
    assert!(matches!(error, ComponentError::Fatal(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("cannot_authenticate") && text.contains("I know you not"), "{text}");
    assert_eq!(site.router().statistics().connections, 0);
}

#[test]
fn what_cannot_be_used_is_refused_at_construction() {
    let site = Site::empty;
    for (builder, names) in [
        (at(&site()).realm("no realm at all"), "no realm at all"),
        (at(&site()).realm(""), "realm"),
        (at(&site()).retry(RetryPolicy::default().growth(0.0)), "retry_delay_growth: it must be"),
        (at(&site()).transports("http://example.com/"), "transports[1].url"),
        (at(&site()).transports(["ws://example.com/", "http://example.com/"]), "transports[2].url"),
        (
            at(&site()).retry(RetryPolicy::default().max_delay(Duration::MAX)),
            "max_retry_delay: it is longer",
        ),
        (
            at(&site()).transports(site().entry().retry(RetryPolicy::default().jitter(2.0))),
            "transports[1].retry_delay_jitter: it must be 0 to 1",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains(names), "{error}");
    }
}
