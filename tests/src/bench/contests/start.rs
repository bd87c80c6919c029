//! How soon the demonstration is ready on data that is there, and how large Enlace is.

use std::time::{Duration, Instant};

use tokio::process::Command;

use super::super::arguments::Arguments;
use super::super::load::Connection;
use super::super::report::{Bound, Line};
use super::super::server::Server;
use super::super::{Failure, process, stage};

/// The longest start, in seconds.
const LONGEST: f64 = 3.0;

/// How long a server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(2);

const READY: &[u8] = b"GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n";

pub(super) async fn run(arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    // The first start makes the data.
    start().await?.0.stop().await?;
    let mut slowest = Duration::ZERO;
    let mut idle = 0;
    for round in 0..arguments.rounds {
        let (server, took) = start().await?;
        slowest = slowest.max(took);
        if round == 0 {
            tokio::time::sleep(IDLE).await;
            idle = process::resident(server.pid)?;
        }
        server.stop().await?;
    }
    let size = u32::try_from(std::fs::metadata(stage::executable()?)?.len() / 1024)?;
    let mib = |kib: u32| f64::from(kib) / 1024.0;
    Ok(vec![
        Line::own("slowest start of the demo", "s", slowest.as_secs_f64(), Some(Bound::Under(LONGEST))),
        Line::own("memory of the idle server", "MiB", mib(idle), None),
        Line::own("size of the executable", "MiB", mib(size), None),
    ])
}

/// Starts the demonstration, and says how long it took until it was ready.
async fn start() -> Result<(Server, Duration), Failure> {
    let mut command: Command = stage::enlace()?;
    command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(stage::folder()?.join("demo"));
    let begun = Instant::now();
    let server = Server::start(&mut command).await?;
    Connection::open(server.address).await?.exchange(READY).await?;
    Ok((server, begun.elapsed()))
}
