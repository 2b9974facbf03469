//! `Arguments`: the arguments of a call to a meta procedure, checked against its parameters.
//!
//! As with the procedures of Autobahn and Crossbar, each argument has a name and is given by
//! position or by keyword; an optional argument that is null is absent.

use crate::error::ApplicationError;
use crate::message::{Field, Payload};
use crate::uri::Uri;
use crate::value::{Dict, Value};

/// Names of the parameters of a procedure, in the order of their positions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters {
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static str],
}

/// The arguments of one call, by name.
#[derive(Debug)]
pub(super) struct Arguments(Dict);

impl Arguments {
    /// Reads the arguments; checks that each required one is present, and that there are no unknown
    /// ones.
    pub(super) fn read(
        payload: &Payload,
        parameters: Parameters,
    ) -> Result<Self, ApplicationError> {
        let (args, mut kwargs) = payload.to_values().map_err(|error| invalid(error.to_string()))?;
        let Parameters { required, optional } = parameters;
        let (least, most) = (required.len(), required.len() + optional.len());
        if args.len() > most {
            let given = args.len();
            return Err(invalid(format!(
                "at most {most} positional arguments are allowed, {given} given"
            )));
        }
        let mut given = args.into_iter();
        let mut all = Dict::new();
        for (index, &name) in required.iter().chain(optional).enumerate() {
            let value = match (given.next(), kwargs.remove(name)) {
                (Some(_), Some(_)) => {
                    return Err(invalid(format!(
                        "argument {name:?} is given twice, by position and by keyword"
                    )));
                }
                (value, None) | (None, value) => value,
            };
            match value {
                None if index < least => {
                    return Err(invalid(format!("argument {name:?} is missing")));
                }
                None => {}
                Some(Value::Null) if index >= least => {}
                Some(value) => {
                    all.insert(name, value);
                }
            }
        }
        match kwargs.iter().next() {
            None => Ok(Arguments(all)),
            Some((name, _)) => {
                let name = crate::core::router::names::quote(name);
                Err(invalid(format!("unknown argument {name}")))
            }
        }
    }

    /// Takes out an argument that must be present.
    pub(super) fn required<T: Field>(&mut self, name: &str) -> Result<T, ApplicationError> {
        let value = self.0.remove(name).unwrap_or_default();
        read(name, value)
    }

    /// Takes out an optional argument.
    pub(super) fn optional<T: Field>(&mut self, name: &str) -> Result<Option<T>, ApplicationError> {
        self.0.remove(name).map(|value| read(name, value)).transpose()
    }
}

/// The error for an invalid argument.
pub(super) fn invalid(text: impl Into<String>) -> ApplicationError {
    ApplicationError::new(Uri::INVALID_ARGUMENT).arg(text.into())
}

fn read<T: Field>(name: &str, value: Value) -> Result<T, ApplicationError> {
    let kind = value.kind();
    let expected = T::EXPECTED;
    T::from_value(value)
        .ok_or_else(|| invalid(format!("argument {name:?} must be {expected}, is {kind}")))
}
