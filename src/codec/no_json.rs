//! Stands in for `json` when that feature is off.

pub(super) type Json = crate::codec::absent::Absent<1>;
