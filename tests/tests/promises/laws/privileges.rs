//! What the server may do in the database, and that a change of anyone's authority is seen.

use std::collections::BTreeMap;

use enlace_tests::Scratch;

use super::{DENIED, SERVER, each_says};

/// R4: a server asks one number to learn that nobody's authority changed, so every change must raise it, whoever makes it.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_changes_authority_raises_its_version() {
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    client.batch_execute("INSERT INTO revoked_tokens VALUES ('kept', now())").await.unwrap();
    let version = async || -> i64 {
        client.query_one("SELECT version FROM authority_version", &[]).await.unwrap().get(0)
    };
    for table in
        ["agencies", "agreements", "grants", "grant_shelters", "programmes", "revoked_tokens", "users"]
    {
        let column: String = client
            .query_one(
                "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1",
                &[&table],
            )
            .await
            .unwrap()
            .get(0);
        let before = version().await;
        client.batch_execute(&format!("UPDATE {table} SET {column} = {column}")).await.unwrap();
        assert!(version().await > before, "an update of {table}");
        let before = version().await;
        client.batch_execute(&format!("INSERT INTO {table} SELECT * FROM {table} LIMIT 0")).await.unwrap();
        assert!(version().await > before, "an insertion into {table}");
        let before = version().await;
        client.batch_execute(&format!("DELETE FROM {table} WHERE false")).await.unwrap();
        assert!(version().await > before, "a deletion from {table}");
    }
    let before = version().await;
    client.batch_execute("UPDATE spaces SET occupied = occupied; DELETE FROM journal_queue").await.unwrap();
    assert_eq!(version().await, before, "what changes nobody's authority is not looked at");
    drop(client);
    scratch.drop().await;
}

/// What the server may do, and nothing besides: it owns no table, so that no line of it can rewrite what was done.
#[expect(clippy::too_many_lines, reason = "one table of privileges")]
#[tokio::test(flavor = "multi_thread")]
async fn the_server_has_these_privileges_and_no_other() {
    let append = "INSERT, SELECT";
    let expected = BTreeMap::from([
        ("activities", "SELECT"),
        ("agencies", "SELECT"),
        ("agreements", "SELECT, UPDATE (valid_until, version)"),
        (
            "arco_requests",
            "INSERT (asked_by, id, kind, person_id, person_version, programme_id, proof, received_on, recorded_by), SELECT, \
             UPDATE (answer_reason, answered_at, carried_out_at, carried_out_by, erasure_asked_at, erasure_asked_by, extended_at, \
             extension_reason, ground, handed_over, rectified_version, state)",
        ),
        ("assessments", "INSERT (assessed_at, findings, id, person_id), SELECT"),
        ("authority_version", "SELECT"),
        ("balances", "INSERT (id, location_id, lot_id), SELECT"),
        ("break_glass_accesses", "INSERT, SELECT, UPDATE (ended_at)"),
        ("births", "INSERT (born_at, delivery_id, id, person_id, record), SELECT"),
        (
            "bed_holds",
            "INSERT (held_at, id, note, programme_id, shelter_id, until, user_id), SELECT, UPDATE (ended_at)",
        ),
        ("beds", "INSERT (code, id, space_id, suits), SELECT, UPDATE (blocked_for, held_until, hold_id)"),
        (
            "campaigns",
            "INSERT (ends_on, id, programme_id, starts_on, title), SELECT, UPDATE (closed_at, version)",
        ),
        ("care_records", "INSERT (id, person_id, record, recorded_at, slot), SELECT, UPDATE (record, slot)"),
        ("categories", "SELECT"),
        ("centre_loan_lines", append),
        (
            "centre_loans",
            "INSERT (centre_id, conditions, ends_on, id, lender_id, programme_id, recorded_at, starts_on, user_id), SELECT",
        ),
        ("centres", "SELECT"),
        (
            "consents",
            "INSERT (ends_at, given_at, id, person_id, programme_id, purpose, recipient), SELECT, UPDATE (end_told, opposed_by, version, withdrawn_at)",
        ),
        (
            "custody_transfers",
            "INSERT (id, legal_basis, person_id, programme_id, proposed_at, purpose, recipient, sender, user_id), SELECT, \
             UPDATE (accepted_at, declined_at, withdrawn_at, withdrawn_because)",
        ),
        ("container_lines", "INSERT (container_id, lot_id, quantity), SELECT, UPDATE (quantity)"),
        (
            "containers",
            "INSERT (code, id, kind, location_id, made_at, note, programme_id, user_id), SELECT, UPDATE (bound_for, location_id)",
        ),
        ("departure_follow_ups", append),
        (
            "departures",
            "INSERT (episode_id, id, party_id, person_id, plan, planned_on, programme_id, recorded_at, user_id), SELECT, \
             UPDATE (departed_at, plan, planned_on, reason, recorded_at, state, user_id)",
        ),
        (
            "dwelling_visits",
            "INSERT (dwelling_id, fit, id, recorded_at, remedies, user_id, visited_on), SELECT",
        ),
        (
            "dwellings",
            "INSERT (action_id, address, capacity, district, id, offered_on, owner_id, programme_id, recorded_at, rent_cents, rent_currency, rooms, services, user_id), \
             SELECT, UPDATE (rent_cents, rent_currency, services, version, withdrawn_on)",
        ),
        (
            "leases",
            "INSERT (dwelling_id, ends_on, guaranteed_until, guarantor_id, id, programme_id, recorded_at, renews_id, rent_cents, rent_currency, signed_on, starts_on, user_id), \
             SELECT, UPDATE (ended_on, ending, recorded_at, user_id)",
        ),
        (
            "outreach_actions",
            "INSERT (attendance, held_on, id, kind, note, place, programme_id, recorded_at, user_id), SELECT",
        ),
        (
            "owners",
            "INSERT (action_id, contact, id, name, programme_id, registered_at, user_id), SELECT, UPDATE (contact, name, version)",
        ),
        (
            "tenancies",
            "INSERT (dwelling_id, ends_on, household_id, id, lease_id, person_id, record, recorded_at, starts_on, user_id), SELECT, UPDATE (ends_on, record)",
        ),
        ("diagnoses", "INSERT (conclusion, id, made_at, person_id, visit_id), SELECT"),
        ("days_off", "SELECT"),
        ("dismissed_duplicates", append),
        (
            "dispensings",
            "INSERT (dispensed_at, id, person_id, prescription_id, quantity, record), SELECT, UPDATE (record)",
        ),
        (
            "donations",
            "INSERT (campaign_id, donor_id, donor_reference, file_digest, id, programme_id, received_at_id, received_on, recorded_at, user_id), SELECT",
        ),
        (
            "donors",
            "INSERT (agency_id, contact, id, kind, name, programme_id), SELECT, UPDATE (contact, name, version)",
        ),
        ("attendances", "INSERT (enrolment_id, id, record, session_id), SELECT, UPDATE (record, version)"),
        (
            "course_groups",
            "INSERT (begins_on, capacity, course_id, days, ends_on, id, name, place, programme_id, recorded_at, shelter_id, teacher, user_id), \
             SELECT, UPDATE (capacity, days, ends_on, teacher, version)",
        ),
        ("course_sessions", "INSERT (group_id, held_on, id, recorded_at, user_id), SELECT"),
        ("courses", "INSERT (agency_id, id, kind, level, name, programme_id, recorded_at, user_id), SELECT"),
        (
            "enrolments",
            "INSERT (agency, course, group_id, id, person_id, programme_id, recorded_at, started_on, user_id), SELECT, \
             UPDATE (ended_on, outcome, state)",
        ),
        (
            "revalidations",
            "INSERT (agency, filed_on, id, level, person_id, programme_id, record, recorded_at, user_id), SELECT, \
             UPDATE (decided_on, record, state)",
        ),
        ("school_documents", "SELECT"),
        ("school_grades", "INSERT (grade, id, level, places, school_id), SELECT, UPDATE (places, version)"),
        ("school_levels", "SELECT"),
        ("school_place_documents", append),
        (
            "school_places",
            "INSERT (agency, excepted, grade_id, id, level, person_id, programme_id, record, recorded_at, requested_on, user_id), SELECT, \
             UPDATE (placed_on, record, state)",
        ),
        ("schools", "INSERT (agency_id, id, level, name, programme_id, recorded_at, shift, user_id), SELECT"),
        (
            "employers",
            "INSERT (agency, contact, id, name, programme_id, registered_at, trade, user_id), SELECT, UPDATE (contact, name, trade, version)",
        ),
        (
            "entitlements",
            "INSERT (amount, cap, granted_at, id, interval_days, item_id, kit_id, per, programme_id, user_id, valid_from, valid_until), SELECT, \
             UPDATE (valid_until, version)",
        ),
        ("episodes", "INSERT (arrived_on, id, person_id), SELECT"),
        ("expiry_told", "INSERT, SELECT, UPDATE (told_on)"),
        ("grant_shelters", append),
        ("grants", "INSERT, SELECT, UPDATE (valid_until, version)"),
        (
            "household_deliveries",
            "INSERT (delivered_at, household_id, id, location_id, note, programme_id, recorded_at, user_id), SELECT",
        ),
        ("household_delivery_lines", "INSERT (asked, delivery_id, entitlement_id, id, kit_version), SELECT"),
        (
            "households",
            "INSERT (arrived_on, head_id, id, programme_id, shelter_id), SELECT, UPDATE (head_id, pickup_code, version)",
        ),
        ("idempotency_keys", "DELETE, INSERT, SELECT"),
        (
            "import_mappings",
            "INSERT (choice, days, donor_id, id, sheet), SELECT, UPDATE (choice, days, sheet, version)",
        ),
        ("incompatible_roles", "SELECT"),
        (
            "items",
            "INSERT (category_id, code, gtin, id, minimum_stock, name, pack_sizes, perishable, programme_id, unit), SELECT, \
             UPDATE (category_id, gtin, minimum_stock, name, pack_sizes, perishable, unit, version)",
        ),
        ("incident_follow_ups", "INSERT (agency_id, id, incident_id, recorded_at, text, user_id), SELECT"),
        ("incident_people", "INSERT (id, incident_id, person_id, record, recorded_at, user_id), SELECT"),
        (
            "incidents",
            "INSERT (account, agency_id, happened_at, id, kind, programme_id, recorded_at, severity, shelter_id, user_id), SELECT, \
             UPDATE (closed_at, closed_by, outcome)",
        ),
        (
            "inspection_findings",
            "INSERT (due_on, finding, id, inspection_id, severity), SELECT, \
             UPDATE (begun_at, done_at, done_by, note, state, verified_at, verified_by, worker_id)",
        ),
        (
            "inspections",
            "INSERT (agency_id, centre_id, id, inspected_on, note, outcome, programme_id, recorded_at, shelter_id, user_id), SELECT",
        ),
        (
            "intakes",
            "INSERT (id, person_id, programme_id, recorded_at, said_at, taken_at, user_id, vaccinations, work), SELECT, \
             UPDATE (ended_at, recorded_at, said_at, state, taken_at, vaccinations, work)",
        ),
        ("job_attendances", append),
        (
            "job_applications",
            "INSERT (id, person_id, programme_id, record, recorded_at, submitted_on, user_id, vacancy_id), SELECT, \
             UPDATE (record, recorded_at, state, user_id)",
        ),
        (
            "job_events",
            "INSERT (agency_id, ends_on, id, kind, place, programme_id, recorded_at, starts_on, title, user_id), SELECT",
        ),
        ("job_follow_ups", append),
        (
            "job_placements",
            "INSERT (application_id, formal, id, person_id, programme_id, record, recorded_at, started_on, user_id, vacancy_id), SELECT, \
             UPDATE (ended_on, record, recorded_at, user_id)",
        ),
        (
            "job_stands",
            "INSERT (employer_id, event_id, id), SELECT, UPDATE (hired, interviewed, offered, version)",
        ),
        ("journal_entries", append),
        ("journal_index", append),
        ("journal_queue", "DELETE, INSERT, SELECT"),
        (
            "kitchens",
            "INSERT (agency_id, id, name, place, portions, programme_id), SELECT, UPDATE (name, place, portions)",
        ),
        ("kit_lines", "INSERT (item_id, kit_id, quantity, version), SELECT"),
        ("kits", "INSERT (code, id, name, name_en, programme_id), SELECT, UPDATE (name, name_en, version)"),
        ("facility_checks", append),
        ("locations", "INSERT (code, id, kind, name, programme_id, shelter_id), SELECT"),
        ("lodging_kits", append),
        (
            "lots",
            "INSERT (code, condition, donation_id, donor_id, donor_reference, expires_on, id, item_id, line, programme_id, received, \
             received_at_id, received_on, unit), SELECT, UPDATE (recall_reason, recalled_at)",
        ),
        ("meal_diets", "INSERT (diet, planned, served, service_id, version), SELECT"),
        ("meal_inputs", "INSERT (movement_id, service_id), SELECT"),
        ("meal_revisions", "SELECT"),
        (
            "meal_services",
            "INSERT (day, id, kitchen_id, meal, planned, programme_id, recorded_at, shelter_id, user_id), SELECT, \
             UPDATE (planned, reason, recorded_at, served, served_at, state, user_id)",
        ),
        (
            "medical_referrals",
            "INSERT (id, person_id, record, referred_at, visit_id), SELECT, UPDATE (accepted_at, declined_at, ended_at, record)",
        ),
        ("minimum_stocks", "INSERT (item_id, location_id, quantity), SELECT, UPDATE (quantity, version)"),
        ("movements", append),
        ("person_tokens", "DELETE, INSERT, SELECT"),
        (
            "persons",
            "INSERT (adult_from, arrived_on, family, household_id, id, identity, migration, placement, programme_id, shelter_id, tokens_of), \
             SELECT, UPDATE (adult_from, family, household_id, identity, key_destroyed, merged_at, merged_into, migration, placement, tokens_of, version)",
        ),
        (
            "placement_overrides",
            "INSERT (ends_at, id, person_id, programme_id, reason, request_id, requested_at, requested_by, space_id), SELECT, \
             UPDATE (approved_at, approved_by)",
        ),
        (
            "prescriptions",
            "INSERT (id, person_id, prescribed, prescribed_at, record, visit_id), SELECT, UPDATE (record)",
        ),
        ("programmes", "SELECT"),
        (
            "budget_lines",
            "INSERT (id, planned, purpose, recorded_at, source_id, title, user_id), SELECT, UPDATE (planned)",
        ),
        (
            "centre_returns",
            "INSERT (drawn_up_on, id, loan_id, note, recorded_at, user_id), SELECT, \
             UPDATE (lender_signed_at, lender_signed_by, programme_signed_at, programme_signed_by, returned_on, withdrawn_at)",
        ),
        ("centre_return_lines", append),
        (
            "centre_works",
            "INSERT (centre_id, currency, estimate, id, planned_on, programme_id, recorded_at, title, user_id), SELECT, \
             UPDATE (begun_on, cost, done_on, reason, state)",
        ),
        (
            "commitments",
            "INSERT (committed, committed_on, evidence, id, line_id, recorded_at, title, user_id), SELECT, UPDATE (committed)",
        ),
        (
            "expenses",
            "INSERT (amount, commitment_id, evidence, id, recorded_at, reverses_id, spent_on, user_id), SELECT",
        ),
        (
            "permits",
            "INSERT (activity, agency_id, id, kind, programme_id, purpose, recorded_at, renews_id, requested_on, shelter_id, user_id), SELECT, \
             UPDATE (decided_by, decided_on, folio, reason, reviewed_on, state, valid_from, valid_until)",
        ),
        ("recommendation_reports", append),
        (
            "recommendations",
            "INSERT (addressee_id, agency_id, body, due_on, id, made_on, programme_id, recorded_at, shelter_id, title, user_id), SELECT, \
             UPDATE (answer, answer_note, answered_at, answered_by, reported_at, verdict, verdict_note, verified_at, verified_by)",
        ),
        (
            "tasks",
            "INSERT (agency_id, asked_on, assignee_id, centre_id, due_on, id, priority, programme_id, recorded_at, referral_id, request, \
             shelter_id, title, user_id), SELECT, UPDATE (answer, answered_at, ended_at, ended_because, outcome, state)",
        ),
        (
            "translations",
            "INSERT (agency_id, asked_on, asker_id, id, needed_by, programme_id, recorded_at, source, source_language, target_language, \
             title, to_publish, user_id), SELECT, \
             UPDATE (delivered_at, delivered_by, delivery, digest, note, reviewed_at, reviewed_by, state)",
        ),
        ("tutorial_editions", append),
        ("tutorial_sessions", append),
        (
            "tutorials",
            "INSERT (agency_id, audience, format, id, programme_id, published_on, recorded_at, topic, user_id), SELECT, \
             UPDATE (reason, withdrawn_on)",
        ),
        (
            "funding_sources",
            "INSERT (currency, evidence, granted, granted_on, id, name, programme_id, recorded_at, user_id), SELECT",
        ),
        (
            "press_visits",
            "INSERT (contact, ends_at, id, journalists, medium, programme_id, proposed_at, proposed_by, purpose, shelter_id, starts_at, visitors), \
             SELECT, UPDATE (closed_at, closed_by, conditions, decided_at, decided_by, escort_id, reason, state)",
        ),
        (
            "screenings",
            "INSERT (evidence, id, kind, recorded_at, user_id, valid_until, verified_on, verifier_id, volunteer_id), SELECT, \
             UPDATE (reason, revoked_at, revoked_by)",
        ),
        (
            "shift_sign_ups",
            "INSERT (id, shift_id, signed_up_at, user_id, volunteer_id), SELECT, UPDATE (cause, minutes, reason, settled_at, settled_by, state)",
        ),
        (
            "volunteer_shifts",
            "INSERT (activity, ends_at, id, near_minors, note, places, programme_id, recorded_at, shelter_id, starts_at, user_id), SELECT, \
             UPDATE (cancelled_at, reason)",
        ),
        (
            "volunteers",
            "INSERT (agency_id, contact, family_names, given_names, id, languages, programme_id, registered_at, skills, user_id), SELECT, \
             UPDATE (contact, ended_at, family_names, given_names, languages, skills)",
        ),
        ("published_counts", append),
        ("published_tables", append),
        (
            "referrals",
            "INSERT (classes, ends_at, id, legal_basis, opened_at, person_id, programme_id, purpose, recipient, sender), SELECT, \
             UPDATE (accepted_at, declined_at, ended_at, version)",
        ),
        ("reservation_lines", "INSERT (location_id, lot_id, reservation_id, reserved, until), SELECT"),
        (
            "reservations",
            "INSERT (id, location_id, note, programme_id, request_id, reserved_at, until, user_id), SELECT, UPDATE (ended_at)",
        ),
        ("revoked_tokens", append),
        (
            "rfc_procedures",
            "INSERT (id, missing, opened_on, person_id, programme_id, record, recorded_at, user_id), SELECT, \
             UPDATE (completed_on, missing, record, recorded_at, state, user_id)",
        ),
        ("role_agencies", "SELECT"),
        ("roles", "SELECT"),
        ("shares", "SELECT"),
        (
            "shelters",
            "INSERT (centre_id, code, id, name, opened_on, programme_id), SELECT, UPDATE (closed_on)",
        ),
        ("shipment_lines", "SELECT"),
        (
            "shipments",
            "INSERT (from_id, id, note, programme_id, recorded_at, request_id, sent_at, to_id, user_id), SELECT",
        ),
        (
            "spaces",
            "INSERT (capacity, code, counted_at, id, programme_id, segment, shelter_id), SELECT, UPDATE (counted_at, occupied, version)",
        ),
        (
            "stays",
            "INSERT (bed_id, began_at, hold_id, id, override_id, party_id, person_id, user_id), SELECT, UPDATE (ended_at)",
        ),
        (
            "stock_count_lines",
            "INSERT (count_id, counted, counted_at, id, lot_id, recorded_at, user_id), SELECT",
        ),
        ("stock_count_settlements", "INSERT (line_id, movement_id), SELECT"),
        (
            "stock_counts",
            "INSERT (category_id, id, location_id, opened_at, opened_by, programme_id), SELECT, \
             UPDATE (ended_at, ended_by, reason, state)",
        ),
        ("supply_request_lines", "INSERT (id, item_id, request_id, requested), SELECT, UPDATE (approved)"),
        (
            "supply_requests",
            "INSERT (id, location_id, needed_by, note, programme_id, requested_at, user_id), SELECT, \
             UPDATE (closed_at, decided_at, decided_by, decision_note, state)",
        ),
        ("upload_pieces", append),
        ("uploads", "DELETE, INSERT (expires_at, id, key, length, programme_id, user_id), SELECT"),
        ("users", "SELECT, UPDATE (active, version)"),
        (
            "vacancies",
            "INSERT (currency, description, employer_id, id, languages, opened_on, openings, programme_id, shift, skills, starts_on, title, \
             user_id, wage), SELECT, UPDATE (closed_on, currency, openings, wage)",
        ),
        ("visits", "INSERT (id, opened_at, person_id, record), SELECT, UPDATE (closed_at, record)"),
        ("webhook_couriers", "INSERT, SELECT, UPDATE (process, until)"),
        (
            "webhook_messages",
            "DELETE, INSERT (id, index, next_attempt_at, queued_at, subjects, webhook_id), SELECT, \
             UPDATE (attempts, next_attempt_at, problem, queued_at, state)",
        ),
        (
            "webhooks",
            "INSERT (document, id, operation_name, position, programme_id, purpose, registered_at, roles, secret_since, shelters, slot, url, user_id, \
             variables), SELECT, UPDATE (delivered, delivered_at, failing_since, failures, position, problem, secret_number, secret_since, state, version, \
             waits_until)",
        ),
        (
            "work_profiles",
            "INSERT (id, person_id, profile, programme_id, recorded_at, user_id), SELECT, UPDATE (profile, recorded_at, user_id, version)",
        ),
    ]);
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let rows = client
        .query(
            "WITH whole AS (SELECT table_name::text AS of, privilege_type::text AS may FROM information_schema.role_table_grants \
                 WHERE grantee = 'enlace_app'), \
             partial AS (SELECT table_name::text AS of, format('%s (%s)', privilege_type, \
                     string_agg(column_name::text, ', ' ORDER BY column_name::text)) AS may \
                 FROM information_schema.role_column_grants c WHERE grantee = 'enlace_app' AND NOT EXISTS \
                     (SELECT FROM whole WHERE of = c.table_name AND may = c.privilege_type) \
                 GROUP BY table_name, privilege_type) \
             SELECT of, string_agg(may, ', ' ORDER BY may) FROM (TABLE whole UNION ALL TABLE partial) AS held GROUP BY of",
            &[],
        )
        .await
        .unwrap();
    let held: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let held: BTreeMap<&str, &str> = held.iter().map(|(of, may)| (of.as_str(), may.as_str())).collect();
    assert_eq!(held, expected);
    drop(client);
    each_says(
        SERVER,
        &[
            ("UPDATE movements SET quantity = 1", DENIED),
            ("UPDATE balances SET quantity = 1", DENIED),
            ("INSERT INTO balances (id, lot_id, location_id, quantity) SELECT gen_random_uuid(), lot, store, 1 FROM one", DENIED),
            ("UPDATE lots SET received = 1", DENIED),
            ("UPDATE lots SET unit = 'BOX'", DENIED),
            ("UPDATE items SET code = 'ANOTHER'", DENIED),
            ("UPDATE donors SET kind = 'PERSON'", DENIED),
            ("UPDATE spaces SET capacity = 1000", DENIED),
            ("UPDATE journal_entries SET part_salts[1] = NULL, part_contents[1] = NULL", DENIED),
            ("SELECT erase_journal_part(entry, 0) FROM one", DENIED),
            ("DELETE FROM journal_index", DENIED),
            ("TRUNCATE journal_entries", DENIED),
            ("DELETE FROM grants", DENIED),
            ("UPDATE grants SET role = role", DENIED),
            ("DELETE FROM revoked_tokens", DENIED),
            ("CREATE TABLE own (x int)", DENIED),
            ("ALTER TABLE movements DISABLE TRIGGER ALL", DENIED),
        ],
    )
    .await;
    scratch.drop().await;
}
