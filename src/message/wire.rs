//! Contains the interface between messages and formats: what a message needs from the format that
//! it is read from or written to.

use crate::error::Violation;
use crate::message::Payload;
use crate::uri::Uri;
use crate::value::Dict;

/// The elements of one received message: a list that a codec has found, but not decoded.
pub(crate) trait Elements {
    /// Returns the number of elements.
    fn len(&self) -> usize;

    /// Returns element `index` as a non-negative integer.
    fn uint(&self, index: usize) -> Result<u64, Violation>;

    /// Returns element `index` as a string.
    fn text(&self, index: usize) -> Result<String, Violation>;

    /// Returns element `index` as a URI. Does not check its syntax.
    fn uri(&self, index: usize) -> Result<Uri, Violation>;

    /// Returns element `index` as a dict; null is an empty one. The receiver may have asked to skip the
    /// keys that are not in `known`, and values of those that cannot be read are left out.
    fn dict(&self, index: usize, known: Option<&[&str]>) -> Result<Dict, DictError>;

    /// Notes that the message cannot be read because of the value of an option or detail.
    fn refuse_option(&self, violation: &Violation);

    /// Returns the elements from `index` on as payload: nothing, `args`, `args` and `kwargs`, or
    /// binary data.
    ///
    /// The arguments are located, but not decoded. `args` is checked to be a list and `kwargs` to
    /// be a dict with string keys. The caller must check whether binary data is allowed.
    fn payload(&self, index: usize) -> Result<Payload, Violation>;
}

/// Error of a dict of options or details.
pub(crate) enum DictError {
    /// The element is not a dict.
    Element(Violation),
    /// The value of a known key cannot be read.
    Entry {
        /// The key.
        key: String,
        /// A description of the value.
        found: String,
    },
}

/// The destination of a message's elements, in order: `begin` first, `end` last. It keeps the first
/// error.
pub(crate) trait ElementWriter {
    /// Begins the list. `len` elements follow, including those of the payload.
    fn begin(&mut self, len: usize);

    /// Writes a non-negative integer.
    fn uint(&mut self, value: u64);

    /// Writes a string.
    fn text(&mut self, value: &str);

    /// Writes a dict.
    fn dict(&mut self, value: &Dict);

    /// Writes the elements of the payload. Bytes of the same serializer are copied; everything else
    /// is converted.
    fn payload(&mut self, payload: &Payload);

    /// Ends the list.
    fn end(&mut self);
}
