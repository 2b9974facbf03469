//! Reads and writes a message as a list of elements: implements [`Elements`] and [`ElementWriter`]
//! for any format.
//!
//! Depends on no particular format and no particular message.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use bytes::Bytes;

use super::bounds::{Bounds, Refused};
use super::format::{Format, MAX_DEPTH, MAX_DEPTH_OF_ROUTERS};
use super::scan::{Kind, Span, Spans};
use super::transcode::{self, Uncopied};
use super::values::{self, Entry};
use super::wire::Wire;
use super::{missing, with_format};
use crate::error::{DecodeError, EncodeError, Violation};
use crate::message::options::to_u64;
use crate::message::unusable::{Problem, Unusable, arguments_at};
use crate::message::wire::DictError;
use crate::message::{Content, ElementWriter, Elements, Encoded, Message, Payload, RequestType};
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

/// Reads a message in the given format; if it is `FROM_ROUTER`, only one that routers send.
pub(super) fn read<W: Wire + ?Sized, const FROM_ROUTER: bool>(
    wire: &W,
    frame: &Bytes,
    bounds: &Bounds,
) -> Result<Message, Refused> {
    if frame.len() > bounds.message {
        return Err(Refused::Violation(Violation::new(format!(
            "the message has {} bytes: before WELCOME the limit is {} ({})",
            frame.len(),
            bounds.message,
            bounds.message_setting
        ))));
    }
    let max_depth = if FROM_ROUTER { MAX_DEPTH_OF_ROUTERS } else { MAX_DEPTH };
    let spans = wire.scan(frame, bounds.strict, max_depth).map_err(|flaw| {
        let text = format!("malformed {} message: {flaw}", wire.serializer().as_str());
        Refused::Violation(Violation::new(text))
    })?;
    let received = Received {
        wire,
        frame,
        spans,
        keeps_key: bounds.keeps_key,
        wrong_option: RefCell::default(),
    };
    if frame.len().saturating_mul(HEAVIEST) > bounds.details
        && let Some(unusable) = received.too_heavy(bounds)
    {
        return Err(Refused::Unusable(unusable));
    }
    match Message::read::<FROM_ROUTER>(&received) {
        Ok(message) => received.check_arguments(message),
        Err(violation) => Err(received.refused(violation)),
    }
}

/// Writes a message in the given format.
pub(super) fn write<W: Wire + ?Sized>(
    wire: &W,
    message: &Message,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let mut sent = Sent { wire, out, first: true, failed: None, max_depth: max_depth(message) };
    message.write(&mut sent)?;
    sent.failed.map_or(Ok(()), Err)
}

/// Returns how deep a message may be nested, which is more for those of a router.
fn max_depth(message: &Message) -> usize {
    match message {
        Message::Result(_) | Message::Event(_) | Message::Invocation(_) => MAX_DEPTH_OF_ROUTERS,
        Message::Error(error) if error.request_type != RequestType::Invocation => {
            MAX_DEPTH_OF_ROUTERS
        }
        _ => MAX_DEPTH,
    }
}

/// Estimates the encoded size of a message in bytes.
pub(super) fn size_hint(message: &Message) -> usize {
    const ENVELOPE: usize = 96;
    let payload = match message {
        Message::Publish(message) => &message.payload,
        Message::Event(message) => &message.payload,
        Message::Call(message) => &message.payload,
        Message::Result(message) => &message.payload,
        Message::Invocation(message) => &message.payload,
        Message::Yield(message) => &message.payload,
        Message::Error(message) => &message.payload,
        _ => return ENVELOPE,
    };
    match payload.content() {
        Content::Empty => ENVELOPE,
        Content::Encoded(encoded) => ENVELOPE + encoded.raw().len(),
        Content::Values(..) => 2 * ENVELOPE,
        // Encoded as Base64.
        Content::Opaque(bytes) => ENVELOPE + bytes.len() / 3 * 4 + 16,
    }
}

/// A received message.
struct Received<'a, W: ?Sized> {
    wire: &'a W,
    frame: &'a Bytes,
    spans: Spans,
    keeps_key: fn(&str) -> bool,
    /// The option or detail that was read last, if it has an impossible value.
    wrong_option: RefCell<Option<String>>,
}

/// Maximum weight of one byte: a dict of one empty text has three bytes. Short messages need no sum.
const HEAVIEST: usize = 40;

/// Length of an envelope in bytes from which a shorter payload is copied. Otherwise a payload that is
/// kept would keep all of the frame.
const PINNED: usize = 256;

impl<W: Wire + ?Sized> Received<'_, W> {
    /// Returns what is known of the message if it exceeds the bound of what it carries beside its arguments.
    fn too_heavy(&self, bounds: &Bounds) -> Option<Unusable> {
        let spans = self.spans.as_slice();
        let code = self.uint(0).ok()?;
        let end = arguments_at(code).unwrap_or(spans.len()).min(spans.len());
        let weight =
            spans[..end].iter().fold(0, |sum: usize, span| sum.saturating_add(span.weight()));
        let (limit, setting) = (bounds.details, bounds.details_setting);
        if weight <= limit {
            return None;
        }
        self.unusable(Problem::TooHeavy { weight, limit, setting })
    }

    /// Refuses a message whose arguments some readers cannot read.
    fn check_arguments(&self, message: Message) -> Result<Message, Refused> {
        let arguments = arguments_at(message.code());
        let Some(flaw) = arguments.and_then(|index| self.spans.suspect_from(index)) else {
            return Ok(message);
        };
        let (name, serializer) = (message.name(), self.wire.serializer().as_str());
        let text = format!(
            "the arguments of {name} cannot be read by every client: {flaw} ({serializer})"
        );
        Err(self
            .unusable(Problem::Payload(text.clone()))
            .map_or_else(|| Refused::Violation(Violation::new(text)), Refused::Unusable))
    }

    /// Returns what is known of a message that cannot be read because of one option or detail.
    #[cold]
    fn refused(&self, violation: Violation) -> Refused {
        let text = self.wrong_option.take();
        match text.and_then(|text| self.unusable(Problem::Option(text))) {
            Some(unusable) => Refused::Unusable(unusable),
            None => Refused::Violation(violation),
        }
    }

    /// Returns what is known of a message that is refused.
    #[cold]
    fn unusable(&self, problem: Problem) -> Option<Unusable> {
        let code = self.uint(0).ok()?;
        let is_error = code == 8;
        let options = if code == 68 { 3 } else { 2 };
        let flag = |key: &str| {
            let options = self.element(options, Kind::Dict, "a dict").ok();
            let select = |it: &str| if it == key { Entry::Kept } else { Entry::Skipped };
            let entries = options.and_then(|it| self.wire.read_entries(it, &select).ok());
            let value = entries.and_then(|entries| entries.get(key).cloned());
            // Who asks by a 1 waits for the answer, too.
            value.is_some_and(|value| !matches!(value, Value::Bool(false) | Value::Null))
        };
        Some(Unusable {
            code,
            request_type: if is_error { RequestType::from_code(self.uint(1).ok()?) } else { None },
            id: self.uint(1 + usize::from(is_error)).unwrap_or_default(),
            progress: flag("progress"),
            acknowledge: flag("acknowledge"),
            problem,
        })
    }

    fn span(&self, index: usize) -> Result<&Span, Violation> {
        self.spans.as_slice().get(index).ok_or_else(|| Violation::new("the element is missing"))
    }

    /// Returns the bytes of an element of the given kind.
    fn element(&self, index: usize, kind: Kind, expected: &str) -> Result<&[u8], Violation> {
        let span = self.span(index)?;
        if span.shape.kind != kind {
            let found = span.shape.kind.name();
            return Err(Violation::new(format!("must be {expected}, is {found}")));
        }
        Ok(&self.frame[span.range()])
    }

    /// Returns the range of an optional element. Missing, null and empty elements are all `None`.
    fn optional(
        &self,
        index: usize,
        kind: Kind,
        expected: &str,
    ) -> Result<Option<Range<usize>>, Violation> {
        let Some(span) = self.spans.as_slice().get(index) else { return Ok(None) };
        // Some clients send null, or the undefined of CBOR, for arguments that they leave out.
        if span.shape.kind == Kind::Null {
            return Ok(None);
        }
        self.element(index, kind, expected)?;
        Ok((!span.shape.empty).then(|| span.range()))
    }

    /// Returns the binary data in place of `args`, if it is the last element.
    #[cold]
    fn opaque(&self, index: usize) -> Result<Option<Payload>, Violation> {
        let [.., last] = self.spans.as_slice() else { return Ok(None) };
        if self.len() != index + 1 || last.shape.kind != Kind::Bytes {
            return Ok(None);
        }
        let bytes = self.wire.read_bytes(&self.frame[last.range()]).map_err(undecodable)?;
        Ok(Some(match bytes {
            Cow::Borrowed(bytes) => {
                self.unpinned(Payload::from_opaque(self.frame.slice_ref(bytes)))
            }
            Cow::Owned(bytes) => Payload::from_opaque(bytes),
        }))
    }

    /// Copies a payload that is much shorter than its frame, so that it does not keep the frame.
    #[inline]
    fn unpinned(&self, payload: Payload) -> Payload {
        if self.frame.len() <= PINNED {
            return payload;
        }
        let length = payload.weight();
        let pinned = self.frame.len() - length > length.max(PINNED);
        if pinned { payload.detached() } else { payload }
    }

    /// Calls `then` with the text of an element.
    fn with_text<T>(&self, index: usize, then: impl FnOnce(&str) -> T) -> Result<T, Violation> {
        let element = self.element(index, Kind::Text, "a string")?;
        self.wire.read_text(element).map(|text| then(&text)).map_err(undecodable)
    }
}

impl<W: Wire + ?Sized> Elements for Received<'_, W> {
    fn len(&self) -> usize {
        self.spans.as_slice().len()
    }

    fn uint(&self, index: usize) -> Result<u64, Violation> {
        let span = self.span(index)?;
        // Languages with one kind of number write 7.0 for 7.
        if span.shape.kind == Kind::Float
            && let Some(whole) =
                self.wire.read_value(&self.frame[span.range()]).ok().as_ref().and_then(to_u64)
        {
            return Ok(whole);
        }
        let element = self.element(index, Kind::Integer, "a non-negative integer")?;
        self.wire
            .read_uint(element)
            .ok_or_else(|| Violation::new("must be a non-negative integer of 64 bits"))
    }

    fn text(&self, index: usize) -> Result<String, Violation> {
        self.with_text(index, str::to_owned)
    }

    fn uri(&self, index: usize) -> Result<Uri, Violation> {
        self.with_text(index, |text| Uri::from(text))
    }

    fn dict(&self, index: usize, known: Option<&[&str]>) -> Result<Dict, DictError> {
        let shape = self.span(index).map_err(DictError::Element)?.shape;
        // Most options and details are empty.
        if shape.kind == Kind::Null || (shape.kind == Kind::Dict && shape.empty) {
            return Ok(Dict::new());
        }
        let element = self.element(index, Kind::Dict, "a dict").map_err(DictError::Element)?;
        let selects = |key: &str| match known {
            Some(known) if known.contains(&key) => Entry::Known,
            Some(_) if !(self.keeps_key)(key) => Entry::Skipped,
            _ => Entry::Kept,
        };
        self.wire.read_entries(element, &selects).map_err(|unread| {
            let (key, found) = (unread.key, unread.error.message);
            DictError::Entry { key, found }
        })
    }

    fn refuse_option(&self, violation: &Violation) {
        *self.wrong_option.borrow_mut() = Some(violation.message.clone());
    }

    fn payload(&self, index: usize) -> Result<Payload, Violation> {
        let args = match self.optional(index, Kind::List, "a list") {
            Ok(args) => args,
            Err(error) => {
                let error = Violation::new(format!("args {}", error.message));
                return self.opaque(index)?.ok_or(error);
            }
        };
        let kwargs = self
            .optional(index + 1, Kind::Dict, "a dict")
            .map_err(|error| Violation::new(format!("kwargs {}", error.message)))?;
        if kwargs.is_some() && self.span(index + 1)?.shape.other_keys {
            return Err(Violation::new("kwargs must have string keys only"));
        }
        let (args, kwargs) = match (args, kwargs) {
            (None, None) => return Ok(Payload::empty()),
            (Some(args), kwargs) => (args, kwargs),
            (None, Some(kwargs)) if self.span(index)?.shape.kind == Kind::Null => {
                return Ok(without_args(self.wire, &self.frame[kwargs]));
            }
            (None, Some(kwargs)) => (self.span(index)?.range(), Some(kwargs)),
        };
        Ok(self.unpinned(Payload::from_elements(self.wire.serializer(), self.frame, args, kwargs)))
    }
}

/// Returns a payload of keyword arguments only. Receivers get an empty list in the place of null.
#[cold]
fn without_args<W: Wire + ?Sized>(wire: &W, kwargs: &[u8]) -> Payload {
    let mut bytes = Vec::with_capacity(kwargs.len() + 4);
    wire.begin_list(&mut bytes, 0);
    wire.end_list(&mut bytes);
    let args = 0..bytes.len();
    wire.separate(&mut bytes);
    let start = bytes.len();
    bytes.extend_from_slice(kwargs);
    let kwargs = start..bytes.len();
    Payload::from_elements(wire.serializer(), &bytes.into(), args, Some(kwargs))
}

/// Creates the violation for an envelope that is well-formed, but cannot be decoded, for example
/// because of a lone surrogate in JSON.
fn undecodable(error: DecodeError) -> Violation {
    Violation::new(error.message)
}

/// A message that is being written.
struct Sent<'a, W: ?Sized> {
    wire: &'a W,
    out: &'a mut Vec<u8>,
    first: bool,
    /// The first error.
    failed: Option<EncodeError>,
    max_depth: usize,
}

impl<W: Wire + ?Sized> Sent<'_, W> {
    fn next(&mut self) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.first) {
            self.wire.separate(self.out);
        }
        self.out
    }

    fn keep(&mut self, written: Result<(), EncodeError>) {
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
    }

    fn write_payload(&mut self, payload: &Payload) -> Result<(), EncodeError> {
        let max_depth = self.max_depth;
        match payload.content() {
            Content::Empty => Ok(()),
            Content::Encoded(encoded) if encoded.serializer == self.wire.serializer() => {
                self.next().extend_from_slice(encoded.raw());
                Ok(())
            }
            Content::Encoded(encoded) => {
                write_foreign(self.wire, self.next(), encoded, max_depth).map(drop)
            }
            Content::Values(args, kwargs) => {
                let arguments = (args, kwargs);
                write_values(self.wire, self.next(), arguments, !kwargs.is_empty(), max_depth)
                    .map(drop)
            }
            Content::Opaque(bytes) => self.wire.write_bytes(self.next(), bytes),
        }
    }
}

impl<W: Wire + ?Sized> ElementWriter for Sent<'_, W> {
    fn begin(&mut self, len: usize) {
        self.wire.begin_list(self.out, len);
    }

    fn uint(&mut self, value: u64) {
        self.wire.write_uint(self.next(), value);
    }

    fn text(&mut self, value: &str) {
        let written = self.wire.write_text(self.next(), value);
        self.keep(written);
    }

    fn dict(&mut self, value: &Dict) {
        if value.is_empty() {
            let empty = self.wire.empty_dict();
            self.next().extend_from_slice(empty);
            return;
        }
        let wire = self.wire;
        let max_depth = self.max_depth;
        let write = |out: &mut Vec<u8>| values::write_dict(wire, out, value);
        let written = write_checked(wire, self.next(), max_depth, write);
        self.keep(written);
    }

    fn payload(&mut self, payload: &Payload) {
        let written = self.write_payload(payload);
        self.keep(written);
    }

    fn end(&mut self) {
        self.wire.end_list(self.out);
    }
}

/// Writes `args` and, if needed, `kwargs`. Returns the end of `args` and the start of `kwargs`.
pub(super) fn write_values<W: Wire + ?Sized>(
    wire: &W,
    out: &mut Vec<u8>,
    (args, kwargs): (&List, &Dict),
    with_kwargs: bool,
    max_depth: usize,
) -> Result<(usize, usize), EncodeError> {
    write_checked(wire, out, max_depth, |out| values::write_list(wire, out, args))?;
    let args_end = out.len();
    if !with_kwargs {
        return Ok((args_end, args_end));
    }
    wire.separate(out);
    let kwargs_start = out.len();
    write_checked(wire, out, max_depth, |out| values::write_dict(wire, out, kwargs))?;
    Ok((args_end, kwargs_start))
}

/// Writes arguments of another format. Returns the end of `args` and the start of `kwargs`.
pub(super) fn write_foreign<W: Wire + ?Sized>(
    wire: &W,
    out: &mut Vec<u8>,
    encoded: &Encoded,
    max_depth: usize,
) -> Result<(usize, usize), EncodeError> {
    let (args, place) = (encoded.args(), "argument");
    write_checked(wire, out, max_depth, |out| transcode(wire, out, encoded, args, place))?;
    let args_end = out.len();
    let Some(kwargs) = encoded.kwargs() else { return Ok((args_end, args_end)) };
    wire.separate(out);
    let kwargs_start = out.len();
    write_checked(wire, out, max_depth, |out| transcode(wire, out, encoded, kwargs, ""))?;
    Ok((args_end, kwargs_start))
}

/// Writes a part of the arguments; `place` names the entries of a list in errors.
fn transcode<W: Wire + ?Sized>(
    wire: &W,
    out: &mut Vec<u8>,
    encoded: &Encoded,
    part: &[u8],
    place: &str,
) -> Result<(), EncodeError> {
    let copied = with_format!(
        encoded.serializer,
        From => {
            let mut tokens = [From::tokens(part), From::tokens(part), From::tokens(part)];
            let [first, counted, second] = &mut tokens;
            transcode::copy(wire, out, [first, counted, second], place)
        },
        Err(Uncopied::from(EncodeError::new(missing(encoded.serializer))))
    );
    let text = match copied {
        Ok(()) => return Ok(()),
        Err(Uncopied::Unencodable(error)) => return Err(error),
        Err(Uncopied::Undecodable(error)) => error.message,
        Err(Uncopied::Uncounted) => "a list or a dict without a length".to_owned(),
    };
    let (from, to) = (encoded.serializer.as_str(), wire.serializer().as_str());
    let place = if place.is_empty() { "keyword arguments: " } else { "" };
    Err(EncodeError::new(format!("payload from {from} to {to}: {place}{text}")))
}

/// Writes a value and rejects what a peer would reject: one that is nested too deep.
fn write_checked<W: Wire + ?Sized>(
    wire: &W,
    out: &mut Vec<u8>,
    max_depth: usize,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    write(out)?;
    wire.check(&out[start..], false, max_depth).map_err(EncodeError::new).map(drop)
}
