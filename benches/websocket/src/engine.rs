//! The pure reader and writer of ours over a socket, with nothing between: what a driver above can at best reach.

use std::cell::Cell;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wampwerk::internals::framing::websocket::{
    Event, Form, Kind, Limits, Reader, Role, Writer, deflate,
};
use wampwerk::websocket::Deflate;

use crate::contenders::{Library, Socket, by_hand};
use crate::measure::Error;
use crate::server::Server;
use crate::work::Work;

pub(crate) const LIMITS: Limits = Limits { frame: 32 << 20, message: 32 << 20 };

pub(crate) struct Engine;

pub(crate) struct Direct {
    stream: TcpStream,
    input: BytesMut,
    reader: Reader,
    writer: Writer,
}

/// A mask that is good enough to be measured.
pub(crate) fn mask() -> [u8; 4] {
    thread_local!(static STATE: Cell<u32> = const { Cell::new(0x1234_5678) });
    STATE.with(|state| {
        let mut x = state.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        state.set(x);
        x.to_ne_bytes()
    })
}

/// The first octets to send.
pub(crate) fn next_chunk(writer: &Writer) -> Option<&[u8]> {
    let mut chunks = writer.chunks().iter();
    chunks.next()
}

impl Direct {
    fn new(stream: TcpStream, role: Role, compressed: bool) -> Result<Direct, Error> {
        let (reader, writer) = match role {
            Role::Client => (Reader::new(Role::Server, LIMITS), Writer::client(mask)),
            Role::Server => (Reader::new(Role::Client, LIMITS), Writer::server()),
        };
        let settings = Deflate::new().server_context_takeover(true).client_context_takeover(true);
        let agreed = deflate::accept([deflate::offer(&settings)], &settings)?;
        let agreed = agreed.filter(|_| compressed).map(|(agreement, _)| agreement);
        let reader = reader.inflate(agreed.as_ref().map(|agreement| agreement.decompressor(role)));
        let writer = writer.deflate(agreed.as_ref().map(|agreement| agreement.compressor(role)));
        Ok(Direct { stream, input: BytesMut::new(), reader, writer })
    }
}

impl Library for Engine {
    type Listener = TcpListener;
    type Incoming = TcpStream;
    type Socket = Direct;

    async fn listen(server: &Server, _work: Work) -> Result<(TcpListener, String), Error> {
        crate::contenders::listen(server).await
    }

    async fn accept(listener: &mut TcpListener) -> Result<TcpStream, Error> {
        crate::contenders::accept(listener).await
    }

    async fn open(mut incoming: TcpStream, deflate: bool) -> Result<Direct, Error> {
        by_hand::server(&mut incoming).await?;
        Direct::new(incoming, Role::Server, deflate)
    }

    async fn connect(address: &str, deflate: bool) -> Result<Direct, Error> {
        let mut stream = crate::contenders::connect(address).await?;
        by_hand::client(&mut stream).await?;
        Direct::new(stream, Role::Client, deflate)
    }
}

impl Socket for Direct {
    async fn send(&mut self, message: Bytes) -> Result<(), Error> {
        self.writer.message(Kind::Binary, message, Form::default())?;
        while !self.writer.chunks().is_empty() {
            let chunks: Vec<_> = self.writer.chunks().iter().map(IoSlice::new).collect();
            let count = self.stream.write_vectored(&chunks).await?;
            self.writer.advance(count);
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let mut input = &self.input[..];
            let event = self.reader.read(&mut input)?;
            let read = self.input.len() - input.len();
            self.input.advance(read);
            match event {
                Some(Event::Message(_, payload)) => return Ok(Some(payload)),
                Some(Event::Close(_)) => return Ok(None),
                Some(_) => continue,
                None => {}
            }
            let count = match self.reader.space() {
                Some(mut space) => self.stream.read_buf(&mut space).await?,
                None => {
                    self.input.reserve(8 << 10);
                    self.stream.read_buf(&mut self.input).await?
                }
            };
            if count == 0 {
                return Ok(None);
            }
        }
    }

    async fn close(self) -> Result<(), Error> {
        Ok(())
    }
}
