//! MessagePack without the feature `msgpack`.

pub(super) type MsgPack = super::absent::Absent<2>;
