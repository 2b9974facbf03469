//! wampy as a client of the embedded router, in each serializer.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;
use wampwerk::session::Progress;
use wampwerk::{ApplicationError, Router, Serializer};

use crate::peer::within;

tests! { AutobahnJs:
    calls_errors_progress_and_events,
}

async fn calls_errors_progress_and_events() {
    let router = Router::builder().realm("realm1").build().unwrap();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let ours = router.connect("realm1").await.unwrap();
    let count = |n: u8, progress: Progress| async move {
        for part in 1..n {
            progress.send((part,)).await?;
        }
        Ok::<_, ApplicationError>(n)
    };
    ours.register("com.example.ours.count", count).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/autobahn_js");
    for serializer in Serializer::ALL {
        let run = Command::new("node")
            .arg("wampy.mjs")
            .args([listener.url(), serializer.as_str()])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = within("wampy", run).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{serializer:?}: {said}{complained}");
        assert!(said.ends_with("done\n"), "{said}");
    }
    ours.leave().await;
}
