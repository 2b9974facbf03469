//! Futures in spans of the log.

use tracing::level_filters::STATIC_MAX_LEVEL;
use tracing::{Instrument, Span};

use super::{BoxFuture, MaybeSend};

/// True if a feature of `tracing` has switched off all levels, as in the npm module.
const NO_SPANS: bool = STATIC_MAX_LEVEL.into_level().is_none();

/// Boxes a future that runs in a span. With `NO_SPANS` there is no code for spans, which otherwise every
/// poll runs.
pub(crate) fn in_span<'a, T>(
    future: impl Future<Output = T> + MaybeSend + 'a,
    span: impl FnOnce() -> Span,
) -> BoxFuture<'a, T> {
    if NO_SPANS { Box::pin(future) } else { Box::pin(future.instrument(span())) }
}
