//! Two servers under the same load, in turns.

use std::time::Duration;

use super::load::{Client, Load};
use super::{Failure, process};

/// One side of a duel.
pub struct Side<C> {
    /// The server's process.
    pub server: u32,
    /// PostgreSQL's first process.
    pub postmaster: u32,
    pub load: Load<C>,
}

/// What one side did in a turn.
#[derive(Clone, Copy)]
pub struct Turn {
    /// Requests answered in a second.
    pub rate: f64,
    /// CPU of the server and of PostgreSQL for a request, in seconds.
    pub cpu: f64,
}

/// The turns of both sides.
pub struct Duel {
    rounds: Vec<(Turn, Turn)>,
}

/// One figure of both sides.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    pub floor: f64,
    pub enlace: f64,
    /// Enlace's to the floor's: the median of the rounds' ratios, so that what slows the machine for a while slows both.
    pub ratio: f64,
}

impl<C: Client> Side<C> {
    async fn turn(&mut self, time: Duration) -> Result<Turn, Failure> {
        let before = self.cpu()?;
        let (answered, took) = self.load.run(time).await?;
        let cpu = self.cpu()?.saturating_sub(before);
        let answered = f64::from(answered.max(1));
        Ok(Turn { rate: answered / took.as_secs_f64(), cpu: cpu.as_secs_f64() / answered })
    }

    fn cpu(&self) -> Result<Duration, Failure> {
        Ok(process::cpu(self.server)? + process::cpu_of_children(self.postmaster)?)
    }
}

impl Duel {
    /// Lets the sides take turns, after one each that does not count.
    pub async fn fight<F: Client, E: Client>(
        floor: &mut Side<F>,
        enlace: &mut Side<E>,
        rounds: u32,
        time: Duration,
    ) -> Result<Self, Failure> {
        floor.turn(time).await?;
        enlace.turn(time).await?;
        let mut duel = Self { rounds: Vec::new() };
        for round in 0..rounds {
            // Each begins as often as the other.
            duel.rounds.push(if round % 2 == 0 {
                let first = floor.turn(time).await?;
                (first, enlace.turn(time).await?)
            } else {
                let first = enlace.turn(time).await?;
                (floor.turn(time).await?, first)
            });
        }
        Ok(duel)
    }

    /// Requests a second.
    pub fn rate(&self) -> Figure {
        self.figure(|turn| turn.rate)
    }

    /// Microseconds of CPU for a request.
    pub fn cpu(&self) -> Figure {
        self.figure(|turn| turn.cpu * 1e6)
    }

    fn figure(&self, of: fn(&Turn) -> f64) -> Figure {
        Figure::of(self.rounds.iter().map(|(floor, enlace)| (of(floor), of(enlace))))
    }
}

impl Figure {
    /// Of the floor's and Enlace's values, round by round.
    pub fn of(rounds: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        Self {
            floor: median(rounds.clone().map(|(floor, _)| floor)),
            enlace: median(rounds.clone().map(|(_, enlace)| enlace)),
            ratio: median(rounds.map(|(floor, enlace)| enlace / floor)),
        }
    }
}

/// The value in the middle; zero of none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = |back: usize| values.get(values.len().saturating_sub(back) / 2).copied().unwrap_or_default();
    f64::midpoint(middle(0), middle(1))
}
