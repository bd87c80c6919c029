//! A transaction of its own, for what is no operation of a caller's.

use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use super::Database;
use crate::error::{Error, Result};

/// A connection within a transaction. Dropped before it is ended, it is closed: whoever used it next would be within it still.
pub(crate) struct Begun<'d> {
    database: &'d Database,
    connection: Option<Object<AsyncPgConnection>>,
}

impl Database {
    /// Begins a transaction, by `BEGIN` and what else that is to say.
    pub(crate) async fn begin(&self, how: &str) -> Result<Begun<'_>> {
        let mut begun = Begun { database: self, connection: Some(self.writer().await?) };
        begun.connection()?.batch_execute(how).await?;
        Ok(begun)
    }
}

impl Begun<'_> {
    pub(crate) fn connection(&mut self) -> Result<&mut AsyncPgConnection> {
        self.connection.as_deref_mut().ok_or_else(|| Error::internal("the transaction is over"))
    }

    /// Ends it, and keeps what it changed.
    pub(crate) async fn commit(mut self) -> Result<()> {
        self.connection()?.batch_execute("COMMIT").await?;
        self.connection.take();
        Ok(())
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.database.abandon(Object::take(connection));
        }
    }
}
