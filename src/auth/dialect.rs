//! `Dialect`: the forms of SCRAM.

/// The two forms of SCRAM. They are not interoperable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The form of the specification: method `wamp-scram`.
    Spec,
    /// The form of Autobahn and Crossbar: method `scram`. With Argon2 the keys are derived from the
    /// unpadded Base64 text of the hash. The password is used without SASLprep, and the authid is
    /// not escaped. Channel binding is not supported.
    Autobahn,
}

impl Dialect {
    /// Returns the name of the method.
    pub fn method(self) -> &'static str {
        match self {
            Dialect::Spec => "wamp-scram",
            Dialect::Autobahn => "scram",
        }
    }

    /// Returns the dialect of a method, or `None` for another method.
    pub fn of_method(method: &str) -> Option<Self> {
        [Dialect::Spec, Dialect::Autobahn].into_iter().find(|dialect| dialect.method() == method)
    }

    /// Returns the key of WELCOME.authextra that holds the router's signature.
    pub fn verifier_key(self) -> &'static str {
        match self {
            Dialect::Spec => "verifier",
            Dialect::Autobahn => "scram_server_signature",
        }
    }
}
