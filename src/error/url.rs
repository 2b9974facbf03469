//! `UrlError`: a URL that is not valid, or not usable here.

use super::text::debug_as_text;

/// A URL is not valid, or not one that can be used here.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid URL {url:?}: {message}")]
#[non_exhaustive]
pub struct UrlError {
    /// The given URL, with `…` in the place of user, password and query.
    pub url: String,
    /// Description of the error, or of a valid URL.
    pub message: String,
}

impl UrlError {
    /// Makes an error of a URL whose secrets are replaced already.
    pub fn new(url: impl Into<String>, message: impl Into<String>) -> Self {
        UrlError { url: url.into(), message: message.into() }
    }
}

debug_as_text! { UrlError }
