//! Connections that are one transaction's own.

use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use super::Database;
use crate::error::{Error, Result};

/// A connection of one transaction's own. Dropped before that has ended, it is closed: whoever used it next would be within it still.
pub(crate) struct OwnConnection<'d> {
    database: &'d Database,
    connection: Option<Object<AsyncPgConnection>>,
}

impl Database {
    /// A connection for a transaction that is yet to begin.
    pub(crate) async fn own(&self) -> Result<OwnConnection<'_>> {
        Ok(OwnConnection { database: self, connection: Some(self.writer().await?) })
    }

    /// Begins a transaction, by `BEGIN` and what else that is to say.
    pub(crate) async fn begin(&self, how: &str) -> Result<OwnConnection<'_>> {
        let mut own = self.own().await?;
        own.get()?.batch_execute(how).await?;
        Ok(own)
    }
}

impl OwnConnection<'_> {
    pub(crate) fn get(&mut self) -> Result<&mut AsyncPgConnection> {
        self.connection.as_deref_mut().ok_or_else(|| Error::internal("the transaction is over"))
    }

    /// Ends the transaction, and keeps what it changed.
    pub(crate) async fn commit(mut self) -> Result<()> {
        self.get()?.batch_execute("COMMIT").await?;
        self.release();
        Ok(())
    }

    /// Gives it back, once the transaction has ended.
    pub(crate) fn release(&mut self) {
        self.connection.take();
    }
}

impl Drop for OwnConnection<'_> {
    fn drop(&mut self) {
        // Cancelled or failed half-way: the connection must not return to the pool.
        if let Some(connection) = self.connection.take() {
            self.database.abandon(Object::take(connection));
        }
    }
}
