//! Sessions of a router in the page.

use wampwerk::{Router, Session};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::behaviour::{self, Place};

struct InProcess(Router);

impl Place for InProcess {
    async fn session(&self) -> Session {
        self.0.connect("realm1").await.unwrap()
    }
}

#[wasm_bindgen_test]
async fn the_whole_behaviour_in_process() {
    let router = Router::builder().realm("realm1").build().unwrap();
    behaviour::all(&InProcess(router)).await;
}
