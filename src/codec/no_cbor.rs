//! Stands in for `cbor` when that feature is off.

pub(super) type Cbor = crate::codec::absent::Absent<3>;
