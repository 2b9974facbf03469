//! Contains the table of what the numbers of JavaScript stand for, and questions to it.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use tokio::sync::oneshot;
use wampwerk::component::{Component, ListenerId};
use wampwerk::hosted::{IdMap, spawn};
use wampwerk::session::{Registration, Session};
use wampwerk::transport::BoxFuture;

use crate::call::Running;
use crate::registration::Invocation;
use crate::socket::State;
use crate::subscription::Source;

/// Something with a number.
pub(crate) enum Entry {
    Session(Session),
    /// A session that is being joined; dropping it gives that up.
    Connecting {
        _abandon: oneshot::Sender<()>,
    },
    Call(Running),
    Subscription(Rc<Source>),
    Registration(Registration),
    Invocation(Rc<Invocation>),
    Question(oneshot::Sender<Result<Vec<u8>, Vec<u8>>>),
    Component(Component),
    /// A registration or subscription of a component. The source is that of a subscription.
    Declared(Component, ListenerId, Option<Rc<Source>>),
    Socket(Rc<RefCell<State>>),
}

/// The first number of those that the module chooses.
const OWN: u32 = 1 << 31;

#[derive(Default)]
struct Table {
    entries: IdMap<Entry>,
    last: u32,
}

thread_local! {
    static TABLE: RefCell<Table> = RefCell::default();
}

/// Stores something under a number of JavaScript.
pub(crate) fn insert(handle: u32, entry: Entry) {
    let old = TABLE.with_borrow_mut(|table| table.entries.insert(handle.into(), entry));
    // Dropped outside of the borrow, as in `remove`: it may push records and use the table.
    drop(old);
}

/// Chooses a number.
pub(crate) fn number() -> u32 {
    TABLE.with_borrow_mut(|table| {
        loop {
            table.last = table.last.wrapping_add(1) % OWN;
            let handle = OWN + table.last;
            if !table.entries.contains_key(&handle.into()) {
                return handle;
            }
        }
    })
}

pub(crate) fn remove(handle: u32) -> Option<Entry> {
    TABLE.with_borrow_mut(|table| table.entries.remove(&handle.into()))
}

/// Reads an entry. `None` if it does not exist any more.
pub(crate) fn get<T>(handle: u32, read: impl FnOnce(&Entry) -> Option<T>) -> Option<T> {
    TABLE.with_borrow(|table| table.entries.get(&handle.into()).and_then(read))
}

pub(crate) fn session(handle: u32) -> Option<Session> {
    get(handle, |entry| match entry {
        Entry::Session(session) => Some(session.clone()),
        _ => None,
    })
}

/// Returns the number of a session that is there.
pub(crate) fn number_of(session: u64) -> Option<u32> {
    TABLE.with_borrow(|table| {
        let found = table.entries.iter().find(|(_, entry)| {
            matches!(entry, Entry::Session(other) if other.id() == session && !other.is_closed())
        });
        found.map(|(handle, _)| *handle as u32)
    })
}

pub(crate) fn component(handle: u32) -> Option<Component> {
    get(handle, |entry| match entry {
        Entry::Component(component) => Some(component.clone()),
        _ => None,
    })
}

/// Kinds of questions that JavaScript answers at once, as in `port.js`.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Question {
    /// To a prover: begins an attempt. The answer is JSON: `attempt`, its number, and `authextra`.
    Begin = 1,
    /// To the prover of an attempt: checks WELCOME.Details, which are JSON.
    Check = 2,
    /// To a component: whether an error makes further attempts pointless. The text is the report;
    /// the answer is empty for the default decision, otherwise `true` or `false`.
    IsFatal = 3,
    /// To a payload codec: encodes arguments, as in `payloads.js`.
    Encode = 4,
    /// To a payload codec: decodes arguments.
    Decode = 5,
}

/// Asks a question that is answered at once. The error is a text.
pub(crate) fn ask(question: Question, handle: u32, text: &str) -> Result<String, String> {
    let answer = crate::answer(question as u8, handle, text);
    answer.map_err(|error| error.as_string().unwrap_or_else(|| "it failed".to_owned()))
}

/// Runs a future until it is done, or `abandoned` resolves.
pub(crate) fn spawn_until(
    mut abandoned: oneshot::Receiver<()>,
    future: impl Future<Output = ()> + 'static,
) {
    let mut future: BoxFuture<'static, ()> = Box::pin(future);
    spawn(poll_fn(move |cx| match Pin::new(&mut abandoned).poll(cx) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending => future.as_mut().poll(cx),
    }));
}
