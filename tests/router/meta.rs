//! The meta API as a session in the same process sees it: typed values, and a GOODBYE that ends it.

use std::time::{SystemTime, UNIX_EPOCH};

use wampwerk::router::MetaApi;
use wampwerk::{Match, Router};

use crate::common::router_with;

fn router(offered: MetaApi) -> Router {
    router_with(|it| it.meta_api(offered))
}

#[tokio::test]
async fn results_have_types() {
    let router = router(MetaApi::ReadOnly);
    let a = router.connect("realm1").await.unwrap();
    let b = router.connect("realm1").await.unwrap();
    // As any procedure of an application.
    let count: u64 = a.call("wamp.session.count").value().await.unwrap();
    assert_eq!(count, 2);
    let (a, meta) = (a.id(), a.meta());
    assert_eq!(meta.session_list(None).await.unwrap(), [a, b.id()]);
    let details = meta.session_get(b.id()).await.unwrap();
    assert_eq!((details.session, details.authrole.as_deref()), (b.id(), Some("anonymous")));

    let topic = b.subscribe("com.example.topic").await.unwrap();
    let found = meta.subscription_lookup("com.example.topic").await.unwrap();
    let found = meta.subscription_get(found.unwrap()).await.unwrap();
    assert_eq!(
        (found.id, &*found.uri, found.r#match),
        (topic.id(), "com.example.topic", Match::Exact)
    );
    // The router knows what time it is.
    let created = found.created.unwrap();
    let years = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() / 31_556_952.0;
    let year: f64 = created[..4].parse().unwrap();
    assert!((1970.0 + years - year).abs() < 1.1, "{created}");

    let error = meta.kill(b.id()).await.unwrap_err();
    assert_eq!(error.application().unwrap().uri, "wamp.error.not_authorized");
    router.shutdown().await;
}

#[tokio::test]
async fn a_killed_session_knows_why_and_its_testament_comes() {
    let router = router(MetaApi::Full);
    let a = router.connect("realm1").await.unwrap();
    let b = router.connect("realm1").await.unwrap();
    let mut wills = a.subscribe("com.example.will").await.unwrap();
    b.add_testament("com.example.will").args(("gone", 7)).await.unwrap();
    let killed =
        a.meta().kill(b.id()).reason("com.example.enough").message("go home").await.unwrap();
    assert_eq!(killed.count, 1);
    let reason = b.closed().await;
    assert!(format!("{reason:?}").contains("com.example.enough"), "{reason:?}");
    assert!(format!("{reason:?}").contains("go home"), "{reason:?}");
    let will = wills.next().await.unwrap().unwrap();
    assert_eq!(will.args::<(String, u8)>().unwrap(), ("gone".to_owned(), 7));
    assert_eq!(a.meta().session_count(None).await.unwrap(), 1);
    router.shutdown().await;
}
