//! Names of topics, procedures, roles and users, as the router looks at them and shows them.

/// Whether a name is one of the protocol's own.
pub(super) fn is_reserved(uri: &str) -> bool {
    uri.split('.').next() == Some("wamp")
}

/// A name as it is shown in an error: whole if it is not too long. What answers a request must not
/// be longer than the request.
pub(super) fn quote(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}
