//! Rows without sockets: frames from and to memory, in processor time.

use std::hint::black_box;
use std::io::{Cursor, ErrorKind, Read, Write};
use std::time::Duration;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocket};
use tokio_tungstenite::tungstenite::{self, Message};
use wampwerk::internals::framing::websocket::{Form, Kind, Reader, Role, Writer};

use crate::engine::{LIMITS, mask, next_chunk};
use crate::measure::{Error, cpu_time, median};

/// Number of frames that are read or written one after the other.
const FRAMES: usize = 1000;

/// How often each measurement of a round repeats that.
const TIMES: usize = 200;

/// Octets that the slow peer takes at a time.
const PORTION: usize = 64 << 10;

/// A row: its title, its unit, and the values of ours and of tungstenite.
pub(crate) struct Row {
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    pub(crate) tungstenite: f64,
}

pub(crate) fn measure(rounds: usize) -> Result<Vec<Row>, Error> {
    let rows: [(_, _, fn() -> Result<f64, Error>, fn() -> Result<f64, Error>); 4] = [
        ("read 64 B of a client", "ns", our_reading, their_reading),
        (
            "write 64 B as a server",
            "ns",
            || our_writing(Role::Server),
            || their_writing(Side::Server),
        ),
        (
            "write 64 B as a client",
            "ns",
            || our_writing(Role::Client),
            || their_writing(Side::Client),
        ),
        ("16 MiB to a peer that takes 64 KiB at a time", "ms", our_slow_peer, their_slow_peer),
    ];
    let mut measured = Vec::new();
    for (title, unit, ours, theirs) in rows {
        let (mut our_values, mut their_values) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            our_values.push(ours()?);
            their_values.push(theirs()?);
        }
        let (ours, tungstenite) = (median(our_values), median(their_values));
        let (ours, tungstenite) = (ours.unwrap_or_default(), tungstenite.unwrap_or_default());
        measured.push(Row { title, unit, ours, tungstenite });
    }
    Ok(measured)
}

/// Nanoseconds for each frame.
fn per_frame(begin: Duration) -> f64 {
    (cpu_time() - begin).as_secs_f64() * 1e9 / (FRAMES * TIMES) as f64
}

fn payload() -> Bytes {
    Bytes::from(vec![0x5a; 64])
}

/// What a client sends.
fn frames() -> Result<Vec<u8>, Error> {
    let mut writer = Writer::client(mask);
    for _ in 0..FRAMES {
        writer.message(Kind::Binary, payload(), Form::default())?;
    }
    Ok(writer.chunks().iter().flatten().copied().collect())
}

fn our_reading() -> Result<f64, Error> {
    let octets = frames()?;
    let begin = cpu_time();
    for _ in 0..TIMES {
        let mut reader = Reader::new(Role::Client, LIMITS);
        let mut input = black_box(&octets[..]);
        let mut count = 0;
        while let Some(event) = reader.read(&mut input)? {
            black_box(event);
            count += 1;
        }
        assert_eq!(count, FRAMES);
    }
    Ok(per_frame(begin))
}

fn their_reading() -> Result<f64, Error> {
    let octets = frames()?;
    let begin = cpu_time();
    for _ in 0..TIMES {
        let stream = Cursor::new(black_box(octets.clone()));
        let mut socket = WebSocket::from_raw_socket(stream, Side::Server, None);
        for _ in 0..FRAMES {
            black_box(socket.read()?);
        }
    }
    Ok(per_frame(begin))
}

fn our_writing(role: Role) -> Result<f64, Error> {
    let payload = payload();
    let begin = cpu_time();
    let mut writer = match role {
        Role::Client => Writer::client(mask),
        Role::Server => Writer::server(),
    };
    for _ in 0..TIMES {
        for _ in 0..FRAMES {
            writer.message(Kind::Binary, black_box(payload.clone()), Form::default())?;
        }
        black_box(writer.chunks().iter().map(<[u8]>::len).sum::<usize>());
        writer.advance(writer.chunks().len());
    }
    Ok(per_frame(begin))
}

/// Takes everything.
struct Sink;

impl Read for Sink {
    fn read(&mut self, _octets: &mut [u8]) -> std::io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }
}

impl Write for Sink {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        Ok(black_box(octets).len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn their_writing(side: Side) -> Result<f64, Error> {
    let payload = payload();
    let begin = cpu_time();
    let mut socket = WebSocket::from_raw_socket(Sink, side, None);
    for _ in 0..TIMES {
        for _ in 0..FRAMES {
            socket.write(Message::Binary(black_box(payload.clone())))?;
        }
        socket.flush()?;
    }
    Ok(per_frame(begin))
}

fn our_slow_peer() -> Result<f64, Error> {
    let payload = Bytes::from(vec![0x5a; 16 << 20]);
    let begin = cpu_time();
    let mut writer = Writer::client(mask);
    writer.message(Kind::Binary, payload, Form::default())?;
    let mut taken = vec![0; PORTION];
    while let Some(chunk) = next_chunk(&writer) {
        let count = chunk.len().min(PORTION);
        taken[..count].copy_from_slice(&chunk[..count]);
        black_box(&taken);
        writer.advance(count);
    }
    Ok((cpu_time() - begin).as_secs_f64() * 1e3)
}

/// Takes a portion, then blocks once.
struct Slow {
    taken: Vec<u8>,
    is_full: bool,
}

impl Read for Slow {
    fn read(&mut self, _octets: &mut [u8]) -> std::io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }
}

impl Write for Slow {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.is_full = !self.is_full;
        if !self.is_full {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = octets.len().min(PORTION);
        self.taken[..count].copy_from_slice(&octets[..count]);
        black_box(&self.taken);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn their_slow_peer() -> Result<f64, Error> {
    let payload = Bytes::from(vec![0x5a; 16 << 20]);
    let begin = cpu_time();
    let stream = Slow { taken: vec![0; PORTION], is_full: false };
    let mut socket = WebSocket::from_raw_socket(stream, Side::Client, None);
    let mut outcome = socket.write(Message::Binary(payload)).and_then(|()| socket.flush());
    while let Err(error) = outcome {
        match error {
            tungstenite::Error::Io(error) if error.kind() == ErrorKind::WouldBlock => {}
            error => return Err(error.into()),
        }
        outcome = socket.flush();
    }
    Ok((cpu_time() - begin).as_secs_f64() * 1e3)
}
