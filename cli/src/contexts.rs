//! Contains [`Contexts`]: routers and logins by name, in a file that only its owner may read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::failure::{Failure, Outcome};
use crate::files;

/// All contexts of the user.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    /// Name of the context in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    #[serde(default)]
    contexts: BTreeMap<String, Access>,
}

impl Contexts {
    /// Reads the file. Without one there are no contexts.
    pub(crate) fn load() -> Outcome<Self> {
        let path = path()?;
        if !path.exists() {
            return Ok(Contexts::default());
        }
        let unusable = |error: &dyn std::fmt::Display| {
            Failure::usage(format_args!("{}: {error}", path.display()))
        };
        let text =
            String::from_utf8(files::read_private(&path)?).map_err(|error| unusable(&error))?;
        // The whole error shows the line, and so the secret in it.
        toml::from_str(&text).map_err(|error| unusable(&error.message()))
    }

    /// Writes the file with mode 600.
    pub(crate) fn save(&self) -> Outcome {
        let path = path()?;
        if let Some(folder) = path.parent() {
            files::create_folder(folder)?;
        }
        let text = toml::to_string(self).map_err(Failure::other)?;
        files::write_private(&path, text.as_bytes())
    }

    pub(crate) fn get(&self, name: &str) -> Outcome<&Access> {
        self.contexts.get(name).ok_or_else(|| self.unknown(name))
    }

    /// Returns the context in use.
    pub(crate) fn current(&self) -> Option<&Access> {
        self.contexts.get(self.current.as_deref()?)
    }

    pub(crate) fn is_current(&self, name: &str) -> bool {
        self.current.as_deref() == Some(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Access)> {
        self.contexts.iter()
    }

    /// Adds a context, or replaces the one of this name. The first one is in use from then on.
    pub(crate) fn add(&mut self, name: &str, access: Access) {
        self.contexts.insert(name.to_owned(), access);
        self.current.get_or_insert_with(|| name.to_owned());
    }

    /// Sets the context in use.
    pub(crate) fn set_current(&mut self, name: &str) -> Outcome {
        self.get(name)?;
        self.current = Some(name.to_owned());
        Ok(())
    }

    fn unknown(&self, name: &str) -> Failure {
        let names: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
        let known = match names.is_empty() {
            true => "there are none; `wampwerk context add` adds one".to_owned(),
            false => format!("there are {}", names.join(", ")),
        };
        Failure::usage(format_args!("no context {name:?}: {known}"))
    }
}

/// The folder of `WAMPWERK_CONFIG_DIR`, or the system's for settings of the user.
fn path() -> Outcome<PathBuf> {
    let folder = match std::env::var_os("WAMPWERK_CONFIG_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => directories::ProjectDirs::from("", "", "wampwerk")
            .map(|folders| folders.config_dir().to_owned())
            .ok_or_else(|| Failure::usage("no home folder: set WAMPWERK_CONFIG_DIR"))?,
    };
    Ok(folder.join("contexts.toml"))
}
