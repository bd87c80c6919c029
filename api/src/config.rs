//! Configuration: one file and the environment, read here and nowhere else.
//!
//! Every key stands once, below, with its default and its unit. A key is set in the file (TOML, `key = value`) or as
//! `ENLACE_KEY` in the environment, which wins. `docs/configuration.md` is generated from this list.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;

use crate::auth::{AgencyScope, IssuerConfig, KeySource};

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is not TOML, or an issuer in it is not complete.
    #[error("the configuration file {} is not valid: {message}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        message: String,
    },
    /// The file has a key that Enlace does not know.
    #[error("the configuration key `{0}` is not known; docs/configuration.md lists all keys")]
    UnknownKey(String),
    /// A value does not fit its key.
    #[error("the configuration key `{key}` cannot be `{value}`: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was given.
        value: String,
        /// What is wanted.
        reason: String,
    },
}

/// A value of a key, from its text.
trait Setting: Sized {
    fn parse(text: &str) -> Result<Self, String>;
}

macro_rules! from_str_settings {
    ($($ty:ty: $wanted:literal),+ $(,)?) => {
        $(impl Setting for $ty {
            fn parse(text: &str) -> Result<Self, String> {
                <$ty>::from_str(text).map_err(|_| $wanted.to_owned())
            }
        })+
    };
}

from_str_settings! {
    SocketAddr: "an address and a port are wanted, as in 127.0.0.1:8080",
    usize: "a whole number is wanted",
    u32: "a whole number is wanted",
    u16: "a port number is wanted",
}

impl Setting for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Setting for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("a path is wanted".to_owned()) } else { Ok(Self::from(text)) }
    }
}

/// An address that speaks HTTP.
impl Setting for Url {
    fn parse(text: &str) -> Result<Self, String> {
        let url = Self::from_str(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.ok_or_else(|| "an http or https address is wanted, as in http://127.0.0.1:4318".to_owned())
    }
}

/// A share, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(pub f64);

impl Setting for Ratio {
    fn parse(text: &str) -> Result<Self, String> {
        let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio)).map(Self);
        ratio.ok_or_else(|| "a number from 0 to 1 is wanted".to_owned())
    }
}

impl<T: Setting> Setting for Option<T> {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }
}

/// A list, its members divided by commas.
impl Setting for Vec<String> {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.split(',').map(str::trim).filter(|member| !member.is_empty()).map(str::to_owned).collect())
    }
}

/// Milliseconds.
impl Setting for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(millis) if millis > 0 => Ok(Self::from_millis(millis)),
            _ => Err("a whole number of milliseconds above zero is wanted".to_owned()),
        }
    }
}

/// How the server is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The development issuer is accepted where the programme's data was made up.
    Development,
    /// Only configured issuers are accepted, and no development token is made.
    Production,
}

impl Setting for Mode {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "development" => Ok(Self::Development),
            "production" => Ok(Self::Production),
            _ => Err("`development` or `production` is wanted".to_owned()),
        }
    }
}

macro_rules! keys {
    ($( $(#[doc = $doc:literal])+ $key:ident : $ty:ty = $default:literal ; )+) => {
        /// Everything that can be set.
        #[derive(Debug, Clone)]
        pub struct Config {
            $( $(#[doc = $doc])+ pub $key: $ty, )+
            /// Issuers whose tokens are believed; `[[issuer]]` in the file.
            pub issuers: Vec<IssuerConfig>,
        }

        /// Each key with its default and its description.
        const KEYS: &[(&str, &str, &str)] = &[ $( (stringify!($key), $default, concat!($($doc),+)), )+ ];

        impl Config {
            fn from_texts(texts: &BTreeMap<String, String>, issuers: Vec<IssuerConfig>) -> Result<Self, Error> {
                Ok(Self {
                    $( $key: {
                        let text = texts.get(stringify!($key)).map_or($default, String::as_str);
                        <$ty as Setting>::parse(text).map_err(|reason| Error::Value {
                            key: stringify!($key),
                            value: text.to_owned(),
                            reason,
                        })?
                    }, )+
                    issuers,
                })
            }
        }
    };
}

keys! {
    /// Where HTTP is served.
    listen: SocketAddr = "127.0.0.1:8080";
    /// The data directory: the development issuer's key and, where no database is named, PostgreSQL's cluster. Empty: the user's own data folder, or `/var/lib/enlace` as root.
    data: Option<PathBuf> = "";
    /// A PostgreSQL 15 or later to use in place of a private one, as a URL or in key=value form. The variable `DATABASE_URL` is read where this is not set. The role must own the database and be able to create roles.
    database_url: Option<String> = "";
    /// A database for the keys of people's data, as `database_url` is written. It is kept apart so that nobody reads a copy of the main one without it, and erased people stay erased in every backup. Empty: the main one's name with `_keys` behind it, on the same server, made where it is missing.
    keys_url: Option<String> = "";
    /// Where NATS with JetStream is, which carries the journal's entries between processes that share the database: `nats://HOST:PORT`, or `tls://HOST:PORT` for an encrypted connection, with `USER:PASSWORD@` or `TOKEN@` before the host where it asks for them; several servers of one NATS are divided by commas. Empty: each process reads the entries from the database.
    nats_url: Option<String> = "";
    /// How long an entry is waited for that NATS has not brought yet, in milliseconds; then it is read from the database.
    nats_patience: Duration = "50";
    /// Streaming replicas of the database, each written as `database_url` is and with one host, divided by commas. A query whose caller allows it (`Cache-Control: max-stale`) may be answered by one.
    replica_urls: Vec<String> = "";
    /// A port of 127.0.0.1 on which the private PostgreSQL listens too; none where empty.
    postgres_loopback_port: Option<u16> = "";
    /// `development`, where the development issuer is accepted for made-up data, or `production`.
    mode: Mode = "development";
    /// What a token's `aud` must contain.
    audience: String = "enlace";
    /// A folder of policies to use in place of those that are built in.
    policies: Option<PathBuf> = "";
    /// Origins whose pages may call, divided by commas; a page of any other origin is refused.
    allowed_origins: Vec<String> = "";
    /// Largest body of a request, in bytes.
    body_limit: usize = "2097152";
    /// Longest time for a request's headers, in milliseconds.
    header_deadline: Duration = "10000";
    /// Longest time for a request's body, in milliseconds.
    body_deadline: Duration = "10000";
    /// Largest file that may be imported, in bytes.
    import_limit: usize = "67108864";
    /// Longest time for such a file to arrive, in milliseconds.
    import_deadline: Duration = "300000";
    /// Longest time for a request, in milliseconds.
    request_deadline: Duration = "15000";
    /// Requests a second that one token, or one address without a token, may send in the long run.
    requests_per_second: u32 = "200";
    /// Requests that it may send at once before that holds.
    request_burst: u32 = "400";
    /// Most connections at once.
    connections: usize = "10000";
    /// Longest wait for a socket's `connection_init`, in milliseconds.
    init_timeout: Duration = "5000";
    /// How often a silent socket is asked whether it is there, in milliseconds.
    keepalive: Duration = "20000";
    /// Longest time for a message to be taken by its reader, in milliseconds; then the stream ends.
    write_deadline: Duration = "5000";
    /// Most sockets and event streams at once.
    sockets: usize = "10000";
    /// Most subscriptions on one socket.
    subscriptions_per_socket: usize = "50";
    /// Most subscriptions of one token.
    subscriptions_per_token: usize = "200";
    /// Longest wait for requests and streams to end when the server stops, in milliseconds.
    shutdown_grace: Duration = "10000";
    /// Connections that reads share.
    readers: usize = "2";
    /// Connections for transactions.
    writers: usize = "16";
    /// Longest run of one statement, in milliseconds; PostgreSQL cancels what takes longer.
    statement_timeout: Duration = "10000";
    /// Longest wait for a free connection, in milliseconds.
    connection_wait: Duration = "5000";
    /// How often changes of grants, agreements and revocations are looked for, in milliseconds.
    authority_interval: Duration = "1000";
    /// Private networks that webhooks may post to, as in `10.1.0.0/16`, divided by commas; in the clear too, where an address is given as a number. All others reach public addresses alone, over https.
    webhook_networks: Vec<String> = "";
    /// Most lexical tokens in a document.
    limit_tokens: usize = "5000";
    /// Most selection sets inside one another.
    limit_depth: usize = "12";
    /// Most fields with an alias, fragments followed.
    limit_aliases: usize = "60";
    /// Most fields of the root, fragments followed.
    limit_root_fields: usize = "30";
    /// Most directives, fragments followed.
    limit_directives: usize = "60";
    /// Most fields, fragments followed.
    limit_fields: usize = "2000";
    /// Most lists and objects inside one another in a literal.
    limit_literal_depth: usize = "8";
    /// Most values that an answer may hold: fields times the rows that the arguments ask for.
    limit_cost: usize = "100000";
    /// A collector to which traces are posted, by OTLP over HTTP, as in `http://127.0.0.1:4318`; `/v1/traces` is added. None where empty, and then no span is made.
    otlp_endpoint: Option<Url> = "";
    /// How many of all traces are kept, from 0 to 1. Their ids decide which.
    otlp_sample_ratio: Ratio = "1";
    /// What is logged, in the syntax of `RUST_LOG`. The client of NATS is left out: it says at each attempt what Enlace says once.
    log: String = "info,async_nats=off";
}

/// An issuer as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerTable {
    iss: String,
    /// A file's path, or an address.
    jwks: String,
    agencies: BTreeSet<String>,
}

impl From<IssuerTable> for IssuerConfig {
    fn from(table: IssuerTable) -> Self {
        let remote = table.jwks.starts_with("https://") || table.jwks.starts_with("http://");
        let keys = if remote { KeySource::Url(table.jwks) } else { KeySource::File(table.jwks.into()) };
        Self { iss: table.iss, keys, agencies: AgencyScope::Only(table.agencies) }
    }
}

impl Config {
    /// Reads the file, where one is named, and the environment.
    pub fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let mut texts = BTreeMap::new();
        let mut issuers = Vec::new();
        if let Some(path) = file {
            read_file(path, &mut texts, &mut issuers)?;
        }
        let mut elsewhere = None;
        for (name, value) in environment {
            if name == "DATABASE_URL" {
                elsewhere = Some(value);
            } else if let Some(key) = name.strip_prefix("ENLACE_").map(str::to_ascii_lowercase)
                && KEYS.iter().any(|(known, _, _)| *known == key)
            {
                texts.insert(key, value);
            }
        }
        if let Some(url) = elsewhere {
            texts.entry("database_url".to_owned()).or_insert(url);
        }
        Self::from_texts(&texts, issuers)
    }
}

fn read_file(
    path: &Path,
    texts: &mut BTreeMap<String, String>,
    issuers: &mut Vec<IssuerConfig>,
) -> Result<(), Error> {
    let malformed = |message: String| Error::Malformed { path: path.to_owned(), message };
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| malformed(error.to_string()))?;
    for (key, value) in table {
        if key == "issuer" {
            let tables: Vec<IssuerTable> =
                value.try_into().map_err(|error| malformed(format!("issuer: {error}")))?;
            issuers.extend(tables.into_iter().map(IssuerConfig::from));
        } else if KEYS.iter().any(|(known, _, _)| *known == key) {
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Array(members) => {
                    members.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
                }
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Float(number) => number.to_string(),
                toml::Value::Boolean(value) => value.to_string(),
                _ => return Err(malformed(format!("`{key}` must be a text, a number or a list of texts"))),
            };
            texts.insert(key, text);
        } else {
            return Err(Error::UnknownKey(key));
        }
    }
    Ok(())
}

/// `docs/configuration.md`.
pub fn documentation() -> String {
    let mut page = String::from(
        "# Configuration\n\nA key is set in the file that `--config` names (TOML, `key = value`) or in the environment as \
         `ENLACE_` and the key in capitals, which wins. A value that does not fit is refused at start, with the key's name. \
         This page is generated by `enlace sdl --configuration`.\n\n\
         | key | default | meaning |\n|---|---|---|\n",
    );
    for (key, default, about) in KEYS {
        let default = if default.is_empty() { "none".to_owned() } else { format!("`{default}`") };
        let _infallible = writeln!(page, "| `{key}` | {default} | {} |", about.trim());
    }
    page.push_str(
        "\nIssuers stand in the file alone, one table each:\n\n```toml\n[[issuer]]\niss = \"https://id.example.mx\"\n\
         # A file's path, or an https address.\njwks = \"https://id.example.mx/.well-known/jwks.json\"\n\
         # The agencies that it may speak for.\nagencies = [\"ISESALUD\"]\n```\n",
    );
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &[(&str, &str)]) -> Result<Config, Error> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::read(None, environment)
    }

    #[test]
    fn every_default_fits_its_key() {
        let config = read(&[]).unwrap();
        assert_eq!(config.body_limit, 2 * 1024 * 1024);
        assert_eq!(config.mode, Mode::Development);
        assert!(config.allowed_origins.is_empty() && config.database_url.is_none());
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_key() {
        for (name, value, key) in [
            ("ENLACE_LISTEN", "8080", "listen"),
            ("ENLACE_MODE", "prod", "mode"),
            ("ENLACE_WRITERS", "-1", "writers"),
            ("ENLACE_REQUEST_DEADLINE", "0", "request_deadline"),
            ("ENLACE_OTLP_ENDPOINT", "127.0.0.1:4318", "otlp_endpoint"),
            ("ENLACE_OTLP_SAMPLE_RATIO", "1.5", "otlp_sample_ratio"),
            ("ENLACE_OTLP_SAMPLE_RATIO", "NaN", "otlp_sample_ratio"),
        ] {
            let message = read(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(&format!("`{key}`")) && message.contains(value), "{message}");
        }
    }

    #[test]
    fn the_environment_names_a_database_in_two_ways() {
        let url = |environment: &[(&str, &str)]| read(environment).unwrap().database_url;
        assert_eq!(url(&[("DATABASE_URL", "a")]).as_deref(), Some("a"));
        assert_eq!(url(&[("DATABASE_URL", "a"), ("ENLACE_DATABASE_URL", "b")]).as_deref(), Some("b"));
    }

    #[test]
    fn a_file_is_read_and_its_unknown_keys_are_refused() {
        let file = std::env::temp_dir().join(format!("enlace-config-{}.toml", std::process::id()));
        std::fs::write(&file, "listen = \"127.0.0.1:9\"\nwriters = 3\notlp_sample_ratio = 0.25\nallowed_origins = [\"https://a\", \"https://b\"]\n[[issuer]]\niss = \"x\"\njwks = \"keys.json\"\nagencies = [\"INEA\"]\n").unwrap();
        let config = Config::read(Some(&file), std::iter::empty()).unwrap();
        assert_eq!((config.writers, config.allowed_origins.len(), config.issuers.len()), (3, 2, 1));
        assert_eq!(config.otlp_sample_ratio, Ratio(0.25));
        std::fs::write(&file, "lisen = 1\n").unwrap();
        assert!(
            matches!(Config::read(Some(&file), std::iter::empty()), Err(Error::UnknownKey(key)) if key == "lisen")
        );
        std::fs::remove_file(&file).unwrap();
    }
}
