//! The sessions: each has a procedure and a topic, and calls and publishes in turn.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use wampwerk::{ApplicationError, Serializer, Session};

use crate::board::Board;

/// What goes wrong; it ends the test.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// So many join, or leave, at the same time.
const AT_ONCE: usize = 64;

/// How long one step of a session may take on a machine that is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Joins `count` sessions.
pub(crate) async fn join(url: &str, count: usize) -> Result<Vec<Session>, Error> {
    let mut sessions = Vec::with_capacity(count);
    let mut joining = JoinSet::new();
    for _ in 0..count {
        if joining.len() == AT_ONCE
            && let Some(joined) = joining.join_next().await
        {
            sessions.push(joined??);
        }
        let connect = wampwerk::connect(url, "realm1").serializers(&[Serializer::MsgPack]);
        joining.spawn(connect.timeout(PATIENCE).into_future());
    }
    while let Some(joined) = joining.join_next().await {
        sessions.push(joined??);
    }
    Ok(sessions)
}

/// All leave.
pub(crate) async fn leave(sessions: Vec<Session>) {
    let mut leaving = JoinSet::new();
    for session in sessions {
        if leaving.len() == AT_ONCE {
            leaving.join_next().await;
        }
        leaving.spawn(async move { drop(session.leave().await) });
    }
    while leaving.join_next().await.is_some() {}
}

/// The tasks of the sessions.
pub(crate) type Tasks = JoinSet<Result<(), Error>>;

/// Gives each session its procedure and its topic.
pub(crate) async fn equip(sessions: &[Session], board: &Arc<Board>) -> Result<Tasks, Error> {
    let mut listening = Tasks::new();
    let mut equipping = JoinSet::new();
    for (number, session) in sessions.iter().cloned().enumerate() {
        if equipping.len() == AT_ONCE
            && let Some(events) = equipping.join_next().await
        {
            listen(&mut listening, events??, board);
        }
        equipping.spawn(async move {
            let echo = |text: String| async move { Ok::<_, ApplicationError>(text) };
            session.register(procedure(number), echo).await?;
            Ok::<_, Error>(session.subscribe(topic(number)).await?)
        });
    }
    while let Some(events) = equipping.join_next().await {
        listen(&mut listening, events??, board);
    }
    Ok(listening)
}

fn listen(tasks: &mut Tasks, mut events: wampwerk::session::Subscription, board: &Arc<Board>) {
    let board = Arc::clone(board);
    tasks.spawn(async move {
        while let Some(event) = events.next().await {
            event?.decode::<String>()?;
            board.events.fetch_add(1, Relaxed);
        }
        Ok(())
    });
}

/// Lets each session call the procedure of another one, and publish to a third, until the board
/// says that it is enough.
pub(crate) fn work(sessions: &[Session], board: &Arc<Board>) -> Tasks {
    let mut tasks = Tasks::new();
    let count = sessions.len();
    for (number, session) in sessions.iter().cloned().enumerate() {
        let board = Arc::clone(board);
        let (callee, subscriber) = ((number + count / 2) % count, (number + count / 3) % count);
        let (procedure, topic) = (procedure(callee), topic(subscriber));
        tasks.spawn(async move {
            let text = "x".repeat(64);
            while !board.stopped() {
                let started = Instant::now();
                let call = session.call(procedure.as_str()).args((text.as_str(),));
                let got: String = call.timeout(PATIENCE).value().await?;
                if got != text {
                    return Err(format!("{got:?} came back").into());
                }
                board.called(number, started.elapsed());
                session.publish(topic.as_str()).args((text.as_str(),)).await?;
                board.published.fetch_add(1, Relaxed);
            }
            Ok(())
        });
    }
    tasks
}

fn procedure(session: usize) -> String {
    format!("com.example.load{session}.echo")
}

fn topic(session: usize) -> String {
    format!("com.example.load{session}.note")
}
