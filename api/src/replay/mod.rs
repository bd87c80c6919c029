//! Plays the demonstration programme: its agencies do through the API, each with its own token, what its script says, while boards,
//! streams and the journal follow.

mod agency;
mod speed;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use enlace_schema::Enlace;
use enlace_schema::demo::replay::{Act, Documents, Script};
use enlace_schema::demo::{self, keep_clock};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use agency::{Agencies, Refusal};
pub use speed::{NoSpeed, Speed};

use crate::auth::dev::DevIssuer;

/// How many acts are on their way at once.
const AT_ONCE: usize = 8;
/// How often the clock is moved where it runs at a pace.
const TICK: Duration = Duration::from_millis(100);
/// After how many acts that failed no more are tried.
const PATIENCE: usize = 50;
/// Of how many of them it is said at the end what became of them; the log says it of all.
const TOLD: usize = 8;

/// Why the programme was not played to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Some acts were refused.
    #[error("{count} of {acts} acts of the replay failed; the first:\n{}", first.join("\n"))]
    Failed {
        /// How many.
        count: usize,
        /// Of how many that were tried.
        acts: usize,
        /// What became of the first few.
        first: Vec<String>,
    },
    /// What the clock reads cannot be kept.
    #[error(transparent)]
    Clock(#[from] demo::Error),
    /// The script is not made, or what anyone may do could not be read.
    #[error(transparent)]
    Engine(#[from] enlace_schema::Error),
    /// The agencies cannot reach the API.
    #[error(transparent)]
    Agencies(#[from] agency::Error),
}

/// What was played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// How many acts.
    pub acts: usize,
    /// How many of them were sent again because the API asked to wait.
    pub again: usize,
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} acts, {} of them sent again", self.acts, self.again)
    }
}

/// A programme that is played.
pub struct Replay {
    script: Script,
    speed: Speed,
    enlace: Enlace,
    owner: tokio_postgres::Client,
    agencies: Arc<Agencies>,
}

/// How far it has come.
#[derive(Default)]
struct Progress {
    done: Vec<bool>,
    tried: usize,
    failed: usize,
    first: Vec<String>,
}

impl Replay {
    /// Of the whole programme, on a running Enlace that holds what there is on its eve and serves at an address. The issuer makes the
    /// agencies' tokens; `owner` is connected as the owner of the tables.
    pub fn of_the_programme(
        speed: Speed,
        server: SocketAddr,
        issuer: DevIssuer,
        enlace: Enlace,
        owner: tokio_postgres::Client,
    ) -> Result<Self, Error> {
        let agencies = Agencies::new(server, issuer, Documents::of_the_schema()?, Script::shelters())?;
        let script = Script::of_the_programme()?;
        Ok(Self { script, speed, enlace, owner, agencies: Arc::new(agencies) })
    }

    /// Plays it; `day` is told each day of the programme that is over. What fails is logged, and the rest is tried all the same: it is for
    /// whoever looks on to see.
    pub async fn play(self, mut day: impl FnMut(NaiveDate)) -> Result<Played, Error> {
        let mut running = JoinSet::new();
        let mut progress = Progress { done: vec![false; self.script.acts().len()], ..Progress::default() };
        let script = Arc::new(self.script);
        let (enlace, owner) = (self.enlace, self.owner);
        let Some(first) = script.acts().first() else { return Ok(Played { acts: 0, again: 0 }) };
        let pace = Pace::new(&enlace, self.speed, first.at);
        let zone = enlace.programme().time_zone;
        let mut today = day_of(first.at, &zone);
        for (place, act) in script.acts().iter().enumerate() {
            let is_new_day = day_of(act.at, &zone) != today;
            if is_new_day || act.changes_authority() {
                progress.drain(&script, &mut running).await;
            }
            if is_new_day {
                keep_clock(&owner, enlace.programme_now(), enlace.now()).await?;
                day(today);
                today = day_of(act.at, &zone);
            }
            let is_over = |place: &usize| progress.done.get(*place).copied().unwrap_or(true);
            let mut waits: Vec<usize> =
                script.waits_for(place).iter().copied().filter(|place| !is_over(place)).collect();
            while running.len() >= AT_ONCE || !waits.is_empty() {
                let Some(ended) = running.join_next().await else { break };
                let over = progress.note(&script, ended);
                waits.retain(|place| Some(*place) != over);
            }
            if progress.failed >= PATIENCE {
                break;
            }
            pace.reach(act.at).await;
            progress.tried += 1;
            let (agencies, played) = (Arc::clone(&self.agencies), Arc::clone(&script));
            running.spawn(async move {
                let outcome = match played.acts().get(place) {
                    Some(act) => agencies.perform(place, act).await,
                    None => Ok(()),
                };
                (place, outcome)
            });
            if act.changes_authority() {
                progress.drain(&script, &mut running).await;
                enlace.read_authority().await?;
            }
        }
        progress.drain(&script, &mut running).await;
        keep_clock(&owner, enlace.programme_now(), enlace.now()).await?;
        day(today);
        if progress.failed > 0 {
            return Err(Error::Failed {
                count: progress.failed,
                acts: progress.tried,
                first: progress.first,
            });
        }
        Ok(Played { acts: progress.tried, again: self.agencies.sent_again() })
    }
}

type Ended = Result<(usize, Result<(), Refusal>), tokio::task::JoinError>;

impl Progress {
    /// Waits for all that is on its way.
    async fn drain(&mut self, script: &Script, running: &mut JoinSet<(usize, Result<(), Refusal>)>) {
        while let Some(ended) = running.join_next().await {
            self.note(script, ended);
        }
    }

    /// Takes note of an act that is over; its place.
    fn note(&mut self, script: &Script, ended: Ended) -> Option<usize> {
        let (place, failure) = match ended {
            Ok((place, outcome)) => (Some(place), outcome.err().map(|refusal| refusal.to_string())),
            Err(error) => (None, Some(error.to_string())),
        };
        if let Some(failure) = failure {
            let act = place.and_then(|place| script.acts().get(place));
            let failure = act.map_or_else(|| failure.clone(), |act| told(act, &failure));
            tracing::error!("{failure}");
            self.failed += 1;
            if self.first.len() < TOLD {
                self.first.push(failure);
            }
        }
        if let Some(over) = place.and_then(|place| self.done.get_mut(place)) {
            *over = true;
        }
        place
    }
}

fn told(act: &Act, failure: &str) -> String {
    format!("{} {}/{} {}: {failure}", act.at, act.by.agency, act.by.role, act.name())
}

/// The day on which something is, where the programme is.
fn day_of(at: DateTime<Utc>, zone: &impl TimeZone) -> NaiveDate {
    at.with_timezone(zone).date_naive()
}

/// What drives the programme clock.
struct Pace {
    enlace: Enlace,
    speed: Speed,
    from: DateTime<Utc>,
    began: Instant,
    ticking: Option<tokio::task::JoinHandle<()>>,
}

impl Pace {
    /// Has the clock read `from`, and run from there.
    fn new(enlace: &Enlace, speed: Speed, from: DateTime<Utc>) -> Self {
        enlace.move_programme_clock(from);
        let (enlace, began) = (enlace.clone(), Instant::now());
        let ticking = speed.times().map(|times| tokio::spawn(tick(enlace.clone(), times, from, began)));
        Self { enlace, speed, from, began, ticking }
    }

    /// Waits until the clock reads a time, or has it do so.
    async fn reach(&self, at: DateTime<Utc>) {
        match self.speed.times() {
            Some(times) => {
                let ahead = (at - self.from).to_std().unwrap_or_default();
                sleep_until(self.began + ahead.div_f64(times)).await;
            }
            None if at > self.enlace.programme_now() => self.enlace.move_programme_clock(at),
            None => {}
        }
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        if let Some(ticking) = &self.ticking {
            ticking.abort();
        }
    }
}

async fn tick(enlace: Enlace, times: f64, from: DateTime<Utc>, began: Instant) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        let gone = TimeDelta::from_std(began.elapsed().mul_f64(times)).unwrap_or_default();
        enlace.move_programme_clock(from + gone);
    }
}
