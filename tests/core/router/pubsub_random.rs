//! Random subscriptions and publications, held against a router that looks at everything.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wampwerk::Match;
use wampwerk::internals::core::router::{MetaApi, RouterConfig};
use wampwerk::message::*;

use crate::common::router_core::*;
use crate::common::router_pubsub::*;

const PEERS: usize = 4;
const TOPICS: [&str; 6] = ["a", "a.b", "a.bc", "a.b.c", "b.b", "b.b.c"];
const PATTERNS: [(&str, Match); 11] = [
    ("a", Match::Exact),
    ("a.b", Match::Exact),
    ("a.b.c", Match::Exact),
    ("a.b", Match::Prefix),
    ("a", Match::Prefix),
    ("", Match::Prefix),
    (".b", Match::Wildcard),
    ("a.", Match::Wildcard),
    ("..", Match::Wildcard),
    (".b.c", Match::Wildcard),
    ("", Match::Wildcard),
];

#[derive(Clone, Debug)]
enum Step {
    Subscribe { who: usize, pattern: usize, get_retained: bool },
    Unsubscribe { who: usize, pattern: usize },
    Publish { who: usize, topic: usize, options: Options },
    Rejoin { who: usize },
}

#[derive(Clone, Copy, Debug)]
struct Options {
    acknowledge: bool,
    exclude_me: Option<bool>,
    retain: bool,
    /// Bits: peers that are listed.
    eligible: Option<u8>,
    exclude: Option<u8>,
    eligible_authid: Option<u8>,
}

/// The router by the book.
#[derive(Default)]
struct Model {
    /// Who is in, and the subscription's id.
    subscriptions: BTreeMap<usize, (BTreeSet<usize>, u64)>,
    /// By topic: value, publisher's session if it is excluded, and lists.
    retained: BTreeMap<usize, Vec<(u64, Option<u64>, Lists)>>,
}

/// Sessions, sessions, authids.
type Lists = [Option<Vec<String>>; 3];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0..PEERS;
    let list = || prop::option::weighted(0.2, 0..16_u8);
    let options =
        (any::<bool>(), any::<Option<bool>>(), prop::bool::weighted(0.3), [list(), list(), list()]);
    let options = options.prop_map(|(acknowledge, exclude_me, retain, lists)| {
        let [eligible, exclude, eligible_authid] = lists;
        Options { acknowledge, exclude_me, retain, eligible, exclude, eligible_authid }
    });
    let step = prop_oneof![
        4 => (who.clone(), 0..PATTERNS.len(), any::<bool>()).prop_map(
            |(who, pattern, get_retained)| Step::Subscribe { who, pattern, get_retained }
        ),
        2 => (who.clone(), 0..PATTERNS.len())
            .prop_map(|(who, pattern)| Step::Unsubscribe { who, pattern }),
        8 => (who.clone(), 0..TOPICS.len(), options)
            .prop_map(|(who, topic, options)| Step::Publish { who, topic, options }),
        1 => who.prop_map(|who| Step::Rejoin { who }),
    ];
    prop::collection::vec(step, 1..60)
}

fn matches(pattern: usize, topic: usize) -> bool {
    let (pattern, policy) = PATTERNS[pattern];
    let topic = TOPICS[topic];
    match policy {
        Match::Exact => pattern == topic,
        Match::Prefix => topic.starts_with(pattern),
        Match::Wildcard => {
            let [own, given] = [pattern, topic].map(|uri| uri.split('.').collect::<Vec<_>>());
            own.len() == given.len()
                && own.iter().zip(given).all(|(own, given)| own.is_empty() || *own == given)
        }
        other => panic!("{other:?}"),
    }
}

fn allows(lists: &Lists, peer: &Peer) -> bool {
    let session = peer.session.to_string();
    let [eligible, exclude, eligible_authid] = lists;
    eligible.as_ref().is_none_or(|list| list.contains(&session))
        && exclude.as_ref().is_none_or(|list| !list.contains(&session))
        && eligible_authid.as_ref().is_none_or(|list| list.contains(&peer.authid))
}

/// What a test can tell of an event.
fn tell(event: &Event) -> (u64, Option<String>, Option<u64>, bool) {
    let value = event.payload.to_values().unwrap().0.pop().unwrap().as_u64();
    let topic = event.details.topic.as_deref().map(str::to_owned);
    (event.subscription, topic, value, event.details.retained == Some(true))
}

impl Model {
    fn take(&mut self, net: &mut Net, peers: &mut [Peer], request: u64, step: Step) {
        match step {
            Step::Subscribe { who, pattern, get_retained } => {
                let (uri, policy) = PATTERNS[pattern];
                let mut message = subscribe_as(request, uri, policy);
                message.options.get_retained = Some(get_retained);
                net.send(peers[who].id, message);
                let mut got = net.take_messages(peers[who].id).into_iter();
                let Some(Message::Subscribed(subscribed)) = got.next() else { panic!() };
                let id = subscribed.subscription;
                let (members, known) =
                    self.subscriptions.entry(pattern).or_insert((BTreeSet::new(), id));
                assert_eq!(*known, id);
                members.insert(who);
                let events: Vec<_> = got
                    .map(|message| match message {
                        Message::Event(event) => tell(&event),
                        other => panic!("{}", show(&other)),
                    })
                    .collect();
                let newest = |topic: usize| {
                    let kept = self.retained.get(&topic)?.iter().rev();
                    let mut fitting = kept.filter(|(_, except, lists)| {
                        *except != Some(peers[who].session) && allows(lists, &peers[who])
                    });
                    let value = fitting.next()?.0;
                    let named = policy != Match::Exact;
                    Some((id, named.then(|| TOPICS[topic].to_owned()), Some(value), true))
                };
                let mut topics: Vec<_> = (0..TOPICS.len())
                    .filter(|topic| get_retained && matches(pattern, *topic))
                    .collect();
                topics.sort_by_key(|topic| TOPICS[*topic]);
                assert_eq!(events, topics.into_iter().filter_map(newest).collect::<Vec<_>>());
            }
            Step::Unsubscribe { who, pattern } => {
                let id = self.subscriptions.get(&pattern).map_or(1 << 40, |known| known.1);
                net.send(peers[who].id, unsubscribe(request, id));
                let was_in = self.leave(who, pattern);
                let answer = net.take_one(peers[who].id);
                assert_eq!(matches!(answer, Message::Unsubscribed(_)), was_in);
            }
            Step::Publish { who, topic, options } => {
                self.publish(net, peers, request, who, topic, options);
            }
            Step::Rejoin { who } => {
                net.disconnect(peers[who].id);
                for pattern in 0..PATTERNS.len() {
                    self.leave(who, pattern);
                }
                peers[who] = join(net);
            }
        }
        assert_eq!(net.statistics().subscriptions, self.subscriptions.len());
    }

    fn publish(
        &mut self,
        net: &mut Net,
        peers: &[Peer],
        request: u64,
        who: usize,
        topic: usize,
        options: Options,
    ) {
        let listed = |bits: u8| peers.iter().enumerate().filter(move |(n, _)| bits >> n & 1 == 1);
        let sessions = |bits: u8| listed(bits).map(|(_, peer)| peer.session).collect::<Vec<_>>();
        let authids =
            |bits: u8| listed(bits).map(|(_, peer)| peer.authid.clone()).collect::<Vec<_>>();
        let texts =
            |bits: u8| sessions(bits).into_iter().map(|id| id.to_string()).collect::<Vec<_>>();
        let message = publish_as(request, TOPICS[topic], request, |o| {
            o.acknowledge = Some(options.acknowledge);
            o.exclude_me = options.exclude_me;
            o.retain = Some(options.retain);
            o.eligible = options.eligible.map(sessions);
            o.exclude = options.exclude.map(sessions);
            o.eligible_authid = options.eligible_authid.map(authids);
        });
        let lists: Lists = [
            options.eligible.map(texts),
            // An empty `exclude` counts as none.
            options.exclude.map(texts).filter(|list| !list.is_empty()),
            options.eligible_authid.map(authids),
        ];
        net.send(peers[who].id, message);
        let exclude_me = options.exclude_me.unwrap_or(true);
        let mut publications = BTreeSet::new();
        for (number, peer) in peers.iter().enumerate() {
            let mut got = net.take_messages(peer.id);
            if number == who && options.acknowledge {
                let Message::Published(published) = got.remove(0) else { panic!("not first") };
                publications.insert(published.publication);
            }
            let mut events = Vec::new();
            for message in got {
                let Message::Event(event) = message else { panic!("{}", show(&message)) };
                publications.insert(event.publication);
                events.push(tell(&event));
            }
            let mut expected = Vec::new();
            for (pattern, (members, id)) in &self.subscriptions {
                let gets = members.contains(&number)
                    && matches(*pattern, topic)
                    && !(number == who && exclude_me)
                    && allows(&lists, peer);
                let named = PATTERNS[*pattern].1 != Match::Exact;
                let topic = named.then(|| TOPICS[topic].to_owned());
                expected.extend(gets.then_some((*id, topic, Some(request), false)));
            }
            events.sort();
            expected.sort();
            assert_eq!(events, expected);
        }
        assert!(publications.len() <= 1, "one publication has one id");
        if options.retain {
            let kept = self.retained.entry(topic).or_default();
            let for_nobody =
                [&lists[0], &lists[2]].iter().any(|list| list.as_ref().is_some_and(Vec::is_empty));
            if for_nobody || lists.iter().all(Option::is_none) {
                kept.clear();
            }
            if !for_nobody {
                let except = exclude_me.then_some(peers[who].session);
                kept.push((request, except, lists));
            }
            // More would be too much for one topic; the oldest of those for some goes.
            if kept.len() > 16 {
                let oldest =
                    kept.iter().position(|(_, _, lists)| lists.iter().any(Option::is_some));
                kept.remove(oldest.unwrap());
            }
        }
    }

    /// Whether it was in it.
    fn leave(&mut self, who: usize, pattern: usize) -> bool {
        let Some((members, _)) = self.subscriptions.get_mut(&pattern) else { return false };
        let was_in = members.remove(&who);
        if members.is_empty() {
            self.subscriptions.remove(&pattern);
        }
        was_in
    }
}

proptest! {
    #[test]
    fn everybody_gets_what_the_book_says(steps in steps()) {
        let mut config = RouterConfig::new(7).realm("realm1");
        // Its events would come by patterns that match everything.
        config.meta_api = MetaApi::Off;
        let mut net = Net::with(config);
        let mut peers: Vec<_> = (0..PEERS).map(|_| join(&mut net)).collect();
        let mut model = Model::default();
        for (request, step) in (1..).zip(steps) {
            model.take(&mut net, &mut peers, request, step);
        }
        for peer in peers {
            net.disconnect(peer.id);
        }
        prop_assert_eq!(net.statistics(), Default::default());
    }
}
