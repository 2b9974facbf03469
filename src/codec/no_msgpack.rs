//! Stands in for `msgpack` when that feature is off.

pub(super) type MsgPack = crate::codec::absent::Absent<2>;
