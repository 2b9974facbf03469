//! What a component registers and subscribes to: with options, all at once, and while it runs. And the
//! session that it waits for.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use wampwerk::Session;
use wampwerk::component::{
    Component, ComponentBuilder, ComponentError, ComponentState, RetryPolicy,
};
use wampwerk::message::{InvocationPolicy, SubscribeOptions};
use wampwerk::session::{EventHandlers, Procedures, RegisterRequest};
use wampwerk::uri::Pattern;

use crate::common::notes::{Notes, user_errors};
use crate::common::site::{Mode, Site};

fn at(site: &Arc<Site>) -> ComponentBuilder {
    Component::builder().transports(site.entry()).retry(RetryPolicy::default().jitter(0.0))
}

/// Notes what is established later.
fn established(component: &Component) -> Notes<String> {
    let notes = Notes::new();
    let noted = notes.clone();
    component.on_established(move |uri| {
        noted.note(uri.to_string());
        async {}
    });
    notes
}

/// Waits in virtual time until there is something.
async fn some(notes: &Notes<String>) -> Vec<String> {
    for _ in 0..1000 {
        let all = notes.take();
        if !all.is_empty() {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("nothing within 1 s");
}

async fn stays_pending<T>(future: impl Future<Output = T>) {
    let waited = tokio::time::timeout(Duration::from_millis(100), future).await;
    assert!(waited.is_err(), "it should wait");
}

async fn call(session: &Session, procedure: &str) -> Result<String, String> {
    session.call(procedure).value().await.map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn register_after_the_start_takes_effect_at_once() {
    let site = Site::open();
    let (builder, errors) = user_errors(at(&site));
    let component = builder.build().unwrap();
    let late = established(&component);
    component.register("com.example.early", || async { "early" });
    let running = component.start();
    let session = component.joined().await.unwrap();
    let other = site.session().await;
    assert_eq!(late.take(), [""; 0]);
    // In the session of the moment, one after the other and several at once.
    component.register("com.example.late", || async { "late" });
    assert_eq!(some(&late).await, ["com.example.late"]);
    assert_eq!(call(&other, "com.example.late").await.unwrap(), "late");
    let news = Notes::new();
    let heard = news.clone();
    component.subscribe("com.example.news", move |text: String| {
        heard.note(text);
        async {}
    });
    let gone = component.register("com.example.gone", || async { "gone" });
    component.off(gone);
    let procedures = Procedures::new().add("a", || async { "a" }).add("b", || async { "b" });
    component.register_all("com.example.", procedures);
    let mut all = Vec::new();
    while all.len() < 3 {
        all.extend(some(&late).await);
    }
    assert_eq!(all, ["com.example.news", "com.example.a", "com.example.b"]);
    other.publish("com.example.news").args(("first",)).await.unwrap();
    assert_eq!(some(&news).await, ["first"]);
    assert_eq!(component.joined().await.unwrap().id(), session.id());
    // And in later ones.
    site.cut();
    session.closed().await;
    assert_ne!(component.joined().await.unwrap().id(), session.id());
    for (procedure, answer) in [("early", "early"), ("late", "late"), ("a", "a"), ("b", "b")] {
        let procedure = format!("com.example.{procedure}");
        assert_eq!(call(&other, &procedure).await.unwrap(), answer);
    }
    other.publish("com.example.news").args(("second",)).await.unwrap();
    assert_eq!(some(&news).await, ["second"]);
    assert!(call(&other, "com.example.gone").await.is_err());
    assert_eq!(errors.all().len(), 0);
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_after_the_start_is_told_and_tried_again() {
    for strict in [false, true] {
        let site = Site::open();
        let other = site.session().await;
        let taken = other.register("com.example.taken", || async { "other" }).await.unwrap();
        let (builder, errors) = user_errors(at(&site).strict(strict));
        let component = builder.build().unwrap();
        let late = established(&component);
        let running = component.start();
        let session = component.joined().await.unwrap();
        component.register("com.example.taken", || async { "component" });
        // One that can never succeed, and one whose options cannot be set.
        component.register("com.exa mple", || async {});
        component.register_with_options(
            "com.example.panics",
            |_: RegisterRequest| -> RegisterRequest { panic!("in the options") },
            || async {},
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
        let told: Vec<_> = errors.all().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].contains("com.example.taken: wamp.error.procedure_already_exists"),
            "{told:?}"
        );
        assert!(told[1].contains("wamp.error.invalid_uri"), "{told:?}");
        assert!(told[2].contains("panicked: in the options"), "{told:?}");
        taken.unregister().await.unwrap();
        assert_eq!(some(&late).await, ["com.example.taken"]);
        assert_eq!(call(&other, "com.example.taken").await.unwrap(), "component");
        assert_eq!(component.joined().await.unwrap().id(), session.id());
        assert_eq!(errors.all().len(), 3);
        component.stop().await;
        running.await.unwrap();
    }
}

/// Also before the session is ready, and from within listeners.
#[tokio::test(start_paused = true)]
async fn a_listener_may_declare_more() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    let late = established(&component);
    let weak = Notes::new();
    weak.note(component.clone());
    let taken = weak.clone();
    let seen = late.clone();
    component.on_join(move |_| {
        for component in taken.take() {
            component.register("com.example.inner", || async { "inner" });
        }
        let seen = seen.clone();
        async move {
            // It is there while the listener still runs.
            while seen.all().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let running = component.start();
    let session = component.joined().await.unwrap();
    assert_eq!(late.all(), ["com.example.inner"]);
    assert_eq!(call(&session, "com.example.inner").await.unwrap(), "inner");
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn options_are_set_as_on_the_requests_of_a_session() {
    let site = Site::open();
    let other = site.session().await;
    other.publish("com.example.kept").args((7,)).retain().acknowledge().await.unwrap();
    let components = [1, 2].map(|number: u8| {
        let component = at(&site).build().unwrap();
        component.register_with_options(
            Pattern::prefix("com.example.shared."),
            |request| request.invoke(InvocationPolicy::RoundRobin),
            move || async move { number.to_string() },
        );
        component
    });
    let heard = Notes::new();
    let noted = heard.clone();
    components[0].subscribe_with_options(
        "com.example.kept",
        |request| request.options(SubscribeOptions::default()).get_retained().queue(1),
        move |number: u8| {
            noted.note(number.to_string());
            async {}
        },
    );
    let running = components.each_ref().map(Component::start);
    for component in &components {
        component.joined().await.unwrap();
    }
    let mut answers = Vec::new();
    for call_number in 0..4 {
        answers.push(call(&other, &format!("com.example.shared.{call_number}")).await.unwrap());
    }
    answers.sort();
    assert_eq!(answers, ["1", "1", "2", "2"]);
    assert_eq!(some(&heard).await, ["7"]);
    for component in components {
        component.stop().await;
    }
    for running in running {
        running.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn register_all_and_subscribe_all_of_a_component() {
    let site = Site::open();
    let other = site.session().await;
    let taken = other.register("com.example.taken", || async { "other" }).await.unwrap();
    let (builder, errors) = user_errors(at(&site));
    let component = builder.build().unwrap();
    let late = established(&component);
    let answer = || async { "component" };
    let procedures = Procedures::new().add("first", answer).add("taken", answer).add_with_options(
        "last",
        |request| request.concurrency(1),
        answer,
    );
    let procedures = component.register_all("com.example.", procedures);
    let heard = Notes::new();
    let noted = heard.clone();
    let handler = move |text: String| {
        noted.note(text);
        async {}
    };
    let handlers =
        EventHandlers::new().add("news", handler.clone()).add(Pattern::prefix("more."), handler);
    let handlers = component.subscribe_all("com.example.", handlers);
    let running = component.start();
    let session = component.joined().await.unwrap();
    // Each is on its own.
    assert_eq!(errors.all().len(), 1);
    for name in ["first", "last"] {
        assert_eq!(call(&other, &format!("com.example.{name}")).await.unwrap(), "component");
    }
    taken.unregister().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(some(&late).await, ["com.example.taken"]);
    for topic in ["com.example.news", "com.example.more.x"] {
        other.publish(topic).args((topic,)).await.unwrap();
        assert_eq!(some(&heard).await, [topic]);
    }
    // One id for all of them.
    assert!(component.off(procedures) && component.off(handlers) && !component.off(procedures));
    site.cut();
    session.closed().await;
    component.joined().await.unwrap();
    let statistics = site.router().statistics();
    assert_eq!((statistics.registrations, statistics.subscriptions), (0, 0));
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn joined_waits_for_the_current_or_next_session() {
    let site = Site::empty();
    let component = at(&site).build().unwrap();
    // Before the start.
    stays_pending(component.joined()).await;
    let ready = Notes::new();
    let noted = ready.clone();
    component.on_join(move |_| {
        let noted = noted.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            noted.note("join".to_owned());
        }
    });
    let running = component.start();
    stays_pending(component.joined()).await;
    site.start();
    let session = component.joined().await.unwrap();
    assert_eq!(ready.take(), ["join"]);
    assert_eq!(session.id(), component.session().unwrap().id());
    // Several wait at the same time, and at once.
    let (one, two) = tokio::join!(component.joined(), component.joined());
    assert_eq!((one.unwrap().id(), two.unwrap().id()), (session.id(), session.id()));
    // Not for one that is over, even if nobody has noticed yet.
    site.cut();
    session.closed().await;
    let next = component.joined().await.unwrap();
    assert!(next.id() != session.id() && !next.is_closed());
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn joined_ends_with_an_error_when_the_component_ends() {
    // Stopped while it waits, and done before.
    let site = Site::empty();
    let component = at(&site).build().unwrap();
    let running = component.start();
    let mut joined = pin!(component.joined());
    stays_pending(joined.as_mut()).await;
    let (_, error) = tokio::join!(component.stop(), joined);
    assert!(matches!(error.unwrap_err(), ComponentError::Ended));
    running.await.unwrap();
    let error = component.joined().await.unwrap_err();
    assert_eq!(error.to_string(), "the component has ended");
    // Started again, it waits, although the state is not known to the run yet.
    site.start();
    let running = component.start();
    assert_eq!(component.state(), ComponentState::Done);
    let session = component.joined().await.unwrap();
    // The program leaves the session: the component is done.
    let (_, error) = tokio::join!(session.leave(), async {
        session.closed().await;
        component.joined().await
    });
    assert!(matches!(error.unwrap_err(), ComponentError::Ended));
    running.await.unwrap();
    // The error of the component is that of all who wait.
    let site = Site::empty();
    site.behave(Mode::Aborts("wamp.error.no_such_realm"));
    let component = at(&site).main(|_| pending::<()>()).build().unwrap();
    let running = component.start();
    let error = component.joined().await.unwrap_err();
    assert!(matches!(error, ComponentError::Fatal(_)), "{error}");
    assert_eq!(error.to_string(), running.await.unwrap_err().to_string());
    assert_eq!(error.to_string(), component.joined().await.unwrap_err().to_string());
}
