//! Rules and display of names: URIs, roles and users.

/// Returns whether a name belongs to the protocol itself.
pub(super) fn is_reserved(uri: &str) -> bool {
    uri.split('.').next() == Some("wamp")
}

/// Quotes a name for an error text, cut to 100 characters: an answer must not be longer than its
/// request.
pub(super) fn quote(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}
