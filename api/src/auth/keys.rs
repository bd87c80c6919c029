//! An issuer's keys, kept up to date: read when needed, refreshed and retired (R3).
//!
//! A set is read when it is first needed and again, by whichever request finds it due, after [`URL_REFRESH`];
//! a file is looked at every [`FILE_REFRESH`] and read when it changed. Old and new key overlap by both being
//! in the set, and a key is retired by leaving it. A `kid` that the set lacks causes one more read in each
//! [`UNKNOWN_KID_WINDOW`] and no more, so that invented key ids cannot be turned into traffic. While a read
//! fails, the keys that are known go on serving.

use std::{
    fs::File,
    io::{self, Read},
    net::IpAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, OwnedMutexGuard};
use ureq::http::Uri;

use super::jwks::{KeySet, NotJwks};

/// How old a set from a URL may grow before it is read again.
const URL_REFRESH: TimeDelta = TimeDelta::minutes(5);

/// How long after a failed read a URL is tried again.
const URL_RETRY: TimeDelta = TimeDelta::seconds(30);

/// How often a file is looked at.
const FILE_REFRESH: TimeDelta = TimeDelta::seconds(1);

/// In each window of this length, unknown key ids cause at most one read (R3).
const UNKNOWN_KID_WINDOW: TimeDelta = TimeDelta::seconds(30);

/// How long a fetch may take, from name resolution to the last byte.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest JWKS that is read.
const MAX_JWKS_BYTES: u64 = 256 * 1024;

/// Where an issuer publishes its keys, as a JSON Web Key Set (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The set itself, which never changes: the development issuer's.
    Fixed(String),
    /// A file, read again when it changes. Replace it by renaming, so that no half of it is ever read.
    File(PathBuf),
    /// An address: `https`, or `http` on this machine. Redirects are not followed.
    Url(String),
}

/// Why a JWKS could not be read. For the log: a caller learns only that keys are unavailable (R17).
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("the address cannot be fetched: {0}")]
    Fetch(#[from] ureq::Error),
    #[error("the address answered with status {0} instead of 200")]
    Status(u16),
    #[error("it is larger than {MAX_JWKS_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    NotJwks(#[from] NotJwks),
}

/// What tells one state of a file from another without reading it.
type Fingerprint = (Option<SystemTime>, u64, u64);

impl KeySource {
    /// Whether the address may be asked for keys: whoever answers for it decides who is who, so it must be
    /// authenticated, or not leave this machine.
    pub(super) fn is_trustworthy(&self) -> bool {
        let Self::Url(url) = self else { return true };
        let Ok(uri) = url.parse::<Uri>() else { return false };
        let Some(authority) = uri.authority() else { return false };
        if authority.as_str().contains('@') {
            return false;
        }
        match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback(authority.host()),
            _ => false,
        }
    }

    /// How long a reading holds.
    fn refresh_after(&self, read: bool) -> Option<TimeDelta> {
        match self {
            Self::Fixed(_) => None,
            Self::File(_) => Some(FILE_REFRESH),
            Self::Url(_) if read => Some(URL_REFRESH),
            Self::Url(_) => Some(URL_RETRY),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read_file(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_bounded(File::open(path)?)
}

fn read_bounded(from: impl Read) -> Result<Vec<u8>, ReadError> {
    let mut document = Vec::new();
    from.take(MAX_JWKS_BYTES + 1).read_to_end(&mut document)?;
    if document.len() as u64 > MAX_JWKS_BYTES { Err(ReadError::TooLarge) } else { Ok(document) }
}

fn fingerprint(path: &Path) -> Result<Fingerprint, ReadError> {
    let metadata = path.metadata()?;
    Ok((metadata.modified().ok(), metadata.len(), metadata.ino()))
}

/// Fetches a JWKS. The environment's proxies are not used: what is asked, and by what way, is the
/// configuration's to say.
fn fetch(url: &str) -> Result<Vec<u8>, ReadError> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(FETCH_TIMEOUT))
        .max_redirects(0)
        .proxy(None)
        .build();
    let response = ureq::Agent::new_with_config(config).get(url).call()?;
    if response.status() != 200 {
        return Err(ReadError::Status(response.status().as_u16()));
    }
    read_bounded(response.into_body().into_reader())
}

/// The keys of one issuer, kept up to date.
pub(super) struct IssuerKeys {
    iss: String,
    source: KeySource,
    latest: ArcSwap<Latest>,
    /// Held while the source is read, so that it is read once for all who wait.
    reading: Arc<Mutex<Reading>>,
}

/// The outcome of the latest reading.
struct Latest {
    /// The newest set that could be read, if any.
    keys: Option<Arc<KeySet>>,
    /// When the source was last read or looked at.
    at: Option<DateTime<Utc>>,
    /// How long that holds; `None` for ever.
    holds_for: Option<TimeDelta>,
}

impl Latest {
    fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.holds_for.is_some_and(|time| has_passed(self.at, time, now))
    }
}

/// What must be known from one reading to the next.
#[derive(Default)]
struct Reading {
    file: Option<Fingerprint>,
    /// When the content was last asked for, as opposed to a look at a file's date.
    read_at: Option<DateTime<Utc>>,
    unknown_kid_at: Option<DateTime<Utc>>,
    is_failing: bool,
}

/// Whether `time` has passed since. It also has when the clock was set back by as much: else one wrong hour
/// would stop every refresh for as long (R35). Requests that overtake each other by less change nothing.
fn has_passed(since: Option<DateTime<Utc>>, time: TimeDelta, now: DateTime<Utc>) -> bool {
    since.is_none_or(|since| (now - since).abs() >= time)
}

impl IssuerKeys {
    /// Takes a source without reading it, save one that is fixed.
    pub(super) fn new(iss: &str, source: KeySource) -> Result<Self, ReadError> {
        let keys = match &source {
            KeySource::Fixed(document) => Some(Arc::new(KeySet::parse(iss, document.as_bytes())?)),
            KeySource::File(_) | KeySource::Url(_) => None,
        };
        let latest = Latest { keys, at: None, holds_for: source.refresh_after(false) };
        Ok(Self {
            iss: iss.to_owned(),
            source,
            latest: ArcSwap::from_pointee(latest),
            reading: Arc::default(),
        })
    }

    /// The keys as of `now`, read anew where that is due; `None` if they could never be read.
    ///
    /// One caller reads. The others go on with the keys that are known, and wait only where none are: a slow
    /// issuer must not hold up those whose tokens can be verified.
    pub(super) async fn current(self: &Arc<Self>, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let (is_due, is_known) = {
            let latest = self.latest.load();
            (latest.is_due(now), latest.keys.is_some())
        };
        if is_due {
            let lock = Arc::clone(&self.reading);
            let reading = if is_known { lock.try_lock_owned().ok() } else { Some(lock.lock_owned().await) };
            // Another may have read while this one waited.
            if let Some(reading) = reading
                && self.latest.load().is_due(now)
            {
                self.read(reading, now, When::Changed).await;
            }
        }
        self.latest.load().keys.clone()
    }

    /// The keys after looking for one that the set lacked, at most once in a window (R3). All who ask
    /// meanwhile wait for that one reading.
    pub(super) async fn refetched(self: &Arc<Self>, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let mut reading = Arc::clone(&self.reading).lock_owned().await;
        // Read for this very request, by `current`: reading again would find the same.
        let is_fresh = reading.read_at == Some(now);
        let may_read = has_passed(reading.unknown_kid_at, UNKNOWN_KID_WINDOW, now);
        if !is_fresh && may_read && self.source.refresh_after(true).is_some() {
            reading.unknown_kid_at = Some(now);
            self.read(reading, now, When::Always).await;
        }
        self.latest.load().keys.clone()
    }

    /// Reads the source on a thread that may block. It runs to its end even if the caller goes away:
    /// otherwise callers who hang up could use the window up and leave nothing learnt.
    async fn read(self: &Arc<Self>, mut reading: OwnedMutexGuard<Reading>, now: DateTime<Utc>, when: When) {
        let this = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || this.read_blocking(&mut reading, now, when));
        if let Err(error) = task.await {
            tracing::error!(iss = self.iss, %error, "reading the issuer's keys was cut short");
        }
    }

    fn read_blocking(&self, reading: &mut Reading, now: DateTime<Utc>, when: When) {
        let known = self.latest.load().keys.clone();
        let outcome = self.newer(reading, now, when, known.as_deref());
        let is_read = outcome.is_ok();
        let keys = match outcome {
            Ok(newer) => newer.map(Arc::new).or(known),
            Err(error) => {
                // Said once and not at every attempt.
                if !reading.is_failing {
                    tracing::warn!(iss = self.iss, %error, "the issuer's keys cannot be read");
                }
                known
            }
        };
        if is_read && reading.is_failing {
            tracing::info!(iss = self.iss, "the issuer's keys can be read again");
        }
        reading.is_failing = !is_read;
        self.latest.store(Arc::new(Latest {
            keys,
            at: Some(now),
            holds_for: self.source.refresh_after(is_read),
        }));
    }

    /// The source's set, if it differs from the known one.
    fn newer(
        &self,
        reading: &mut Reading,
        now: DateTime<Utc>,
        when: When,
        known: Option<&KeySet>,
    ) -> Result<Option<KeySet>, ReadError> {
        // Taken before the content: a change in between is seen the next time.
        let file = match &self.source {
            KeySource::Fixed(_) | KeySource::Url(_) => None,
            KeySource::File(path) => Some(fingerprint(path)?),
        };
        if when == When::Changed && file.is_some() && file == reading.file {
            return Ok(None);
        }
        reading.read_at = Some(now);
        let document = match &self.source {
            KeySource::Fixed(_) => return Ok(None),
            KeySource::Url(url) => fetch(url)?,
            KeySource::File(path) => read_file(path)?,
        };
        let newer = match known {
            Some(known) if known.is_of(&document) => None,
            _ => Some(KeySet::parse(&self.iss, &document)?),
        };
        // Only now: a file that could not be parsed is read again.
        reading.file = file;
        Ok(newer)
    }
}

/// When a file's content is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// If the file looks different from the last time.
    Changed,
    /// Whatever it looks like.
    Always,
}
