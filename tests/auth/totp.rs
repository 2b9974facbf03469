//! One-time passwords by time.

use std::time::Duration;

use wampwerk::auth::{Secret, Totp};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_codes_of_rfc_6238() {
    // Appendix B, SHA1, the last six of its eight digits.
    let secret = Totp::encode_secret(b"12345678901234567890");
    assert_eq!(secret.as_str().unwrap(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let totp = Totp::new(&secret).unwrap();
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        assert_eq!(totp.compute(at(seconds), 0).unwrap(), code);
        assert_eq!(totp.compute(at(seconds - 30), 1).unwrap(), code);
        assert_eq!(totp.compute(at(seconds + 60), -2).unwrap(), code);
    }
}

#[test]
fn a_code_holds_for_its_step_and_its_neighbours() {
    let totp = Totp::new(&Totp::encode_secret(&[5; 20])).unwrap();
    let code = totp.compute(at(3000), 0).unwrap();
    for (seconds, good) in
        [(2969, false), (2970, true), (3000, true), (3029, true), (3059, true), (3060, false)]
    {
        assert_eq!(totp.check(&code, at(seconds)), good, "{seconds}");
    }
    for wrong in ["", "1", &code[1..], &format!("{code}0"), &format!(" {code}")] {
        assert!(!totp.check(wrong, at(3000)));
    }
}

#[test]
fn the_first_step_has_none_before_it() {
    let totp = Totp::new(&Totp::encode_secret(&[5; 20])).unwrap();
    let code = totp.compute(at(0), 0).unwrap();
    assert!(totp.check(&code, at(0)));
    assert!(!totp.check("", at(0)));
    totp.compute(at(0), -1).unwrap_err();
}

#[test]
fn secrets_as_people_type_them() {
    let at = at(59);
    for text in ["gezdgnbvgy3tqojq", "GEZD GNBV GY3T QOJQ", "GEZDGNBVGY3TQOJQ======"] {
        let code = |secret: &Secret| Totp::new(secret).unwrap().compute(at, 0).unwrap();
        assert_eq!(code(&Secret::from(text)), code(&Totp::encode_secret(b"1234567890")));
    }
    for text in ["", "====", "GEZD1", "GEZDGNBVGY3TQOJQG!", "A"] {
        let error = Totp::new(&Secret::from(text)).unwrap_err().to_string();
        assert!(text.is_empty() || !error.contains(text), "{error}");
    }
}
