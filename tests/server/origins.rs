//! Pages of which origins may connect.

use tokio::io::AsyncWriteExt;
use wampwerk::Router;
use wampwerk::server::Listener;
use wampwerk::transport::ServerOptions;

use crate::common::router;
use crate::common::wire::{JSON, read_all, read_head, tcp, upgrade};

async fn listen(router: &Router, options: ServerOptions) -> Listener {
    router.listen("ws://127.0.0.1:0/ws").options(options).await.unwrap()
}

/// The answer to a page of this origin.
async fn answer(listener: &Listener, origin: &str) -> String {
    let mut stream = tcp(listener).await;
    let request = upgrade(&format!("{JSON}{origin}"));
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut stream).await;
    let body = if head.contains(" 101 ") { String::new() } else { read_all(&mut stream).await };
    head + &body
}

#[tokio::test]
async fn h16_another_page_is_told_which_origin_is_not_let_in() {
    let router = router();
    let allowed = ["https://example.com:443", "http://*.example.com:*"];
    let listener = listen(&router, ServerOptions::new().allowed_origins(allowed)).await;
    for origin in [
        "Origin: https://example.com\r\n",
        "Origin: https://example.com:443\r\n",
        "Origin: HTTPS://EXAMPLE.COM\r\n",
        "origin: http://www.example.com:8080\r\n",
        "Origin: http://a.b.example.com\r\n",
        // No page.
        "",
    ] {
        let answer = answer(&listener, origin).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{origin}: {answer}");
    }
    for (origin, named) in [
        ("https://evil.example", "https://evil.example:443"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("http://example.com", "http://example.com:80"),
        ("https://example.com.evil.example", "https://example.com.evil.example:443"),
        ("chrome-extension://abc", "chrome-extension://abc"),
    ] {
        let answer = answer(&listener, &format!("Origin: {origin}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{origin}: {answer}");
        assert!(answer.contains(&format!("the origin {named} is not allowed")), "{answer}");
    }
    let twice = "Origin: https://example.com\r\nOrigin: https://example.com\r\n";
    assert!(answer(&listener, twice).await.starts_with("HTTP/1.1 403 "));
    // Also where every page may connect.
    let open = listen(&router, ServerOptions::new()).await;
    assert!(answer(&open, "Origin: https://example.com\r\n").await.starts_with("HTTP/1.1 101 "));
    assert!(answer(&open, twice).await.starts_with("HTTP/1.1 403 "));
}

/// Any page has the origin `null` in a sandboxed frame of its own.
#[tokio::test]
async fn a_list_keeps_out_pages_without_an_origin() {
    let router = router();
    let list = ServerOptions::new().allowed_origins(["https://example.com:443"]);
    let listener = listen(&router, list.clone()).await;
    let lax = listen(&router, list.allow_null_origin(true)).await;
    for origin in ["null", "file://"] {
        let answer_of = async |listener| answer(listener, &format!("Origin: {origin}\r\n")).await;
        let refusal = answer_of(&listener).await;
        assert!(refusal.starts_with("HTTP/1.1 403 "), "{origin}: {refusal}");
        assert!(refusal.contains("pages without an origin"), "{refusal}");
        assert!(answer_of(&lax).await.starts_with("HTTP/1.1 101 "), "{origin}");
    }
}

#[tokio::test]
async fn what_is_no_host_is_no_origin() {
    let router = router();
    let options = ServerOptions::new().allowed_origins(["https://*.example.com:443"]);
    let listener = listen(&router, options).await;
    for origin in [
        "https://evil.example?.example.com",
        "https://evil.example#.example.com",
        "https://evil.example\\.example.com",
        "https://evil.example:1.example.com",
        "https://evil.example:.example.com",
    ] {
        let answer = answer(&listener, &format!("Origin: {origin}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{origin}: {answer}");
    }
}

#[tokio::test]
async fn by_default_all_are_let_in() {
    let router = router();
    let listener = listen(&router, ServerOptions::new()).await;
    for origin in ["https://anywhere.example", "null", "file://", "what is this"] {
        let answer = answer(&listener, &format!("Origin: {origin}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{origin}: {answer}");
    }
}

#[tokio::test]
async fn pages_without_an_origin_have_a_switch_of_their_own() {
    let router = router();
    let listener = listen(&router, ServerOptions::new().allow_null_origin(false)).await;
    for origin in ["null", "file://", "file:///home/joe/page.html"] {
        let answer = answer(&listener, &format!("Origin: {origin}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{origin}: {answer}");
        assert!(answer.contains("pages without an origin"), "{answer}");
    }
    assert!(answer(&listener, "Origin: http://a.example\r\n").await.starts_with("HTTP/1.1 101 "));
}
