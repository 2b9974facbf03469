//! `Offer`: the subprotocols that a server offers to its clients.

use crate::message::Serializer;
use crate::transport::subprotocol::Subprotocol;

/// Serializers, and the settings of a WebSocket server that only WAMP has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offer {
    pub(crate) serializers: Vec<Serializer>,
    /// Whether batched subprotocols are offered, too. Default: false.
    pub(crate) batched: Option<bool>,
    /// Whether a client must name one of the subprotocols. Default: true.
    pub(crate) strict: Option<bool>,
}

impl Offer {
    pub(crate) fn new(serializers: &[Serializer]) -> Self {
        Offer { serializers: serializers.to_vec(), ..Offer::default() }
    }

    /// Takes unset settings from `others`.
    pub(crate) fn or(mut self, others: &Self) -> Self {
        self.batched = self.batched.or(others.batched);
        self.strict = self.strict.or(others.strict);
        self
    }

    /// Returns the first setting that only a WebSocket has.
    pub(super) fn first_websocket_only(&self) -> Option<&'static str> {
        let all =
            [("batched", self.batched.is_some()), ("strict_negotiation", self.strict.is_some())];
        all.into_iter().find_map(|(name, is_set)| is_set.then_some(name))
    }

    pub(super) fn subprotocols(&self) -> Vec<Subprotocol> {
        Subprotocol::list(&self.serializers, self.batched.unwrap_or(false))
    }

    pub(super) fn is_strict(&self) -> bool {
        self.strict.unwrap_or(true)
    }
}
