-- Which transaction wrote under a key. A replica shows a user no state before what the user itself wrote: its snapshot tells up to
-- which transaction it has all of them, and this is the user's newest. Numbers of transactions are the primary's own, so no clock of
-- any machine is asked. Rows from before count as this migration's.
ALTER TABLE idempotency_keys ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX idempotency_keys_by_xact ON idempotency_keys (user_id, xact);
