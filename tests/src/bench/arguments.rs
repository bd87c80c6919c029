//! The command line.

use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

/// Measures Enlace against a floor: a hand-written server that does the same work. Exits with 1 where a bound is not kept.
#[derive(Parser)]
#[command(name = "enlace-bench", version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Run only this contest; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<Contest>,
    /// How many turns each side has.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// How long a turn is.
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub seconds: Duration,
    /// How many connections send requests at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub connections: u32,
    /// How many subscribers there are.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub subscribers: u32,
    /// How the results are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve the floor; the benchmarks start it themselves.
    #[command(hide = true)]
    Floor {
        /// How to connect to the database.
        #[arg(long)]
        database: String,
        /// How to connect to the database of the people's keys.
        #[arg(long)]
        keys: String,
    },
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Contest {
    /// Twelve shelters with six segments each.
    Shelters,
    /// A page of 50 lots with category, donor and store.
    Lots,
    /// 500 rows of ten fields, two of them refused.
    Rows,
    /// A page of 500 people in care, sealed under a key each, with the read recorded.
    People,
    /// Pages from 48,963 and from 489,630 lots against pages from 4,896, in every way in which lots are found.
    Pages,
    /// Lots that a text finds, against one statement.
    Search,
    /// 500 rows with access control, against the same with policies that permit everything.
    Access,
    /// A page of 50 people, with the read recorded in the journal and without.
    Recording,
    /// Compiling a caller's access profile, and checking a document that is planned.
    Profiles,
    /// Writers of different rows, with the journal and without.
    Writers,
    /// 24 coordinators who move the same 64 lots, against one function of SQL.
    Movers,
    /// Households of five that are registered with their consents, against a transaction by hand.
    Registering,
    /// Where households could lodge, in twelve shelters nearly full, against one statement.
    Proposals,
    /// A file of 48,963 lines, against a bare COPY of its rows; and the memory of a longer one.
    Import,
    /// Live push to many subscribers.
    Subscribers,
    /// The demonstration's start on data that is there; sizes.
    Start,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

impl Arguments {
    /// The contests that were asked for.
    pub fn contests(&self) -> Vec<Contest> {
        if self.only.is_empty() { Contest::value_variants().to_vec() } else { self.only.clone() }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds >= 0.1);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a number of at least 0.1 is wanted".to_owned())
}
