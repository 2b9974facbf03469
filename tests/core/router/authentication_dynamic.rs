//! How the router finds out who a client is by asking the application.

use std::time::Duration;

use wampwerk::Dict;
use wampwerk::auth::{Credential, Salt};
use wampwerk::internals::core::router::{
    AuthRequest, AuthenticationConfig, CloseCause, ConnectionId, Denied, Principal, User,
};
use wampwerk::message::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_auth::*;
use crate::common::router_core::*;

fn dynamic_net() -> Net {
    let mut config = AuthenticationConfig::new([7; 32]);
    config.dynamic = METHODS.iter().chain(&["cookie"]).map(ToString::to_string).collect();
    net_with(config)
}

/// Says HELLO and, if the method is one of tickets, shows the ticket; what the application is asked.
fn ask(net: &mut Net, id: ConnectionId, client: &mut Client, method: &str) -> AuthRequest {
    net.send(id, client.hello());
    if method == "ticket" {
        let challenge = challenge(net, id);
        net.send(id, client.answer(&challenge));
    }
    assert_eq!(net.take(id), [""; 0]);
    net.take_question(id)
}

/// Gives the application's answer, and the client's, if it is challenged.
fn settle(
    net: &mut Net,
    id: ConnectionId,
    client: &mut Client,
    answer: Result<Principal, Denied>,
) -> Message {
    net.authenticated(id, answer);
    assert!(net.is_resumed(id));
    match net.take_one(id) {
        Message::Challenge(challenge) => {
            net.send(id, client.answer(&challenge));
            net.take_one(id)
        }
        other => other,
    }
}

#[test]
fn each_method_lets_in_whom_the_application_knows() {
    for method in METHODS {
        let mut net = dynamic_net();
        let id = net.connect();
        let mut client = Client::new(method, Some("joe"), RIGHT);
        let request = ask(&mut net, id, &mut client, method);
        assert_eq!(request.realm, "realm1");
        assert_eq!(request.authid.as_deref(), Some("joe"));
        assert_eq!(request.authmethod, method);
        assert_eq!(request.ticket.is_some(), method == "ticket");
        let principal = Principal::new("Joe", "tester")
            .realm("realm2")
            .authprovider("database")
            .extra(Dict::new().with("team", 7))
            .credential(credential(method));
        let answer = settle(&mut net, id, &mut client, Ok(principal));
        let Message::Welcome(welcome) = answer else { panic!("{method}: {answer:?}") };
        let details = welcome.details.into_fields();
        assert_eq!(details.realm.unwrap(), "realm2");
        assert_eq!(details.authid.as_deref(), Some("Joe"));
        assert_eq!(details.authrole.as_deref(), Some("tester"));
        assert_eq!(details.authmethod.as_deref(), Some(method));
        assert_eq!(details.authprovider.as_deref(), Some("database"));
        let extra = details.authextra.unwrap();
        assert_eq!(extra.get("team"), Some(&7.into()));
        client.check(&extra);
    }
}

#[test]
fn a_wrong_secret_and_an_unknown_name_look_the_same() {
    for method in METHODS {
        let mut told = Vec::new();
        for (secret, known) in [(WRONG, true), (WRONG, false), (RIGHT, false)] {
            let mut net = dynamic_net();
            let id = net.connect();
            let mut client = Client::new(method, Some("joe"), secret);
            ask(&mut net, id, &mut client, method);
            let answer = match known {
                true => Ok(Principal::new("Joe", "tester")
                    .authprovider("database")
                    .credential(credential(method))),
                false => Err(Denied::like(credential(method))),
            };
            net.authenticated(id, answer);
            let mut seen = None;
            let mut answer = net.take_one(id);
            if let Message::Challenge(challenge) = &answer {
                seen = Some(shape(challenge));
                let authid = text_of_wampcra(challenge).map(|it| it["authid"].clone());
                assert!(authid.is_none_or(|authid| authid == "joe"));
                net.send(id, client.answer(challenge));
                answer = net.take_one(id);
            }
            let Message::Abort(abort) = answer else { panic!("{method}: {answer:?}") };
            assert_eq!(abort.reason, "wamp.error.authentication_denied");
            told.push((seen, abort.details.into_fields().message));
        }
        assert!(told.iter().all(|it| *it == told[0]), "{method}: {told:?}");
    }
}

#[test]
fn a_stranger_looks_as_the_application_says() {
    let mut net = dynamic_net();
    let mut seen = Vec::new();
    for denied in [false, true] {
        let id = net.connect();
        let mut client = Client::new("wampcra", Some("joe"), WRONG);
        ask(&mut net, id, &mut client, "wampcra");
        let salted = Credential::salted_wampcra(&RIGHT.into(), Salt::new("pepper")).unwrap();
        net.authenticated(
            id,
            match denied {
                true => Err(Denied::like(salted)),
                false => Ok(Principal::new("joe", "tester").credential(salted)),
            },
        );
        seen.push(shape(&challenge(&mut net, id)));
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn the_application_may_judge_tickets_itself() {
    let mut net = dynamic_net();
    let id = net.connect();
    // The ticket may say who it is.
    let mut client = Client::new("ticket", None, "signed: joe");
    let request = ask(&mut net, id, &mut client, "ticket");
    assert_eq!(request.authid, None);
    assert_eq!(request.ticket.unwrap().as_str().unwrap(), "signed: joe");
    net.authenticated(id, Ok(Principal::new("joe", "tester")));
    assert_eq!(net.take(id), ["WELCOME"]);
}

#[test]
fn methods_without_a_challenge_are_the_applications_alone() {
    let mut net = dynamic_net();
    for (answer, expected) in [
        (Ok(Principal::new("joe", "tester")), "WELCOME"),
        (Err(Denied::new()), "ABORT wamp.error.authentication_denied"),
    ] {
        let id = net.connect();
        let mut hello = hello("realm1");
        hello.details.authmethods = Some(vec!["tls".to_owned(), "cookie".to_owned()]);
        net.send(id, hello);
        assert_eq!(net.take_question(id).authmethod, "cookie");
        net.authenticated(id, answer);
        assert_eq!(net.take(id), [expected]);
    }
}

#[test]
fn a_refusal_with_a_reason_is_told_at_once() {
    let mut net = dynamic_net();
    let id = net.connect();
    let mut client = Client::new("wampcra", Some("joe"), RIGHT);
    ask(&mut net, id, &mut client, "wampcra");
    net.authenticated(id, Err(Denied::because("com.example.error.banned", "come back in May")));
    let Message::Abort(abort) = net.take_one(id) else { panic!() };
    assert_eq!(abort.reason, "com.example.error.banned");
    assert_eq!(abort.details.message.as_deref(), Some("come back in May"));
}

/// WAMP-CRA's challenge text.
fn text_of_wampcra(challenge: &Challenge) -> Option<serde_json::Value> {
    (challenge.method == "wampcra")
        .then(|| serde_json::from_str(&text(challenge, "challenge")).unwrap())
}

#[test]
fn nobody_gets_in_by_nothing_or_as_nobody() {
    let empty = Credential::WampCra { secret: "".into(), salt: None };
    let joe = || Principal::new("joe", "tester");
    let wampcra = || credential("wampcra");
    for (method, principal, named) in [
        ("ticket", joe().credential(Credential::Ticket("".into())), "ticket is empty"),
        ("ticket", Principal::new("", "tester"), "authid is empty"),
        ("wampcra", joe().credential(empty), "secret for wampcra is empty"),
        ("wampcra", Principal::new("joe", "").credential(wampcra()), "authrole is empty"),
        ("wampcra", joe().authprovider("").credential(wampcra()), "authprovider is empty"),
    ] {
        let mut net = dynamic_net();
        let id = net.connect();
        let empty = named.contains("ticket") || named.contains("secret");
        let mut client = Client::new(method, Some("joe"), if empty { "" } else { RIGHT });
        ask(&mut net, id, &mut client, method);
        let answer = settle(&mut net, id, &mut client, Ok(principal));
        let Message::Abort(abort) = answer else { panic!("{named}: {answer:?}") };
        assert_eq!(abort.reason, "wamp.error.authentication_denied");
        assert!(net.unusable_answers[0].contains(named), "{:?}", net.unusable_answers);
        assert!(!abort.details.message.as_deref().unwrap().contains("empty"));
    }
}

#[test]
fn what_does_not_fit_the_method_lets_nobody_in() {
    for method in METHODS {
        let other = if method == "ticket" { "wampcra" } else { "ticket" };
        for wrong in [Some(credential(other)), None] {
            // Then the application has judged it.
            if method == "ticket" && wrong.is_none() {
                continue;
            }
            let mut net = dynamic_net();
            let id = net.connect();
            let mut client = Client::new(method, Some("joe"), RIGHT);
            ask(&mut net, id, &mut client, method);
            let mut principal = Principal::new("joe", "tester");
            principal.credential = wrong;
            let told = wrong_credential_looks_like(&mut net, id, &mut client, Ok(principal));
            let said = std::mem::take(&mut net.unusable_answers);
            assert!(said[0].starts_with("principal \"joe\" has "), "{method}: {said:?}");
            // As for an unknown user.
            let id = net.connect();
            ask(&mut net, id, &mut client, method);
            let stranger = Err(Denied::new());
            assert_eq!(
                told,
                wrong_credential_looks_like(&mut net, id, &mut client, stranger),
                "{method}"
            );
            assert_eq!(net.unusable_answers, [""; 0]);
        }
    }
}

/// What a client sees that is refused in the end.
fn wrong_credential_looks_like(
    net: &mut Net,
    id: ConnectionId,
    client: &mut Client,
    answer: Result<Principal, Denied>,
) -> String {
    net.authenticated(id, answer);
    let mut seen = String::new();
    let mut answer = net.take_one(id);
    if let Message::Challenge(challenge) = &answer {
        seen = shape(challenge);
        net.send(id, Authenticate { signature: "any".to_owned(), extra: Dict::new() });
        answer = net.take_one(id);
    }
    let Message::Abort(abort) = answer else { panic!("{:?} {answer:?}", client.hello()) };
    assert_eq!(abort.reason, "wamp.error.authentication_denied");
    format!("{seen} {:?}", abort.details.message)
}

#[test]
fn a_realm_that_there_is_not_can_be_asked_about_but_not_joined() {
    let mut net = dynamic_net();
    for (redirect, expected) in [
        (Some("realm2"), "WELCOME"),
        (Some("elsewhere"), "ABORT wamp.error.no_such_realm"),
        (None, "ABORT wamp.error.no_such_realm"),
    ] {
        let id = net.connect();
        let mut hello = hello("nowhere");
        hello.details.authmethods = Some(vec!["cookie".to_owned()]);
        net.send(id, hello);
        assert_eq!(net.take_question(id).realm, "nowhere");
        let mut principal = Principal::new("joe", "tester");
        principal.realm = redirect.map(Into::into);
        net.authenticated(id, Ok(principal));
        assert_eq!(net.take(id), [expected]);
    }
}

#[test]
fn an_answer_that_does_not_come_ends_the_connection() {
    let mut net = dynamic_net();
    let id = net.connect();
    let mut client = Client::new("wampcra", Some("joe"), RIGHT);
    ask(&mut net, id, &mut client, "wampcra");
    net.advance(Duration::from_secs(10));
    assert_eq!(net.take(id), ["ABORT wamp.error.authorization_failed"]);
    assert_eq!(net.closed(id), Some(CloseCause::NotAuthenticated));
    // It comes after all.
    net.authenticated(id, Ok(Principal::new("joe", "tester").credential(credential("wampcra"))));
    assert_eq!(net.take(id), [""; 0]);
    assert_eq!(net.statistics().connections, 0);
}

#[test]
fn an_answer_about_somebody_who_has_gone_is_ignored() {
    let mut net = dynamic_net();
    let id = net.connect();
    let mut client = Client::new("cryptosign", None, RIGHT);
    ask(&mut net, id, &mut client, "cryptosign");
    net.disconnect(id);
    net.authenticated(id, Ok(Principal::new("joe", "tester").credential(credential("cryptosign"))));
    assert_eq!(net.take(id), [""; 0]);
    assert!(!net.is_resumed(id));
}

#[test]
fn who_gives_up_meanwhile_may_say_hello_again() {
    let mut net = dynamic_net();
    let id = net.connect();
    let mut client = Client::new("ticket", Some("joe"), RIGHT);
    ask(&mut net, id, &mut client, "ticket");
    net.send(id, abort());
    net.authenticated(id, Ok(Principal::new("joe", "tester")));
    // It is read when the answer is there.
    assert_eq!(net.take(id), ["WELCOME"]);
    assert_eq!(net.statistics().sessions, 0);
    assert!(net.is_resumed(id));
    let answer = Ok(Principal::new("joe", "tester"));
    ask(&mut net, id, &mut client, "ticket");
    net.authenticated(id, answer);
    assert_eq!(net.take(id), ["WELCOME"]);
}

#[test]
fn nothing_is_taken_while_the_application_is_asked() {
    for (message, answer) in [
        (Message::from(hello("realm1")), "ABORT wamp.error.protocol_violation"),
        (call(1, "com.example.add", 1).into(), "ERROR 48 1 wamp.error.no_such_procedure"),
        (
            Authenticate { signature: RIGHT.to_owned(), extra: Dict::new() }.into(),
            "ABORT wamp.error.protocol_violation",
        ),
    ] {
        let mut net = dynamic_net();
        let id = net.connect();
        let mut client = Client::new("ticket", Some("joe"), RIGHT);
        ask(&mut net, id, &mut client, "ticket");
        net.send(id, message);
        assert_eq!(net.take(id), [""; 0]);
        net.authenticated(id, Ok(Principal::new("joe", "tester")));
        assert_eq!(net.take(id), ["WELCOME", answer]);
    }
}

#[test]
fn an_answer_to_no_question_does_nothing() {
    let mut net = dynamic_net();
    let id = net.connect();
    net.authenticated(id, Ok(Principal::new("joe", "tester")));
    net.send(id, Client::new("ticket", Some("joe"), WRONG).hello());
    challenge(&mut net, id);
    net.authenticated(id, Ok(Principal::new("joe", "tester")));
    assert_eq!(net.take(id), [""; 0]);
    assert_eq!(net.statistics().sessions, 0);
}

#[test]
fn nothing_shows_what_is_secret() {
    let mut config = AuthenticationConfig::new([99; 32]);
    config.mock_secret = Some([99; 32].as_slice().into());
    config.dynamic = vec!["token".to_owned(), "wampcra".to_owned()];
    let mut net = net_with(config);
    for method in ["token", "wampcra"] {
        let id = net.connect();
        let mut hello = hello("realm1");
        hello.details.authmethods = Some(vec![method.to_owned()]);
        hello.details.authid = Some("joe".to_owned());
        hello.details.authextra = Some(Dict::new().with("token", "s3cret"));
        net.send(id, hello);
        let asked = format!("{:?}", net.router);
        let asked = format!("{asked} {:?}", net.take_question(id));
        let principal = Principal::new("joe", "tester").extra(Dict::new().with("more", "s3cret"));
        let principal = match method {
            "wampcra" => principal.credential(credential(method)),
            _ => principal,
        };
        let shown = format!("{asked} {principal:?}");
        net.authenticated(id, Ok(principal));
        let shown = format!("{shown} {:?}", net.router);
        let shown = format!("{shown} {:?}", net.take_one(id));
        for wrong in ["s3cret", RIGHT, "99, 99", "[99"] {
            assert!(!shown.contains(wrong), "{wrong}: {shown}");
        }
        assert!(shown.contains("joe"));
    }
    let user = User::new("joe", "x").ticket("s3cret");
    let user = user.extra(Dict::new().with("more", "s3cret"));
    assert!(!format!("{user:?}").contains("s3cret"));
}
