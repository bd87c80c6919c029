//! `enlace serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::commands::{Failure, print};
use crate::config::Config;
use crate::server::{self, Database};
use crate::traces::SpanCounts;

#[derive(Args)]
pub(super) struct Arguments {
    /// Where to serve HTTP.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The data directory.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

pub(super) async fn run(
    arguments: Arguments,
    mut config: Config,
    spans: Option<Arc<SpanCounts>>,
) -> Result<(), Failure> {
    config.data = arguments.data.or(config.data);
    let listener = server::listen(arguments.listen.unwrap_or(config.listen)).await?;
    let address = listener.local_addr()?;
    Database::use_for(&config, async |database| {
        server::migrate(&config, &database.owner).await?;
        let enlace = server::engine(&config, &database.owner).await?;
        let app = server::app(&config, enlace.clone(), &database.data)?.telling_of(spans);
        // Whoever reads that it serves may ask it to end, or to read its policies again.
        let (end, rereading) =
            (server::asked_to_end(), server::rereading(enlace.clone(), config.policies.clone()));
        print(&format!("Enlace serves GraphQL on http://{address}/graphql\n"));
        server::run(listener, app, enlace, rereading, end).await;
        Ok(())
    })
    .await
}
