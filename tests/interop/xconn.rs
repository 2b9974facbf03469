//! xconn as a client of the embedded router, in each serializer.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use wampwerk::session::Progress;
use wampwerk::{ApplicationError, Router, Serializer, Session, Value};

use crate::peer::{tools_cache, within};

tests! { Xconn:
    calls_errors_and_events_of_xconn,
}

async fn calls_errors_and_events_of_xconn() {
    let router = Router::builder().realm("realm1").build().unwrap();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let ours = router.connect("realm1").await.unwrap();
    serve(&ours).await;
    for serializer in Serializer::ALL {
        let run = Command::new(python())
            .arg("client.py")
            .args([listener.url(), serializer.as_str()])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/xconn"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = within("xconn", run).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{serializer:?}: {said}{complained}");
        // It prints exceptions of its reading and of handlers, and goes on.
        assert_eq!(said, "calls\nerrors\nevents\ndone\n", "{serializer:?}: {complained}");
    }
    ours.leave().await;
}

/// The Python that has xconn; `tools/setup xconn` installs it.
pub(crate) fn python() -> PathBuf {
    tools_cache().join("xconn/venv/bin/python")
}

/// Registers and subscribes what `tests/xconn/client.py` uses.
async fn serve(ours: &Session) {
    let echo = |value: Value| async move { value };
    ours.register("com.example.ours.echo", echo).await.unwrap();
    let own = ours.clone();
    let ask_back = move |value: Value| {
        let call = own.call("com.example.theirs.echo").args((value,));
        async move { Ok::<Value, ApplicationError>(call.value().await?) }
    };
    ours.register("com.example.ours.ask_back", ask_back).await.unwrap();
    let fail = || async {
        Err::<(), _>(ApplicationError::new("com.example.error.wrong").arg(8).kwarg("unit", "m"))
    };
    ours.register("com.example.ours.fail", fail).await.unwrap();
    // A caller that does not ask for progress gets the result alone.
    let count = |n: u8, progress: Progress| async move {
        for part in 1..n {
            progress.send((part,)).await?;
        }
        Ok::<_, ApplicationError>(n)
    };
    ours.register("com.example.ours.count", count).await.unwrap();
    let own = ours.clone();
    let pong = move |value: Value| {
        let publish = own.publish("com.example.pong").args((value,));
        async move { publish.await.unwrap() }
    };
    ours.subscribe_with("com.example.ping", pong).await.unwrap();
}
