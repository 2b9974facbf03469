//! Registration of serializers of the program's own.

use crate::error::{ConfigError, DecodeError, EncodeError};
use crate::lock::Lock;
use crate::message::{CustomSerializer, Serializer, add_custom};
use crate::rt::guard::catch;
use crate::value::List;

/// One that may panic.
struct Guarded<C>(C);

impl Serializer {
    /// Registers a serializer of the program's own, for the rest of the process. The result is for lists of serializers,
    /// such as [`serializers`](crate::session::Connect::serializers) of `connect` and of
    /// [`Router::builder`](crate::Router::builder); [`from_id`](Serializer::from_id) finds it, so dicts may name it.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if the id or the number in RawSocket cannot be used or is taken, or if there are 12 already.
    pub fn register(custom: impl CustomSerializer + 'static) -> Result<Serializer, ConfigError> {
        static ONE_BY_ONE: Lock<()> = Lock::new(());
        let _one = ONE_BY_ONE.lock();
        add_custom(Box::new(Guarded(custom)))
    }
}

impl<C: CustomSerializer> CustomSerializer for Guarded<C> {
    fn id(&self) -> &str {
        self.0.id()
    }

    fn raw_socket_id(&self) -> Option<u8> {
        self.0.raw_socket_id()
    }

    fn is_binary(&self) -> bool {
        self.0.is_binary()
    }

    fn encode(&self, message: &List) -> Result<Vec<u8>, EncodeError> {
        let frame = catch(|| self.0.encode(message))
            .unwrap_or_else(|panic| Err(EncodeError::new(format!("the serializer {panic}"))))?;
        if !self.is_binary() && std::str::from_utf8(&frame).is_err() {
            return Err(EncodeError::new("the serializer has made a text that is not UTF-8"));
        }
        Ok(frame)
    }

    fn decode(&self, frame: &[u8]) -> Result<List, DecodeError> {
        let decoded = catch(|| self.0.decode(frame));
        decoded.unwrap_or_else(|panic| Err(DecodeError::new(format!("the serializer {panic}"))))
    }
}
