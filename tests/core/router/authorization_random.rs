//! Rules at random: what the router decides is what a scan over all rules decides.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wampwerk::Match;
use wampwerk::internals::core::router::{ConnectionId, MetaApi, Role, RouterConfig, Rule};
use wampwerk::message::*;
use wampwerk::uri::Pattern;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;

const WORDS: [&str; 3] = ["a", "b", "ab"];

/// Patterns of up to three components, all of which match something of [`universe`].
fn pattern() -> impl Strategy<Value = Pattern> {
    let words = |least| prop::collection::vec(prop::sample::select(&WORDS[..]), least..=3);
    let parts = prop::sample::select(vec!["", "a", "b", "ab"]);
    let wildcard = prop::collection::vec(parts, 1..=3);
    prop_oneof![
        words(1).prop_map(|words| Pattern::exact(words.join("."))),
        (words(0), any::<bool>()).prop_map(|(words, dot)| {
            let dot = if dot && !words.is_empty() { "." } else { "" };
            Pattern::prefix(format!("{}{dot}", words.join(".")))
        }),
        wildcard.prop_map(|parts| Pattern::wildcard(parts.join("."))),
    ]
}

/// All URIs of up to four words.
fn universe() -> Vec<String> {
    let mut all: Vec<String> = WORDS.iter().map(ToString::to_string).collect();
    let mut last = all.clone();
    for _ in 0..3 {
        last = last
            .iter()
            .flat_map(|uri| WORDS.iter().map(move |word| format!("{uri}.{word}")))
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// Whether the best of the rules that fit allows it.
fn decided(rules: &BTreeMap<(u8, String), bool>, uri: &str) -> bool {
    let best = rules
        .iter()
        .map(|((policy, of), allow)| (Pattern::new(of.as_str(), POLICIES[*policy as usize]), allow))
        .filter(|(pattern, _)| pattern.matches(uri))
        .min_by_key(|(pattern, _)| {
            let text = pattern.uri();
            match pattern.policy() {
                Match::Prefix => (1, 1000 - text.len(), Vec::new()),
                Match::Wildcard => (2, 0, text.split('.').map(str::is_empty).collect()),
                _ => (0, 0, Vec::new()),
            }
        });
    best.is_some_and(|(_, allow)| *allow)
}

const POLICIES: [Match; 3] = [Match::Exact, Match::Prefix, Match::Wildcard];

fn is_denied(net: &mut Net, who: ConnectionId, message: impl Into<Message>) -> bool {
    net.send(who, message);
    match net.take_one(who) {
        Message::Error(error) => error.error == "wamp.error.not_authorized",
        _ => false,
    }
}

proptest! {
    #[test]
    fn it_decides_as_a_scan_does(
        given in prop::collection::vec((pattern(), any::<bool>()), 0..8),
        asked in prop::collection::vec(pattern(), 1..12),
    ) {
        let mut rules = BTreeMap::new();
        for (pattern, allow) in given {
            let policy = POLICIES.iter().position(|policy| *policy == pattern.policy()).unwrap();
            rules.insert((policy as u8, pattern.uri().to_string()), allow);
        }
        let mut role = Role::new("anonymous");
        for ((policy, uri), allow) in &rules {
            let rule = Rule::new(Pattern::new(uri.as_str(), POLICIES[*policy as usize]));
            let rule = rule.call().subscribe();
            role = if *allow { role.allow(rule) } else { role.deny(rule) };
        }
        let mut config = RouterConfig::new(7).realm("realm1").role(role);
        config.meta_api = MetaApi::Off;
        let mut net = Net::with(config);
        let who = net.join();
        let universe = universe();
        for uri in &universe {
            let denied = is_denied(&mut net, who, call(1, uri, 1));
            prop_assert_eq!(denied, !decided(&rules, uri), "{}", uri);
        }
        for pattern in asked {
            let mut message = subscribe(1, pattern.uri());
            message.options.r#match = Some(pattern.policy());
            let allowed = !is_denied(&mut net, who, message);
            let of: Vec<_> = universe.iter().filter(|uri| pattern.matches(uri)).collect();
            prop_assert!(!of.is_empty());
            let all = of.iter().all(|uri| decided(&rules, uri));
            prop_assert!(all || !allowed, "{} may be subscribed to", pattern);
            if pattern.policy() == Match::Exact {
                prop_assert_eq!(all, allowed, "{}", pattern);
            }
            // One rule that allows all of it, and none that denies any of it, will do.
            let plain = |allow: bool| rules.iter().filter(move |(_, is)| **is == allow).map(
                |((policy, uri), _)| Pattern::new(uri.as_str(), POLICIES[*policy as usize]),
            );
            let covered = plain(true).any(|rule| of.iter().all(|uri| rule.matches(uri)));
            let touched = plain(false).any(|rule| of.iter().any(|uri| rule.matches(uri)));
            prop_assert!(allowed || !covered || touched, "{} may not be subscribed to", pattern);
        }
    }
}
