//! Whether finding who wants an event or answers a call costs more, the more others there are: the
//! same publications and calls through the router core among 100, 10 000 and 100 000 subscriptions
//! or registrations that do not match them. Ends with an error if among the most it costs more than
//! three times what it costs among the fewest.
//!
//! Below that, what an adversary would do: patterns that are made to be walked through.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a bench ends with the first error")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use wampwerk::internals::core::router::{ConnectionId, Output, RouterConfig, RouterCore};
use wampwerk::message::*;
use wampwerk::{Dict, Match};

const UNRELATED: [usize; 3] = [100, 10_000, 100_000];
const REQUESTS: u64 = 10_000;
/// So many in turn for each of the three: what else the machine does hits all of them, and some
/// round of each is left alone.
const ROUNDS: u64 = 50;
const MOST: f64 = 3.0;

/// A router core with one session that owns everything and one that publishes and calls.
struct Net {
    router: RouterCore,
    owner: ConnectionId,
    sender: ConnectionId,
    request: u64,
}

/// What is sent; gives its topic or procedure.
type Send = fn(&mut Net, &str);

struct Case {
    name: &'static str,
    /// The one that gets what is sent.
    matching: (&'static str, Match),
    uri: &'static str,
    /// Those that do not, numbered.
    unrelated: fn(usize) -> (String, Match),
}

fn main() {
    // `cargo test --benches` only wants to see that it runs.
    let smoke = !std::env::args().any(|argument| argument == "--bench");
    let mut failed = Vec::new();
    for (what, own, send) in [
        ("publish", Net::subscribe as fn(&mut Net, &str, Match), Net::publish as Send),
        ("call", Net::register, Net::call),
    ] {
        let [few, some, many] = UNRELATED;
        println!("{:<46} {few:>8} {some:>8} {many:>8}", format!("{what}: ns each, among"));
        for case in CASES {
            let mut nets = UNRELATED.map(|count| {
                let count = if smoke { 10 } else { count };
                let mut net = Net::new();
                (0..count).for_each(|number| {
                    let (uri, policy) = (case.unrelated)(number);
                    own(&mut net, &uri, policy);
                });
                own(&mut net, case.matching.0, case.matching.1);
                net
            });
            let mut costs = [f64::INFINITY; 3];
            for _ in 0..ROUNDS {
                for (net, cost) in nets.iter_mut().zip(&mut costs) {
                    *cost = cost.min(net.cost(case.uri, send, REQUESTS / ROUNDS));
                }
            }
            let growth = costs[2] / costs[0];
            println!(
                "  {:<44} {:>8.0} {:>8.0} {:>8.0}   x {growth:.2}",
                case.name, costs[0], costs[1], costs[2]
            );
            if growth > MOST && !smoke {
                failed.push(format!("{what}, {}: x {growth:.2}", case.name));
            }
        }
    }
    adversaries(smoke);
    if !failed.is_empty() {
        eprintln!("cost grows with what does not match: {failed:?}");
        std::process::exit(1);
    }
}

const CASES: &[Case] = &[
    Case {
        name: "exact among exact",
        matching: ("com.shop.order.created", Match::Exact),
        uri: "com.shop.order.created",
        unrelated: |n| (format!("com.shop.order{n}.created"), Match::Exact),
    },
    Case {
        name: "exact among all kinds",
        matching: ("com.shop.order.created", Match::Exact),
        uri: "com.shop.order.created",
        unrelated: mixed,
    },
    Case {
        name: "prefix among prefixes",
        matching: ("com.shop.order.", Match::Prefix),
        uri: "com.shop.order.created",
        unrelated: |n| (format!("com.shop.order{n}."), Match::Prefix),
    },
    Case {
        name: "prefix among prefixes of many lengths",
        matching: ("com.shop.order.", Match::Prefix),
        uri: "com.shop.order.created",
        unrelated: |n| (format!("com.shop.order{n}.{}", "x".repeat(n % 100)), Match::Prefix),
    },
    Case {
        name: "prefix among all kinds",
        matching: ("com.shop.order.", Match::Prefix),
        uri: "com.shop.order.created",
        unrelated: mixed,
    },
    Case {
        name: "wildcard among wildcards",
        matching: ("com..order.created", Match::Wildcard),
        uri: "com.shop.order.created",
        unrelated: |n| (format!("com..order{n}.created"), Match::Wildcard),
    },
    Case {
        name: "wildcard among wildcards, literal at the end",
        matching: ("...created", Match::Wildcard),
        uri: "com.shop.order.created",
        unrelated: |n| (format!("...created{n}"), Match::Wildcard),
    },
    Case {
        name: "wildcard among wildcards of other lengths",
        matching: ("com..order.created", Match::Wildcard),
        uri: "com.shop.order.created",
        unrelated: |n| (format!("com..order.created{}.x{n}", ".".repeat(n % 50)), Match::Wildcard),
    },
    Case {
        name: "wildcard among all kinds",
        matching: ("com..order.created", Match::Wildcard),
        uri: "com.shop.order.created",
        unrelated: mixed,
    },
];

fn mixed(n: usize) -> (String, Match) {
    match n % 4 {
        0 => (format!("com.shop{n}.order.created"), Match::Exact),
        1 => (format!("com.shop.order.{n}"), Match::Prefix),
        2 => (format!("com..order{n}.created"), Match::Wildcard),
        _ => (format!("com.shop.{n}."), Match::Wildcard),
    }
}

/// Everything here matches in part or as a whole, as far as one session may go. There is no way to
/// make it cheap, but it must not explode: at most so many nodes are seen as there are patterns.
fn adversaries(smoke: bool) {
    let count = if smoke { 64 } else { 100_000 };
    println!("patterns made to be walked through: {count} of them, ns a publication");
    // Each is a prefix of the topic, which ends before most of them.
    let long = "x".repeat(count);
    let mut net = Net::new();
    (1..=count).for_each(|length| {
        // A router takes no URI that is this long by default.
        if length < 4000 || length % 1000 == 0 {
            net.subscribe(&long[..length.min(4000)], Match::Prefix);
        }
    });
    let topic = &long[..count.min(30)];
    println!("  {:<44} {:>8.0}", "prefixes of each other", net.cost(topic, Net::publish, 1000));

    // Both ways are open at each component, and none of them ends well.
    let pattern = |number: usize, components: usize, end: &str| {
        let bits = (0..components).map(|bit| if number >> bit & 1 == 1 { "a" } else { "" });
        bits.chain([end]).collect::<Vec<_>>().join(".")
    };
    for (name, components, end) in [
        ("branches at each component, no match", 17, "b"),
        ("branches at each component, all match", 17, ""),
        ("branches, then a long way, no match", 127, "b"),
    ] {
        let mut net = Net::new();
        (0..count).for_each(|number| {
            net.subscribe(&pattern(number, components, end), Match::Wildcard);
        });
        let topic = vec!["a"; components + 1].join(".");
        println!("  {name:<44} {:>8.0}", net.cost(&topic, Net::publish, 4));
    }
}

impl Net {
    fn new() -> Self {
        let mut config = RouterConfig::new(7).realm("realm1");
        config.limits.wildcards = usize::MAX;
        config.limits.subscriptions = usize::MAX;
        config.limits.registrations = usize::MAX;
        let mut router = RouterCore::new(config);
        let mut join = || {
            let id = router.connect(Duration::ZERO);
            let mut details = HelloDetails::default();
            details.roles = Some(Roles::new().with("caller", &[]));
            let hello = Hello { realm: "realm1".into(), details };
            router.handle_message(Duration::ZERO, id, hello.into());
            id
        };
        let (owner, sender) = (join(), join());
        let mut net = Net { router, owner, sender, request: 0 };
        net.drain();
        net
    }

    fn subscribe(&mut self, topic: &str, policy: Match) {
        let mut options = SubscribeOptions::default();
        options.r#match = Some(policy);
        self.request += 1;
        let message = Subscribe { request: self.request, options, topic: topic.into() };
        self.own(message);
    }

    fn register(&mut self, procedure: &str, policy: Match) {
        let mut options = RegisterOptions::default();
        options.r#match = Some(policy);
        self.request += 1;
        let message = Register { request: self.request, options, procedure: procedure.into() };
        self.own(message);
    }

    fn own(&mut self, message: impl Into<Message>) {
        self.router.handle_message(Duration::ZERO, self.owner, message.into());
        match self.router.poll_output() {
            Some(Output::Send {
                message: Message::Subscribed(_) | Message::Registered(_), ..
            }) => {}
            other => panic!("{other:?}"),
        }
    }

    fn publish(&mut self, topic: &str) {
        self.request += 1;
        let options = PublishOptions::default();
        let payload = Payload::empty();
        let message = Publish { request: self.request, options, topic: topic.into(), payload };
        self.router.handle_message(Duration::ZERO, self.sender, message.into());
        self.drain();
    }

    fn call(&mut self, procedure: &str) {
        self.request += 1;
        let call = Call {
            request: self.request,
            options: CallOptions::default(),
            procedure: procedure.into(),
            payload: Payload::from_values(vec![1.into()], Dict::new()),
        };
        self.router.handle_message(Duration::ZERO, self.sender, call.into());
        let mut invoked = None;
        while let Some(output) = self.router.poll_output() {
            if let wampwerk::internals::core::router::Output::Send {
                message: Message::Invocation(m),
                ..
            } = output
            {
                invoked = Some(m.request);
            }
        }
        let request = invoked.unwrap();
        let answer = Yield { request, options: YieldOptions::default(), payload: Payload::empty() };
        self.router.handle_message(Duration::ZERO, self.owner, answer.into());
        assert_eq!(self.drain(), 1);
    }

    /// How long one takes, in nanoseconds.
    fn cost(&mut self, uri: &str, send: Send, times: u64) -> f64 {
        let start = Instant::now();
        (0..times).for_each(|_| send(self, black_box(uri)));
        start.elapsed().as_nanos() as f64 / times as f64
    }

    fn drain(&mut self) -> usize {
        std::iter::from_fn(|| self.router.poll_output()).map(black_box).count()
    }
}
