//! WebSocket's own options against a real Crossbar: pings and their round trips, and fragments.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use wampwerk::error::{CloseKind, ConnectError, TransportError};
use wampwerk::session::{SessionConfig, connect_with, join};
use wampwerk::transport::{Connector, Ping, Transport, TransportInfo, WampWebSocketClientFactory};
use wampwerk::websocket::CloseCode;
use wampwerk::{Serializer, Session};

use crate::crossbar::rig::Rig;

tests! { Crossbar:
    it_answers_pings_of_every_size_and_the_connection_stays,
    it_takes_fragments_of_every_size_with_pings_between,
    its_close_code_and_text_are_told_before_and_after_welcome,
}

const INTERVAL: Duration = Duration::from_millis(20);

fn factory(rig: &Rig, serializer: Serializer) -> WampWebSocketClientFactory {
    WampWebSocketClientFactory::new(rig.get("ws"), &[serializer]).unwrap()
}

/// A text of so many bytes, with characters of each length.
fn text(size: usize) -> String {
    let mut text: String = "aé€😀".chars().cycle().take(size * 4 / 10).collect();
    text.push_str(&"x".repeat(size - text.len()));
    text
}

async fn echo(session: &Session, text: &str) {
    let back: String =
        session.call("com.example.websocket.echo").args((text,)).value().await.unwrap();
    assert!(back == text, "{} bytes", text.len());
}

async fn it_answers_pings_of_every_size_and_the_connection_stays() {
    let rig = Rig::find();
    for (size, restart) in [(12, true), (125, false), (64, false)] {
        // If one were not answered, the connection would be lost.
        let ping = Ping::new(INTERVAL, Duration::from_secs(5));
        let ping = ping.size(size).restart_on_traffic(restart);
        let factory = factory(&rig, Serializer::Cbor).auto_ping(ping);
        let begin = Instant::now();
        let session = connect_with(&factory, rig.get("realm")).await.unwrap();
        let transport = session.transport().clone();
        // Nothing tells of an answer, so it is looked for; each new value is another one.
        let mut looks = tokio::time::interval(INTERVAL / 4);
        let (mut answers, mut last) = (0, None);
        while answers < 5 {
            assert!(!session.is_closed(), "{:?}", session.closed().await);
            assert!(begin.elapsed() < Duration::from_secs(60), "{answers} answers");
            looks.tick().await;
            if transport.round_trip() != last {
                last = transport.round_trip();
                answers += 1;
            }
        }
        assert!(last.unwrap() <= begin.elapsed());
        // The same connection still carries the session.
        let count: u64 = session.call("wamp.session.count").value().await.unwrap();
        assert!(count >= 1);
        session.leave().await;
    }
}

async fn it_takes_fragments_of_every_size_with_pings_between() {
    let rig = Rig::find();
    for serializer in Serializer::ALL {
        for fragment in [1, 7, 1000, 65_536] {
            let ping = Ping::new(INTERVAL, Duration::from_secs(20));
            let factory = factory(&rig, serializer)
                .auto_fragment_size(fragment)
                .auto_ping(ping.restart_on_traffic(false));
            let session = connect_with(&factory, rig.get("realm")).await.unwrap();
            let echoing =
                session.register("com.example.websocket.echo", |text: String| async { text });
            let echoing = echoing.await.unwrap();
            for size in [0, 1, 100, 5_000, fragment.min(10_000) * 100] {
                echo(&session, &text(size)).await;
            }
            while session.transport().round_trip().is_none() {
                echo(&session, "once more").await;
            }
            echoing.unregister().await.unwrap();
            session.leave().await;
        }
    }
}

/// A transport that damages the message of this number; the first is 0.
struct Damaging(Box<dyn Transport>, usize);

impl Transport for Damaging {
    fn info(&self) -> &TransportInfo {
        self.0.info()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.0.poll_recv(cx)
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let damaged = self.1 == 0;
        self.1 = self.1.wrapping_sub(1);
        self.0.start_send(if damaged { Bytes::from_static(b"\xff\xff") } else { frame })
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_flush(cx)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        self.0.poll_close(cx, code)
    }
}

/// Crossbar closes a WebSocket over bytes that are no message, with a text of its own.
async fn its_close_code_and_text_are_told_before_and_after_welcome() {
    const TEXT: &str = "WAMP Protocol Error";
    let rig = Rig::find();
    for serializer in [Serializer::Cbor, Serializer::MsgPack] {
        let transport = factory(&rig, serializer).connect().await.unwrap();
        let damaging = Box::new(Damaging(transport, 0));
        let error = join(damaging, rig.get("realm"), SessionConfig::default()).await.unwrap_err();
        let ConnectError::Join(reason) = error else { panic!("{error}") };
        assert_eq!((reason.kind, reason.websocket_code()), (CloseKind::TransportLost, Some(1002)));
        assert!(reason.to_string().contains(TEXT), "{reason}");

        let transport = factory(&rig, serializer).connect().await.unwrap();
        let damaging = Box::new(Damaging(transport, 1));
        let session = join(damaging, rig.get("realm"), SessionConfig::default()).await.unwrap();
        session.publish("com.example.damaged").await.unwrap();
        let reason = session.closed().await;
        assert_eq!((reason.kind, reason.websocket_code()), (CloseKind::TransportLost, Some(1002)));
        assert!(reason.to_string().contains(TEXT), "{reason}");
    }
}
