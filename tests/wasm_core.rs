//! The tests of both cores and of authentication, and the whole behaviour of sessions in-process, in
//! a real browser.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "tests may")]
#![allow(clippy::duplicate_mod, reason = "each test file brings its helpers along")]

#[path = "auth_cryptosign.rs"]
mod auth_cryptosign;
#[path = "auth_keys.rs"]
mod auth_keys;
#[path = "auth_mock.rs"]
mod auth_mock;
#[path = "auth_scram.rs"]
mod auth_scram;
#[path = "auth_totp.rs"]
mod auth_totp;
#[path = "auth_wampcra.rs"]
mod auth_wampcra;
#[path = "core_client_authentication.rs"]
mod core_client_authentication;
#[path = "core_client_cancel.rs"]
mod core_client_cancel;
#[path = "core_client_interrupt.rs"]
mod core_client_interrupt;
#[path = "core_client_late_replies.rs"]
mod core_client_late_replies;
#[path = "core_client_lifecycle.rs"]
mod core_client_lifecycle;
#[path = "core_client_progress.rs"]
mod core_client_progress;
#[path = "core_client_registrations.rs"]
mod core_client_registrations;
#[path = "core_client_rejoin.rs"]
mod core_client_rejoin;
#[path = "core_client_requests.rs"]
mod core_client_requests;
#[path = "core_client_revocation.rs"]
mod core_client_revocation;
#[path = "core_client_streaming.rs"]
mod core_client_streaming;
#[path = "core_client_subscriptions.rs"]
mod core_client_subscriptions;
#[path = "core_client_unsendable.rs"]
mod core_client_unsendable;
#[path = "core_pair.rs"]
mod core_pair;
#[path = "core_router_disclosure_pubsub.rs"]
mod core_router_disclosure_pubsub;
#[path = "core_router_dismiss.rs"]
mod core_router_dismiss;
#[path = "core_router_history.rs"]
mod core_router_history;
#[path = "core_router_listing.rs"]
mod core_router_listing;
#[path = "core_router_meta_calls.rs"]
mod core_router_meta_calls;
#[path = "core_router_meta_history.rs"]
mod core_router_meta_history;
#[path = "core_router_meta_kill.rs"]
mod core_router_meta_kill;
#[path = "core_router_meta_registration.rs"]
mod core_router_meta_registration;
#[path = "core_router_meta_session.rs"]
mod core_router_meta_session;
#[path = "core_router_meta_subscription.rs"]
mod core_router_meta_subscription;
#[path = "core_router_passthru_pubsub.rs"]
mod core_router_passthru_pubsub;
#[path = "core_router_pattern_subscription.rs"]
mod core_router_pattern_subscription;
#[path = "core_router_pubsub.rs"]
mod core_router_pubsub;
#[path = "core_router_retained.rs"]
mod core_router_retained;
#[path = "core_router_revocation.rs"]
mod core_router_revocation;
#[path = "core_router_rpc.rs"]
mod core_router_rpc;
#[path = "core_router_session.rs"]
mod core_router_session;
#[path = "core_router_testaments.rs"]
mod core_router_testaments;
#[path = "core_router_violations.rs"]
mod core_router_violations;

mod common {
    pub(crate) mod behaviour;
}

use common::behaviour::{self, Place};
use wampwerk::{Router, Session};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

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
