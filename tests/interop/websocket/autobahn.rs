//! Autobahn|Python at the other end.

use serde_json::json;

use super::peer::Library;
use super::roles::{both, deflating, no_takeover, takeover, windows_of_9};

tests! { AutobahnPython:
    messages_go_both_ways,
    fragments_go_both_ways,
    one_side_alone_does_not_compress,
    compressed_messages_with_takeover_go_both_ways,
    compressed_messages_without_takeover_go_both_ways,
    compressed_messages_with_small_windows_go_both_ways,
    compressed_fragments_go_both_ways,
    streamed_and_prepared_messages_come_whole,
}

const LIBRARY: Library = Library::Autobahn;

async fn messages_go_both_ways() {
    both(LIBRARY, None, json!({})).await;
}

async fn fragments_go_both_ways() {
    both(LIBRARY, None, json!({"fragment": 1000})).await;
}

async fn one_side_alone_does_not_compress() {
    both(LIBRARY, Some(takeover()), json!({})).await;
    both(LIBRARY, None, deflating(json!({}))).await;
}

async fn compressed_messages_with_takeover_go_both_ways() {
    both(LIBRARY, Some(takeover()), deflating(json!({}))).await;
}

async fn compressed_messages_without_takeover_go_both_ways() {
    let theirs = json!({"server_no_context_takeover": true, "client_no_context_takeover": true});
    both(LIBRARY, Some(no_takeover()), deflating(json!({}))).await;
    both(LIBRARY, Some(takeover()), deflating(theirs)).await;
}

async fn compressed_messages_with_small_windows_go_both_ways() {
    let theirs = json!({"server_max_window_bits": 9, "client_max_window_bits": 9});
    both(LIBRARY, Some(windows_of_9()), deflating(json!({}))).await;
    both(LIBRARY, Some(takeover()), deflating(theirs.clone())).await;
    both(LIBRARY, Some(windows_of_9()), deflating(theirs)).await;
}

async fn compressed_fragments_go_both_ways() {
    both(LIBRARY, Some(takeover()), deflating(json!({"fragment": 1000}))).await;
}

async fn streamed_and_prepared_messages_come_whole() {
    both(LIBRARY, None, json!({"stream": true})).await;
    both(LIBRARY, None, json!({"prepared": true})).await;
    for ours in [takeover(), no_takeover()] {
        both(LIBRARY, Some(ours.clone()), deflating(json!({"stream": true}))).await;
        both(LIBRARY, Some(ours), deflating(json!({"prepared": true}))).await;
    }
}
