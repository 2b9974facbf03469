//! WebSocket's own options against a real Crossbar: pings and their round trips, and fragments.

use std::time::{Duration, Instant};

use wampwerk::session::connect_with;
use wampwerk::transport::{Ping, WampWebSocketClientFactory};
use wampwerk::{Serializer, Session};

use crate::crossbar::rig::Rig;

tests! { Crossbar:
    it_answers_pings_of_every_size_and_the_connection_stays,
    it_takes_fragments_of_every_size_with_pings_between,
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
