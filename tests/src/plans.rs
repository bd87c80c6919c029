//! The plans of the statements that a test's PostgreSQL carried out.

use serde_json::Value as Json;
use tokio_postgres::Client as Database;
use uuid::Uuid;

use crate::World;

/// Reads from the server's log which plans it carried out.
pub struct Plans {
    database: Database,
    /// By which the log tells its lines from those of other tests.
    name: String,
    read: i64,
}

impl Plans {
    /// Has a database's server tell, from its next connections on, of each plan that it carries out.
    pub async fn tell(owner: &Database) {
        let name: String = owner.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
        for (setting, value) in [
            ("session_preload_libraries", "auto_explain"),
            ("auto_explain.log_min_duration", "0"),
            ("auto_explain.log_analyze", "on"),
            ("auto_explain.log_timing", "off"),
            ("auto_explain.log_format", "json"),
        ] {
            owner.batch_execute(&format!("ALTER DATABASE {name} SET {setting} = '{value}'")).await.unwrap();
        }
    }

    /// From now on.
    pub async fn new(world: &World) -> Self {
        let database = world.database().await;
        let read =
            database.query_one("SELECT (pg_stat_file(pg_current_logfile())).size", &[]).await.unwrap().get(0);
        let name = database.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
        Self { database, name, read }
    }

    /// Those that were carried out since they were read last.
    pub async fn next(&mut self) -> Vec<Json> {
        // A mark of our own behind them: what has come to the log before it is whole.
        // A statement's rows may come before its plan is told of: it is when its connection is idle again.
        let busy = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND application_name = 'enlace' AND state <> 'idle'";
        while self.database.query_one(busy, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let mark = format!("mark {}", Uuid::now_v7());
        self.database.batch_execute(&format!("DO $$ BEGIN RAISE LOG '{mark}'; END $$")).await.unwrap();
        loop {
            let row = self
                .database
                .query_one(
                    "SELECT convert_from(pg_read_binary_file(pg_current_logfile(), $1, 1 << 28), 'UTF8')",
                    &[&self.read],
                )
                .await
                .unwrap();
            let text: String = row.get(0);
            if let Some(end) = text.find(&mark) {
                self.read += i64::try_from(end).unwrap();
                let entries: Vec<&str> = text[..end].split("plan:\n").collect();
                let ours = format!("] {} LOG:", self.name);
                let told = entries.windows(2).filter(|pair| pair[0].lines().last().unwrap().contains(&ours));
                let plan = |pair: &[&str]| {
                    let lines = pair[1].lines().take_while(|line| line.starts_with('\t'));
                    serde_json::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap()
                };
                return told.map(plan).collect();
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
}
