//! Who gets an event by the publisher's lists (spec: "Subscriber Black- and Whitelisting").

use wampwerk::Match;
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::router_pubsub::*;

type Set = Box<dyn Fn(&mut PublishOptions)>;

fn set(set: impl Fn(&mut PublishOptions) + 'static) -> Set {
    Box::new(set)
}

#[test]
fn all_lists_must_allow_it() {
    let mut net = Net::without_meta_api();
    let [a, b, c, d] = [(); 4].map(|()| join(&mut net));
    for peer in [&a, &b, &c, &d] {
        net.subscribe(peer.id, 1, TOPIC);
    }
    let (sb, sc) = (b.session, c.session);
    let (nb, nc) = (b.authid.clone(), c.authid.clone());
    let texts =
        |list: &[&str]| Some(list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    let anonymous = texts(&["anonymous"]);
    let (admin, both) = (texts(&["admin"]), texts(&["admin", "anonymous"]));
    let (b_or_c, only_b) = (texts(&[&nc, "joe", &nb]), texts(&[&nb]));
    let cases: Vec<(&str, Set, [bool; 3])> = vec![
        ("eligible", set(move |o| o.eligible = Some(vec![9, sc, sb])), [true, true, false]),
        ("eligible: nobody", set(|o| o.eligible = Some(vec![])), [false; 3]),
        ("eligible: strangers", set(|o| o.eligible = Some(vec![1, 2])), [false; 3]),
        ("exclude", set(move |o| o.exclude = Some(vec![sc, 9, sb])), [false, false, true]),
        ("exclude: nobody", set(|o| o.exclude = Some(vec![])), [true; 3]),
        (
            "eligible_authid",
            {
                let list = b_or_c.clone();
                set(move |o| o.eligible_authid.clone_from(&list))
            },
            [true, true, false],
        ),
        ("eligible_authid: nobody", set(|o| o.eligible_authid = Some(vec![])), [false; 3]),
        (
            "exclude_authid",
            {
                let list = b_or_c.clone();
                set(move |o| o.exclude_authid.clone_from(&list))
            },
            [false, false, true],
        ),
        (
            "eligible_authrole",
            {
                let list = both.clone();
                set(move |o| o.eligible_authrole.clone_from(&list))
            },
            [true; 3],
        ),
        (
            "eligible_authrole: admin",
            {
                let list = admin.clone();
                set(move |o| o.eligible_authrole.clone_from(&list))
            },
            [false; 3],
        ),
        ("exclude_authrole", set(move |o| o.exclude_authrole.clone_from(&anonymous)), [false; 3]),
        ("exclude_authrole: admin", set(move |o| o.exclude_authrole.clone_from(&admin)), [true; 3]),
        (
            "eligible and exclude",
            set(move |o| {
                o.eligible = Some(vec![sb, sc]);
                o.exclude = Some(vec![sb]);
            }),
            [false, true, false],
        ),
        (
            "eligible and eligible_authid",
            set(move |o| {
                o.eligible = Some(vec![sb, sc]);
                o.eligible_authid.clone_from(&only_b);
            }),
            [true, false, false],
        ),
        (
            "eligible_authid and exclude_authrole",
            set(move |o| {
                o.eligible_authid.clone_from(&b_or_c);
                o.exclude_authrole.clone_from(&both);
            }),
            [false; 3],
        ),
    ];
    for (request, (name, set, expected)) in (2..).zip(cases) {
        net.send(a.id, publish_as(request, TOPIC, 1, |options| set(options)));
        assert_eq!(reached(&mut net, &[&b, &c, &d]), expected, "{name}");
        assert_eq!(net.take(a.id), [""; 0], "{name}");
    }
}

#[test]
fn the_publisher_is_excluded_even_if_it_is_eligible() {
    let mut net = Net::without_meta_api();
    let [a, b] = [join(&mut net), join(&mut net)];
    net.subscribe(a.id, 1, TOPIC);
    net.subscribe(b.id, 1, TOPIC);
    let both = vec![a.session, b.session];
    for (request, exclude_me, expected) in
        [(2, None, false), (3, Some(true), false), (4, Some(false), true)]
    {
        net.send(
            a.id,
            publish_as(request, TOPIC, 1, |options| {
                options.eligible = Some(both.clone());
                options.exclude_me = exclude_me;
            }),
        );
        assert_eq!(reached(&mut net, &[&a, &b]), [expected, true], "{exclude_me:?}");
    }
    // It may list itself instead.
    net.send(
        a.id,
        publish_as(5, TOPIC, 1, |options| {
            options.exclude = Some(vec![a.session]);
            options.exclude_me = Some(false);
        }),
    );
    assert_eq!(reached(&mut net, &[&a, &b]), [false, true]);
}

#[test]
fn lists_hold_for_patterns_too_and_the_publication_is_acknowledged() {
    let mut net = Net::without_meta_api();
    let [a, b, c] = [(); 3].map(|()| join(&mut net));
    for peer in [&b, &c] {
        subscribed(&mut net, peer.id, subscribe_as(1, "com.", Match::Prefix));
        subscribed(&mut net, peer.id, subscribe_as(2, "..", Match::Wildcard));
    }
    net.send(
        a.id,
        publish_as(1, TOPIC, 1, |options| {
            options.exclude_authid = Some(vec![b.authid.clone()]);
            options.acknowledge = Some(true);
        }),
    );
    assert_eq!(net.take(a.id), ["PUBLISHED 1"]);
    assert_eq!(net.take(b.id), [""; 0]);
    assert_eq!(net.take(c.id), ["EVENT 1", "EVENT 2"]);
    // An event without eligible receivers is no error.
    net.send(
        a.id,
        publish_as(2, TOPIC, 1, |options| {
            options.eligible = Some(vec![]);
            options.acknowledge = Some(true);
        }),
    );
    assert_eq!(net.take(a.id), ["PUBLISHED 2"]);
    assert_eq!(reached(&mut net, &[&b, &c]), [false, false]);
}
