//! What holds of dwellings, of leases and of who lives by them.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "dwelling_visits_remedies",
        "INSERT INTO dwelling_visits (id, dwelling_id, visited_on, fit, remedies, recorded_at) SELECT gen_random_uuid(), id, \
         '2022-01-31', true, 'xx', '2022-01-31' FROM dwellings",
    ),
    (
        "dwelling_visits_unfit_say_why",
        "INSERT INTO dwelling_visits (id, dwelling_id, visited_on, fit, remedies, recorded_at) SELECT gen_random_uuid(), id, \
         '2022-01-31', false, NULL, '2022-01-31' FROM dwellings",
    ),
    ("dwellings_address", "UPDATE dwellings SET address = 'xx'"),
    ("dwellings_address_key", "UPDATE dwellings SET address = 'Calle de Ejemplo'"),
    ("dwellings_capacity", "UPDATE dwellings SET capacity = 0"),
    ("dwellings_code_key", "UPDATE dwellings SET code = 'VIV-000001'"),
    ("dwellings_district", "UPDATE dwellings SET district = 'x'"),
    ("dwellings_rent", "UPDATE dwellings SET rent_cents = -1"),
    ("dwellings_rooms", "UPDATE dwellings SET rooms = 0"),
    ("dwellings_services", "UPDATE dwellings SET services = '{POOL}'"),
    ("dwellings_withdrawn", "UPDATE dwellings SET withdrawn_on = offered_on - 1"),
    ("leases_ended", "UPDATE leases SET ended_on = starts_on"),
    (
        "leases_ended_once",
        "UPDATE leases SET ended_on = starts_on, ending = 'OTHER'; UPDATE leases SET ending = 'RENT'",
    ),
    ("leases_ending", "UPDATE leases SET ended_on = starts_on, ending = 'BORED'"),
    (
        "leases_follow_on",
        "INSERT INTO leases (id, programme_id, dwelling_id, renews_id, signed_on, starts_on, ends_on, rent_cents, rent_currency, \
         recorded_at) SELECT gen_random_uuid(), programme_id, dwelling_id, id, signed_on, ends_on + 2, ends_on + 9, rent_cents, \
         rent_currency, recorded_at FROM leases",
    ),
    ("leases_guaranteed", "UPDATE leases SET guaranteed_until = ends_on + 1 WHERE guarantor_id IS NOT NULL"),
    (
        "leases_no_overlap",
        "INSERT INTO leases (id, programme_id, dwelling_id, signed_on, starts_on, ends_on, rent_cents, rent_currency, \
         recorded_at) SELECT gen_random_uuid(), programme_id, dwelling_id, signed_on, starts_on, ends_on, rent_cents, \
         rent_currency, recorded_at FROM leases",
    ),
    (
        "leases_of_fit",
        "INSERT INTO leases (id, programme_id, dwelling_id, signed_on, starts_on, ends_on, rent_cents, rent_currency, \
         recorded_at) SELECT gen_random_uuid(), programme_id, id, '2022-01-31', '2022-01-31', '2022-06-30', rent_cents, \
         rent_currency, recorded_at FROM dwellings WHERE NOT EXISTS (SELECT FROM dwelling_visits WHERE dwelling_id = dwellings.id \
         AND fit)",
    ),
    (
        "leases_of_offered",
        "INSERT INTO leases (id, programme_id, dwelling_id, signed_on, starts_on, ends_on, rent_cents, rent_currency, \
         recorded_at) SELECT gen_random_uuid(), programme_id, id, offered_on - 1, '2022-01-31', '2022-06-30', rent_cents, \
         rent_currency, recorded_at FROM dwellings",
    ),
    ("leases_rent", "UPDATE leases SET rent_currency = 'pesos'"),
    (
        "leases_renewed_last",
        "INSERT INTO leases (id, programme_id, dwelling_id, renews_id, signed_on, starts_on, ends_on, rent_cents, rent_currency, \
         recorded_at) SELECT gen_random_uuid(), programme_id, dwelling_id, id, signed_on, ends_on + 1, ends_on + 9, rent_cents, \
         rent_currency, recorded_at FROM leases; UPDATE leases SET ended_on = ends_on, ending = 'OTHER' WHERE renews_id IS NULL",
    ),
    ("leases_term", "UPDATE leases SET signed_on = starts_on + 1"),
    (
        "outreach_actions_attendance",
        "INSERT INTO outreach_actions (id, programme_id, held_on, kind, place, attendance, note, recorded_at) SELECT \
         gen_random_uuid(), programme_id, held_on, kind, place, -1, note, recorded_at FROM outreach_actions",
    ),
    (
        "outreach_actions_kind",
        "INSERT INTO outreach_actions (id, programme_id, held_on, kind, place, attendance, note, recorded_at) SELECT \
         gen_random_uuid(), programme_id, held_on, 'GOSSIP', place, attendance, note, recorded_at FROM outreach_actions",
    ),
    (
        "outreach_actions_note",
        "INSERT INTO outreach_actions (id, programme_id, held_on, kind, place, attendance, note, recorded_at) SELECT \
         gen_random_uuid(), programme_id, held_on, kind, place, attendance, 'xx', recorded_at FROM outreach_actions",
    ),
    (
        "outreach_actions_place",
        "INSERT INTO outreach_actions (id, programme_id, held_on, kind, place, attendance, note, recorded_at) SELECT \
         gen_random_uuid(), programme_id, held_on, kind, 'xx', attendance, note, recorded_at FROM outreach_actions",
    ),
    ("owners_contact", "UPDATE owners SET contact = ''"),
    ("owners_name", "UPDATE owners SET name = ''"),
    ("tenancies_end_earlier", "UPDATE tenancies SET ends_on = ends_on + 1"),
    (
        "tenancies_of_adult_member",
        "INSERT INTO tenancies (id, lease_id, dwelling_id, household_id, person_id, starts_on, ends_on, record, recorded_at) \
         SELECT gen_random_uuid(), lease_id, dwelling_id, household_id, (SELECT id FROM persons WHERE household_id <> \
         tenancies.household_id LIMIT 1), starts_on, ends_on, 'x', recorded_at FROM tenancies",
    ),
    (
        "tenancies_one_home",
        "INSERT INTO tenancies (id, lease_id, dwelling_id, household_id, person_id, starts_on, ends_on, record, recorded_at) \
         SELECT gen_random_uuid(), lease_id, dwelling_id, household_id, person_id, starts_on, ends_on, 'x', recorded_at FROM \
         tenancies",
    ),
    (
        "tenancies_within_capacity",
        "INSERT INTO tenancies (id, lease_id, dwelling_id, household_id, person_id, starts_on, ends_on, record, recorded_at) \
         SELECT gen_random_uuid(), lease_id, dwelling_id, another.id, another.head_id, starts_on, ends_on, 'x', recorded_at FROM \
         (SELECT * FROM tenancies LIMIT 1) AS one, (SELECT households.id, head_id FROM households JOIN persons ON household_id = \
         households.id WHERE NOT EXISTS (SELECT FROM tenancies WHERE household_id = households.id) GROUP BY households.id HAVING \
         count(*) > 4 LIMIT 1) AS another",
    ),
    (
        "tenancies_within_lease",
        "INSERT INTO tenancies (id, lease_id, dwelling_id, household_id, person_id, starts_on, ends_on, record, recorded_at) \
         SELECT gen_random_uuid(), lease_id, dwelling_id, household_id, person_id, starts_on - 1, ends_on, 'x', recorded_at FROM \
         tenancies",
    ),
];
