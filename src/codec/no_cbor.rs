//! CBOR without the feature `cbor`.

pub(super) type Cbor = super::absent::Absent<3>;
