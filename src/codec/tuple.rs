//! Tells tuples from other types: their elements are several arguments or results, not one.

use std::any::type_name;

/// Returns whether `T` is a tuple with elements. serde does not tell: arrays, and structs of other crates
/// such as complex numbers, serialize as tuples do. Only the name of the type does, which begins with a
/// parenthesis for tuples alone.
pub(crate) fn is_tuple<T>() -> bool {
    let name = type_name::<T>();
    name.starts_with('(') && name != "()"
}

#[cfg(test)]
mod tests {
    use super::is_tuple;

    /// Pins what the compiler calls tuples.
    #[test]
    fn tuples_are_known_by_their_names() {
        assert!(is_tuple::<(i64,)>() && is_tuple::<(String, Vec<(u8, u8)>)>());
        assert!(is_tuple::<((), ())>() && is_tuple::<([u8; 2], fn(u8) -> (u8, u8))>());
        assert!(!is_tuple::<()>() && !is_tuple::<[u8; 2]>() && !is_tuple::<Vec<(u8, u8)>>());
        assert!(!is_tuple::<Option<(u8, u8)>>() && !is_tuple::<&(u8, u8)>());
        assert!(!is_tuple::<Box<dyn Fn() -> (u8, u8)>>() && !is_tuple::<fn() -> (u8, u8)>());
    }
}
