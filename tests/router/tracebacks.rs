//! The causes of errors are sent to callers of some roles, and to nobody else.

use std::error::Error;
use std::io;

use tokio::task::yield_now;
use wampwerk::component::BoxError;
use wampwerk::error::CallError;
use wampwerk::router::{Role, Rule, User};
use wampwerk::session::authentication::Ticket;
use wampwerk::session::connect_with;
use wampwerk::{ApplicationError, Router, Session};

const ROLES: [&str; 3] = ["developer", "guest", "service"];

/// A router with a user of each role, whose name and ticket it is.
fn router() -> Router {
    let mut builder = Router::builder().realm("realm1");
    for role in ROLES {
        builder = builder
            .user(User::new(role, role).ticket(role))
            .role(Role::new(role).allow(Rule::prefix("").all()));
    }
    builder.build().unwrap()
}

async fn join(router: &Router, role: &str, tracebacks: &[&str]) -> Session {
    let connect = connect_with(router, "realm1").tracebacks(tracebacks);
    connect.authentication(Ticket::new(role, role)).await.unwrap()
}

#[derive(Debug, thiserror::Error)]
#[error("cannot load the order")]
struct Failed(#[source] io::Error);

async fn fails() -> Result<(), BoxError> {
    Err(Failed(io::Error::other("disk 7 is gone")).into())
}

async fn fails_later() -> Result<(), BoxError> {
    yield_now().await;
    fails().await
}

async fn panics() {
    panic!("out of {}", "cheese");
}

async fn panics_later() {
    yield_now().await;
    panics().await;
}

async fn plain() -> Result<(), ApplicationError> {
    Err(ApplicationError::new("com.example.error.plain"))
}

async fn register(callee: &Session) {
    callee.register("com.example.fails", fails).disclose_caller().await.unwrap();
    callee.register("com.example.fails_later", fails_later).disclose_caller().await.unwrap();
    callee.register("com.example.panics", panics).disclose_caller().await.unwrap();
    callee.register("com.example.panics_later", panics_later).disclose_caller().await.unwrap();
    callee.register("com.example.plain", plain).disclose_caller().await.unwrap();
    callee.register("com.example.undisclosed", fails).await.unwrap();
}

async fn error_of(caller: &Session, procedure: &str) -> ApplicationError {
    match caller.call(procedure).await {
        Err(CallError::Application(error)) => error,
        other => panic!("{procedure}: {other:?}"),
    }
}

#[tokio::test]
async fn callers_of_the_role_get_the_causes() {
    let router = router();
    let callee = join(&router, "service", &["developer", "operator"]).await;
    register(&callee).await;
    let developer = join(&router, "developer", &[]).await;
    for procedure in ["com.example.fails", "com.example.fails_later"] {
        let error = error_of(&developer, procedure).await;
        let lines = ["cannot load the order", "caused by: disk 7 is gone"];
        assert_eq!(error.traceback(), lines, "{procedure}");
        // As Autobahn sends it, and not in the text for people.
        let list = error.kwargs.get("traceback").and_then(|value| value.as_list()).unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(error.to_string(), "wamp.error.runtime_error: cannot load the order");
        assert!(error.source().is_none(), "it came from elsewhere");
    }
    let error = error_of(&developer, "com.example.plain").await;
    assert!(error.kwargs.is_empty() && error.source().is_none(), "nothing has caused it");
}

#[tokio::test]
async fn a_panic_tells_its_place_and_stack() {
    let router = router();
    let callee = join(&router, "service", &["developer"]).await;
    register(&callee).await;
    let developer = join(&router, "developer", &[]).await;
    for procedure in ["com.example.panics", "com.example.panics_later"] {
        let error = error_of(&developer, procedure).await;
        let text = "wamp.error.runtime_error: the handler panicked: out of cheese";
        assert_eq!(error.to_string(), text);
        let lines = error.traceback();
        let [place, stack @ ..] = &lines[..] else { panic!("{lines:?}") };
        assert!(place.starts_with("panicked at tests/router/tracebacks.rs:"), "{place}");
        assert!(stack.len() <= 100, "{}", stack.len());
        assert!(stack.iter().any(|line| line.contains("tracebacks::panics")), "{lines:#?}");
        assert!(!stack.iter().any(|line| line.contains("core::panicking")), "{lines:#?}");
    }
    // A later panic of another kind does not repeat it.
    let resumes = |is_new: bool| async move {
        if is_new {
            std::panic::panic_any(7);
        }
        if !is_new {
            // This one runs no hook.
            std::panic::resume_unwind(Box::new(7));
        }
    };
    callee.register("com.example.resumes", resumes).disclose_caller().await.unwrap();
    for (is_new, is_told) in [(false, false), (true, true), (false, false)] {
        let call = developer.call("com.example.resumes").args((is_new,)).await;
        let error = call.unwrap_err().application().cloned().unwrap();
        assert_eq!(!error.traceback().is_empty(), is_told, "{is_new}: {error:?}");
    }
}

#[tokio::test]
async fn nobody_else_gets_them() {
    let router = router();
    let callee = join(&router, "service", &["developer"]).await;
    register(&callee).await;
    let (guest, developer) =
        (join(&router, "guest", &["guest"]).await, join(&router, "developer", &[]).await);
    let is_empty = |error: &ApplicationError| error.kwargs.is_empty() && error.details.is_empty();
    for procedure in ["fails", "fails_later", "panics", "panics_later", "undisclosed"] {
        let error = error_of(&guest, &format!("com.example.{procedure}")).await;
        assert!(is_empty(&error) && error.source().is_none(), "{procedure}: {error:?}");
        assert_eq!(error.args.len(), 1);
    }
    // The role is not known.
    assert!(is_empty(&error_of(&developer, "com.example.undisclosed").await));
    // Off by default.
    let other = join(&router, "service", &[]).await;
    other.register("com.example.other", fails).disclose_caller().await.unwrap();
    assert!(is_empty(&error_of(&developer, "com.example.other").await));
}

/// What one caller may see is not for that caller's callers.
#[tokio::test]
async fn an_error_that_is_passed_on_loses_them() {
    let router = router();
    let inner = join(&router, "service", &["developer"]).await;
    register(&inner).await;
    let middle = join(&router, "developer", &["service"]).await;
    let own = middle.clone();
    let pass = move |procedure: String| {
        let own = own.clone();
        async move { own.call(procedure).value::<()>().await }
    };
    middle.register("com.example.pass", pass).disclose_caller().await.unwrap();
    for (role, is_traced) in [("guest", false), ("developer", false), ("service", true)] {
        let caller = join(&router, role, &[]).await;
        let call = caller.call("com.example.pass").args(("com.example.fails",)).await;
        let error = call.unwrap_err().application().cloned().unwrap();
        assert_eq!(error.to_string(), "wamp.error.runtime_error: cannot load the order");
        assert_eq!(!error.traceback().is_empty(), is_traced, "{role}: {error:?}");
        assert_eq!(!error.kwargs.is_empty(), is_traced, "{role}: {error:?}");
    }
    // Values of the same name that are no traceback, or are the procedure's own, pass.
    let own = || async {
        let error = ApplicationError::new("com.example.error.own").kwarg("traceback", "my own");
        Err::<(), _>(error.caused_by("a cause"))
    };
    inner.register("com.example.own", own).disclose_caller().await.unwrap();
    for role in ["guest", "developer"] {
        let caller = join(&router, role, &[]).await;
        let error = error_of(&caller, "com.example.own").await;
        assert_eq!(error.kwargs.get("traceback"), Some(&"my own".into()), "{role}");
        assert_eq!(error.traceback(), [""; 0]);
        assert_eq!(error.to_string(), "com.example.error.own (traceback: my own)");
    }
}

#[tokio::test]
async fn they_are_bounded() {
    #[derive(Debug)]
    struct Endless;
    impl std::fmt::Display for Endless {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&"a line\n".repeat(50))?;
            f.write_str(&"x".repeat(10_000))
        }
    }
    impl Error for Endless {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }
    let router = router();
    let callee = join(&router, "service", &["developer"]).await;
    let endless =
        || async { Err::<(), _>(ApplicationError::runtime("it fails").caused_by(Endless)) };
    callee.register("com.example.endless", endless).disclose_caller().await.unwrap();
    let developer = join(&router, "developer", &[]).await;
    let lines = error_of(&developer, "com.example.endless").await.traceback();
    assert_eq!(lines.len(), 100);
    assert!(lines.iter().all(|line| line.len() <= 400));
    assert_eq!((&*lines[0], lines[50].len()), ("a line", 400));
}
