//! Payloads on their way through the router: untouched between equal serializers, converted
//! between others, refused by name where they cannot be carried.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

#[path = "common/raw_client.rs"]
mod common;

use common::Server;
use serde_json::json;
use wampwerk::session::Session;
use wampwerk::{ApplicationError, CallError, List, Serializer, Value};

#[test]
fn equal_serializers_forward_the_very_bytes() {
    let server = Server::start();
    let [mut caller, mut callee] = [server.join(), server.join()];
    callee.send(json!([64, 1, {}, "com.example.echo"]));
    assert_eq!(callee.recv()[0], 65);
    // Nobody who decodes and encodes writes numbers, escapes and spaces like this.
    let payload = r#"[1.50e+2,  "\u0041\/",{"b":1 , "a":00.0}]"#.replace("00.0", "-0.0");
    caller.send_text(&format!(r#"[48,1,{{}},"com.example.echo",{payload}]"#));
    assert_eq!(callee.recv_text(), format!("[68,1,1,{{}},{payload}]"));
    callee.send_text(&format!(r#"[70,1,{{}},{payload}]"#));
    assert_eq!(caller.recv_text(), format!("[50,1,{{}},{payload}]"));
    callee.send(json!([32, 2, {}, "com.example.topic"]));
    assert_eq!(callee.recv()[0], 33);
    caller.send_text(&format!(r#"[16,2,{{}},"com.example.topic",{payload}]"#));
    assert!(callee.recv_text().ends_with(&format!("{{}},{payload}]")));
}

async fn join(server: &Server, serializer: Serializer) -> Session {
    wampwerk::connect(&server.url, "realm1").serializers(&[serializer]).await.unwrap()
}

#[test]
fn different_serializers_meet() {
    let server = Server::start();
    server.runtime.block_on(async {
        for callee_format in Serializer::ALL {
            let callee = join(&server, callee_format).await;
            let echo = |value: Value| async move { Ok::<_, ApplicationError>(value) };
            callee.register("com.example.echo", echo).await.unwrap();
            for caller_format in Serializer::ALL {
                let caller = join(&server, caller_format).await;
                let sent: List = vec![
                    vec![Value::Null, true.into(), (-7).into(), u64::MAX.into(), 1.5.into()].into(),
                ];
                let got: Value = caller.call("com.example.echo").args(&sent).value().await.unwrap();
                assert_eq!(got, sent[0], "{caller_format:?} → {callee_format:?}");
                caller.leave().await;
            }
            callee.leave().await;
        }
    });
}

#[test]
fn an_invocation_that_is_too_long_for_the_callee_fails_the_call_only() {
    let server = Server::with(|builder| builder.max_message_size(100_000));
    server.runtime.block_on(async {
        let callee = join(&server, Serializer::Json).await;
        let len = |data: Value| async move {
            Ok::<_, ApplicationError>(data.as_bytes().map_or(0, bytes::Bytes::len))
        };
        callee.register("com.example.len", len).await.unwrap();
        let caller = join(&server, Serializer::Cbor).await;
        // In JSON binary data grows by a third.
        for (size, fits) in [(60_000, true), (90_000, false), (60_000, true)] {
            let data = Value::Bytes(vec![7; size].into());
            match caller.call("com.example.len").args((data,)).value::<usize>().await {
                Ok(got) => assert!(fits && got == size),
                Err(CallError::Application(error)) => {
                    assert!(!fits);
                    assert_eq!(error.uri, "wamp.error.payload_size_exceeded");
                }
                Err(other) => panic!("{other}"),
            }
        }
    });
}

#[test]
fn a_result_that_cannot_be_written_for_the_caller_fails_the_call_only() {
    let server = Server::start();
    server.runtime.block_on(async {
        let callee = join(&server, Serializer::Cbor).await;
        // JSON keeps texts that begin with U+0000 for binary data.
        let zero = || async { Ok::<_, ApplicationError>("\0text") };
        callee.register("com.example.zero", zero).await.unwrap();
        let caller = join(&server, Serializer::Json).await;
        for _ in 0..2 {
            match caller.call("com.example.zero").value::<String>().await {
                Err(CallError::Application(error)) => {
                    assert_eq!(error.uri, "wamp.error.invalid_payload");
                }
                other => panic!("{other:?}"),
            }
        }
        let text: String = callee.call("com.example.zero").value().await.unwrap();
        assert_eq!(text, "\0text");
    });
}
