//! A component's `session_config` beside its other setters, in whatever order.

use std::sync::{Arc, Mutex};

use wampwerk::component::{Component, ComponentBuilder};
use wampwerk::router::User;
use wampwerk::session::SessionConfig;
use wampwerk::session::authentication::Ticket;
use wampwerk::{Error, Router};

use crate::common::notes::Notes;

type Set = fn(ComponentBuilder, Told, SessionConfig) -> ComponentBuilder;

/// Who was told of errors.
type Told = Notes<&'static str>;

fn own(builder: ComponentBuilder, told: Told) -> ComponentBuilder {
    builder
        .authentication(Ticket::new("joe", "ticket"))
        .on_user_error(move |_| told.note("builder"))
}

#[tokio::test]
async fn the_order_does_not_matter() {
    let router = Router::builder().realm("realm1").user(User::new("joe", "staff").ticket("ticket"));
    let router = router.build().unwrap();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let before: Set = |builder, told, config| own(builder.session_config(config), told);
    let behind: Set = |builder, told, config| own(builder, told).session_config(config);
    for set in [before, behind] {
        let told = Told::default();
        let more = told.clone();
        let config = SessionConfig::default().on_user_error(move |_| more.note("config"));
        let builder = Component::builder().transports(listener.url());
        let seen = Arc::new(Mutex::new(None));
        let authid = Arc::clone(&seen);
        let component = set(builder, told.clone(), config)
            .main(move |session| {
                *authid.lock().unwrap() = session.authid().map(str::to_owned);
                async { Ok::<_, Error>(()) }
            })
            .build()
            .unwrap();
        component.on_join(|_| async { Err::<(), _>("no") });
        component.start().await.unwrap();
        assert_eq!(seen.lock().unwrap().as_deref(), Some("joe"));
        assert_eq!(told.all(), ["config", "builder"]);
    }
}

#[test]
fn two_authentications_are_refused() {
    let config = || SessionConfig::default().authentication(Ticket::new("sue", "ticket"));
    for builder in [
        Component::builder().session_config(config()).authentication(Ticket::new("joe", "ticket")),
        Component::builder().authentication(Ticket::new("joe", "ticket")).session_config(config()),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.path, "authentication");
        assert!(error.message.starts_with("it is set twice"), "{error}");
    }
    Component::builder().session_config(config()).build().unwrap();
}
