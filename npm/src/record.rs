//! Contains the queue of records for JavaScript.
//!
//! A record is its kind, the number that it concerns, the length of its fields, and the fields: numbers
//! are little-endian, texts and bytes have their length in front. The queue is passed when the tasks
//! that are ready have run.

use std::cell::RefCell;

use wampwerk::message::{Payload, Serializer};

/// Kinds of records, as in `port.js`.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A request is done. A number, which is NaN without a result.
    Done = 1,
    /// A request failed. A report, and the arguments of the error.
    Failed = 2,
    /// The result of a call. Flags, the number of lost results, details, arguments.
    Result = 3,
    /// A progressive result, as `Result`.
    Progress = 4,
    /// The part of a call's arguments is sent.
    PartSent = 5,
    /// A session is joined. Its id, realm, serializer and WELCOME.
    Joined = 6,
    /// A session has ended. A reason.
    Closed = 7,
    /// A subscription or registration exists. Its id.
    Established = 8,
    /// An event. The publication, the topic (empty if it is that of the subscription), whether the
    /// details are JSON, details, arguments.
    Event = 9,
    /// Events are lost. Their number.
    Lagged = 10,
    /// A subscription or registration has ended. Its ending.
    Ended = 11,
    /// The last event of a subscription has been passed.
    Over = 18,
    /// A call of a registration. The invocation, flags, procedure, details, arguments.
    Invocation = 12,
    /// The answer of an invocation is no longer needed.
    Interrupt = 13,
    /// A part of an invocation's arguments. Flags, the number of lost parts, arguments.
    Chunk = 14,
    /// A question to a component, or to the prover of an attempt to join. The question, its kind, a
    /// session and a text.
    Ask = 15,
    /// An error without another receiver. A report.
    Tell = 16,
    /// Something that JavaScript keeps for the module is no longer needed.
    Forget = 17,
    /// To a dialer: opens a connection. The number of its socket, and the URL.
    Dial = 19,
    /// A frame to send.
    Send = 20,
    /// The next frame waits until the platform's buffer has room.
    Room = 21,
    /// A connection is closed. A code, which is 0 if the connection is not needed any more.
    Shut = 22,
}

struct Queue {
    records: Vec<u8>,
    spare: Vec<u8>,
}

thread_local! {
    static QUEUE: RefCell<Queue> =
        const { RefCell::new(Queue { records: Vec::new(), spare: Vec::new() }) };
}

/// Capacity that the queue keeps between batches.
const KEPT: usize = 64 << 10;

/// Appends a record.
pub(crate) fn push(kind: Kind, handle: u32, fields: impl FnOnce(&mut Record<'_>)) {
    QUEUE.with_borrow_mut(|queue| {
        queue.records.push(kind as u8);
        let mut record = Record(&mut queue.records);
        record.u32(handle);
        record.u32(0);
        let start = record.0.len();
        fields(&mut record);
        // No message is that long.
        let length = u32::try_from(record.0.len() - start).unwrap_or_default();
        if let Some(place) = record.0[start - 4..].first_chunk_mut() {
            *place = length.to_le_bytes();
        }
    });
}

/// Passes the queue. What belongs together, such as the ends of a session and of its invocations, is in one
/// batch: the tasks that have been woken run first.
pub(crate) fn pass() {
    loop {
        let mut records = QUEUE.with_borrow_mut(|queue| {
            let spare = std::mem::take(&mut queue.spare);
            std::mem::replace(&mut queue.records, spare)
        });
        let is_done = records.is_empty();
        if !is_done {
            crate::deliver(records.as_ptr() as usize, records.len());
        }
        if records.capacity() <= KEPT {
            records.clear();
            QUEUE.with_borrow_mut(|queue| queue.spare = records);
        }
        // Commands that JavaScript gave meanwhile may be refused at once, which wakes no task.
        if is_done {
            break;
        }
    }
}

/// The fields of a record.
pub(crate) struct Record<'a>(&'a mut Vec<u8>);

impl Record<'_> {
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        // No message is that long.
        self.u32(u32::try_from(value.len()).unwrap_or_default());
        self.0.extend_from_slice(value);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    /// Appends `args` and `kwargs`. Either is empty if it is missing. What a payload codec has decoded is
    /// written as JSON, which no list and no dict of the other formats begins like.
    pub(crate) fn payload(&mut self, payload: &Payload) {
        if payload.serializer().is_none() && !payload.is_empty() && payload.opaque().is_none() {
            let json = payload.clone().into_serializer(Serializer::Json).unwrap_or_default();
            if json.encoded().is_some() {
                return self.payload(&json);
            }
        }
        let (args, kwargs) = payload.encoded().unwrap_or_default();
        self.bytes(args);
        self.bytes(kwargs.unwrap_or_default());
    }
}
