//! Frames of WebSocket: whatever the portions, the reader returns what a simple reference reader finds in the whole
//! input, and refuses it with the same close code.

use bytes::{BufMut, Bytes};
use wampwerk::internals::framing::websocket::{Event, Kind, Limits, Part, Reader, Role};

/// What a peer sent, and the close code if it broke a rule.
type Read = (Vec<Event>, Option<u16>);

/// Two octets choose role, limits and portions; then come frames.
pub fn frames(input: &[u8]) {
    let [choice, portions, stream @ ..] = input else { return };
    let from = if choice & 1 == 0 { Role::Server } else { Role::Client };
    let limits = match choice >> 1 & 3 {
        0 => Limits { frame: 1 << 20, message: 1 << 20 },
        1 => Limits { frame: 100, message: 1000 },
        2 => Limits { frame: 1000, message: 300 },
        _ => Limits { frame: 0, message: 0 },
    };
    let expected = reference(from, limits, stream);
    let reader = || Reader::new(from, limits);
    let whole = read(reader(), usize::MAX, stream);
    assert_eq!(whole, expected, "at once");
    assert_eq!(read(reader(), usize::from(*portions) + 1, stream), expected, "in portions");
    assert_eq!(read(reader(), 1, stream), expected, "octet by octet");
    // In parts, a message may begin that never ends.
    let (parts, code) = read(reader().in_parts(), usize::from(*portions) + 1, stream);
    assert_eq!((joined(parts), code), expected, "in parts");
}

/// Reads in portions, and now and then into the place that the reader offers.
fn read(mut reader: Reader, most: usize, stream: &[u8]) -> Read {
    let (mut events, mut rest, mut turn) = (Vec::new(), stream, most % 97);
    while !rest.is_empty() {
        turn = turn * 31 % 9973 + 7;
        let portion = if matches!(most, 1 | usize::MAX) { most } else { 1 + turn % most };
        let mut portion = portion.min(rest.len());
        let mut in_place = false;
        if turn % 3 == 0
            && let Some(mut space) = reader.space()
        {
            portion = portion.min(space.remaining_mut());
            space.put_slice(&rest[..portion]);
            in_place = true;
        }
        let (now, later) = rest.split_at(portion);
        rest = later;
        let mut now = if in_place { &[][..] } else { now };
        loop {
            match reader.read(&mut now) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.read(&mut &b"\x81\x00"[..]), Err(error), "it stays");
                    return (events, Some(error.close_code()));
                }
            }
        }
        assert!(now.is_empty(), "octets are left");
    }
    (events, None)
}

/// Joins the parts of messages that are whole.
fn joined(events: Vec<Event>) -> Vec<Event> {
    let mut message = None;
    let mut missing = None;
    let mut joined = Vec::new();
    for event in events {
        match event {
            Event::Part(Part::Begin(kind)) => {
                assert!(message.replace((kind, Vec::new())).is_none(), "a message in a message");
            }
            Event::Part(Part::FrameBegin(length)) => {
                assert!(missing.replace(length).is_none(), "a frame in a frame");
            }
            Event::Part(Part::Data(data)) => {
                assert!(!data.is_empty(), "an empty part");
                *missing.as_mut().unwrap() -= data.len() as u64;
                message.as_mut().unwrap().1.extend_from_slice(&data);
            }
            Event::Part(Part::FrameEnd) => assert_eq!(missing.take(), Some(0)),
            Event::Part(Part::End) => {
                assert_eq!(missing, None, "the message ends within a frame");
                let (kind, payload) = message.take().unwrap();
                joined.push(Event::Message(kind, payload.into()));
            }
            other => joined.push(other),
        }
    }
    joined
}

/// Reads RFC 6455, sections 5 and 7.4, in the plainest way. What is cut at the end counts as far as it came.
fn reference(from: Role, limits: Limits, mut rest: &[u8]) -> Read {
    let mut events = Vec::new();
    let mut message: Option<(bool, Vec<u8>)> = None;
    loop {
        let frame = match frame(from, rest) {
            Ok(Some(frame)) => frame,
            Ok(None) => return (events, None),
            Err(code) => return (events, Some(code)),
        };
        let came = frame.payload.len() as u64;
        let is_whole = came == frame.length;
        if frame.op_code >= 8 {
            if !is_whole {
                return (events, None);
            }
            rest = frame.rest;
            match (frame.op_code, close(&frame.payload)) {
                (9, _) => events.push(Event::Ping(frame.payload.into())),
                (10, _) => events.push(Event::Pong(frame.payload.into())),
                (_, Err(code)) => return (events, Some(code)),
                (_, Ok(close)) => {
                    events.push(Event::Close(close));
                    return (events, None);
                }
            }
            continue;
        }
        if (frame.op_code == 0) != message.is_some() {
            return (events, Some(1002));
        }
        let (is_text, mut payload) =
            message.take().unwrap_or_else(|| (frame.op_code == 1, Vec::new()));
        let total = payload.len() as u64 + frame.length;
        if frame.length > limits.frame as u64 || total > limits.message as u64 {
            return (events, Some(1009));
        }
        payload.extend(frame.payload);
        let is_last = is_whole && frame.is_final;
        let is_valid = match std::str::from_utf8(&payload) {
            Ok(_) => true,
            // Without a length of the error, only the rest of a character is missing.
            Err(error) => error.error_len().is_none() && !is_last,
        };
        if is_text && !is_valid {
            return (events, Some(1007));
        }
        if !is_whole {
            return (events, None);
        }
        rest = frame.rest;
        if frame.is_final {
            let kind = if is_text { Kind::Text } else { Kind::Binary };
            events.push(Event::Message(kind, Bytes::from(payload)));
        } else {
            message = Some((is_text, payload));
        }
    }
}

struct Frame<'a> {
    is_final: bool,
    op_code: u8,
    length: u64,
    /// Unmasked, as far as it came.
    payload: Vec<u8>,
    rest: &'a [u8],
}

/// Reads a frame, whose header has to be whole. A breach counts with the octet that shows it.
fn frame(from: Role, octets: &[u8]) -> Result<Option<Frame<'_>>, u16> {
    let Some(&first) = octets.first() else { return Ok(None) };
    let (is_final, op_code) = (first >= 128, first % 16);
    if first / 16 % 8 != 0 || !matches!(op_code, 0..=2 | 8..=10) || op_code >= 8 && !is_final {
        return Err(1002);
    }
    let Some(&second) = octets.get(1) else { return Ok(None) };
    let (is_masked, short) = (second >= 128, second % 128);
    if is_masked != (from == Role::Client) || op_code >= 8 && short > 125 {
        return Err(1002);
    }
    let (width, least) = match short {
        126 => (2, 126),
        127 => (8, 65_536),
        _ => (0, 0),
    };
    let Some(wide) = octets.get(2..2 + width) else { return Ok(None) };
    let mut length = u64::from(short);
    if width > 0 {
        length = wide.iter().fold(0, |length, octet| length * 256 + u64::from(*octet));
    }
    if length < least || length >= 1 << 63 {
        return Err(1002);
    }
    let behind = 2 + width + if is_masked { 4 } else { 0 };
    if octets.len() < behind {
        return Ok(None);
    }
    let mask = &octets[2 + width..behind];
    let came = usize::try_from(length).unwrap_or(usize::MAX).min(octets.len() - behind);
    let (payload, rest) = octets[behind..].split_at(came);
    let unmask = |(at, octet): (usize, &u8)| octet ^ if is_masked { mask[at % 4] } else { 0 };
    let payload = payload.iter().enumerate().map(unmask).collect();
    Ok(Some(Frame { is_final, op_code, length, payload, rest }))
}

/// Reads the payload of a Close frame.
fn close(payload: &[u8]) -> Result<Option<(u16, String)>, u16> {
    match payload.len() {
        0 => return Ok(None),
        1 => return Err(1002),
        _ => {}
    }
    let code = u16::from(payload[0]) * 256 + u16::from(payload[1]);
    match code {
        1004..=1006 | 1015 => Err(1002),
        1000..=1014 | 3000..=4999 => match String::from_utf8(payload[2..].to_vec()) {
            Ok(reason) => Ok(Some((code, reason))),
            Err(_) => Err(1007),
        },
        _ => Err(1002),
    }
}
