//! Keys of options and details that only the two ends understand.

use crate::value::Dict;

/// Keeps the unknown keys that pass through the router, from CALL, PUBLISH or YIELD to the
/// receiver: `transaction_hash` (Autobahn), and keys of applications and implementations, which
/// begin with `_` (spec) or `x_` (Autobahn). All others are ignored.
pub(super) fn custom(extra: Dict) -> Dict {
    let ours =
        |key: &str| key.starts_with('_') || key.starts_with("x_") || key == "transaction_hash";
    extra.into_iter().filter(|(key, _)| ours(key)).collect()
}
