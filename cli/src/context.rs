//! `wampwerk context`: keeps routers and logins by name.

use clap::{Args, Subcommand};
use wampwerk::Dict;

use crate::access::{Access, DEFAULT_REALM, DEFAULT_URL};
use crate::contexts::Contexts;
use crate::failure::{Failure, Outcome};
use crate::output::{Format, Output};

/// Commands of `wampwerk context`.
#[derive(Subcommand, Debug)]
pub(crate) enum Context {
    /// Add a context; the first one is in use from then on
    Add(Box<Add>),
    /// Use a context in commands that name neither a context nor a URL
    Use {
        /// Name
        name: String,
    },
    /// List the contexts, without their secrets
    List {
        /// Form of the output
        #[arg(short, long, value_name = "FORM", default_value = "text")]
        output: Format,
    },
}

/// Options of `wampwerk context add`.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// Name
    name: String,
    /// Replace the context of this name
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    access: Access,
}

pub(crate) fn run(command: Context) -> Outcome {
    let mut contexts = Contexts::load()?;
    match command {
        Context::Add(add) => {
            let Add { name, replace, access } = *add;
            if name.is_empty() || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
                let text = format!("context {name:?}: a name has no spaces, and is not empty");
                return Err(Failure::usage(text));
            }
            if contexts.get(&name).is_ok() && !replace {
                let text = format!("context {name:?} exists; --replace replaces it");
                return Err(Failure::usage(text));
            }
            let access = access.with_absolute_paths()?;
            access.check()?;
            contexts.add(&name, access);
            contexts.save()
        }
        Context::Use { name } => {
            contexts.set_current(&name)?;
            contexts.save()
        }
        Context::List { output } => {
            let rows: Vec<Dict> =
                contexts.iter().map(|(name, access)| row(name, access, &contexts)).collect();
            Output::new(output).table(&["name", "in use", "url", "realm", "auth", "authid"], &rows)
        }
    }
}

fn row(name: &str, access: &Access, contexts: &Contexts) -> Dict {
    let in_use = contexts.is_current(name).then_some("yes");
    let method = access.method.map(|method| method.name());
    Dict::new()
        .with("name", name)
        .with("in use", in_use)
        .with("url", access.url.as_deref().unwrap_or(DEFAULT_URL))
        .with("realm", access.realm.as_deref().unwrap_or(DEFAULT_REALM))
        .with("auth", method.or(access.key.is_some().then_some("cryptosign")))
        .with("authid", access.authid.as_deref())
}
