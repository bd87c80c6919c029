//! What holds of webhooks and of what they have to post.

use super::Breach;

/// One webhook of someone's, to go on from.
macro_rules! registered {
    ($($rest:literal)?) => {
        concat!(
            "INSERT INTO webhooks (id, programme_id, user_id, roles, shelters, slot, url, document, variables, secret_since, position, registered_at) \
             SELECT md5('webhook')::uuid, programmes.id, someone, '{donor}', '{}', 1, 'https://example.org', '', '{}', '2022-01-01', 7, '2022-01-01' \
             FROM one, programmes; ",
            $($rest)?
        )
    };
}

pub(super) const BREACHES: &[Breach] = &[
    (
        "webhook_messages_index_key",
        registered!(
            "INSERT INTO webhook_messages (id, webhook_id, index, subjects, queued_at, next_attempt_at) \
             SELECT gen_random_uuid(), md5('webhook')::uuid, 1, '{}', '2022-01-01', '2022-01-01' FROM generate_series(1, 2)"
        ),
    ),
    (
        "webhook_messages_state",
        registered!(
            "INSERT INTO webhook_messages (id, webhook_id, index, subjects, queued_at, next_attempt_at, state) \
             VALUES (gen_random_uuid(), md5('webhook')::uuid, 1, '{}', '2022-01-01', '2022-01-01', 'LOST')"
        ),
    ),
    (
        "webhooks_ended",
        registered!("UPDATE webhooks SET state = 'ENDED'; UPDATE webhooks SET state = 'ACTIVE'"),
    ),
    ("webhooks_position", registered!("UPDATE webhooks SET position = 6")),
    ("webhooks_slot", registered!("UPDATE webhooks SET slot = 21")),
    (
        "webhooks_slot_key",
        registered!(
            "INSERT INTO webhooks (id, programme_id, user_id, roles, shelters, slot, url, document, variables, secret_since, position, registered_at) \
             SELECT gen_random_uuid(), programme_id, user_id, roles, shelters, slot, url, document, variables, secret_since, position, registered_at \
             FROM webhooks"
        ),
    ),
    ("webhooks_state", registered!("UPDATE webhooks SET state = 'LOST'")),
    ("webhooks_url", registered!("UPDATE webhooks SET url = 'ftp://example.org'")),
];
