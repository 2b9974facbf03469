//! A component in the browser: it stays up, and waits while there is no network.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use wampwerk::Router;
use wampwerk::component::{
    Component, ComponentState, RetryDecision, RetryPolicy, States, TransportEntry,
};
use wampwerk::error::ConnectError;
use wampwerk::internals::rt::{self};
use wampwerk::transport::{BoxFuture, Connector, Transport};
use wasm_bindgen_test::wasm_bindgen_test;

/// Has the browser say that it is online, or not.
fn set_online(online: bool) {
    let event = if online { "online" } else { "offline" };
    let script = format!(
        "Object.defineProperty(navigator, 'onLine', {{ configurable: true, get: () => {online} }});
        globalThis.dispatchEvent(new Event('{event}'));"
    );
    js_sys::eval(&script).unwrap();
}

/// A router in the page, if there is one.
#[derive(Default)]
struct Place {
    router: RefCell<Option<Router>>,
    attempts: Cell<usize>,
}

impl Place {
    fn start(&self) {
        let router = Router::builder().realm("realm1").build().unwrap();
        *self.router.borrow_mut() = Some(router);
    }
}

struct Way(Rc<Place>);

impl Connector for Way {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        self.0.attempts.set(self.0.attempts.get() + 1);
        let router = self.0.router.borrow().clone();
        let (address, message) = ("place".to_owned(), "nobody is there".to_owned());
        let transport = router.ok_or(ConnectError::Io { address, message, cause: None });
        Box::pin(async move { Ok(transport?.connect_transport()) })
    }
}

fn component(place: &Rc<Place>, delay: Duration) -> Component {
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    let entry = TransportEntry::new("place", Arc::new(Way(place.clone())));
    let retry = RetryPolicy::default().initial_delay(delay).jitter(0.0);
    Component::builder().transports(entry).retry(retry).build().unwrap()
}

async fn waiting(states: &mut States) {
    let waits = |state: &ComponentState| matches!(state, ComponentState::Waiting { .. });
    states.wait_for(waits).await.unwrap();
}

#[wasm_bindgen_test]
async fn it_stays_up_and_stops() {
    let place = Rc::new(Place::default());
    place.start();
    let component = component(&place, Duration::from_millis(20));
    component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    let mut states = component.states();
    let running = component.start();
    for _ in 0..3 {
        states.wait_for(ComponentState::is_joined).await.unwrap();
        let session = component.session().unwrap();
        let sum: i64 = session.call("com.example.add").args((2, 3)).value().await.unwrap();
        assert_eq!(sum, 5);
        let router = place.router.take().unwrap();
        router.shutdown().await;
        waiting(&mut states).await;
        place.start();
    }
    states.wait_for(ComponentState::is_joined).await.unwrap();
    component.stop().await;
    running.await.unwrap();
    assert_eq!(component.state(), ComponentState::Done);
}

#[wasm_bindgen_test]
async fn it_pauses_while_the_browser_is_offline() {
    let place = Rc::new(Place::default());
    // A delay that ends while the browser is offline; then it waits for the network.
    let component = component(&place, Duration::from_millis(20));
    let mut states = component.states();
    let offline = Rc::new(Cell::new(false));
    component.on_retry(move |_| {
        if !offline.replace(true) {
            set_online(false);
        }
        RetryDecision::Retry
    });
    let running = component.start();
    states.wait_for(|state| *state == ComponentState::Offline).await.unwrap();
    assert!(!rt::online());
    rt::Sleep::new(Duration::from_millis(100)).await;
    assert_eq!((place.attempts.get(), component.state()), (1, ComponentState::Offline));
    place.start();
    set_online(true);
    states.wait_for(ComponentState::is_joined).await.unwrap();
    assert_eq!(place.attempts.get(), 2);
    component.stop().await;
    running.await.unwrap();
}

#[wasm_bindgen_test]
async fn the_network_that_is_back_ends_a_long_delay() {
    let place = Rc::new(Place::default());
    let component = component(&place, Duration::from_secs(100_000));
    let mut states = component.states();
    let running = component.start();
    waiting(&mut states).await;
    place.start();
    set_online(true);
    states.wait_for(ComponentState::is_joined).await.unwrap();
    component.stop().await;
    running.await.unwrap();
}

#[wasm_bindgen_test]
async fn offline_it_can_be_retried_by_hand_and_stopped() {
    let place = Rc::new(Place::default());
    let component = component(&place, Duration::from_millis(1));
    let mut states = component.states();
    component.on_retry(|_| {
        set_online(false);
        RetryDecision::Retry
    });
    let running = component.start();
    for attempts in 1..4 {
        states.wait_for(|state| *state == ComponentState::Offline).await.unwrap();
        assert_eq!(place.attempts.get(), attempts);
        component.retry_now();
        states.wait_for(|state| *state != ComponentState::Offline).await.unwrap();
    }
    states.wait_for(|state| *state == ComponentState::Offline).await.unwrap();
    component.stop().await;
    running.await.unwrap();
    set_online(true);
}
