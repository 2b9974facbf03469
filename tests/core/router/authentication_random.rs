//! Whatever a peer sends in whatever order: no session without the right proof for the last
//! challenge.

use std::time::Duration;

use proptest::prelude::*;
use wampwerk::Dict;
use wampwerk::auth::wampcra;
use wampwerk::internals::core::router::{AuthenticationConfig, ConnectionId, Denied, Principal};
use wampwerk::message::*;

use crate::common::router_auth::*;
use crate::common::router_core::*;

/// What one of two peers, or the application, does next.
#[derive(Clone, Debug)]
enum Step {
    Hello {
        method: &'static str,
        authid: &'static str,
        secret: &'static str,
    },
    /// The answer of the client that said HELLO last, to the last challenge of its own.
    Answer,
    /// The same to a challenge of the other peer.
    AnswerOther,
    /// The last answer once more, whatever it was.
    Replay,
    Junk(String),
    Abort,
    Goodbye,
    Call,
    /// The application knows only `joe`.
    Decide,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let methods = ["ticket", "wampcra", "cryptosign", "anonymous", "cookie", "nonsense"];
    let hello = (
        proptest::sample::select(methods.to_vec()),
        proptest::sample::select(vec!["joe", "jane", "nobody", ""]),
        proptest::sample::select(vec![RIGHT, WRONG]),
    );
    let step = prop_oneof![
        5 => hello.prop_map(|(method, authid, secret)| Step::Hello { method, authid, secret }),
        5 => Just(Step::Answer),
        2 => Just(Step::AnswerOther),
        2 => Just(Step::Replay),
        1 => ".{0,40}".prop_map(Step::Junk),
        1 => Just(Step::Abort),
        1 => Just(Step::Goodbye),
        1 => Just(Step::Call),
        5 => Just(Step::Decide),
        1 => (0..4000_u64).prop_map(Step::Wait),
    ];
    proptest::collection::vec((0..2_usize, step), 1..60)
}

#[derive(Default)]
struct PeerState {
    id: Option<ConnectionId>,
    client: Option<Client>,
    hello: Option<Hello>,
    challenge: Option<Challenge>,
    /// Whether the last thing that it sent was right.
    proved: bool,
    joined: bool,
    last: Option<Authenticate>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn nobody_gets_in_without_proof(dynamic in any::<bool>(), steps in steps()) {
        run(dynamic, steps);
    }
}

fn run(dynamic: bool, steps: Vec<(usize, Step)>) {
    let mut config = users();
    if dynamic {
        config = AuthenticationConfig::new([7; 32]);
        let methods = ["ticket", "wampcra", "cryptosign", "cookie"];
        config.dynamic = methods.map(str::to_owned).to_vec();
    }
    let mut net = net_with(config);
    let mut peers = [PeerState::default(), PeerState::default()];
    for (at, step) in steps {
        let id = match peers[at].id.filter(|id| net.closed(*id).is_none()) {
            Some(id) => id,
            None => {
                let id = net.connect();
                peers[at] = PeerState { id: Some(id), ..Default::default() };
                id
            }
        };
        // A driver hands over nothing while the application is asked.
        let asked = net.is_asked(id);
        if asked && !matches!(step, Step::Decide | Step::Wait(_)) {
            continue;
        }
        match step {
            Step::Hello { method, authid, secret } => {
                let client = Client::new(method, Some(authid), secret);
                let hello = client.hello();
                let last = peers[at].last.take();
                let (client, said) = (Some(client), Some(hello.clone()));
                let joined = peers[at].joined;
                peers[at] = PeerState {
                    id: Some(id),
                    client,
                    hello: said,
                    joined,
                    last,
                    ..Default::default()
                };
                net.send(id, hello);
            }
            Step::Answer | Step::AnswerOther | Step::Replay | Step::Junk(_) => {
                let answer = match step {
                    Step::Answer => answer_of(&mut peers, at, at),
                    Step::AnswerOther => answer_of(&mut peers, at, 1 - at),
                    Step::Junk(signature) => Some(Authenticate { signature, extra: Dict::new() }),
                    _ => peers[at].last.clone(),
                };
                let Some(answer) = answer else { continue };
                peers[at].proved = is_right(&peers[at], &answer, dynamic);
                peers[at].challenge = None;
                net.send(id, answer);
            }
            Step::Abort => {
                peers[at].proved = false;
                peers[at].challenge = None;
                peers[at].joined = false;
                net.send(id, abort());
            }
            Step::Goodbye => {
                peers[at].proved = false;
                net.send(id, goodbye("wamp.close.normal"));
            }
            Step::Call => net.send(id, call(1, "wamp.session.count", 1)),
            Step::Decide if asked => {
                let request = net.take_question(id);
                let known = request.authid.as_deref() == Some("joe");
                let method = request.authmethod.as_str();
                net.authenticated(
                    id,
                    match (known, method) {
                        // The application trusts such clients for another reason.
                        (true, "cookie") => {
                            peers[at].proved = true;
                            Ok(Principal::new("joe", "tester"))
                        }
                        (true, method) => {
                            Ok(Principal::new("joe", "tester").credential(credential(method)))
                        }
                        (false, _) => Err(Denied::new()),
                    },
                );
            }
            Step::Decide => {}
            Step::Wait(millis) => net.advance(Duration::from_millis(millis)),
        }
        for (at, peer) in peers.iter_mut().enumerate() {
            let Some(id) = peer.id else { continue };
            for message in net.take_messages(id) {
                match message {
                    Message::Challenge(challenge) => peer.challenge = Some(challenge),
                    Message::Welcome(welcome) => {
                        assert!(peer.proved, "peer {at} got in as {:?}", welcome.details.authid);
                        let hello = peer.hello.as_ref().unwrap();
                        assert_eq!(welcome.details.authid, hello.details.authid);
                        peer.joined = true;
                    }
                    Message::Abort(_) => peer.challenge = None,
                    Message::Goodbye(_) => peer.joined = false,
                    // Only sessions get anything else.
                    other => assert!(peer.joined, "{other:?}"),
                }
            }
            // And the right proof does let in.
            assert!(dynamic || !peer.proved || peer.joined);
        }
    }
}

/// Whether this is what lets in who said this HELLO and got this CHALLENGE: reckoned anew, from
/// what is on the wire.
fn is_right(peer: &PeerState, answer: &Authenticate, dynamic: bool) -> bool {
    let (Some(hello), Some(challenge)) = (&peer.hello, &peer.challenge) else { return false };
    let known = match hello.details.authid.as_deref() {
        Some("joe") => true,
        Some("jane") => !dynamic && challenge.method == "ticket",
        _ => false,
    };
    known
        && match challenge.method.as_str() {
            "ticket" => answer.signature == RIGHT,
            "wampcra" => {
                answer.signature == wampcra::sign(RIGHT.as_bytes(), &text(challenge, "challenge"))
            }
            _ => {
                let message =
                    wampwerk::internals::auth::to_be_signed(&text(challenge, "challenge"), None)
                        .unwrap();
                let key = key(RIGHT).public_key();
                let announced = hello.details.authextra.as_ref().unwrap().get("pubkey").cloned();
                announced == Some(wampwerk::internals::auth::to_hex(&key).into())
                    && wampwerk::internals::auth::verify(&key, &message, &answer.signature).is_ok()
            }
        }
}

/// What the client of one peer answers to the challenge of another one.
fn answer_of(peers: &mut [PeerState; 2], at: usize, other: usize) -> Option<Authenticate> {
    let challenge = peers[other].challenge.clone()?;
    let client = peers[at].client.as_mut()?;
    if !client.understands(&challenge) {
        return None;
    }
    let answer = client.answer(&challenge);
    peers[at].last = Some(answer.clone());
    Some(answer)
}
