//! The text of an error with its causes.

use std::error::Error;
use std::fmt;
use std::iter::successors;

/// Maximum number of errors in a chain that are looked at.
const MAX_CAUSES: usize = 32;

/// Writes an error and its causes on one line. A cause that the text before it repeats already is
/// left out: as a whole phrase, not as a part of other words.
pub(crate) fn write_chain(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = error.to_string();
    for cause in error.source().into_iter().flat_map(chain) {
        let more = cause.to_string();
        if !repeats(&text, &more) {
            text = format!("{text}: {more}");
        }
    }
    f.write_str(&text)
}

/// Returns an error and its causes. The source of a foreign error may be that error itself, so their number has a bound.
pub(super) fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error| (*error).source()).take(MAX_CAUSES)
}

/// Returns whether `text` contains `cause` between marks that texts of errors put around causes.
fn repeats(text: &str, cause: &str) -> bool {
    const BEFORE: &[&str] = &[": ", " (", "; "];
    const BEHIND: &[&str] = &[": ", " (", "; ", ", ", ")"];
    text.match_indices(cause).any(|(start, _)| {
        let (before, behind) = (&text[..start], &text[start + cause.len()..]);
        (before.is_empty() || BEFORE.iter().any(|mark| before.ends_with(mark)))
            && (behind.is_empty() || BEHIND.iter().any(|mark| behind.starts_with(mark)))
    })
}

/// Implements `Debug` as the text of the error and its causes: that is what a `main` prints when it
/// returns the error.
macro_rules! debug_as_text {
    ($($name:ty)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::error::text::write_chain(self, f)
            }
        }
    )*};
}

pub(crate) use debug_as_text;

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::io;

    use crate::error::{ApplicationError, Cause};

    #[derive(thiserror::Error)]
    #[error("{text}")]
    struct Failed {
        text: &'static str,
        #[source]
        cause: io::Error,
    }

    debug_as_text! { Failed }

    fn failed(text: &'static str) -> impl fmt::Debug {
        Failed { text, cause: io::Error::other("no such host") }
    }

    #[test]
    fn a_cause_is_printed_once() {
        assert_eq!(format!("{:?}", failed("cannot connect")), "cannot connect: no such host");
        let whole = "cannot connect: no such host (a.example)";
        assert_eq!(format!("{:?}", failed(whole)), whole);
    }

    #[test]
    fn an_error_that_is_its_own_cause_has_an_end() {
        #[derive(Debug)]
        struct Own;
        impl fmt::Display for Own {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("again")
            }
        }
        impl std::error::Error for Own {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(self)
            }
        }
        let cause = Failed { text: "failed", cause: io::Error::other(Own) };
        assert_eq!(format!("{cause:?}"), "failed: again");
        let error = ApplicationError::runtime("failed").caused_by(Own);
        assert_eq!(error.traceback().len(), super::MAX_CAUSES);
        let lost = crate::error::TransportError::Lost(Cause::new(Own));
        assert_eq!(lost.io_kind(), None);
    }

    #[test]
    fn a_cause_that_is_part_of_other_words_is_printed() {
        for text in ["found no such hostel", "a.example: no such host is known", "no such hosts"] {
            assert_eq!(format!("{:?}", failed(text)), format!("{text}: no such host"));
        }
    }
}
