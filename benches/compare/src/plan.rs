//! What is measured: the works (rows) and the contenders (columns).

/// Maximum number of events on their way to the slowest subscriber. The same for all contenders, so
/// that no unbounded queue is measured.
pub(crate) const WINDOW: u64 = 256;

/// Realm that all clients join.
pub(crate) const REALM: &str = "realm1";

/// The procedure and the topic of all contenders; the relay's frames are as long as if they held it.
pub(crate) const PROCEDURE: &str = "com.example.echo";
/// See [`PROCEDURE`].
pub(crate) const TOPIC: &str = "com.example.note";

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Calls with `in_flight` of them open at any time; the argument and the result are one string of 64 bytes.
    Calls { in_flight: usize },
    /// Events with one string of `size` bytes to each of `subscribers`.
    Events { subscribers: usize, size: usize },
    /// Results with one string of 64 bytes that are not the last of their call: 4 calls open at any
    /// time, each with [`PROGRESS`] of them. The relay moves as many events.
    Progress,
    /// Events of 64 bytes to one subscriber, by a wildcard pattern, beside `others` patterns that
    /// do not match. The relay moves as many events.
    Wildcard { others: usize },
}

/// Results of a call before the last, in [`Work::Progress`].
pub(crate) const PROGRESS: u64 = 200;

impl Work {
    /// All rows, in the order of the table.
    pub(crate) const ALL: [Work; 9] = [
        Work::Calls { in_flight: 1 },
        Work::Calls { in_flight: 64 },
        Work::Calls { in_flight: 256 },
        Work::Events { subscribers: 1, size: 64 },
        Work::Events { subscribers: 1, size: 1024 },
        Work::Events { subscribers: 10, size: 64 },
        Work::Events { subscribers: 10, size: 1024 },
        Work::Progress,
        Work::Wildcard { others: 900 },
    ];

    /// Whether a contender can do it: the peer has neither progressive results nor patterns.
    pub(crate) fn is_for(self, contender: Contender) -> bool {
        let advanced = matches!(self, Work::Progress | Work::Wildcard { .. });
        !(advanced && contender == Contender::WampAsync)
    }

    /// What the relay does for it: frames of the same size over the same hops.
    pub(crate) fn frames(self) -> Self {
        match self {
            Work::Progress | Work::Wildcard { .. } => Work::Events { subscribers: 1, size: 64 },
            other => other,
        }
    }

    /// Calls one after the other are measured by their time, everything else by its rate.
    pub(crate) fn is_sequential(self) -> bool {
        self == Work::Calls { in_flight: 1 }
    }

    /// The row's title, with the unit.
    pub(crate) fn title(self) -> String {
        match self {
            Work::Calls { in_flight: 1 } => "sequential call, p50 µs".to_owned(),
            Work::Calls { in_flight } => format!("{in_flight} calls in flight, calls/s"),
            Work::Events { subscribers, size } => {
                let size = if size == 1024 { "1 KiB".to_owned() } else { format!("{size} B") };
                let unit = if subscribers == 1 { "events" } else { "deliveries" };
                format!("1→{subscribers} events {size}, {unit}/s")
            }
            Work::Progress => "progressive results 64 B, results/s".to_owned(),
            Work::Wildcard { others } => format!("wildcard among {others}, events/s"),
        }
    }

    /// A short name for `--row`.
    pub(crate) fn key(self) -> String {
        match self {
            Work::Calls { in_flight } => format!("call{in_flight}"),
            Work::Events { subscribers, size } => format!("event{subscribers}x{size}"),
            Work::Progress => "progress".to_owned(),
            Work::Wildcard { .. } => "wildcard".to_owned(),
        }
    }

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Work::ALL.into_iter().find(|work| work.key() == key)
    }

    /// The length of the string in each message.
    pub(crate) fn size(self) -> usize {
        match self {
            Work::Calls { .. } | Work::Progress | Work::Wildcard { .. } => 64,
            Work::Events { size, .. } => size,
        }
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// WebSocket frames only; everything that is ready is gathered, then flushed once.
    RelayBatched,
    /// WebSocket frames only; a flush after each.
    RelayPerMessage,
    /// Our client through our router, over WebSocket.
    Ours,
    /// The peer through our router.
    WampAsync,
    /// Plain frames only, over TCP, batched.
    TcpRelay,
    /// Our client through our router, over RawSocket on TCP.
    TcpOurs,
    /// Plain frames only, over a unix socket, batched.
    UnixRelay,
    /// Our client through our router, over RawSocket on a unix socket.
    UnixOurs,
}

impl Contender {
    /// All contenders in the order of a round; compared ones are next to each other.
    pub(crate) const ALL: [Contender; 8] = [
        Contender::WampAsync,
        Contender::RelayPerMessage,
        Contender::RelayBatched,
        Contender::Ours,
        Contender::UnixOurs,
        Contender::UnixRelay,
        Contender::TcpRelay,
        Contender::TcpOurs,
    ];

    /// The columns of the table of WebSocket.
    pub(crate) const WEBSOCKET: [Contender; 4] = [
        Contender::RelayBatched,
        Contender::RelayPerMessage,
        Contender::Ours,
        Contender::WampAsync,
    ];

    /// The columns of the table of RawSocket.
    pub(crate) const RAW_SOCKET: [Contender; 5] = [
        Contender::Ours,
        Contender::TcpRelay,
        Contender::TcpOurs,
        Contender::UnixRelay,
        Contender::UnixOurs,
    ];

    /// The column's title.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Contender::RelayBatched => "ws relay, batched",
            Contender::RelayPerMessage => "ws relay, flush per message",
            Contender::Ours => "wampwerk ws",
            Contender::WampAsync => "wamp_async 0.3.1",
            Contender::TcpRelay => "tcp relay",
            Contender::TcpOurs => "wampwerk rs tcp",
            Contender::UnixRelay => "unix relay",
            Contender::UnixOurs => "wampwerk rs unix",
        }
    }

    /// A short name for `--column`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Contender::RelayBatched => "batched",
            Contender::RelayPerMessage => "permessage",
            Contender::Ours => "ours",
            Contender::WampAsync => "wamp_async",
            Contender::TcpRelay => "tcp",
            Contender::TcpOurs => "ours_tcp",
            Contender::UnixRelay => "unix",
            Contender::UnixOurs => "ours_unix",
        }
    }

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Contender::ALL.into_iter().find(|contender| contender.key() == key)
    }
}
