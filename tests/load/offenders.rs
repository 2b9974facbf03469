//! Those who do what costs the router most, one kind after the other, beside the sessions at work.
//! Each has a thread of its own, so that its own work holds up no client.

use std::fmt::Write;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::task::Poll;
use std::thread::JoinHandle;

use bytes::Bytes;
use wampwerk::transport::Transport;
use wampwerk::{Payload, Serializer};

use crate::crowd::Error;
use crate::kind::Kind;

/// What offenders do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Offence {
    HeavyDetails,
    UnreadDetails,
    Transcoding,
    Wildcards,
    MetaArguments,
    Leaving,
}

/// An offender at work.
pub(crate) struct Offender {
    place: Arc<Place>,
    thread: JoinHandle<Result<(), Error>>,
}

/// Where offenders do it.
struct Place {
    kind: Kind,
    url: String,
    stop: AtomicBool,
    /// How often it was done.
    done: AtomicU64,
}

impl Offence {
    pub(crate) const ALL: [Offence; 6] = [
        Offence::HeavyDetails,
        Offence::UnreadDetails,
        Offence::Transcoding,
        Offence::Wildcards,
        Offence::MetaArguments,
        Offence::Leaving,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Offence::HeavyDetails => "heavy details for 1000 prefixes of one session",
            Offence::UnreadDetails => "heavy details for one who does not read",
            Offence::Transcoding => "events of 1.7 million dicts in CBOR for four in JSON",
            Offence::Wildcards => "30 000 wildcard patterns, and publications to all of them",
            Offence::MetaArguments => "meta calls and publications with long lists",
            Offence::Leaving => "two leave 20 000 subscriptions, 200 watch and do not read",
        }
    }

    /// Starts an offender, and waits until it has done so once.
    pub(crate) fn start(self, kind: Kind, url: &str) -> Result<Offender, Error> {
        let place = Place {
            kind,
            url: url.to_owned(),
            stop: AtomicBool::new(false),
            done: AtomicU64::new(0),
        };
        let place = Arc::new(place);
        let (ready, begun) = channel();
        let at = Arc::clone(&place);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let tell = move || {
                    let _ = ready.send(());
                };
                match self {
                    Offence::HeavyDetails => heavy_details(&at, tell).await,
                    Offence::UnreadDetails => unread_details(&at, tell).await,
                    Offence::Transcoding => transcoding(&at, tell).await,
                    Offence::Wildcards => wildcards(&at, tell).await,
                    Offence::MetaArguments => meta_arguments(&at, tell).await,
                    Offence::Leaving => leaving(&at, tell).await,
                }
            })
        });
        let offender = Offender { place, thread };
        match begun.recv() {
            Ok(()) => Ok(offender),
            // It has ended before.
            Err(_) => Err(offender.stop().err().unwrap_or_else(|| "an offender has ended".into())),
        }
    }
}

impl Offender {
    /// Stops it. Returns how often it has done what it does.
    pub(crate) fn stop(self) -> Result<u64, Error> {
        self.place.stop.store(true, Relaxed);
        match self.thread.join() {
            Ok(done) => done.map(|()| self.place.done.load(Relaxed)),
            Err(_) => Err("an offender has panicked".into()),
        }
    }
}

impl Place {
    fn goes_on(&self) -> bool {
        !self.stop.load(Relaxed)
    }

    fn done(&self) {
        self.done.fetch_add(1, Relaxed);
    }

    async fn join(&self) -> Result<Peer, Error> {
        Peer::join(self.kind.open(&self.url).await?).await
    }
}

/// A session that sends what it likes, in JSON.
struct Peer {
    transport: Box<dyn Transport>,
    /// Number of the last request.
    request: u64,
}

impl Peer {
    async fn join(transport: Box<dyn Transport>) -> Result<Self, Error> {
        let mut peer = Peer { transport, request: 0 };
        let roles = r#"{"roles":{"publisher":{},"subscriber":{},"caller":{}}}"#;
        peer.send(format!(r#"[1,"realm1",{roles}]"#)).await?;
        peer.wait_for("[2,").await?;
        Ok(peer)
    }

    /// Sends a message, and drops what comes meanwhile.
    async fn send(&mut self, message: String) -> Result<(), Error> {
        let mut message = Some(Bytes::from(message));
        poll_fn(|cx| {
            while let Poll::Ready(got) = self.transport.poll_recv(cx) {
                if !matches!(got, Some(Ok(_))) {
                    return Poll::Ready(Err("the router has closed the connection".into()));
                }
            }
            if message.is_some() {
                if self.transport.poll_ready(cx)?.is_pending() {
                    return Poll::Pending;
                }
                self.transport.start_send(message.take().unwrap_or_default())?;
            }
            self.transport.poll_flush(cx).map_err(Error::from)
        })
        .await
    }

    /// Reads until a message that begins like this.
    async fn wait_for(&mut self, beginning: &str) -> Result<(), Error> {
        loop {
            let got = poll_fn(|cx| self.transport.poll_recv(cx)).await.ok_or("closed")??;
            if got.starts_with(beginning.as_bytes()) {
                return Ok(());
            }
        }
    }

    /// Sends a request, made of its id, and waits for its answer: this code, or ERROR.
    async fn ask(&mut self, code: u64, request: impl Fn(u64) -> String) -> Result<(), Error> {
        self.request += 1;
        let request = request(self.request);
        let kind = request.trim_start_matches('[').split(',').next().unwrap_or_default();
        let answers = [format!("[{code},{}", self.request), format!("[8,{kind},{}", self.request)];
        let mut message = Some(Bytes::from(request));
        poll_fn(|cx| {
            if message.is_some() && self.transport.poll_ready(cx)?.is_ready() {
                self.transport.start_send(message.take().unwrap_or_default())?;
            }
            let _ = self.transport.poll_flush(cx)?;
            while let Poll::Ready(got) = self.transport.poll_recv(cx) {
                let got = got.ok_or("the router has closed the connection")??;
                if answers.iter().any(|answer| got.starts_with(answer.as_bytes())) {
                    return Poll::Ready(Ok(()));
                }
            }
            Poll::Pending
        })
        .await
    }

    async fn subscribe(&mut self, topic: &str, policy: &str) -> Result<(), Error> {
        let options = format!(r#"{{"match":"{policy}"}}"#);
        self.ask(33, |id| format!(r#"[32,{id},{options},"{topic}"]"#)).await
    }
}

/// What is allowed beside the arguments, nearly; and far too much.
const ALLOWED: usize = 60 << 10;
const TOO_MUCH: usize = 1 << 20;

async fn heavy_details(place: &Place, ready: impl FnOnce()) -> Result<(), Error> {
    let topic = format!("com.example.{}", "a".repeat(1100));
    let mut peer = place.join().await?;
    for length in 50..1050 {
        peer.subscribe(&topic[..length], "prefix").await?;
    }
    let mut ready = Some(ready);
    while place.goes_on() {
        for size in [ALLOWED, TOO_MUCH] {
            let text = "x".repeat(size);
            let options = format!(r#"{{"acknowledge":true,"exclude_me":false,"x_a":"{text}"}}"#);
            peer.ask(17, |id| format!(r#"[16,{id},{options},"{topic}",[1]]"#)).await?;
        }
        place.done();
        if let Some(ready) = ready.take() {
            ready();
        }
    }
    Ok(())
}

async fn unread_details(place: &Place, ready: impl FnOnce()) -> Result<(), Error> {
    let text = "x".repeat(ALLOWED);
    let mut peer = place.join().await?;
    let mut ready = Some(ready);
    while place.goes_on() {
        // Thrown out when enough waits for it.
        let mut slow = place.join().await?;
        slow.subscribe("com.example.unread", "exact").await?;
        for _ in 0..60 {
            let options = format!(r#"{{"acknowledge":true,"x_a":"{text}"}}"#);
            peer.ask(17, |id| format!(r#"[16,{id},{options},"com.example.unread"]"#)).await?;
        }
        place.done();
        if let Some(ready) = ready.take() {
            ready();
        }
    }
    Ok(())
}

async fn transcoding(place: &Place, ready: impl FnOnce()) -> Result<(), Error> {
    const DICTS: usize = 1_700_000;
    const TOPIC: &str = "com.example.dicts";
    let mut readers = Vec::new();
    for _ in 0..4 {
        let mut reader = place.join().await?;
        reader.subscribe(TOPIC, "exact").await?;
        readers.push(reader);
    }
    let publisher = wampwerk::connect(place.url.as_str(), "realm1");
    let publisher = publisher.serializers(&[Serializer::Cbor]).await?;
    // One list of dicts with an empty key.
    let mut args = vec![0x81, 0x9a];
    args.extend_from_slice(&(DICTS as u32).to_be_bytes());
    args.extend([0xa1, 0x60, 0x00].repeat(DICTS));
    let payload = Payload::from_encoded(Serializer::Cbor, &args, None)?;
    let mut ready = Some(ready);
    while place.goes_on() {
        publisher.publish(TOPIC).payload(payload.clone()).acknowledge().await?;
        for reader in &mut readers {
            reader.wait_for("[36,").await?;
        }
        place.done();
        if let Some(ready) = ready.take() {
            ready();
        }
    }
    Ok(())
}

async fn wildcards(place: &Place, ready: impl FnOnce()) -> Result<(), Error> {
    let mut peers = Vec::new();
    for session in 0..30 {
        let mut peer = place.join().await?;
        for number in 0..1000 {
            let mut pattern = "com.example".to_owned();
            for bit in 0..6 {
                pattern.push_str(if (number % 64) >> bit & 1 == 1 { "." } else { ".a" });
            }
            write!(pattern, "..u{session}-{number}")?;
            peer.subscribe(&pattern, "wildcard").await?;
        }
        peers.push(peer);
    }
    let mut publisher = place.join().await?;
    let mut ready = Some(ready);
    while place.goes_on() {
        for _ in 0..32 {
            publisher.request += 1;
            let id = publisher.request;
            let message = format!(r#"[16,{id},{{}},"com.example.a.a.a.a.a.a.a.x"]"#);
            publisher.send(message).await?;
        }
        let topic = "com.example.a.a.a.a.a.a.a.x";
        publisher.ask(17, |id| format!(r#"[16,{id},{{"acknowledge":true}},"{topic}"]"#)).await?;
        place.done();
        if let Some(ready) = ready.take() {
            ready();
        }
    }
    Ok(())
}

async fn meta_arguments(place: &Place, ready: impl FnOnce()) -> Result<(), Error> {
    let list = |size: usize| {
        let names: Vec<_> = (0..size / 9).map(|number| format!(r#""r{number:05}""#)).collect();
        format!("[{}]", names.join(","))
    };
    let (allowed, long) = (list(ALLOWED), list(500_000 * 9));
    let mut peer = place.join().await?;
    let mut ready = Some(ready);
    while place.goes_on() {
        for roles in [&allowed, &long] {
            peer.ask(50, |id| format!(r#"[48,{id},{{}},"wamp.session.count",[{roles}]]"#)).await?;
            peer.ask(50, |id| format!(r#"[48,{id},{{}},"wamp.session.count",[["a"],{roles}]]"#))
                .await?;
        }
        let few = list(10_000);
        for names in [&few, &long] {
            let options = format!(r#"{{"acknowledge":true,"eligible_authid":{names}}}"#);
            peer.ask(17, |id| format!(r#"[16,{id},{options},"com.example.nobody"]"#)).await?;
        }
        place.done();
        if let Some(ready) = ready.take() {
            ready();
        }
    }
    Ok(())
}

async fn leaving(place: &Place, ready: impl FnOnce()) -> Result<(), Error> {
    let mut ready = Some(ready);
    while place.goes_on() {
        let mut watchers = Vec::new();
        for _ in 0..200 {
            let mut watcher = place.join().await?;
            watcher.subscribe("wamp.subscription.", "prefix").await?;
            watchers.push(watcher);
        }
        let mut leaving = Vec::new();
        for session in 0..2 {
            let mut peer = place.join().await?;
            for number in 0..10_000 {
                peer.subscribe(&format!("com.example.left.{session}.{number}"), "exact").await?;
                if !place.goes_on() && ready.is_none() {
                    return Ok(());
                }
            }
            leaving.push(peer);
        }
        drop(leaving);
        place.done();
        if let Some(ready) = ready.take() {
            ready();
        }
    }
    Ok(())
}
