//! Contains `Authentication`, the methods that are offered together.

use std::fmt;
use std::sync::Arc;

use super::identity::Identity;
use super::{Authenticator, channel_binding};
use crate::auth::AuthError;
use crate::value::Value;

/// The methods that are offered together, in order of preference: the router uses the first that it
/// supports. An empty set offers none; most routers treat this as `anonymous`.
///
/// Cheap to clone. A single method [converts](From) into a set, so
/// `.authentication(Ticket::new(..))` is enough.
#[doc(alias = "create_authenticator")]
#[derive(Clone, Default)]
pub struct Authentication {
    methods: Vec<Arc<dyn Authenticator>>,
}

impl Authentication {
    /// Creates an empty set.
    pub fn new() -> Self {
        Authentication::default()
    }

    /// Adds a method after the existing ones.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the method has no name, is present already, or disagrees with the
    /// others: HELLO has one `authid`, one `authrole`, and one value for each key of `authextra`.
    /// Therefore either both or neither of `cryptosign` and `wamp-scram` are bound to the channel.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn with(mut self, method: impl Authenticator) -> Result<Self, AuthError> {
        self.methods.push(Arc::new(method));
        self.identity()?;
        Ok(self)
    }

    /// Returns whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.methods.is_empty()
    }

    /// Returns the names of the methods, as in HELLO.
    pub fn methods(&self) -> Vec<&str> {
        self.methods.iter().flat_map(|method| method.methods()).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &dyn Authenticator> {
        self.methods.iter().map(|method| &**method)
    }

    /// Returns the identity that the methods request together.
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
                    return Err(AuthError::new(format!("{name} is given twice")));
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

/// The `authextra.channel_binding` of the first method that it applies to.
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
    // A custom method may simply set it there.
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
