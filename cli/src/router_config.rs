//! Contains [`RouterConfig`]: the configuration of `wampwerk router`, from a file in TOML or JSON.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use wampwerk::auth::scram::{Dialect, ScramCredential};
use wampwerk::auth::{AuthError, Credential, Salt};
use wampwerk::error::ConfigError;
use wampwerk::router::{Disclosure, Limits, MetaApi, Role, RouterBuilder, Rule, User};
use wampwerk::uri::{Pattern, UriRule};
use wampwerk::{Dict, Router, Serializer};

use crate::failure::{Failure, Outcome};
use crate::files;
use crate::listeners::ListenerConfig;
use crate::uris::Policy;

/// A router. What is not set takes the library's default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouterConfig {
    pub(crate) realms: Vec<String>,
    pub(crate) listeners: Vec<ListenerConfig>,
    #[serde(default)]
    users: Vec<UserConfig>,
    /// Role of sessions without authentication.
    anonymous: Option<String>,
    #[serde(default)]
    roles: Vec<RoleConfig>,
    #[serde(default)]
    histories: Vec<HistoryConfig>,
    meta_api: Option<MetaApiName>,
    disclosure: Option<DisclosureName>,
    uri_rule: Option<UriRuleName>,
    serializers: Option<Vec<String>>,
    max_message_payload_size: Option<usize>,
    outbox_limit: Option<usize>,
    strict_payloads: Option<bool>,
    strict_request_ids: Option<bool>,
    retention: Option<RetentionConfig>,
    #[serde(default)]
    limits: LimitsConfig,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserConfig {
    authid: String,
    role: String,
    realm: Option<String>,
    ticket: Option<String>,
    /// Shared secret of WAMP-CRA.
    secret: Option<String>,
    wampcra: Option<SaltedConfig>,
    scram: Option<Dict>,
    #[serde(rename = "wamp-scram")]
    wamp_scram: Option<Dict>,
    #[serde(default)]
    public_keys: Vec<String>,
}

/// As `wampwerk keygen wampcra` prints it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaltedConfig {
    key: String,
    salt: String,
    iterations: u32,
    keylen: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleConfig {
    name: String,
    realm: Option<String>,
    meta_api: Option<MetaApiName>,
    #[serde(default)]
    rules: Vec<RuleConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleConfig {
    uri: String,
    #[serde(default, rename = "match")]
    policy: Policy,
    #[serde(default)]
    allow: Vec<ActionName>,
    #[serde(default)]
    deny: Vec<ActionName>,
    #[serde(default)]
    disclose: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryConfig {
    pub(crate) topic: String,
    #[serde(default, rename = "match")]
    pub(crate) policy: Policy,
    pub(crate) limit: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionConfig {
    topics: usize,
    bytes: usize,
}

macro_rules! limits {
    ($($name:ident)*) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct LimitsConfig {
            $($name: Option<usize>,)*
        }

        impl LimitsConfig {
            fn limits(&self) -> Limits {
                let mut limits = Limits::default();
                $(limits.$name = self.$name.unwrap_or(limits.$name);)*
                limits
            }
        }
    };
}

limits! {
    subscriptions registrations wildcards wildcard_shapes calls uri_length details_bytes joining_bytes
    testaments testament_bytes realm_bytes realm_outbox_bytes
}

macro_rules! names {
    ($($(#[$attribute:meta])* $name:ident => $type:ty { $($variant:ident => $value:expr,)* })*) => {$(
        #[derive(Clone, Copy, Debug, Deserialize, clap::ValueEnum)]
        #[serde(rename_all = "kebab-case")]
        $(#[$attribute])*
        pub(crate) enum $name {
            $(#[allow(missing_docs, reason = "named as the library's variant")] $variant,)*
        }

        impl From<$name> for $type {
            fn from(name: $name) -> Self {
                match name {
                    $($name::$variant => $value,)*
                }
            }
        }
    )*};
}

names! {
    MetaApiName => MetaApi {
        Off => MetaApi::Off,
        ReadOnly => MetaApi::ReadOnly,
        Full => MetaApi::Full,
    }
    DisclosureName => Disclosure {
        OnRequest => Disclosure::OnRequest,
        Always => Disclosure::Always,
        Never => Disclosure::Never,
    }
    UriRuleName => UriRule {
        Loose => UriRule::Loose,
        Strict => UriRule::Strict,
    }
    ActionName => fn(Rule) -> Rule {
        Call => Rule::call,
        Register => Rule::register,
        Publish => Rule::publish,
        Subscribe => Rule::subscribe,
    }
}

impl RouterConfig {
    /// A configuration without users and roles.
    pub(crate) fn open(
        realms: Vec<String>,
        listeners: Vec<ListenerConfig>,
        meta_api: MetaApiName,
        histories: Vec<HistoryConfig>,
    ) -> Self {
        let meta_api = Some(meta_api);
        RouterConfig { realms, listeners, meta_api, histories, ..RouterConfig::default() }
    }

    /// Reads a file: JSON if its name ends so, otherwise TOML. One with tickets or secrets must belong to its owner
    /// alone. Paths in it are relative to its folder.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let text = String::from_utf8(files::read(path)?)
            .map_err(|_| Failure::usage(format_args!("{}: not UTF-8", path.display())))?;
        let invalid = |error: String| Failure::usage(format_args!("{}: {error}", path.display()));
        let mut config = if path.extension().is_some_and(|extension| extension == "json") {
            serde_json::from_str::<RouterConfig>(&text)
                .map_err(|error| invalid(error.to_string()))?
        } else {
            toml::from_str::<RouterConfig>(&text).map_err(|error| {
                let line = error.span().map_or(1, |span| {
                    1 + text.get(..span.start).unwrap_or_default().matches('\n').count()
                });
                invalid(format!("line {line}: {}", error.message()))
            })?
        };
        // The key of WAMP-CRA answers challenges as the secret does, however it was salted.
        let lets_in = |user: &UserConfig| {
            user.ticket.is_some() || user.secret.is_some() || user.wampcra.is_some()
        };
        if config.users.iter().any(lets_in) {
            files::read_private(path)?;
        }
        let folder: PathBuf = path.parent().unwrap_or(Path::new("")).to_owned();
        config.listeners.iter_mut().for_each(|listener| listener.relative_to(&folder));
        Ok(config)
    }

    /// Builds the router, which then has no listener.
    pub(crate) fn build(&self) -> Outcome<Router> {
        let mut builder = self
            .realms
            .iter()
            .fold(Router::builder(), |builder, realm| builder.realm(realm.as_str()));
        builder = self.add_switches(builder)?.limits(self.limits.limits());
        for (index, user) in self.users.iter().enumerate() {
            let user = user.user().map_err(|error| {
                let place = format!("users[{index}] ({})", user.authid);
                Failure::from(ConfigError::new(place, error))
            })?;
            builder = builder.user(user);
        }
        if let Some(role) = &self.anonymous {
            builder = builder.anonymous(role);
        }
        for role in &self.roles {
            builder = match &role.realm {
                None => builder.role(role.role()?),
                Some(realm) => builder.role_on(realm.as_str(), role.role()?),
            };
        }
        for HistoryConfig { topic, policy, limit } in &self.histories {
            builder = builder.history(topic.as_str(), (*policy).into(), *limit);
        }
        Ok(builder.build()?)
    }

    fn add_switches(&self, mut builder: RouterBuilder) -> Outcome<RouterBuilder> {
        if let Some(names) = &self.serializers {
            let serializer = |name: &String| {
                Serializer::from_id(name)
                    .ok_or_else(|| ConfigError::new("serializers", format_args!("no {name:?}")))
            };
            let serializers: Result<Vec<Serializer>, ConfigError> =
                names.iter().map(serializer).collect();
            builder = builder.serializers(&serializers?);
        }
        macro_rules! set {
            ($($name:ident)*) => {$(
                if let Some(value) = self.$name {
                    builder = builder.$name(value.into());
                }
            )*};
        }
        set! {
            meta_api disclosure uri_rule max_message_payload_size outbox_limit strict_payloads
            strict_request_ids
        }
        if let Some(RetentionConfig { topics, bytes }) = self.retention {
            builder = builder.retention(topics, bytes);
        }
        Ok(builder)
    }
}

impl UserConfig {
    fn user(&self) -> Result<User, AuthError> {
        let mut user = User::new(&self.authid, &self.role);
        if let Some(realm) = &self.realm {
            user = user.realm(realm.as_str());
        }
        if let Some(ticket) = &self.ticket {
            user = user.ticket(ticket.as_str());
        }
        if let Some(secret) = &self.secret {
            user = user.wampcra(secret.as_str());
        }
        if let Some(salted) = &self.wampcra {
            let salt = Salt {
                salt: salted.salt.clone(),
                iterations: salted.iterations,
                keylen: salted.keylen,
            };
            user = user.salted_wampcra(salted.key.as_str(), salt);
        }
        let dialects = [(Dialect::Autobahn, &self.scram), (Dialect::Spec, &self.wamp_scram)];
        for (dialect, dict) in dialects {
            if let Some(dict) = dict {
                let credential = ScramCredential::from_dict(dict)?;
                user = user.credential(Credential::Scram { dialect, credential });
            }
        }
        Ok(self.public_keys.iter().fold(user, |user, key| user.public_key(key)))
    }
}

impl RoleConfig {
    fn role(&self) -> Outcome<Role> {
        let mut role = Role::new(&self.name);
        if let Some(meta_api) = self.meta_api {
            role = role.meta_api(meta_api.into());
        }
        for rule in &self.rules {
            if rule.allow.is_empty() && rule.deny.is_empty() {
                let place = format!("role {:?}: rule of {:?}", self.name, rule.uri);
                return Err(ConfigError::new(place, "it must allow or deny an action").into());
            }
            if !rule.allow.is_empty() {
                let allowed = rule.rule(&rule.allow);
                role = role.allow(if rule.disclose { allowed.disclose() } else { allowed });
            }
            if !rule.deny.is_empty() {
                role = role.deny(rule.rule(&rule.deny));
            }
        }
        Ok(role)
    }
}

impl RuleConfig {
    fn rule(&self, actions: &[ActionName]) -> Rule {
        let rule = Rule::new(Pattern::new(self.uri.as_str(), self.policy.into()));
        actions.iter().fold(rule, |rule, action| <fn(Rule) -> Rule>::from(*action)(rule))
    }
}
