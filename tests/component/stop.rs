//! `stop()` is final, whatever a component is doing.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use wampwerk::Session;
use wampwerk::component::{
    ApplicationSession, BoxError, Component, ComponentBuilder, ComponentConfig, ComponentState,
    JoinAs,
};
use wampwerk::error::CloseKind;
use wampwerk::session::authentication::Ticket;
use wampwerk::transport::TransportInfo;

use crate::common::notes::Notes;
use crate::common::site::{Mode, Site, settled, tasks_of};

fn at(site: &Arc<Site>) -> ComponentBuilder {
    Component::builder().transports(site.entry())
}

/// A place in a component's way that is reached, and then never left by itself.
#[derive(Clone)]
struct Stuck(Arc<Notify>);

impl Stuck {
    fn new() -> Self {
        Stuck(Arc::new(Notify::new()))
    }

    async fn here<T>(self) -> T {
        self.0.notify_one();
        pending().await
    }
}

/// Stops the component, once it is stuck; then all is over within `limit`, and stays so.
async fn stops(site: &Arc<Site>, component: Component, stuck: &Stuck, limit: Duration) {
    let before = tasks_of(site).await;
    let running = component.start();
    stuck.0.notified().await;
    let (attempts, asked) = (site.attempts().len(), Instant::now());
    component.stop().await;
    assert!(asked.elapsed() <= limit, "{:?}", asked.elapsed());
    assert_eq!(component.state(), ComponentState::Done);
    assert!(component.session().is_none());
    running.await.unwrap();
    settled(before).await;
    assert_eq!(site.open_transports(), 0);
    tokio::time::sleep(Duration::from_secs(10_000)).await;
    assert_eq!(site.attempts().len(), attempts);
}

const AT_ONCE: Duration = Duration::ZERO;
const LAST_WORDS: Duration = Duration::from_secs(3);

#[tokio::test(start_paused = true)]
async fn before_it_is_started() {
    let site = Site::open();
    let component = at(&site).main(|_| async {}).build().unwrap();
    component.stop().await;
    assert_eq!(component.state(), ComponentState::Idle);
    component.start().await.unwrap();
    component.stop().await;
    assert_eq!(site.attempts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn at_once_behind_its_start() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    let running = component.start();
    drop(component.stop());
    running.await.unwrap();
    assert_eq!(site.attempts().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn in_a_listener_of_the_start() {
    let (site, stuck) = (Site::open(), Stuck::new());
    let component = at(&site).build().unwrap();
    let here = stuck.clone();
    component.on_start(move || here.clone().here::<()>());
    stops(&site, component, &stuck, LAST_WORDS).await;
}

#[tokio::test(start_paused = true)]
async fn while_the_url_is_asked_for() {
    let (site, stuck) = (Site::open(), Stuck::new());
    let here = stuck.clone();
    let builder = Component::builder().url(move || here.clone().here::<Result<String, BoxError>>());
    stops(&site, builder.build().unwrap(), &stuck, AT_ONCE).await;
}

#[tokio::test(start_paused = true)]
async fn while_credentials_are_asked_for() {
    let (site, stuck) = (Site::open(), Stuck::new());
    let here = stuck.clone();
    let builder = at(&site).credentials(move || here.clone().here::<Result<Ticket, BoxError>>());
    stops(&site, builder.build().unwrap(), &stuck, AT_ONCE).await;
}

#[tokio::test(start_paused = true)]
async fn while_it_connects() {
    let site = Site::open();
    site.behave(Mode::Hangs);
    let stuck = Stuck::new();
    let component = at(&site).build().unwrap();
    let here = stuck.clone();
    component.on_start(move || {
        here.0.notify_one();
        async {}
    });
    stops(&site, component, &stuck, AT_ONCE).await;
}

#[tokio::test(start_paused = true)]
async fn in_a_listener_of_the_connection() {
    let (site, stuck) = (Site::open(), Stuck::new());
    let component = at(&site).build().unwrap();
    let here = stuck.clone();
    component.on_connect(move |_| here.clone().here::<()>());
    stops(&site, component, &stuck, AT_ONCE).await;
}

#[tokio::test(start_paused = true)]
async fn while_it_joins() {
    let (site, stuck) = (Site::open(), Stuck::new());
    site.behave(Mode::Silent);
    let component = at(&site).build().unwrap();
    let here = stuck.clone();
    component.on_connect(move |_| {
        here.0.notify_one();
        async {}
    });
    stops(&site, component, &stuck, AT_ONCE).await;
}

#[tokio::test(start_paused = true)]
async fn in_a_listener_of_the_join() {
    let (site, stuck) = (Site::open(), Stuck::new());
    let component = at(&site).build().unwrap();
    let here = stuck.clone();
    component.on_join(move |_| here.clone().here::<()>());
    stops(&site, component, &stuck, AT_ONCE).await;
}

#[tokio::test(start_paused = true)]
async fn in_a_listener_of_ready() {
    let (site, stuck) = (Site::open(), Stuck::new());
    let component = at(&site).build().unwrap();
    let here = stuck.clone();
    component.on_ready(move |_| here.clone().here::<()>());
    stops(&site, component, &stuck, AT_ONCE).await;
}

#[tokio::test(start_paused = true)]
async fn in_main_which_is_dropped_behind_a_goodbye() {
    let (site, stuck) = (Site::open(), Stuck::new());
    let here = stuck.clone();
    let component = at(&site).main(move |_| here.clone().here::<()>()).build().unwrap();
    let ends = Notes::new();
    let seen = ends.clone();
    component.on_leave(move |reason| {
        seen.note(reason.kind);
        async {}
    });
    stops(&site, component, &stuck, AT_ONCE).await;
    assert_eq!(ends.all(), [CloseKind::Left]);
    assert_eq!(site.router().statistics().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn in_listeners_of_the_end() {
    for station in ["leave", "disconnect", "failure"] {
        let (site, stuck) = (Site::open(), Stuck::new());
        let component = at(&site).main(|_| async { Err("main fails") }).build().unwrap();
        let here = stuck.clone();
        match station {
            "leave" => component.on_leave(move |_| here.clone().here::<()>()),
            "disconnect" => component.on_disconnect(move |_| here.clone().here::<()>()),
            _ => component.on_connect_failure(move |_| here.clone().here::<()>()),
        };
        stops(&site, component, &stuck, LAST_WORDS).await;
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_waits() {
    let (site, stuck) = (Site::empty(), Stuck::new());
    let component = at(&site).build().unwrap();
    let here = stuck.clone();
    component.on_retry(move |_| {
        here.0.notify_one();
        Default::default()
    });
    stops(&site, component, &stuck, AT_ONCE).await;
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_to_its_goodbye() {
    let (site, stuck) = (Site::open(), Stuck::new());
    let component = at(&site).build().unwrap();
    let (here, deaf) = (stuck.clone(), Arc::clone(&site));
    component.on_ready(move |_| {
        deaf.go_deaf(true);
        here.clone().here::<()>()
    });
    // For GOODBYE, and for the end of the transport.
    stops(&site, component, &stuck, 2 * LAST_WORDS).await;
}

#[tokio::test(start_paused = true)]
async fn a_loss_before_the_answer_to_goodbye_changes_nothing() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    let mut states = component.states();
    let running = component.start();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    site.go_deaf(true);
    let stopping = component.stop();
    states.wait_for(|state| *state == ComponentState::Stopping).await.unwrap();
    site.cut();
    stopping.await;
    running.await.unwrap();
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert_eq!(site.attempts().len(), 1);
}

/// Everything in an application session waits for ever at one place.
struct Waits(&'static str, Stuck);

impl Waits {
    async fn at(&self, station: &str) {
        if self.0 == station {
            self.1.clone().here::<()>().await;
        }
    }
}

impl ApplicationSession for Waits {
    async fn on_connect(&self, _: &TransportInfo) -> Result<JoinAs, BoxError> {
        self.at("connect").await;
        Ok(JoinAs::default())
    }

    async fn on_join(&self, _: Session) -> Result<(), BoxError> {
        self.at("join").await;
        Err("so that there is an end".into())
    }

    async fn on_leave(&self, _: Arc<wampwerk::error::CloseReason>) {
        self.at("leave").await;
    }

    async fn on_disconnect(&self, _: bool) {
        self.at("disconnect").await;
    }
}

#[tokio::test(start_paused = true)]
async fn in_an_application_session() {
    for station in ["connect", "join", "leave", "disconnect"] {
        let (site, stuck) = (Site::open(), Stuck::new());
        let here = stuck.clone();
        let component = at(&site)
            .session_factory(move |_: ComponentConfig| Waits(station, here.clone()))
            .strict(true)
            .build()
            .unwrap();
        let limit = if matches!(station, "connect" | "join") { AT_ONCE } else { LAST_WORDS };
        stops(&site, component, &stuck, limit).await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_may_be_awaited_anywhere() {
    for station in ["connect", "join", "ready", "main", "leave", "disconnect", "failure"] {
        let site = Site::open();
        let fails = |handle: &Mutex<Option<Component>>| {
            let handle = handle.lock().unwrap().clone().unwrap();
            async move { handle.stop().await }
        };
        let handle = Arc::new(Mutex::new(None));
        let mine = Arc::clone(&handle);
        let component = at(&site)
            .main(move |_| {
                let stop = (station == "main").then(|| fails(&mine));
                async move {
                    if let Some(stop) = stop {
                        stop.await;
                    }
                    Err("main fails")
                }
            })
            .build()
            .unwrap();
        *handle.lock().unwrap() = Some(component.clone());
        let mine = Arc::clone(&handle);
        match station {
            "connect" => component.on_connect(move |_| fails(&mine)),
            "join" => component.on_join(move |_| fails(&mine)),
            "ready" => component.on_ready(move |_| fails(&mine)),
            "leave" => component.on_leave(move |_| fails(&mine)),
            "disconnect" => component.on_disconnect(move |_| fails(&mine)),
            "failure" => component.on_connect_failure(move |_| fails(&mine)),
            _ => component.on_start(|| async {}),
        };
        component.start().await.unwrap();
        assert_eq!((site.attempts().len(), site.open_transports()), (1, 0), "{station}");
    }
}

#[tokio::test(start_paused = true)]
async fn several_may_ask_for_it() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    let running = component.start();
    component.states().wait_for(ComponentState::is_joined).await.unwrap();
    let (one, other) = (component.stop(), component.stop());
    drop(one);
    other.await;
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_stops_it() {
    let site = Site::open();
    let before = tasks_of(&site).await;
    let component = at(&site).build().unwrap();
    let (clone, running) = (component.clone(), component.start());
    let mut states = component.states();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    drop((component, clone));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(running.component().session().is_some());
    drop(running);
    let end = states.wait_for(|state| *state == ComponentState::Done).await;
    assert!(matches!(end, None | Some(ComponentState::Done)));
    settled(before).await;
    assert_eq!(site.open_transports(), 0);
}
