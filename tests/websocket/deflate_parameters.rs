//! Agreeing on permessage-deflate (RFC 7692, section 7.1), and `Sec-WebSocket-Extensions` (RFC 6455,
//! section 9.1).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use wampwerk::internals::framing::websocket::deflate::{
    self, BadExtensions, Extension, Parameters, parse,
};
use wampwerk::websocket::{Deflate, DeflateOffer};

use crate::deflate_common::{agree, takeover, without};

/// The parameters that a server and its client agree on, and the header of the response.
fn accepted(offers: &str, settings: &Deflate) -> Option<(Parameters, String)> {
    let outcome = deflate::accept([offers], settings).unwrap();
    outcome.map(|(agreement, response)| (agreement.parameters, response))
}

fn response(offers: &str, settings: &Deflate) -> Option<String> {
    accepted(offers, settings).map(|(_, response)| response)
}

fn checked(response: &str, settings: &Deflate) -> Result<Parameters, BadExtensions> {
    let outcome = deflate::check_response([response], Some(settings))?;
    Ok(outcome.expect("an extension").parameters)
}

fn parameters(server: bool, client: bool, server_bits: u8, client_bits: u8) -> Parameters {
    let mut parameters = Parameters::default();
    parameters.server_no_context_takeover = server;
    parameters.client_no_context_takeover = client;
    parameters.server_max_window_bits = server_bits;
    parameters.client_max_window_bits = client_bits;
    parameters
}

fn plain(name: &str) -> Extension {
    Extension { name: name.to_owned(), parameters: vec![] }
}

#[test]
fn several_lines_are_one_list_with_space_and_quotes() {
    let value = |text: &str| Some(text.to_owned());
    let all = parse(["a; b=1 ;c = \"x\\y\" , d", " ,, e;\tf\t=\"2\",", "", "g"]).unwrap();
    let first = Extension {
        name: "a".to_owned(),
        parameters: vec![("b".to_owned(), value("1")), ("c".to_owned(), value("xy"))],
    };
    let third = Extension { name: "e".to_owned(), parameters: vec![("f".to_owned(), value("2"))] };
    assert_eq!(all, [first, plain("d"), third, plain("g")]);
    assert_eq!(parse(["", " ", ","]), Ok(vec![]));
    assert_eq!(parse::<[&str; 0]>([]), Ok(vec![]));
}

#[test]
fn what_is_not_a_list_of_extensions_is_refused() {
    for bad in [
        ";",
        "a;",
        "a;;b",
        "a; =1",
        "a;b=",
        "a;b=,c",
        "a b",
        "a=1",
        "a;b=\"",
        "a;b=\"1",
        "a;b=\"\"",
        "a;b=\"1 2\"",
        "a;b=\"1\\",
        "a;b=1=2",
        "a;b=\"1\"x",
        "a/b",
        "a;b=\u{e9}",
        "\"a\"",
        "a;b\0",
    ] {
        assert_eq!(parse([bad]), Err(BadExtensions::Syntax), "{bad}");
        let error = deflate::accept(["permessage-deflate", bad], &Deflate::new());
        assert_eq!(error, Err(BadExtensions::Syntax), "{bad}");
        let error = deflate::check_response([bad], Some(&Deflate::new()));
        assert_eq!(error, Err(BadExtensions::Syntax), "{bad}");
    }
}

#[test]
fn what_a_client_offers() {
    for (settings, offer) in [
        (Deflate::new(), "permessage-deflate; client_max_window_bits"),
        (takeover(), "permessage-deflate; client_max_window_bits"),
        (
            without(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             client_max_window_bits",
        ),
        (
            Deflate::new().server_max_window_bits(8).client_max_window_bits(9),
            "permessage-deflate; server_max_window_bits=8; client_max_window_bits=9",
        ),
        (
            Deflate::new().server_max_window_bits(15).client_max_window_bits(15),
            "permessage-deflate; client_max_window_bits",
        ),
    ] {
        assert_eq!(deflate::offer(&settings), offer);
    }
}

#[test]
fn n02_n07_a_client_may_keep_its_window_to_itself() {
    let alone = Deflate::new().accept_max_window_bits(false).client_max_window_bits(10);
    assert_eq!(deflate::offer(&alone), "permessage-deflate");
    assert!(checked("permessage-deflate", &alone).is_ok());
    let error = checked("permessage-deflate; client_max_window_bits=10", &alone).unwrap_err();
    assert!(error.to_string().contains("client_max_window_bits was not offered"), "{error}");
    // A server that wants a small window does not ask for it then.
    let server = Deflate::new().client_max_window_bits(9);
    let answer = response(&deflate::offer(&alone), &server).unwrap();
    assert!(!answer.contains("client_max_window_bits"), "{answer}");
}

#[test]
fn h05_n02_a_client_takes_what_it_offered_only() {
    let asks = takeover().server_context_takeover(false).server_max_window_bits(12);
    let small = takeover().client_max_window_bits(10);
    for (response, settings, outcome) in [
        ("permessage-deflate", takeover(), parameters(false, false, 15, 15)),
        ("Permessage-Deflate", takeover(), parameters(false, false, 15, 15)),
        // Unasked, but allowed.
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            takeover(),
            parameters(true, true, 15, 15),
        ),
        (
            "permessage-deflate; server_max_window_bits=8",
            takeover(),
            parameters(false, false, 8, 15),
        ),
        (
            "permessage-deflate;client_max_window_bits=\"9\"",
            takeover(),
            parameters(false, false, 15, 9),
        ),
        (
            "permessage-deflate; server_max_window_bits=12; server_no_context_takeover",
            asks.clone(),
            parameters(true, false, 12, 15),
        ),
        // The client keeps to its own limit even if the server does not confirm it.
        ("permessage-deflate", small.clone(), parameters(false, false, 15, 10)),
        (
            "permessage-deflate; client_max_window_bits=8",
            small.clone(),
            parameters(false, false, 15, 8),
        ),
    ] {
        assert_eq!(checked(response, &settings), Ok(outcome), "{response}");
    }
    for (response, settings, text) in [
        ("permessage-deflate; x", takeover(), "x is unknown"),
        ("permessage-deflate; server_no_context_takeover=1", takeover(), "has a value"),
        ("permessage-deflate; client_no_context_takeover=\"true\"", takeover(), "has a value"),
        (
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            takeover(),
            "client_no_context_takeover is given twice",
        ),
        (
            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
            takeover(),
            "server_max_window_bits is given twice",
        ),
        ("permessage-deflate; server_max_window_bits", takeover(), "has no value"),
        ("permessage-deflate; client_max_window_bits", takeover(), "has no value"),
        ("permessage-deflate; client_max_window_bits=7", takeover(), "must be 8 to 15"),
        ("permessage-deflate; server_max_window_bits=16", takeover(), "must be 8 to 15"),
        ("permessage-deflate; server_max_window_bits=08", takeover(), "must be 8 to 15"),
        ("permessage-deflate; server_max_window_bits=+9", takeover(), "must be 8 to 15"),
        (
            "permessage-deflate; server_no_context_takeover",
            asks.clone(),
            "server_max_window_bits is missing",
        ),
        (
            "permessage-deflate; server_max_window_bits=12",
            asks.clone(),
            "server_no_context_takeover is missing",
        ),
        (
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=13",
            asks,
            "server_max_window_bits is 13, more than 12",
        ),
        (
            "permessage-deflate; client_max_window_bits=11",
            small,
            "client_max_window_bits is 11, more than 10",
        ),
    ] {
        match checked(response, &settings) {
            Err(BadExtensions::Parameters(told)) => assert!(told.contains(text), "{told}"),
            other => panic!("{response}: {other:?}"),
        }
    }
}

#[test]
fn h05_n03_r08_a_client_refuses_what_it_did_not_offer_and_doubles() {
    let check = |response: &str, settings| deflate::check_response([response], settings);
    let not_offered = |name: &str| Err(BadExtensions::NotOffered(name.to_owned()));
    let on = Deflate::new();
    assert_eq!(check("permessage-deflate", None), not_offered("permessage-deflate"));
    assert_eq!(check("x", None), not_offered("x"));
    assert_eq!(check("x-webkit-deflate-frame", Some(&on)), not_offered("x-webkit-deflate-frame"));
    assert_eq!(check("permessage-deflate, x", Some(&on)), not_offered("x"));
    assert_eq!(
        check("permessage-deflate, permessage-deflate", Some(&on)),
        Err(BadExtensions::Twice)
    );
    let lines = ["permessage-deflate", "Permessage-Deflate"];
    assert_eq!(deflate::check_response(lines, Some(&on)), Err(BadExtensions::Twice));
    assert_eq!(check("", None), Ok(None));
    assert_eq!(check("", Some(&on)), Ok(None));
}

#[test]
fn n01_a_server_declines_a_bad_offer_and_takes_the_next() {
    let bad = [
        "permessage-deflate; x",
        "permessage-deflate; x=1",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=\"1\"",
        "permessage-deflate; server_no_context_takeover; Server_No_Context_Takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=9.0",
        "permessage-deflate; client_max_window_bits=99999999999999999999",
        "permessage-deflate; client_max_window_bits=-8",
        "permessage-deflate; client_max_window_bits=a",
    ];
    for offer in bad {
        assert_eq!(response(offer, &Deflate::new()), None, "{offer}");
        let two = format!("{offer}, permessage-deflate; server_max_window_bits=10");
        let expected = "permessage-deflate; server_no_context_takeover; \
                        client_no_context_takeover; server_max_window_bits=10";
        assert_eq!(response(&two, &Deflate::new()).as_deref(), Some(expected), "{offer}");
    }
    assert_eq!(response(&bad.join(", "), &Deflate::new()), None);
    assert_eq!(deflate::accept(bad, &Deflate::new()), Ok(None));
}

#[test]
fn n04_other_extensions_are_ignored() {
    let others = "x-webkit-deflate-frame, permessage-bzip2; client_max_compress_level=9";
    assert_eq!(response(others, &Deflate::new()), None);
    assert_eq!(response("", &Deflate::new()), None);
    let with = format!("{others}, permessage-deflate, permessage-snappy");
    assert_eq!(response(&with, &takeover()).as_deref(), Some("permessage-deflate"));
}

#[test]
fn offers_of_others() {
    let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    // Chromium, Firefox, Autobahn's suite; then those of its group 13.
    let chromium = "permessage-deflate; client_max_window_bits";
    assert_eq!(response(chromium, &Deflate::new()).as_deref(), Some(both));
    assert_eq!(response("permessage-deflate", &Deflate::new()).as_deref(), Some(both));
    assert_eq!(response(chromium, &takeover()).as_deref(), Some("permessage-deflate"));
    for (offer, answer) in [
        (
            "permessage-deflate; client_no_context_takeover; client_max_window_bits",
            "permessage-deflate; client_no_context_takeover",
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             client_max_window_bits",
            both,
        ),
        (
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=9",
        ),
        (
            "permessage-deflate; server_max_window_bits=15; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=15",
        ),
        (
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9, \
             permessage-deflate; server_no_context_takeover, permessage-deflate",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9",
        ),
    ] {
        assert_eq!(response(offer, &takeover()).as_deref(), Some(answer), "{offer}");
    }
}

#[test]
fn n05_a_server_answers_8_bits_with_8_bits() {
    let offer = "permessage-deflate; server_max_window_bits=8";
    let (parameters, response) = accepted(offer, &takeover()).unwrap();
    assert_eq!(response, "permessage-deflate; server_max_window_bits=8");
    assert_eq!(parameters.server_max_window_bits, 8);
    let (parameters, response) = accepted(
        "permessage-deflate; server_max_window_bits=12",
        &takeover().server_max_window_bits(10),
    )
    .unwrap();
    assert_eq!(response, "permessage-deflate; server_max_window_bits=10");
    assert_eq!(parameters.server_max_window_bits, 10);
    // Never unasked.
    let (parameters, response) =
        accepted("permessage-deflate", &takeover().server_max_window_bits(10)).unwrap();
    assert_eq!((response.as_str(), parameters.server_max_window_bits), ("permessage-deflate", 15));
}

#[test]
fn n06_a_client_takes_8_bits() {
    let parameters = checked("permessage-deflate; client_max_window_bits=8", &takeover()).unwrap();
    assert_eq!(parameters.client_max_window_bits, 8);
}

#[test]
fn n07_a_server_limits_the_window_of_clients_that_can() {
    let small = takeover().client_max_window_bits(10);
    for (offer, answer, bits) in [
        ("permessage-deflate", "permessage-deflate", 15),
        (
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=10",
            10,
        ),
        (
            "permessage-deflate; client_max_window_bits=12",
            "permessage-deflate; client_max_window_bits=10",
            10,
        ),
        (
            "permessage-deflate; client_max_window_bits=8",
            "permessage-deflate; client_max_window_bits=8",
            8,
        ),
    ] {
        let (parameters, response) = accepted(offer, &small).unwrap();
        assert_eq!((response.as_str(), parameters.client_max_window_bits), (answer, bits));
    }
}

#[test]
fn functions_accept_or_refuse() {
    let offers = "permessage-deflate; x, permessage-deflate; server_max_window_bits=9, \
                  permessage-deflate; client_max_window_bits=10";
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    // The valid offers in their order; the last one is chosen.
    let last = Deflate::new().accept_offers(move |offers: &[DeflateOffer]| {
        count.store(offers.len(), Ordering::Relaxed);
        assert_eq!(offers[0].server_max_window_bits, Some(9));
        assert_eq!(offers[1].client_max_window_bits, Some(Some(10)));
        Some((offers[1], takeover().level(7)))
    });
    let (agreement, response) = deflate::accept([offers], &last).unwrap().unwrap();
    assert_eq!(response, "permessage-deflate; client_max_window_bits=10");
    assert_eq!(agreement.settings, takeover().level(7));
    assert_eq!(seen.load(Ordering::Relaxed), 2);
    assert_eq!(accepted(offers, &Deflate::new().accept_offers(|_| None)), None);

    let wants = |parameters: &Parameters| {
        parameters.server_no_context_takeover.then(|| Deflate::new().level(5))
    };
    let client = Deflate::new().accept_response(wants);
    assert_eq!(checked("permessage-deflate", &client), Err(BadExtensions::Refused));
    let response = "permessage-deflate; server_no_context_takeover";
    let agreement = deflate::check_response([response], Some(&client)).unwrap().unwrap();
    assert_eq!(agreement.settings, Deflate::new().level(5));
}

fn settings() -> impl Strategy<Value = Deflate> {
    let takeover = || prop::option::of(any::<bool>());
    let bits = || prop::option::of(8..=15_u8);
    (takeover(), takeover(), bits(), bits()).prop_map(
        |(server, client, server_bits, client_bits)| {
            let mut settings = Deflate::new();
            if let Some(allow) = server {
                settings = settings.server_context_takeover(allow);
            }
            if let Some(allow) = client {
                settings = settings.client_context_takeover(allow);
            }
            if let Some(bits) = server_bits {
                settings = settings.server_max_window_bits(bits);
            }
            if let Some(bits) = client_bits {
                settings = settings.client_max_window_bits(bits);
            }
            settings
        },
    )
}

proptest! {
    #[test]
    fn our_client_and_our_server_always_agree(client in settings(), server in settings()) {
        let (of_client, of_server) = agree(&client, &server);
        prop_assert_eq!(of_client.parameters, of_server.parameters);
    }

    #[test]
    fn no_header_breaks_the_negotiation(text in "[ ,;=\"\\\\a-z0-9_-]{0,80}", end in ".{0,20}") {
        let names = [
            "permessage-deflate", "server_max_window_bits", "client_max_window_bits",
            "server_no_context_takeover", "client_no_context_takeover",
        ];
        let mut text = text;
        for (letter, name) in ["a", "b", "c", "d", "e"].iter().zip(names) {
            text = text.replace(letter, name);
        }
        let line = text + &end;
        let parsed = parse([&line]);
        if let Ok(Some((agreement, response))) = deflate::accept([&line], &Deflate::new()) {
            prop_assert!(parsed.is_ok());
            prop_assert!(parse([&response]).unwrap().len() == 1);
            prop_assert!(agreement.parameters.server_no_context_takeover);
        }
        let _ = deflate::check_response([&line], Some(&Deflate::new()));
    }
}
