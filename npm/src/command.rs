//! Reads the commands of JavaScript.
//!
//! A batch is a sequence of commands. A command is its kind, the number that it concerns, and fields as
//! in a [record](crate::record).

use wampwerk::error::EncodeError;
use wampwerk::hosted::payload_of_checked;
use wampwerk::message::{Payload, Serializer};

use crate::thrown::Thrown;
use crate::{call, component, face, registration, session, socket, subscription};

/// Executes the commands of a batch.
pub(crate) fn execute(batch: &[u8]) -> Result<(), &'static str> {
    let mut fields = Fields { rest: batch };
    while !fields.rest.is_empty() {
        one(&mut fields).ok_or("a malformed command")?;
    }
    Ok(())
}

/// Kinds of commands, as in `port.js`.
fn one(fields: &mut Fields<'_>) -> Option<()> {
    let (kind, handle) = (fields.u8()?, fields.u32()?);
    match kind {
        1 => session::connect(handle, fields.bytes()?),
        2 => call::call(handle, fields)?,
        3 => call::abandon(handle),
        4 => {
            let last = fields.u8()? != 0;
            call::part(handle, fields.arguments()?, last);
        }
        5 => session::publish(handle, fields)?,
        6 => subscription::subscribe(handle, fields)?,
        7 => subscription::credit(handle, fields.u32()?),
        8 => subscription::unsubscribe(handle, fields.u32()?),
        9 => registration::register(handle, fields)?,
        10 => registration::unregister(handle, fields.u32()?),
        11 => registration::answer(handle, None, fields.arguments()?),
        12 => {
            let uri = fields.text()?;
            registration::answer(handle, Some(uri), fields.arguments()?);
        }
        13 => {
            let ticket = fields.u32()?;
            registration::progress(handle, ticket, fields.arguments()?);
        }
        14 => registration::next(handle, fields.u32()?),
        15 => session::leave(handle, fields)?,
        16 => session::rejoin(handle, fields)?,
        17 => {
            let accepted = fields.u8()? != 0;
            reply(handle, accepted, fields.bytes()?);
        }
        18 => component::start(handle, fields.u32()?),
        19 => component::stop(handle, fields.u32()?),
        20 => component::retry_now(handle),
        21 => component::off(handle),
        22 => drop(face::remove(handle)),
        23 => socket::opened(handle, fields)?,
        24 => socket::refused(handle, fields)?,
        25 => socket::received(handle, fields.bytes()?),
        26 => socket::closed(handle, fields)?,
        27 => socket::faulty(handle, fields)?,
        28 => socket::has_room(handle),
        _ => return None,
    }
    Some(())
}

/// Passes the answer to a question on.
fn reply(question: u32, accepted: bool, text: &[u8]) {
    let text = text.to_vec();
    let unwanted = match face::remove(question) {
        Some(face::Entry::Question(waiting)) if accepted => waiting.send(Ok(text)).err(),
        Some(face::Entry::Question(waiting)) => waiting.send(Err(text)).err(),
        _ if accepted => None,
        _ => Some(Err(text)),
    };
    // The asker has gone; JavaScript still keeps what it threw.
    if let Some(Err(text)) = unwanted {
        drop(Thrown::read(&text));
    }
}

/// The fields of a command.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn f64(&mut self) -> Option<f64> {
        self.take().map(f64::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()? as usize;
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// Reads `args` and `kwargs`; either may be empty.
    pub(crate) fn arguments(&mut self) -> Option<Arguments<'a>> {
        Some(Arguments { args: self.bytes()?, kwargs: self.bytes()? })
    }
}

/// Encoded arguments.
pub(crate) struct Arguments<'a> {
    args: &'a [u8],
    kwargs: &'a [u8],
}

impl Arguments<'_> {
    /// JavaScript's codecs guarantee that the bytes are well-formed, of the right kinds and not too deep.
    pub(crate) fn payload(&self, serializer: Serializer) -> Result<Payload, EncodeError> {
        // An object without properties of its own is an empty dict: in JSON, CBOR or MessagePack.
        let kwargs = match self.kwargs {
            b"" | b"{}" | b"\xa0" | b"\x80" => None,
            kwargs => Some(kwargs),
        };
        let args = match (self.args, serializer) {
            ([], _) if kwargs.is_none() => return Ok(Payload::empty()),
            ([], Serializer::Json) => b"[]",
            ([], Serializer::Cbor) => &b"\x80"[..],
            ([], _) => b"\x90",
            (args, _) => args,
        };
        payload_of_checked(serializer, args, kwargs)
    }
}
