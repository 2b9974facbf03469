//! Keys of options and details that only the two ends understand.

use crate::value::Dict;

/// Those of the unknown keys that keep their way through the router, from CALL, PUBLISH or YIELD to
/// whoever gets what comes of it: `transaction_hash` (Autobahn), and what applications and
/// implementations invent, which begins with `_` (spec) or `x_` (Autobahn). All others are ignored.
pub(super) fn custom(extra: Dict) -> Dict {
    let ours =
        |key: &str| key.starts_with('_') || key.starts_with("x_") || key == "transaction_hash";
    extra.into_iter().filter(|(key, _)| ours(key)).collect()
}
