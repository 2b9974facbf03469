//! `wampwerk keygen`: generates keys, the credentials that a router keeps of a secret, and certificates for tests.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use wampwerk::Dict;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{AuthError, Salt, Secret};

use crate::failure::{Failure, Outcome};
use crate::files;
use crate::output::{self, Format, Output};

/// Commands of `wampwerk keygen`.
#[derive(Subcommand, Debug)]
pub(crate) enum Keygen {
    /// Draw a key pair for cryptosign: the private key goes to a file with mode 600, the public one is printed
    Cryptosign {
        /// File of the private key; it must not exist
        file: PathBuf,
        /// Form of the output
        #[arg(short, long, value_name = "FORM", default_value = "text")]
        output: Format,
    },
    /// Derive what a router keeps of a secret for WAMP-CRA with a salt, as `wampcra` of a user in its configuration
    Wampcra(Keep),
    /// Derive what a router keeps of a password for SCRAM, as `scram` of a user in its configuration
    Scram {
        #[command(flatten)]
        keep: Keep,
        /// Derivation of the key
        #[arg(long, default_value = "argon2id")]
        kdf: Derivation,
        /// For the method wamp-scram, as the specification has it, in the place of scram
        #[arg(long)]
        spec: bool,
    },
    /// Write a certificate authority for tests, and a server's certificate with its key: ca.pem, server.pem, server.key
    Tls {
        /// Folder of the files; none of them must exist
        folder: PathBuf,
        /// Name or address of the server; may be given several times
        #[arg(long = "host", value_name = "NAME", default_values = ["localhost", "127.0.0.1", "::1"])]
        hosts: Vec<String>,
    },
}

/// The secret of which a credential is derived.
#[derive(Args, Debug)]
pub(crate) struct Keep {
    /// File with the secret, which only its owner may read; without it a secret is drawn and written there
    #[arg(value_name = "FILE")]
    secret_file: PathBuf,
    /// Form of the output
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Format,
}

/// Derivation of a key from a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Derivation {
    /// Argon2id with 3 iterations over 64 MiB.
    Argon2id,
    /// PBKDF2 with 600 000 iterations.
    Pbkdf2,
}

pub(crate) fn run(command: Keygen) -> Outcome {
    match command {
        Keygen::Cryptosign { file, output } => {
            let key = SigningKey::generate().map_err(Failure::other)?;
            let hex = key.to_hex();
            write_new(&file, format!("{}\n", text(&hex)?).as_bytes())?;
            let public = key.public_key_hex();
            let record = Dict::new().with("public_key", public.as_str());
            Output::new(output).line(&public, &record)
        }
        Keygen::Wampcra(keep) => {
            let secret = keep.secret()?;
            let salt = Salt::generate().map_err(Failure::other)?;
            let key = salt.derive_key(&secret).map_err(Failure::usage)?;
            let record = Dict::new()
                .with("key", text(&key)?)
                .with("salt", salt.salt)
                .with("iterations", salt.iterations)
                .with("keylen", salt.keylen as u64);
            print(keep.output, "wampcra", &record)
        }
        Keygen::Scram { keep, kdf, spec } => {
            let secret = keep.secret()?;
            let dialect = if spec { Dialect::Spec } else { Dialect::Autobahn };
            let kdf = match kdf {
                Derivation::Argon2id => Kdf::Argon2id13,
                Derivation::Pbkdf2 => Kdf::Pbkdf2,
            };
            let credential = ScramCredential::generate(dialect, &secret, kdf);
            let record = credential.map_err(Failure::usage)?.to_dict();
            print(keep.output, if spec { "wamp-scram" } else { "scram" }, &record)
        }
        Keygen::Tls { folder, hosts } => certificates(&folder, &hosts),
    }
}

impl Keep {
    fn secret(&self) -> Outcome<Secret> {
        if !self.secret_file.exists() {
            let secret = Secret::generate().map_err(Failure::other)?;
            write_new(&self.secret_file, format!("{}\n", text(&secret)?).as_bytes())?;
            return Ok(secret);
        }
        files::read_secret(&self.secret_file).map(Secret::from)
    }
}

/// As a configuration in TOML has it, or as JSON.
fn print(form: Format, method: &str, record: &Dict) -> Outcome {
    let output = Output::new(form);
    if form != Format::Text {
        return output.line("", record);
    }
    let fields: Vec<String> =
        record.iter().map(|(key, value)| format!("{key} = {}", output::json(value))).collect();
    output.line(format_args!("{method} = {{ {} }}", fields.join(", ")), record)
}

fn certificates(folder: &Path, hosts: &[String]) -> Outcome {
    let [ca, certificate, key] =
        ["ca.pem", "server.pem", "server.key"].map(|name| folder.join(name));
    for file in [&ca, &certificate, &key] {
        if file.exists() {
            return Err(Failure::usage(format_args!("{}: it exists", file.display())));
        }
    }
    let (authority, server, server_key) = issue(hosts).map_err(Failure::usage)?;
    files::create_folder(folder)?;
    for (file, content) in [(&ca, authority), (&certificate, server), (&key, server_key)] {
        write_new(file, content.as_bytes())?;
        output::print(&file.display().to_string())?;
    }
    Ok(())
}

/// The authority's key is not kept: nobody can issue another certificate by it.
fn issue(hosts: &[String]) -> Result<(String, String, String), rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "wampwerk test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let server = CertificateParams::new(hosts.to_vec())?.signed_by(&key, &authority)?;
    Ok((authority.pem(), server.pem(), key.serialize_pem()))
}

fn text(secret: &Secret) -> Outcome<&str> {
    secret.as_str().map_err(|error: AuthError| Failure::other(error))
}

fn write_new(path: &Path, content: &[u8]) -> Outcome {
    use std::io::Write;
    let written = files::create_private(path).and_then(|mut file| file.write_all(content));
    written.map_err(|error| Failure::usage(format_args!("{}: {error}", path.display())))
}
