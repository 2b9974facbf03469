//! What the tests of codecs share.

#[path = "../../common/shared_vectors.rs"]
pub(crate) mod shared_vectors;
