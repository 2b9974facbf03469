//! A router whose authenticator breaks has not said that a password is wrong: a component comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wampwerk::Router;
use wampwerk::component::{
    AttemptError, Component, ComponentBuilder, ComponentError, ComponentState, RetryPolicy,
};
use wampwerk::router::{Denied, Principal, RouterBuilder};
use wampwerk::session::authentication::Ticket;

use crate::common::notes::Notes;
use crate::common::site::{Site, millis};

const WRONG: &str = "the wrong one";

/// Its database is down twice: first it panics, then it hangs.
fn breaking() -> RouterBuilder {
    let asked = AtomicUsize::new(0);
    let router = Router::builder().realm("realm1").open_handshake_timeout(Duration::from_secs(3));
    router.authenticator(&["ticket"], move |request| {
        let times = asked.fetch_add(1, Ordering::Relaxed);
        async move {
            match times {
                0 => panic!("on purpose"),
                1 => std::future::pending().await,
                _ if request.ticket == Some(WRONG.into()) => Err(Denied::new()),
                _ => Ok(Principal::new("joe", "user")),
            }
        }
    })
}

fn at(site: &Arc<Site>, ticket: &str) -> ComponentBuilder {
    let retry = RetryPolicy::default().jitter(0.0);
    Component::builder()
        .transports(site.entry())
        .retry(retry)
        .authentication(Ticket::new("joe", ticket))
}

#[tokio::test(start_paused = true)]
async fn a_component_comes_back_until_the_authenticator_works() {
    let site = Site::of(breaking);
    site.start();
    let component = at(&site, "secret!!!").build().unwrap();
    let reasons = Notes::new();
    let seen = reasons.clone();
    component.on_leave(move |reason| {
        seen.note(reason.reason.to_string());
        async {}
    });
    let mut states = component.states();
    let running = component.start();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    // The second attempt has waited for three seconds.
    assert_eq!(millis(&site.attempts()), [0, 1500, 6750]);
    assert_eq!(reasons.all(), ["wamp.error.authorization_failed"; 2]);
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wrong_ticket_is_the_end_once_the_authenticator_works() {
    let site = Site::of(breaking);
    site.start();
    let error = at(&site, WRONG).build().unwrap().start().await.unwrap_err();
    let ComponentError::Fatal(AttemptError::Refused(reason)) = &error else { panic!("{error}") };
    assert_eq!(reason.reason, "wamp.error.authentication_denied");
    assert_eq!(site.attempts().len(), 3);
}
