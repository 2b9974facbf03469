//! JSON without the feature `json`.

pub(super) type Json = super::absent::Absent<1>;
