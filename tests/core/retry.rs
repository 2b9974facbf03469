//! When which transport is tried again: the schedule of `core::retry`, in virtual time.

use std::time::Duration;

use proptest::prelude::*;
use wampwerk::internals::core::retry::{Next, RetryPolicy, Rotation};

fn steady() -> RetryPolicy {
    RetryPolicy::default().jitter(0.0)
}

/// What comes next: which transport, which attempt over it, and the delay in milliseconds.
fn next(rotation: &mut Rotation) -> (usize, u32, u128) {
    match rotation.next() {
        Next::Connect { transport, attempt, delay } => (transport, attempt, delay.as_millis()),
        Next::Exhausted => panic!("exhausted"),
    }
}

#[test]
fn at_the_limit_a_fleet_does_not_come_back_in_step() {
    let policy = RetryPolicy::default();
    let delays: Vec<Duration> = (0..200)
        .map(|seed| {
            let mut rotation = Rotation::new([policy.clone()], seed);
            for _ in 0..30 {
                rotation.next();
                rotation.failed(0);
            }
            let Next::Connect { delay, .. } = rotation.next() else { panic!("there is no limit") };
            delay
        })
        .collect();
    assert!(delays.iter().all(|delay| *delay <= policy.max_delay));
    let at_limit = delays.iter().filter(|delay| **delay == policy.max_delay).count();
    assert!(at_limit <= 1, "{at_limit} of {}", delays.len());
    let early = delays.iter().filter(|delay| **delay < Duration::from_secs(280)).count();
    assert!((50..150).contains(&early), "a standard deviation is 30 s: {early}");
}

#[test]
fn the_defaults_are_autobahns() {
    let policy = RetryPolicy::default();
    let seconds = Duration::from_secs;
    assert_eq!((policy.max_retries, policy.max_delay), (None, seconds(300)));
    assert_eq!((policy.growth, policy.jitter), (1.5, 0.1));
    assert_eq!(policy.initial_delay, Duration::from_millis(1500));
}

#[test]
fn the_first_retry_waits_the_initial_delay_and_the_last_the_longest() {
    let mut rotation = Rotation::new([steady()], 0);
    let mut delays = Vec::new();
    for attempt in 1..=20 {
        let (transport, number, delay) = next(&mut rotation);
        assert_eq!((transport, number), (0, attempt));
        delays.push(delay);
        rotation.failed(0);
    }
    assert_eq!(delays[..6], [0, 1500, 2250, 3375, 5062, 7593]);
    assert_eq!(delays[15..], [300_000; 5]);
}

#[test]
fn it_goes_round_and_tries_each_transport_at_once_first() {
    let mut rotation = Rotation::new([steady(), steady(), steady()], 0);
    let mut seen = Vec::new();
    for _ in 0..7 {
        let (transport, attempt, delay) = next(&mut rotation);
        seen.push((transport, attempt, delay));
        rotation.failed(transport);
    }
    let expected =
        [(0, 1, 0), (1, 1, 0), (2, 1, 0), (0, 2, 1500), (1, 2, 1500), (2, 2, 1500), (0, 3, 2250)];
    assert_eq!(seen, expected);
    assert_eq!(rotation.failures(), 7);
}

#[test]
fn retries_are_counted_behind_the_first_attempt() {
    for retries in [0, 1, 5] {
        let mut rotation = Rotation::new([steady().max_retries(retries)], 0);
        for attempt in 1..=retries + 1 {
            assert_eq!(next(&mut rotation).1, attempt);
            rotation.failed(0);
        }
        assert_eq!(rotation.next(), Next::Exhausted);
        assert_eq!(rotation.failures(), retries + 1);
    }
}

#[test]
fn each_transport_has_its_own_counter_and_policy() {
    let slow = steady().initial_delay(Duration::from_secs(10)).growth(2.0);
    let mut rotation = Rotation::new([steady().max_retries(1), slow], 0);
    let mut seen = Vec::new();
    for _ in 0..6 {
        let (transport, _, delay) = next(&mut rotation);
        seen.push((transport, delay));
        rotation.failed(transport);
    }
    assert_eq!(seen, [(0, 0), (1, 0), (0, 1500), (1, 10_000), (1, 20_000), (1, 40_000)]);
}

#[test]
fn a_join_resets_all_counters_but_gives_no_second_attempt_without_a_delay() {
    let mut rotation = Rotation::new([steady().max_retries(2), steady().max_retries(2)], 0);
    for expected in [(0, 1, 0), (1, 1, 0), (0, 2, 1500), (1, 2, 1500), (0, 3, 2250)] {
        let found = next(&mut rotation);
        assert_eq!(found, expected);
        rotation.failed(found.0);
    }
    assert_eq!(next(&mut rotation), (1, 3, 2250));
    rotation.joined(1);
    assert_eq!(rotation.failures(), 0);
    rotation.failed(1);
    for expected in [(0, 1, 1500), (1, 2, 1500), (0, 2, 1500), (1, 3, 2250), (0, 3, 2250)] {
        let found = next(&mut rotation);
        assert_eq!(found, expected);
        rotation.failed(found.0);
    }
    assert_eq!(rotation.next(), Next::Exhausted);
}

#[test]
fn what_was_given_up_stays_so() {
    let mut rotation = Rotation::new([steady(), steady()], 0);
    assert_eq!(next(&mut rotation).0, 0);
    rotation.failed(0);
    rotation.give_up(0);
    for _ in 0..3 {
        assert_eq!(next(&mut rotation).0, 1);
        rotation.joined(1);
        rotation.failed(1);
    }
    rotation.give_up(1);
    assert_eq!(rotation.next(), Next::Exhausted);
    assert_eq!(Rotation::new([], 0).next(), Next::Exhausted);
}

#[test]
fn parameters_without_sense_are_named() {
    let policy = RetryPolicy::default;
    for (policy, key) in [
        (policy().growth(0.9), "retry_delay_growth"),
        (policy().growth(1000.1), "retry_delay_growth"),
        (policy().growth(f64::NAN), "retry_delay_growth"),
        (policy().growth(f64::INFINITY), "retry_delay_growth"),
        (policy().jitter(-0.1), "retry_delay_jitter"),
        (policy().jitter(1.1), "retry_delay_jitter"),
        (policy().jitter(f64::NAN), "retry_delay_jitter"),
        (policy().initial_delay(Duration::MAX), "initial_retry_delay"),
        (policy().max_delay(Duration::from_secs(31_536_001)), "max_retry_delay"),
    ] {
        assert_eq!(policy.check().unwrap_err().path, key, "{policy:?}");
    }
    policy().max_delay(Duration::from_secs(31_536_000)).growth(1000.0).check().unwrap();
    RetryPolicy::default().growth(1.0).jitter(1.0).check().unwrap();
}

#[test]
fn the_jitter_is_normal() {
    let policy = RetryPolicy::default().initial_delay(Duration::from_secs(10)).growth(1.0);
    let mut rotation = Rotation::new([policy], 7);
    next(&mut rotation);
    let draws: Vec<f64> = (0..20_000).map(|_| next(&mut rotation).2 as f64 / 1000.0).collect();
    let count = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / count;
    let deviation = (draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / count).sqrt();
    let within = draws.iter().filter(|draw| (*draw - 10.0).abs() < 1.0).count() as f64 / count;
    assert!((mean - 10.0).abs() < 0.03, "{mean}");
    assert!((deviation - 1.0).abs() < 0.03, "{deviation}");
    assert!((within - 0.683).abs() < 0.02, "{within}");
}

/// What happens to an attempt.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Fails,
    JoinsAndIsLost,
    IsFatal,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        6 => Just(Fate::Fails),
        3 => Just(Fate::JoinsAndIsLost),
        1 => Just(Fate::IsFatal),
    ];
    prop::collection::vec(fate, 1..60)
}

prop_compose! {
    fn policies()(
        list in prop::collection::vec(
            (prop::option::of(0..5_u32), 1..5000_u64, 1..60_000_u64, 1.0..4.0_f64, 0.0..=1.0_f64),
            1..5,
        ),
    ) -> Vec<RetryPolicy> {
        list.into_iter().map(|(retries, initial, most, growth, jitter)| {
            let mut policy = RetryPolicy::default().growth(growth).jitter(jitter);
            policy.max_retries = retries;
            policy.initial_delay = Duration::from_millis(initial);
            policy.max_delay = Duration::from_millis(most);
            policy
        }).collect()
    }
}

proptest! {
    /// The rotation against a plain model of what its documentation says.
    #[test]
    fn it_holds_what_it_says(policies in policies(), fates in fates(), seed: u64) {
        let mut rotation = Rotation::new(policies.clone(), seed);
        let mut twin = Rotation::new(policies.clone(), seed);
        let count = policies.len();
        let (mut failures, mut dead) = (vec![0_u32; count], vec![false; count]);
        let (mut tried, mut turn) = (vec![false; count], 0);
        for fate in fates {
            let step = rotation.next();
            prop_assert_eq!(&step, &twin.next());
            let left = |at: &usize| {
                !dead[*at] && policies[*at].max_retries.is_none_or(|most| failures[*at] <= most)
            };
            let expected = (0..count).map(|step| (turn + step) % count).find(left);
            let Next::Connect { transport, attempt, delay } = step else {
                prop_assert_eq!(expected, None);
                break;
            };
            prop_assert_eq!(Some(transport), expected);
            prop_assert_eq!(attempt, failures[transport] + 1);
            let policy = &policies[transport];
            if std::mem::replace(&mut tried[transport], true) {
                let steps = failures[transport].max(1) - 1;
                let nominal = policy.initial_delay.as_secs_f64() * policy.growth.powf(f64::from(steps));
                let nominal = nominal.min(policy.max_delay.as_secs_f64());
                let least = nominal * (1.0 - 3.0 * policy.jitter).max(0.1);
                let most = nominal * (1.0 + 3.0 * policy.jitter);
                prop_assert!(delay <= policy.max_delay);
                prop_assert!(delay.as_secs_f64() >= least.min(policy.max_delay.as_secs_f64()) - 1e-6);
                prop_assert!(delay.as_secs_f64() <= most + 1e-6);
                prop_assert!(!delay.is_zero());
            } else {
                prop_assert_eq!(delay, Duration::ZERO);
            }
            turn = (transport + 1) % count;
            for rotation in [&mut rotation, &mut twin] {
                if matches!(fate, Fate::JoinsAndIsLost) {
                    rotation.joined(transport);
                }
                rotation.failed(transport);
                if matches!(fate, Fate::IsFatal) {
                    rotation.give_up(transport);
                }
            }
            match fate {
                Fate::JoinsAndIsLost => failures.fill(0),
                Fate::IsFatal => dead[transport] = true,
                Fate::Fails => {}
            }
            failures[transport] += 1;
        }
    }
}
