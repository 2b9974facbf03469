//! One-time passwords by time.

use std::time::Duration;

use wampwerk::auth::Secret;
use wampwerk::auth::totp::{check_totp, compute_totp, generate_totp_secret};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_codes_of_rfc_6238() {
    // Appendix B, SHA1, the last six of its eight digits.
    let secret = generate_totp_secret(b"12345678901234567890");
    assert_eq!(secret.as_str().unwrap(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        assert_eq!(compute_totp(&secret, at(seconds), 0).unwrap(), code);
        assert_eq!(compute_totp(&secret, at(seconds - 30), 1).unwrap(), code);
        assert_eq!(compute_totp(&secret, at(seconds + 60), -2).unwrap(), code);
    }
}

#[test]
fn a_code_holds_for_its_step_and_its_neighbours() {
    let secret = generate_totp_secret(&[5; 20]);
    let code = compute_totp(&secret, at(3000), 0).unwrap();
    for (seconds, good) in
        [(2969, false), (2970, true), (3000, true), (3029, true), (3059, true), (3060, false)]
    {
        assert_eq!(check_totp(&secret, &code, at(seconds)).unwrap(), good, "{seconds}");
    }
    for wrong in ["", "1", &code[1..], &format!("{code}0"), &format!(" {code}")] {
        assert!(!check_totp(&secret, wrong, at(3000)).unwrap());
    }
}

#[test]
fn the_first_step_has_none_before_it() {
    let secret = generate_totp_secret(&[5; 20]);
    let code = compute_totp(&secret, at(0), 0).unwrap();
    assert!(check_totp(&secret, &code, at(0)).unwrap());
    assert!(!check_totp(&secret, "", at(0)).unwrap());
    compute_totp(&secret, at(0), -1).unwrap_err();
}

#[test]
fn secrets_as_people_type_them() {
    let at = at(59);
    for text in ["gezdgnbvgy3tqojq", "GEZD GNBV GY3T QOJQ", "GEZDGNBVGY3TQOJQ======"] {
        let code = compute_totp(&Secret::from(text), at, 0).unwrap();
        assert_eq!(code, compute_totp(&generate_totp_secret(b"1234567890"), at, 0).unwrap());
    }
    for text in ["", "====", "GEZD1", "GEZDGNBVGY3TQOJQG!", "A"] {
        let error = compute_totp(&Secret::from(text), at, 0).unwrap_err().to_string();
        assert!(text.is_empty() || !error.contains(text), "{error}");
        check_totp(&Secret::from(text), "000000", at).unwrap_err();
    }
}
