//! Rules and display of names: URIs, roles and users.

/// Returns whether a name belongs to the protocol itself.
pub(super) fn is_reserved(uri: &str) -> bool {
    uri.split('.').next() == Some("wamp")
}

/// Returns whether the router itself answers calls of this procedure.
pub(super) fn is_meta(procedure: &str) -> bool {
    procedure.starts_with("wamp.")
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
