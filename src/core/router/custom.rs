//! Keys of options and details that only the two ends understand.

use crate::value::Dict;

/// Keeps the unknown keys that pass through the router, from CALL, PUBLISH or YIELD to the
/// receiver: `transaction_hash` (Autobahn), and keys of applications and implementations, which
/// begin with `_` (spec) or `x_` (Autobahn). All others are ignored.
pub(super) fn custom(extra: Dict) -> Dict {
    extra.into_iter().filter(|(key, _)| is_custom(key)).collect()
}

/// Returns whether an unknown key passes through the router.
pub(crate) fn is_custom(key: &str) -> bool {
    key.starts_with('_') || key.starts_with("x_") || key == "transaction_hash"
}
