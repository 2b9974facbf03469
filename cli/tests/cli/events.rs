//! Publications and subscriptions.

use crate::process::{Running, run};
use crate::router::TestRouter;

crate::tests! {
    events_arrive_in_each_form,
    patterns_and_a_number_of_events,
    retained_events_and_histories,
    an_event_for_some_sessions_only,
}

fn subscribe(url: &str, uri: &str, options: &[&str]) -> Running {
    let mut arguments = vec!["subscribe", uri, "--url", url];
    arguments.extend(options);
    Running::start(&arguments)
}

fn publish(url: &str, uri: &str, options: &[&str]) {
    let mut arguments = vec!["publish", uri, "--url", url];
    arguments.extend(options);
    run(&arguments).ok();
}

fn events_arrive_in_each_form() {
    let router = TestRouter::start();
    let url = router.url();
    let mut text = subscribe(url, "com.example.news", &[]);
    text.prints("subscribed to ");
    publish(url, "com.example.news", &["\"open\"", "2", "--kw", "kind=\"x\""]);
    assert_eq!(text.prints("com.example.news  "), "\"open\" 2 kind=\"x\"");
    assert_eq!(text.interrupt().code, Some(0));
    let mut json = subscribe(url, "com.example.news", &["-o", "json", "--count", "1", "--trace"]);
    while !json.prints("").contains("Subscribed") {}
    publish(url, "com.example.news", &["1"]);
    let line = loop {
        let line = json.prints("");
        if line.starts_with('{') {
            break line;
        }
    };
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["topic"], "com.example.news");
    assert_eq!(event["args"], serde_json::json!([1]));
    assert!(event["publication"].is_u64());
    assert_eq!(json.end().code, Some(0));
}

fn patterns_and_a_number_of_events() {
    let router = TestRouter::start();
    let url = router.url();
    let mut wildcard = subscribe(url, "com..news", &["--match", "wildcard", "--count", "2"]);
    wildcard.prints("subscribed to ");
    for topic in ["com.a.news", "com.a.other", "com.b.news"] {
        publish(url, topic, &[]);
    }
    assert_eq!(wildcard.prints("com.a.news"), "");
    assert_eq!(wildcard.prints("com.b.news"), "");
    assert_eq!(wildcard.end().code, Some(0));
}

fn retained_events_and_histories() {
    let router = TestRouter::with("[[histories]]\ntopic = \"com.example.log\"\nlimit = 10\n");
    let url = router.url();
    publish(url, "com.example.state", &["\"old\"", "--retain"]);
    let mut state = subscribe(url, "com.example.state", &["--retained", "--count", "1"]);
    assert_eq!(state.prints("com.example.state (retained)  "), "\"old\"");
    assert_eq!(state.end().code, Some(0));
    for number in ["1", "2", "3"] {
        publish(url, "com.example.log", &[number]);
    }
    let mut log = subscribe(url, "com.example.log", &["--history", "2", "--count", "1"]);
    assert_eq!(log.prints("com.example.log  "), "2");
    assert_eq!(log.prints("com.example.log  "), "3");
    publish(url, "com.example.log", &["4"]);
    assert_eq!(log.prints("com.example.log  "), "4");
    assert_eq!(log.end().code, Some(0));
}

fn an_event_for_some_sessions_only() {
    let router = TestRouter::start();
    let url = router.url();
    let mut events = subscribe(url, "com.example.news", &["--count", "1"]);
    events.prints("subscribed to ");
    publish(url, "com.example.news", &["1", "--eligible", "1"]);
    publish(url, "com.example.news", &["2"]);
    assert_eq!(events.prints("com.example.news  "), "2");
}
