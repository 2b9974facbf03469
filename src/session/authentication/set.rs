//! `Authentication`: the methods that are offered together.

use std::fmt;
use std::sync::Arc;

use super::identity::Identity;
use super::{Authenticator, channel_binding};
use crate::auth::AuthError;
use crate::value::Value;

/// Methods that are offered together, the preferred first: the router takes the first that it can
/// do. Empty, it offers none, which is `anonymous` for most routers.
///
/// Cheap to clone. A single method [becomes](From) one by itself, so that
/// `.authentication(Ticket::new(..))` is enough.
#[derive(Clone, Default)]
pub struct Authentication {
    methods: Vec<Arc<dyn Authenticator>>,
}

impl Authentication {
    /// No methods.
    pub fn new() -> Self {
        Authentication::default()
    }

    /// Offers one more, behind those that are there.
    ///
    /// # Errors
    /// If its method has no name or is there already, or if it disagrees with the others:
    /// HELLO has one `authid`, one `authrole`, and one value for each key of `authextra`. So
    /// `cryptosign` and `wamp-scram` are bound to the channel both, or neither of them.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn with(mut self, method: impl Authenticator) -> Result<Self, AuthError> {
        self.methods.push(Arc::new(method));
        self.identity()?;
        Ok(self)
    }

    /// Whether it has no methods.
    pub fn is_empty(&self) -> bool {
        self.methods.is_empty()
    }

    /// The names of the methods, as HELLO has them.
    pub fn methods(&self) -> Vec<&str> {
        self.methods.iter().flat_map(|method| method.methods()).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &dyn Authenticator> {
        self.methods.iter().map(|method| &**method)
    }

    /// What the methods say together of who we want to be.
    pub(super) fn identity(&self) -> Result<Identity, AuthError> {
        let mut identity = Identity::default();
        let mut names = Vec::new();
        let mut bound = None;
        for method in self.iter() {
            let known = method.methods();
            if known.is_empty() || known.iter().any(|name| name.is_empty()) {
                return Err(AuthError::new("an authentication method without a name"));
            }
            for name in known {
                if names.contains(&name) {
                    return Err(AuthError::new(format!("{name} is there twice")));
                }
                names.push(name);
            }
            agree_on_binding(&mut bound, method)?;
            let theirs = Identity {
                authid: method.authid().map(str::to_owned),
                authrole: method.authrole().map(str::to_owned),
                authextra: method.authextra(),
            };
            identity.merge(theirs, method.method())?;
        }
        Ok(identity)
    }
}

/// What the first method said about `authextra.channel_binding`, of those for which it counts.
type Bound<'a> = Option<(&'a str, bool)>;

fn agree_on_binding<'a>(
    bound: &mut Bound<'a>,
    method: &'a dyn Authenticator,
) -> Result<(), AuthError> {
    let binding = method.channel_binding();
    let Some(name) = method.methods().into_iter().find(|name| channel_binding::counts_for(name))
    else {
        return match binding {
            None => Ok(()),
            Some(binding) => Err(AuthError::new(format!(
                "{} has no channel binding ({})",
                method.method(),
                binding.as_str()
            ))),
        };
    };
    // Methods of one's own may just write it there.
    let written = method.authextra();
    let written = written.get("channel_binding").is_some_and(|written| *written != Value::Null);
    let ours = binding.is_some() || written;
    match *bound {
        Some((other, theirs)) if theirs != ours => {
            let (one, another) = if ours { (name, other) } else { (other, name) };
            Err(AuthError::new(format!(
                "{one} is bound to the channel and {another} is not, but HELLO has one \
                 channel_binding for both"
            )))
        }
        Some(_) => Ok(()),
        None => {
            *bound = Some((name, ours));
            Ok(())
        }
    }
}

#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
impl<A: Authenticator> From<A> for Authentication {
    fn from(method: A) -> Self {
        Authentication { methods: vec![Arc::new(method)] }
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authentication").field(&self.methods()).finish()
    }
}
