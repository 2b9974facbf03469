//! Sessions over the embedded router in the same process: no socket, the whole behaviour.

use wampwerk::router::MetaApi;
use wampwerk::{Match, Router, Session};

use crate::common::behaviour::{self, Place};
use crate::common::behaviour_meta;
use crate::common::router;

struct InProcess(Router);

impl Place for InProcess {
    async fn session(&self) -> Session {
        self.0.connect("realm1").await.unwrap()
    }
}

#[tokio::test]
async fn the_whole_behaviour_on_one_thread() {
    let router = router();
    behaviour::all(&InProcess(router)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_behaviour_on_several_threads() {
    let router = router();
    behaviour::all(&InProcess(router)).await;
}

#[tokio::test]
async fn the_meta_api() {
    let router = Router::builder().realm("realm1").meta_api(MetaApi::Full);
    let router = router.history("com.example.history", Match::Exact, 100).build().unwrap();
    let place = InProcess(router);
    behaviour_meta::all(&place).await;
    behaviour_meta::history(&place).await;
    behaviour_meta::beyond_crossbar(&place).await;
}
