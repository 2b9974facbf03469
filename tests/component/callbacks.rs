//! The stations of a component's way: their order, their errors, and how listeners go.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wampwerk::component::{
    ApplicationSession, AttemptError, BoxError, Component, ComponentBuilder, ComponentConfig,
    ComponentError, ComponentState, JoinAs, RetryPolicy,
};
use wampwerk::error::CloseReason;
use wampwerk::message::{Challenge, Welcome};
use wampwerk::session::UserError;
use wampwerk::session::authentication::{Anonymous, Signature};
use wampwerk::transport::MemoryTransport;
use wampwerk::transport::{Transport, TransportInfo};
use wampwerk::{ApplicationError, Session, Value};

use crate::common::notes::Notes;
use crate::common::notes::user_errors;
use crate::common::site::{Mode, Site, millis};
use crate::endings::{Unconnected, Welcomed};

pub(crate) fn at(site: &Arc<Site>) -> ComponentBuilder {
    Component::builder().transports(site.entry()).retry(RetryPolicy::default().jitter(0.0))
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Diary(Notes<String>);

impl Diary {
    pub(crate) fn note(&self, what: impl ToString) {
        self.0.note(what.to_string());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }

    /// Listens at all stations.
    fn listen(&self, component: &Component) {
        macro_rules! listen {
            ($($name:ident),*) => {$(
                let diary = self.clone();
                component.$name(move |_| {
                    let diary = diary.clone();
                    async move {
                        tokio::task::yield_now().await;
                        diary.note(stringify!($name));
                    }
                });
            )*};
        }
        let diary = self.clone();
        component.on_start(move || {
            diary.note("on_start");
            async {}
        });
        listen!(on_connect, on_join, on_ready, on_leave, on_disconnect, on_connect_failure);
    }
}

/// Notes everything.
struct Noting(Diary);

impl Noting {
    async fn note(&self, what: &str) {
        tokio::task::yield_now().await;
        self.0.note(format!("session.{what}"));
    }
}

impl ApplicationSession for Noting {
    async fn on_connect(&self, transport: &TransportInfo) -> Result<JoinAs, BoxError> {
        assert_eq!(transport.kind, "memory");
        self.note("on_connect").await;
        Ok(JoinAs::new().authenticate(&["ticket"], "joe"))
    }

    async fn on_challenge(&self, challenge: Challenge) -> Result<Signature, BoxError> {
        self.note("on_challenge").await;
        Ok(format!("{}!", challenge.method).into())
    }

    fn on_welcome(&self, welcome: &Welcome) -> Result<(), String> {
        self.0.note(format!("session.on_welcome {}", welcome.session));
        Ok(())
    }

    async fn on_join(&self, session: Session) -> Result<(), BoxError> {
        assert_eq!(session.id(), 7);
        self.note("on_join").await;
        Ok(())
    }

    async fn on_leave(&self, _: Arc<CloseReason>) {
        self.note("on_leave").await;
    }

    async fn on_disconnect(&self, was_clean: bool) {
        assert!(was_clean);
        self.note("on_disconnect").await;
    }
}

async fn read(end: &mut MemoryTransport) -> serde_json::Value {
    let frame = poll_fn(|cx| end.poll_recv(cx)).await.unwrap().unwrap();
    serde_json::from_slice(&frame).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_order_of_all_stations() {
    let (site, diary) = (Site::empty(), Diary::default());
    site.behave(Mode::Silent);
    let noting = diary.clone();
    let component = at(&site)
        .session_factory(move |_: ComponentConfig| Noting(noting.clone()))
        .build()
        .unwrap();
    diary.listen(&component);
    component.register("com.example.procedure", || async {});
    let mut states = component.states();
    let running = component.start();
    states.wait_for(|state| matches!(state, ComponentState::Joining { .. })).await.unwrap();
    let mut router = site.far_end();
    let hello = read(&mut router).await;
    assert_eq!(hello[2]["authmethods"], serde_json::json!(["ticket"]));
    assert_eq!(hello[2]["authid"], "joe");
    diary.note("HELLO");
    router.start_send(r#"[4, "ticket", {}]"#.into()).unwrap();
    assert_eq!(read(&mut router).await, serde_json::json!([5, "ticket!", {}]));
    diary.note("AUTHENTICATE");
    let welcome = r#"[2, 7, {"roles": {"broker": {}, "dealer": {}}}]"#;
    router.start_send(welcome.into()).unwrap();
    let register = read(&mut router).await;
    assert_eq!(register[0], 64);
    diary.note("REGISTER");
    router.start_send(format!("[65, {}, 1]", register[1]).into()).unwrap();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    // Whoever is ready, has it noted after a turn.
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(component.stop());
    assert_eq!(read(&mut router).await[0], 6);
    router.start_send(r#"[6, {}, "wamp.close.goodbye_and_out"]"#.into()).unwrap();
    running.await.unwrap();
    let expected = [
        "on_start",
        "on_connect",
        "session.on_connect",
        "HELLO",
        "session.on_challenge",
        "AUTHENTICATE",
        "session.on_welcome 7",
        "REGISTER",
        "on_join",
        "session.on_join",
        "on_ready",
        "session.on_leave",
        "on_leave",
        "session.on_disconnect",
        "on_disconnect",
    ];
    assert_eq!(diary.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_a_leave_and_a_missing_router_has_none() {
    let (site, diary) = (Site::open(), Diary::default());
    let component = at(&site).realm("realm2").build().unwrap();
    diary.listen(&component);
    component.start().await.unwrap_err();
    let stations = ["on_start", "on_connect", "on_leave", "on_disconnect", "on_connect_failure"];
    assert_eq!(diary.take(), stations);
    let component =
        at(&Site::empty()).retry(RetryPolicy::default().max_retries(0)).build().unwrap();
    diary.listen(&component);
    component.start().await.unwrap_err();
    assert_eq!(diary.take(), ["on_start", "on_connect_failure"]);
}

#[tokio::test(start_paused = true)]
async fn listeners_can_be_taken_off() {
    let (site, diary) = (Site::open(), Diary::default());
    let component = at(&site).main(|_| async {}).build().unwrap();
    let mut ids = Vec::new();
    for name in ["one", "two", "three"] {
        let diary = diary.clone();
        ids.push(component.on_join(move |_| {
            diary.note(name);
            async {}
        }));
    }
    component.start().await.unwrap();
    assert_eq!(diary.take(), ["one", "two", "three"]);
    assert!(component.off(ids[1]) && !component.off(ids[1]));
    component.start().await.unwrap();
    assert_eq!(diary.take(), ["one", "three"]);
    assert!(component.off(ids[0]) && component.off(ids[2]));
    component.start().await.unwrap();
    assert_eq!(diary.take(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn listeners_of_a_station_run_at_the_same_time_and_are_awaited() {
    let (site, diary) = (Site::open(), Diary::default());
    let component = at(&site).main(|_| async {}).build().unwrap();
    for seconds in [3, 1, 2] {
        let diary = diary.clone();
        component.on_join(move |_| {
            let diary = diary.clone();
            async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                diary.note(seconds);
            }
        });
    }
    let noted = diary.clone();
    component.on_ready(move |_| {
        noted.note("ready");
        async {}
    });
    let began = tokio::time::Instant::now();
    component.start().await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 3);
    assert_eq!(diary.take(), ["1", "2", "3", "ready"]);
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_told_and_ready_comes_all_the_same() {
    let (site, diary) = (Site::open(), Diary::default());
    let other = site.session().await;
    other.register("com.example.taken", || async {}).await.unwrap();
    let (builder, errors) = user_errors(at(&site).main(|_| async {}));
    let component = builder.build().unwrap();
    component.on_start(|| async { Err("start") });
    component.on_connect(|_| async { Err::<(), _>(ApplicationError::new("com.example.connect")) });
    component.register("com.example.taken", || async {});
    component.subscribe("com.example..empty", || async {});
    component.on_join(|session| async move {
        session.call("com.example.nobody").value::<()>().await?;
        Ok::<_, wampwerk::Error>(())
    });
    component.on_join(|session| async move {
        if session.id() > 0 {
            panic!("in the future")
        }
    });
    let panics = |_: Session| -> std::future::Ready<()> { panic!("before the future") };
    component.on_join(panics);
    component.on_leave(|_| async { Err("leave") });
    component.on_disconnect(|_| async { Err("disconnect".to_owned()) });
    let noted = diary.clone();
    component.on_ready(move |_| {
        noted.note("ready");
        async { Err("ready") }
    });
    component.start().await.unwrap();
    assert_eq!(diary.take(), ["ready"]);
    let errors = errors.all();
    let told: Vec<_> = errors.iter().map(|told| (&*told.uri, &*told.error.uri)).collect();
    let runtime = "wamp.error.runtime_error";
    let expected = [
        ("on_start", runtime),
        ("on_connect", "com.example.connect"),
        ("com.example.taken", "wamp.error.procedure_already_exists"),
        ("com.example..empty", "wamp.error.invalid_uri"),
        ("on_join", "wamp.error.no_such_procedure"),
        ("on_join", runtime),
        ("on_join", runtime),
        ("on_ready", runtime),
        ("on_leave", runtime),
        ("on_disconnect", runtime),
    ];
    assert_eq!(told, expected);
    assert!(errors[5].to_string().contains("panicked: in the future"), "{}", errors[5]);
    assert!(errors[6].to_string().contains("panicked: before the future"), "{}", errors[6]);
}

/// After a loss, a router may hold a procedure for the old session.
#[tokio::test(start_paused = true)]
async fn what_the_router_refuses_is_declared_again_while_the_session_lives() {
    let site = Site::open();
    let other = site.session().await;
    let taken = other.register("com.example.taken", || async { "other" }).await.unwrap();
    let forgotten = other.register("com.example.forgotten", || async {}).await.unwrap();
    let (builder, errors) = user_errors(at(&site));
    let component = builder.build().unwrap();
    component.register("com.example.taken", || async { "component" });
    let id = component.register("com.example.forgotten", || async {});
    component.subscribe("com.example..empty", || async {});
    let established = Diary::default();
    let noted = established.clone();
    component.on_established(move |uri| {
        noted.note(uri);
        async {}
    });
    let mut states = component.states();
    let running = component.start();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    let began = tokio::time::Instant::now();
    // Refused after 1, 3 and 7 s.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(established.take(), [""; 0]);
    taken.unregister().await.unwrap();
    component.off(id);
    forgotten.unregister().await.unwrap();
    while established.0.all().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let after = began.elapsed().as_secs_f64();
    assert!((15.0..15.3).contains(&after), "{after}");
    assert_eq!(other.call("com.example.taken").value::<String>().await.unwrap(), "component");
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(established.take(), ["com.example.taken"]);
    other.call("com.example.forgotten").await.unwrap_err();
    // Each failure is told once, and the session is the first one.
    assert_eq!(errors.all().len(), 3);
    assert_eq!(site.attempts().len(), 1);
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_strict_component_takes_no_half_session() {
    for broken in ["register", "subscribe", "on_join", "session"] {
        let site = Site::open();
        let other = site.session().await;
        let taken = other.register("com.example.taken", || async {}).await.unwrap();
        let (builder, errors) = user_errors(at(&site).strict(true).main(|_| async {}));
        let mends = Arc::new(Mutex::new(broken == "session"));
        let mended = Arc::clone(&mends);
        let component = builder
            .session_factory(move |_: ComponentConfig| Failing(Arc::clone(&mended)))
            .build()
            .unwrap();
        let id = match broken {
            "register" => component.register("com.example.taken", || async {}),
            "subscribe" => component.subscribe("com.example..empty", || async {}),
            "on_join" => component.on_join(|_| async { Err("no") }),
            _ => component.on_ready(|_| async {}),
        };
        let failures = Diary::default();
        let noted = failures.clone();
        component.on_connect_failure(move |error| {
            assert!(matches!(error, AttemptError::Handler { .. }), "{error}");
            noted.note(error);
            async {}
        });
        let running = component.start();
        while site.attempts().len() < 3 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // Whatever it was, it is mended.
        component.off(id);
        *mends.lock().unwrap() = false;
        taken.unregister().await.unwrap();
        running.await.unwrap();
        assert_eq!(millis(&site.attempts()), [0, 1500, 3750, 7125]);
        let failures = failures.take();
        assert_eq!(failures.len(), 3);
        let names = match broken {
            "register" => "register com.example.taken failed: wamp.error.procedure_already_exists",
            "subscribe" => "subscribe com.example..empty failed: wamp.error.invalid_uri",
            _ => "on_join failed: no",
        };
        assert!(failures.iter().all(|failure| failure.starts_with(names)), "{failures:?}");
        assert_eq!(errors.all().len(), 3);
    }
}

struct Failing(Arc<Mutex<bool>>);

impl ApplicationSession for Failing {
    async fn on_join(&self, _: Session) -> Result<(), BoxError> {
        if *self.0.lock().unwrap() { Err("no".into()) } else { Ok(()) }
    }
}

/// Says what it is told of errors, and what it is made of.
struct Told(Diary, ComponentConfig);

impl ApplicationSession for Told {
    async fn on_join(&self, session: Session) -> Result<(), BoxError> {
        self.0.note(format!("{} {:?}", self.1.realm, self.1.extra));
        session.register("com.example.panics", || async { panic!("oh") as () }).await?;
        drop(session.call("com.example.panics").value::<()>().await);
        Err("from on_join".into())
    }

    fn on_user_error(&self, error: &UserError) {
        self.0.note(error);
        panic!("a hook may");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_session_has_extra_and_hears_of_errors() {
    let (site, diary) = (Site::open(), Diary::default());
    let (builder, errors) = user_errors(at(&site).main(|_| async {}).extra("something"));
    let noted = diary.clone();
    let component = builder
        .session_factory(move |config: ComponentConfig| Told(noted.clone(), config))
        .build()
        .unwrap();
    component.start().await.unwrap();
    let told = diary.take();
    assert_eq!(told[0], format!("realm1 {:?}", Value::from("something")));
    assert!(told[1].starts_with("com.example.panics: wamp.error.runtime_error"), "{told:?}");
    assert_eq!(told[2], "on_join: wamp.error.runtime_error: from on_join");
    assert_eq!(errors.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_needs_may_fail_and_panic() {
    type Break = fn(ComponentBuilder) -> ComponentBuilder;
    let breaks: [(&str, Break); 6] = [
        ("session_factory failed: broken", |builder| {
            builder.try_session_factory(|_| Err::<Failing, _>("broken"))
        }),
        ("session_factory failed: panicked: broken", |builder| {
            builder.session_factory(|_| -> Failing { panic!("broken") })
        }),
        ("credentials failed: broken", |builder| {
            builder.credentials(|| async {
                Err::<wampwerk::session::authentication::Anonymous, _>("broken")
            })
        }),
        ("url failed: broken", |_| Component::builder().url(|| async { Err("broken") })),
        ("url failed: invalid url: it must begin with ws://", |_| {
            Component::builder().url(|| async { Ok::<_, BoxError>("broken".to_owned()) })
        }),
        ("on_connect failed: broken", |builder| builder.session_factory(|_| Unconnected)),
    ];
    for (text, breaks) in breaks {
        let site = Site::open();
        let builder = breaks(at(&site));
        let retry = RetryPolicy::default().jitter(0.0).max_retries(2);
        let component = builder.retry(retry).build().unwrap();
        let error = component.start().await.unwrap_err();
        let ComponentError::Exhausted { last, attempts: 3 } = &error else { panic!("{error}") };
        assert!(last.to_string().starts_with(text), "{last}");
        assert_eq!(site.open_transports(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_object_and_credentials_are_asked_for_with_each_connection() {
    let (site, diary) = (Site::empty(), Diary::default());
    let (made, asked) = (diary.clone(), diary.clone());
    let component = at(&site)
        .retry(RetryPolicy::default().jitter(0.0).max_retries(3))
        .session_factory(move |_: ComponentConfig| {
            made.note("session_factory");
            Welcomed
        })
        .credentials(move || {
            asked.note("credentials");
            async { Ok::<_, BoxError>(Anonymous::new()) }
        })
        .build()
        .unwrap();
    let noted = diary.clone();
    component.on_connect(move |_| {
        noted.note("on_connect");
        async {}
    });
    component.start().await.unwrap_err();
    // Without a connection, the callback does not run.
    assert_eq!(diary.take(), [""; 0]);
    site.start();
    let mut states = component.states();
    let running = component.start();
    for _ in 0..2 {
        states.wait_for(ComponentState::is_joined).await.unwrap();
        assert_eq!(diary.take(), ["session_factory", "on_connect", "credentials"]);
        site.cut();
        states.wait_for(|state| !state.is_joined()).await.unwrap();
    }
    component.stop().await;
    running.await.unwrap();
}
