//! What takes for ever holds a component up for a while only.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wampwerk::component::{
    ApplicationSession, AttemptError, BoxError, Component, ComponentBuilder, ComponentConfig,
    ComponentState, JoinAs, RetryPolicy,
};
use wampwerk::session::authentication::Anonymous;
use wampwerk::transport::MemoryTransport;
use wampwerk::transport::{Transport, TransportInfo};

use crate::common::notes::Notes;
use crate::common::notes::user_errors;
use crate::common::site::{Mode, Site, millis};

fn at(site: &Arc<Site>) -> ComponentBuilder {
    Component::builder().transports(site.entry()).retry(RetryPolicy::default().jitter(0.0))
}

/// The first call hangs forever; later calls return at once.
#[derive(Clone, Default)]
struct Once(Arc<AtomicU32>);

impl Once {
    async fn hang(self) {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            pending::<()>().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn last_words_have_three_seconds() {
    for station in ["on_leave", "on_disconnect", "on_connect_failure"] {
        let (site, once) = (Site::open(), Once::default());
        let (builder, errors) = user_errors(at(&site));
        let component = builder.build().unwrap();
        match station {
            "on_leave" => component.on_leave(move |_| once.clone().hang()),
            "on_disconnect" => component.on_disconnect(move |_| once.clone().hang()),
            _ => component.on_connect_failure(move |_| once.clone().hang()),
        };
        let mut states = component.states();
        let running = component.start();
        states.wait_for(ComponentState::is_joined).await.unwrap();
        site.cut();
        states.wait_for(|state| !state.is_joined()).await.unwrap();
        states.wait_for(ComponentState::is_joined).await.unwrap();
        assert_eq!(millis(&site.attempts()), [0, 4500], "{station}");
        component.stop().await;
        running.await.unwrap();
        let errors = errors.all().iter().map(ToString::to_string).collect::<Vec<_>>();
        let expected = format!("{station}: wamp.error.runtime_error: it takes longer than 3s");
        assert_eq!(errors, [expected]);
    }
}

/// Waits for ever at one place, the first time.
struct Waits(&'static str, Once);

impl Waits {
    async fn at(&self, station: &str) {
        if self.0 == station {
            self.1.clone().hang().await;
        }
    }
}

impl ApplicationSession for Waits {
    async fn on_connect(&self, _: &TransportInfo) -> Result<JoinAs, BoxError> {
        self.at("on_connect").await;
        Ok(JoinAs::default())
    }

    async fn on_leave(&self, _: Arc<wampwerk::error::CloseReason>) {
        self.at("on_leave").await;
    }

    async fn on_disconnect(&self, _: bool) {
        self.at("on_disconnect").await;
    }
}

#[tokio::test(start_paused = true)]
async fn so_have_those_of_an_application_session() {
    for (station, attempts) in
        [("on_connect", [0, 11_500]), ("on_leave", [0, 4500]), ("on_disconnect", [0, 4500])]
    {
        let (site, once) = (Site::open(), Once::default());
        let make = move |_: ComponentConfig| Waits(station, once.clone());
        let component = at(&site).session_factory(make).build().unwrap();
        let mut states = component.states();
        let running = component.start();
        if station != "on_connect" {
            states.wait_for(ComponentState::is_joined).await.unwrap();
            site.cut();
            states.wait_for(|state| !state.is_joined()).await.unwrap();
        }
        states.wait_for(ComponentState::is_joined).await.unwrap();
        assert_eq!(millis(&site.attempts()), attempts, "{station}");
        component.stop().await;
        running.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_before_hello_has_the_time_of_joining() {
    for what in ["on_connect", "credentials"] {
        let (site, once) = (Site::open(), Once::default());
        let mut builder = at(&site);
        if what == "credentials" {
            let once = once.clone();
            builder = builder.credentials(move || {
                let once = once.clone();
                async move {
                    once.hang().await;
                    Ok::<_, BoxError>(Anonymous::new())
                }
            });
        }
        let component = builder.build().unwrap();
        if what == "on_connect" {
            component.on_connect(move |_| once.clone().hang());
        }
        let failures = Notes::new();
        let noted = failures.clone();
        component.on_connect_failure(move |error| {
            noted.note(error.to_string());
            async {}
        });
        let running = component.start();
        // The connection is not polled, so its end is not noticed.
        tokio::time::sleep(Duration::from_secs(1)).await;
        site.cut();
        component.states().wait_for(ComponentState::is_joined).await.unwrap();
        assert_eq!(millis(&site.attempts()), [0, 11_500], "{what}");
        let expected = format!("{what} failed: it takes longer than 10s");
        assert_eq!(failures.all(), [expected]);
        component.stop().await;
        running.await.unwrap();
        assert_eq!(site.open_transports(), 0);
    }
}

async fn read(end: &mut MemoryTransport) -> serde_json::Value {
    let frame = poll_fn(|cx| end.poll_recv(cx)).await.unwrap().unwrap();
    serde_json::from_slice(&frame).unwrap()
}

/// A session at a router that lets us in, and has read a REGISTER and a SUBSCRIBE.
async fn declared(component: &Component, site: &Site) -> (MemoryTransport, [u64; 2]) {
    let joining = |state: &ComponentState| matches!(state, ComponentState::Joining { .. });
    component.states().wait_for(joining).await.unwrap();
    let mut router = site.far_end();
    read(&mut router).await;
    router.start_send(r#"[2, 7, {"roles": {"broker": {}, "dealer": {}}}]"#.into()).unwrap();
    let (register, subscribe) = (read(&mut router).await, read(&mut router).await);
    assert_eq!((&register[0], &subscribe[0]), (&64.into(), &32.into()));
    (router, [register[1].as_u64().unwrap(), subscribe[1].as_u64().unwrap()])
}

#[tokio::test(start_paused = true)]
async fn registrations_without_an_answer_are_told() {
    let site = Site::empty();
    site.behave(Mode::Silent);
    let (builder, errors) = user_errors(at(&site));
    let component = builder.build().unwrap();
    component.register("com.example.procedure", || async {});
    component.subscribe("com.example.topic", || async {});
    let running = component.start();
    let (mut router, [register, _]) = declared(&component, &site).await;
    // As long as there are answers, more are waited for.
    tokio::time::sleep(Duration::from_secs(9)).await;
    router.start_send(format!("[65, {register}, 1]").into()).unwrap();
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert!(!component.state().is_joined());
    let began = tokio::time::Instant::now();
    component.states().wait_for(ComponentState::is_joined).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 1);
    let expected =
        "com.example.topic: wamp.error.runtime_error: the router does not answer for 10s";
    let errors: Vec<_> = errors.all().iter().map(ToString::to_string).collect();
    assert_eq!(errors, [expected]);
    drop(router);
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn in_a_strict_component_they_fail_the_attempt() {
    let site = Site::empty();
    site.behave(Mode::Silent);
    let retry = RetryPolicy::default().max_retries(0);
    let component = at(&site).retry(retry).strict(true).build().unwrap();
    component.register("com.example.procedure", || async {});
    component.subscribe("com.example.topic", || async {});
    let running = component.start();
    let (_router, _) = declared(&component, &site).await;
    let error = running.await.unwrap_err();
    let Some(AttemptError::Handler { what, .. }) = error.attempt() else { panic!("{error}") };
    assert_eq!(what, "register com.example.procedure");
}
