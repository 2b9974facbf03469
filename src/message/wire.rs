//! The seam between words and formats: what a message asks of the format that it is read from or
//! written to.

use crate::error::{EncodeError, Violation};
use crate::message::Payload;
use crate::uri::Uri;
use crate::value::Dict;

/// The elements of one received message: a list that a codec has found, but not decoded.
pub(crate) trait Elements {
    /// How many elements there are.
    fn len(&self) -> usize;

    /// Element `index` as a non-negative integer.
    fn uint(&self, index: usize) -> Result<u64, Violation>;

    /// Element `index` as a text.
    fn text(&self, index: usize) -> Result<String, Violation>;

    /// Element `index` as a URI. Its syntax is not checked here.
    fn uri(&self, index: usize) -> Result<Uri, Violation>;

    /// Element `index` as a dict with string keys.
    fn dict(&self, index: usize) -> Result<Dict, Violation>;

    /// The elements from `index` on as payload: nothing, `args`, or `args` and `kwargs`, or binary
    /// data. Arguments are only found, not decoded; that `args` is a list and `kwargs` a dict with
    /// string keys has been checked. Whether binary data may stand there is for the caller to see.
    fn payload(&self, index: usize) -> Result<Payload, Violation>;
}

/// Where a message writes its elements to, in order, `begin` first and `end` last.
pub(crate) trait ElementWriter {
    /// The list begins; `len` elements follow, each element of a payload counted.
    fn begin(&mut self, len: usize);

    /// A non-negative integer.
    fn uint(&mut self, value: u64);

    /// A text.
    fn text(&mut self, value: &str);

    /// A dict.
    fn dict(&mut self, value: &Dict) -> Result<(), EncodeError>;

    /// As many elements as the payload has. Bytes of the same serializer are copied; everything
    /// else is converted.
    fn payload(&mut self, payload: &Payload) -> Result<(), EncodeError>;

    /// The list ends.
    fn end(&mut self);
}
