//! The server's settings, each with its reason.

use std::path::Path;

/// What differs from one server to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings<'a> {
    /// The directory of the socket; its path needs no quoting in a list.
    pub(super) socket: &'a Path,
    /// Names the socket and, with `loopback`, is the TCP port.
    pub(super) port: u16,
    /// Whether 127.0.0.1 is listened on too.
    pub(super) loopback: bool,
    /// Whether what was committed outlives a crash of the machine.
    pub(super) durable: bool,
}

impl Settings<'_> {
    /// The text of `postgres.conf`.
    pub(super) fn render(self) -> String {
        let mut text = format!(
            "\
# Written by Enlace at each start: changes made here are lost. Your own settings go through ALTER SYSTEM.

# Reached through a socket in a directory that is closed to everybody but PostgreSQL's user and root.
listen_addresses = {address}
port = {port}
unix_socket_directories = {socket}
unix_socket_permissions = 0700
",
            address = quoted(if self.loopback { "127.0.0.1" } else { "" }),
            port = self.port,
            socket = quoted(&self.socket.to_string_lossy()),
        );
        text.push_str(FIXED);
        if !self.durable {
            text.push_str(NOT_DURABLE);
        }
        text
    }
}

/// A value as the settings file wants it.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

const FIXED: &str = "
# The server's pools, several processes at once, and some room for a person with psql.
max_connections = 200

# A transaction that its client forgot holds locks and keeps rows from being cleaned up.
idle_in_transaction_session_timeout = '60s'

# Memory: modest, since Enlace shares the machine. The cache size is an estimate for the planner, not an
# allocation.
shared_buffers = '256MB'
effective_cache_size = '1GB'
work_mem = '8MB'

# Planning: many short queries on a solid-state disk. Compiling or spreading them over workers costs more than
# it saves, and workers need a /dev/shm that containers often keep too small.
jit = off
max_parallel_workers_per_gather = 0
random_page_cost = 1.1

# What was acknowledged is on the disk.
synchronous_commit = on

# Checkpoints: few and spread out, so that a bulk import does not wait for them; the log's size bounds both
# the disk that is used and the time that recovery takes.
checkpoint_timeout = '15min'
checkpoint_completion_target = 0.9
max_wal_size = '1GB'
min_wal_size = '80MB'
wal_compression = on

# One time zone for what is stored; a programme's own is applied by Enlace.
timezone = 'UTC'
log_timezone = 'UTC'

# Messages in one language: the launcher recognises some of them.
lc_messages = 'C'

# Logs: a file for each day of the week, overwritten after one.
logging_collector = on
log_directory = 'log'
log_filename = 'postgres-%a.log'
log_rotation_age = '1d'
log_rotation_size = 0
log_truncate_on_rotation = on
log_line_prefix = '%m [%p] %d '
log_min_messages = warning

# Statements, their parameters and the rows in an error's details hold personal data: none of it belongs in a
# log.
log_statement = 'none'
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
";

const NOT_DURABLE: &str = "
# For tests only: lost when the machine stops. Nothing more is given up: what was acknowledged outlives the
# server, however that ends. Each test begins with a checkpoint, after which whole pages are logged: they are not worth compressing.
fsync = off
wal_compression = off
";

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Settings<'static> {
        Settings { socket: Path::new("/data/s"), port: 5432, loopback: false, durable: true }
    }

    #[test]
    fn by_default_only_the_socket_is_listened_on() {
        let text = plain().render();
        assert!(text.contains("\nlisten_addresses = ''\n"));
        assert!(text.contains("\nunix_socket_directories = '/data/s'\n"));
        assert!(!text.contains("fsync = off"));
    }

    #[test]
    fn loopback_is_the_only_address_ever() {
        let text = Settings { port: 6000, loopback: true, ..plain() }.render();
        assert!(text.contains("\nlisten_addresses = '127.0.0.1'\nport = 6000\n"));
    }

    #[test]
    fn what_is_not_durable_still_outlives_the_server() {
        let text = Settings { durable: false, ..plain() }.render();
        assert!(text.contains("\nfsync = off\n"));
        assert!(text.contains("\nsynchronous_commit = on\n"));
        assert!(!text.contains("full_page_writes"));
    }

    #[test]
    fn a_value_is_quoted() {
        assert_eq!(quoted(r"it's a \"), r"'it''s a \\'");
    }
}
