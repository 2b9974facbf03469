//! How connections of a component end.

use std::sync::Arc;
use std::time::Duration;

use wampwerk::component::{
    ApplicationSession, AttemptError, BoxError, Component, ComponentError, ComponentState, JoinAs,
    RetryPolicy, TransportEntry,
};
use wampwerk::error::{ConnectError, TransportError};
use wampwerk::session::SessionConfig;
use wampwerk::transport::{BoxFuture, Connector, Transport, TransportInfo};

use crate::callbacks::{Diary, at};
use crate::common::fake_transport::FakeTransport;
use crate::common::site::Site;

pub(crate) struct Unconnected;

impl ApplicationSession for Unconnected {
    async fn on_connect(&self, _: &TransportInfo) -> Result<JoinAs, BoxError> {
        Err("broken".into())
    }
}

#[tokio::test(start_paused = true)]
async fn how_a_connection_ended_is_told() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    let diary = Diary::default();
    let noted = diary.clone();
    component.on_disconnect(move |was_clean| {
        noted.note(was_clean);
        async {}
    });
    let mut states = component.states();
    let running = component.start();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    site.cut();
    states.wait_for(|state| !state.is_joined()).await.unwrap();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    component.stop().await;
    running.await.unwrap();
    assert_eq!(diary.take(), ["false", "true"]);
}

struct Breaking;

impl Connector for Breaking {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        panic!("broken")
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_may_panic_before_it_has_a_future() {
    let entry = TransportEntry::new("breaking", Arc::new(Breaking));
    let retry = RetryPolicy::default().max_retries(1);
    let component = Component::builder().transports(entry).retry(retry).build().unwrap();
    let error = component.start().await.unwrap_err();
    let ComponentError::Exhausted { last, attempts: 2 } = error else { panic!("{error}") };
    assert_eq!(last.to_string(), "the connector failed: panicked: broken");
}

#[tokio::test(start_paused = true)]
async fn a_look_at_welcome_that_panics_is_a_veto() {
    let site = Site::open();
    let config = SessionConfig::default().on_welcome(|_| panic!("broken"));
    let component = at(&site).session_config(config).build().unwrap();
    let error = component.start().await.unwrap_err();
    let ComponentError::Fatal(AttemptError::Refused(refusal)) = &error else { panic!("{error}") };
    assert_eq!(&*refusal.reason, "wamp.error.cannot_authenticate");
    assert_eq!(refusal.message.as_deref(), Some("on_welcome panicked: broken"));
    assert_eq!(site.open_transports(), 0);
}

pub(crate) struct Welcomed;

impl ApplicationSession for Welcomed {}

/// Leads to connections of the site on which something goes wrong, by the rules of transports: while
/// they read, or else while they close.
struct WayOfWrongs(Arc<Site>, bool);

impl Connector for WayOfWrongs {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        let mut wrong = FakeTransport::to(&self.0.router());
        if self.1 {
            let control = wrong.control();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                control.fail_with(|| TransportError::Violation("bad opcode".to_owned()));
            });
        } else {
            wrong = wrong.closing_fails(|| TransportError::Timeout("the peer does not close"));
        }
        Box::pin(async move { Ok(Box::new(wrong) as Box<dyn Transport>) })
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_with_a_connection_its_end_is_not_clean() {
    for reading in [true, false] {
        let way = Arc::new(WayOfWrongs(Site::open(), reading));
        let retry = RetryPolicy::default().max_retries(0);
        let entry = TransportEntry::new("wrong", way);
        let component = Component::builder().transports(entry).retry(retry).build().unwrap();
        let diary = Diary::default();
        let noted = diary.clone();
        component.on_disconnect(move |was_clean| {
            noted.note(was_clean);
            async {}
        });
        let running = component.start();
        component.states().wait_for(ComponentState::is_joined).await.unwrap();
        if reading {
            running.await.unwrap_err();
        } else {
            component.stop().await;
            running.await.unwrap();
        }
        assert_eq!(diary.take(), ["false"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_is_not_joined_while_last_words_are_said() {
    for how in ["lost", "left", "stopped"] {
        let site = Site::open();
        let component = at(&site).build().unwrap();
        let (states, diary) = (component.states(), Diary::default());
        let noted = diary.clone();
        component.on_leave(move |_| {
            noted.note(format!("{:?}", states.current()));
            async {}
        });
        let mut states = component.states();
        let running = component.start();
        states.wait_for(ComponentState::is_joined).await.unwrap();
        match how {
            "lost" => site.cut(),
            "left" => drop(component.session().unwrap().leave().await),
            _ => drop(component.stop()),
        }
        states.wait_for(|state| !state.is_joined()).await.unwrap();
        states.wait_for(|state| state.is_joined() || *state == ComponentState::Done).await.unwrap();
        let leaving = ComponentState::Leaving { transport: "site".to_owned() };
        let expected = if how == "stopped" { ComponentState::Stopping } else { leaving };
        assert_eq!(diary.take(), [format!("{expected:?}")], "{how}");
        component.stop().await;
        running.await.unwrap();
    }
}
