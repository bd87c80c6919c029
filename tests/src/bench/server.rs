//! A server under test: a process of its own.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::Failure;

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running server.
pub struct Server {
    child: Child,
    pub pid: u32,
    pub address: SocketAddr,
}

impl Server {
    /// Starts a server, and returns when it says where it serves.
    pub async fn start(command: &mut Command) -> Result<Self, Failure> {
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true).spawn()?;
        let pid = child.id().ok_or("the server ended at once")?;
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let said = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = address(&line) {
                    return Ok(address);
                }
            }
            Err("the server ended before it served")?
        };
        let address = timeout(PATIENCE, said).await.map_err(|_| "the server did not start in time")?;
        let address: SocketAddr = address.map_err(|failure: Failure| failure)?;
        // What else it says is read, so that it never waits for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, pid, address })
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) -> Result<(), Failure> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).ok_or("no such process")?;
        kill_process(pid, Signal::TERM)?;
        timeout(PATIENCE, self.child.wait()).await.map_err(|_| "the server did not stop in time")??;
        Ok(())
    }
}

/// The address of `http://127.0.0.1:8080/graphql` in a line.
fn address(line: &str) -> Option<SocketAddr> {
    line.split_once("http://")?.1.split(['/', ' ']).next()?.parse().ok()
}
