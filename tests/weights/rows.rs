//! The bounds by what a peer does, in rows, and their tests: each begins with the row's number.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::alone;

/// What a peer does, and what holds the bound.
const ROWS: [(&str, &str, &[&str]); 16] = [
    (
        "a HELLO of megabytes, or of many small values",
        "a stranger's message may be 128 KiB, and is weighed by the scan; unknown keys are not built",
        &[
            "row01_a_hello_of_megabytes_is_refused_unread",
            "row01_many_small_values_weigh_more_than_their_bytes",
            "row01_what_fits_takes_a_small_multiple_of_the_limit",
            "row01_unknown_keys_are_not_built",
            "row01_a_stranger_is_refused",
        ],
    ),
    (
        "one event with heavy details for many subscriptions of a session",
        "details are shared, not copied",
        &["row02_details_are_not_copied_for_each_subscription"],
    ),
    (
        "details and URIs that queue for a peer that does not read; what many sessions hold together",
        "all of a message is weighed, and there are limits per realm",
        &[
            "row03_details_and_uris_beyond_the_limit_are_told_with_their_request",
            "row03_arguments_do_not_count",
            "row03_a_heavy_request_fails_and_the_session_goes_on",
            "row03_a_heavy_answer_fails_the_call",
            "row03_what_has_no_answer_ends_the_session",
            "row03_details_and_uris_count",
            "row03_slow_peers_of_a_realm_are_weighed_together",
            "row03_what_waits_for_all_clients_of_a_realm_is_bounded",
            "row03_each_kind_counts_and_is_given_back",
            "row03_requests_that_wait_for_the_authorizer_count",
            "row03_what_is_dropped_is_given_back",
        ],
    ),
    (
        "small arguments in large messages",
        "arguments that are kept are detached from their message",
        &["row04_a_small_payload_does_not_keep_its_frame"],
    ),
    (
        "a large event for subscribers of another serializer",
        "it is transcoded once, without values, and no worker waits",
        &[
            "row05_values_are_not_built",
            "row05_a_task_does_not_hold_its_worker_while_another_one_encodes",
        ],
    ),
    (
        "many wildcards that begin like a topic",
        "a look-up takes a step for each set of empty components; one connection does not keep the lock",
        &[
            "row06_a_look_up_takes_a_step_for_each_shape_not_for_each_pattern",
            "row06_a_session_has_few_shapes_of_wildcards",
            "row06_a_realm_has_few_shapes_of_wildcards",
            "row06_others_have_their_turn_after_some_work",
        ],
    ),
    (
        "meta calls and publications with long lists, and lists of everything",
        "arguments are weighed before they are decoded, lists are not looked at in vain or are refused",
        &[
            "row07_arguments_of_the_meta_api_are_weighed_before_they_are_decoded",
            "row07_lists_are_not_looked_at_when_nobody_subscribes",
            "row07_a_list_that_is_too_long_is_refused",
        ],
    ),
    (
        "leaving much, while many watch",
        "leaving and meta events take steps with a bound; changes wait while too many events do",
        &[
            "row08_leaving_is_told_in_portions",
            "row08_nothing_is_kept_of_those_that_have_left",
            "row08_each_step_of_leaving_has_a_bound",
            "row08_sessions_that_leave_take_turns",
            "row08_testaments_are_published_in_portions",
            "row08_killing_many_takes_steps_with_a_bound",
            "row08_what_is_left_of_a_realm_is_dropped_behind_its_lock",
            "row08_changes_wait_while_too_many_meta_events_do",
            "row08_who_leaves_much_may_join_again_at_once",
            "row08_who_is_lost_is_removed_to_the_end",
            "row08_changes_go_on_when_the_meta_events_have_been_published",
            "row08_a_router_shuts_down_while_sessions_are_leaving",
        ],
    ),
    (
        "many large calls to a slow callee",
        "what a session's procedures work on is weighed",
        &["row09_running_calls_are_bounded_in_bytes"],
    ),
    (
        "events with heavy details for a slow handler",
        "queues weigh details and topics; what is too heavy is refused by the client, too",
        &[
            "row10_details_and_topics_count",
            "row10_a_heavy_result_or_error_fails_the_call",
            "row10_a_heavy_event_counts_as_missed_and_a_heavy_call_is_refused",
        ],
    ),
    (
        "a heavy WELCOME, or a challenge that takes long to answer",
        "messages before WELCOME have a limit; a computation that nobody waits for ends",
        &[
            "row11_what_is_too_heavy_while_joining_ends_it",
            "row11_a_computation_that_nobody_waits_for_keeps_no_runtime",
            "row11_results_and_panics_of_computations_are_told",
        ],
    ),
    (
        "an event nested deep in a history, or one of many values",
        "the others are answered; an answer is weighed",
        &[
            "row12_an_event_that_is_nested_deep_is_told_as_well",
            "row12_an_answer_is_weighed_as_the_values_that_it_is_made_of",
        ],
    ),
    (
        "looking at ids",
        "the next id does not follow from others",
        &["row13_the_block_is_that_of_the_rfc", "row13_the_state_does_not_follow_from_ids"],
    ),
    (
        "a key file that lost a character",
        "an error, not a panic",
        &["row14_a_key_file_that_lost_a_character_is_refused"],
    ),
    (
        "a second HELLO behind a request that waits for the authorizer",
        "nothing follows the end of a connection",
        &["row15_nothing_follows_the_end_of_a_connection"],
    ),
    (
        "the log at trace",
        "only lines of this crate below info, no colors in files, and a component's name in its span",
        &[
            "row16_other_crates_are_not_logged_below_info_and_files_have_no_colors",
            "row16_joining_and_leaving_are_logged_with_name_realm_and_transport",
        ],
    ),
];

/// The names of all functions that begin with `rowNN_`.
fn named(folder: &Path, all: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if path.is_dir() && !path.ends_with("node_modules") {
            named(&path, all);
        } else if is_source {
            let text = std::fs::read_to_string(&path).unwrap();
            let functions = text.lines().filter_map(|line| {
                let line = line.trim_start();
                line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn row")
            });
            let numbered =
                functions.filter(|name| name.starts_with(|first: char| first.is_ascii_digit()));
            all.extend(numbered.map(|name| format!("row{}", name.split('(').next().unwrap())));
        }
    }
}

#[test]
fn each_row_has_the_tests_that_the_table_names() {
    alone(|| {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut found = BTreeSet::new();
        named(&root.join("src"), &mut found);
        named(&root.join("tests"), &mut found);
        let mut told = BTreeSet::new();
        for (index, (peer, bound, tests)) in ROWS.iter().enumerate() {
            assert!(!peer.is_empty() && !bound.is_empty() && !tests.is_empty());
            for test in *tests {
                assert!(test.starts_with(&format!("row{:02}_", index + 1)), "{test}");
                assert!(told.insert((*test).to_owned()), "{test} twice");
            }
        }
        assert_eq!(told, found);
    });
}
