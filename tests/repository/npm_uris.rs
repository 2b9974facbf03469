//! The constants of the npm package are those of the crate, under the same names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Names and URIs: what stands before and behind the `=` of lines that begin with `start`.
fn constants<'a>(text: &'a str, start: &str, quote: char) -> BTreeMap<&'a str, &'a str> {
    // One of the crate's is too long for a line.
    let lines = text.split(';').filter_map(|statement| {
        let line = statement.lines().filter(|line| !line.trim_start().starts_with('/'));
        let (first, _) = line.clone().enumerate().find(|(_, line)| line.contains('='))?;
        let name = line.clone().nth(first)?.trim().strip_prefix(start)?.split(' ').next()?;
        statement.rsplit(quote).nth(1).map(|uri| (name, uri))
    });
    lines.collect()
}

#[test]
fn the_package_has_the_uris_of_the_crate() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rust = fs::read_to_string(package.join("src/uri/uris.rs")).unwrap();
    let rust = rust.split_once("\nuris! {").unwrap().1.split_once("\n}\n").unwrap().0.to_owned();
    let script = fs::read_to_string(package.join("npm/js/uris.js")).unwrap();
    let expected = constants(&rust, "", '"');
    assert_eq!(expected.len(), wampwerk::uri::Uri::PREDEFINED.len());
    assert!(
        wampwerk::uri::Uri::PREDEFINED
            .iter()
            .all(|uri| expected.values().any(|other| other == uri))
    );
    assert_eq!(constants(&script, "export const ", '\''), expected);
}
