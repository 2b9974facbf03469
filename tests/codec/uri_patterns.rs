//! What patterns match, by the vectors; and that names and stars come to the same.

use wampwerk::Match;
use wampwerk::uri::{NamedPattern, Pattern};

#[test]
fn the_vectors() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../vectors/pattern_match.json")).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let policy = Match::from_wire(case["match"].as_str().unwrap()).unwrap();
        let pattern = Pattern::new(case["pattern"].as_str().unwrap(), policy);
        for (key, expected) in [("matching", true), ("not_matching", false)] {
            for uri in case[key].as_array().unwrap() {
                let uri = uri.as_str().unwrap();
                assert_eq!(pattern.matches(uri), expected, "{pattern}: {uri}");
            }
        }
    }
}

#[test]
fn stars_and_names_say_the_same() {
    for (starred, named) in [
        ("com.*.landed", "com.<ferry>.landed"),
        ("com.*.*", "com.<ferry>.<number:int>"),
        ("com.*", "com.<rest:suffix>"),
        ("*", "<everything:suffix>"),
        ("com.ferry", "com.ferry"),
    ] {
        let named = NamedPattern::parse(named).unwrap();
        assert_eq!(&Pattern::from_starred(starred).unwrap(), named.pattern());
        assert_eq!(Pattern::from(&named), *named.pattern());
    }
}
