//! Error types of one's own: to an error on the wire, and back behind a call.

use wampwerk::error::CallError;
use wampwerk::{ApplicationError, Dict, Value, wamp_errors};

use crate::common::router;

wamp_errors! {
    /// What the shop refuses.
    #[derive(PartialEq)]
    pub enum ShopError {
        /// So many are left.
        OutOfStock(u32) = "com.shop.error.out_of_stock",
        /// Several positional fields.
        Mixed(i8, Option<String>, bool,) = "com.shop.error.mixed",
        /// Named fields, one of them a word of Rust.
        NoSuchItem {
            /// Its name.
            name: String,
            /// Its kind.
            r#type: Option<u8>,
        } = "com.shop.error.no_such_item",
        /// No fields.
        Closed = "com.shop.error.closed",
    }
}

wamp_errors! {
    // One variant, and a name that the macro itself could use; nothing of it is public.
    enum Alone { Error { error: u8 } = "com.shop.error.alone" }
}

fn all() -> [ShopError; 5] {
    [
        ShopError::OutOfStock(3),
        ShopError::Mixed(-1, Some("x".into()), true),
        ShopError::Mixed(1, None, false),
        ShopError::NoSuchItem { name: "bolt".into(), r#type: Some(4) },
        ShopError::Closed,
    ]
}

#[test]
fn positional_fields_are_args_and_named_ones_are_kwargs() {
    let [stock, mixed, _, item, closed] = all().map(ApplicationError::from);
    assert_eq!(stock, ApplicationError::new("com.shop.error.out_of_stock").arg(3));
    assert_eq!(mixed.args, [Value::from(-1), "x".into(), true.into()]);
    assert_eq!((&*item.uri, item.args.len()), ("com.shop.error.no_such_item", 0));
    assert_eq!(item.kwargs, Dict::from([("name", Value::from("bolt")), ("type", 4.into())]));
    assert_eq!(closed, ApplicationError::new("com.shop.error.closed"));
}

#[test]
fn it_reads_as_the_error_on_the_wire() {
    let texts = all().map(|error| error.to_string());
    assert_eq!(texts[0], "com.shop.error.out_of_stock: 3");
    assert_eq!(texts[4], "com.shop.error.closed");
    let error: &dyn std::error::Error = &ShopError::Closed;
    assert_eq!(error.to_string(), ShopError::Closed.uri());
}

#[test]
fn there_and_back() {
    for error in all() {
        assert_eq!(ShopError::try_from(ApplicationError::from(error.clone())), Ok(error));
    }
    let Ok(Alone::Error { error }) =
        Alone::try_from(ApplicationError::from(Alone::Error { error: 7 }))
    else {
        panic!("it does not come back")
    };
    assert_eq!(error, 7);
}

#[test]
fn what_is_there_beyond_the_fields_is_left_alone() {
    let more = ApplicationError::from(ShopError::OutOfStock(1)).arg("text").kwarg("traceback", "x");
    assert_eq!(ShopError::try_from(more), Ok(ShopError::OutOfStock(1)));
}

#[test]
fn what_does_not_fit_comes_back_unharmed() {
    for error in [
        ApplicationError::new("com.shop.error.unknown").arg(1).kwarg("a", 2),
        ApplicationError::new("com.shop.error.out_of_stock.").arg(1),
        ApplicationError::new("com.shop.error.out_of_stock").arg("three").arg(1),
        ApplicationError::new("com.shop.error.out_of_stock"),
        ApplicationError::new("com.shop.error.no_such_item").kwarg("nam", "bolt"),
    ] {
        assert_eq!(ShopError::try_from(error.clone()), Err(error));
    }
}

#[tokio::test]
async fn through_a_call() {
    let router = router();
    let session = router.connect("realm1").await.unwrap();
    let fail = |which: usize| async move { Err::<(), _>(all()[which].clone()) };
    session.register("com.shop.fail", fail).await.unwrap();
    for (which, expected) in all().into_iter().enumerate() {
        let error = session.call("com.shop.fail").args((which,)).await.unwrap_err();
        assert_eq!(error.application().unwrap().uri, expected.uri());
        assert_eq!(error.downcast::<ShopError>().unwrap(), expected);
    }
    let error = session.call("com.shop.nobody").await.unwrap_err().downcast::<ShopError>();
    let Err(CallError::Application(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.uri, "wamp.error.no_such_procedure");
    let error = session.call("com.shop.fail").args("no list").await.unwrap_err();
    assert!(error.application().is_none());
    assert!(matches!(error.downcast::<ShopError>(), Err(CallError::Encode(_))));
}

#[tokio::test]
async fn the_errors_of_requests_pass_through_a_procedure() {
    let router = router();
    let session = router.connect("realm1").await.unwrap();
    let inner = session.clone();
    let outer = move || {
        let session = inner.clone();
        async move {
            session.publish("com.example.news").acknowledge().await?;
            let _events = session.subscribe("com.example.news").await?;
            let text: String = session.call("com.example.inner").value().await?;
            Ok::<_, ApplicationError>(text)
        }
    };
    session.register("com.example.outer", outer).await.unwrap();
    let error = session.call("com.example.outer").await.unwrap_err();
    assert_eq!(error.application().unwrap().uri, "wamp.error.no_such_procedure");
    let refused = || async { Err::<(), _>(ShopError::OutOfStock(3)) };
    let registered = session.register("com.example.inner", refused).await.unwrap();
    let error = session.call("com.example.outer").await.unwrap_err();
    assert_eq!(error.downcast::<ShopError>().unwrap(), ShopError::OutOfStock(3));
    registered.unregister().await.unwrap();
    // What never came from a peer has a text.
    session.register("com.example.inner", || async { 5 }).await.unwrap();
    let error = session.call("com.example.outer").await.unwrap_err();
    let error = error.application().unwrap();
    assert_eq!(error.uri, "wamp.error.runtime_error");
    assert!(error.to_string().contains("com.example.inner"), "{error}");
}
