//! A programme of chance, written into a database.

use enlace_tests::Scratch;
use serde_json::json;
use uuid::Uuid;

use super::programme::{
    ACCESS, AGENCIES, APPLICATION, ASSESSMENT, CONSENT, CUSTODY, DIAGNOSIS, DWELLING, EMPLOYER, ENROLMENT,
    ENTRY, Emergency, HOUSEHOLD, INTAKE, LEASE, OPERATION, PERSON, PROFILE, Programme, REFERRAL, SHELTERS,
    Share, TAKER, TENANCY, VACANCY, key, subject, withheld,
};

impl Programme {
    /// Puts it into a database in place of the demonstration's people.
    pub(super) async fn write(&self, scratch: &Scratch) {
        let client = scratch.connect().await;
        let run = async |statement: String| {
            client.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{error:?}: {statement}"));
        };
        // Triggers are left out: what nobody could be granted through the server is granted here.
        run("SET session_replication_role = replica; \
             DELETE FROM tenancies; DELETE FROM leases; DELETE FROM dwelling_visits; DELETE FROM dwellings; \
             DELETE FROM attendances; DELETE FROM school_place_documents; DELETE FROM school_places; \
             DELETE FROM intakes; DELETE FROM revalidations; DELETE FROM enrolments; DELETE FROM diagnoses; DELETE FROM assessments; DELETE FROM tasks; \
             DELETE FROM referrals; DELETE FROM custody_transfers; \
             DELETE FROM consents; DELETE FROM person_tokens; DELETE FROM episodes; DELETE FROM persons; DELETE FROM households"
            .to_owned())
        .await;
        let shelter = |place: &Option<usize>| {
            place.map_or("NULL".to_owned(), |place| {
                format!("(SELECT id FROM shelters WHERE code = '{}')", SHELTERS[place])
            })
        };
        let programme = "(SELECT id FROM programmes)";
        let households = self.households.iter().enumerate().map(|(number, place)| {
            format!(
                "('{}', {programme}, 'H{number}', '2022-01-01', '{}', {})",
                key(HOUSEHOLD, number),
                key(PERSON, number),
                shelter(place)
            )
        });
        run(insert("households (id, programme_id, code, arrived_on, head_id, shelter_id)", households)).await;
        let people = self.people.iter().enumerate().map(|(number, someone)| {
            let adult_from = if someone.minor { "2023-01-01" } else { "2022-01-01" };
            format!(
                "('{}', {programme}, '{}', 'P{number}', '2022-01-01', '{adult_from}', {}, '', '', '', '', {})",
                key(PERSON, number),
                key(HOUSEHOLD, someone.household),
                shelter(&someone.shelter),
                withheld(number).map_or("NULL, NULL".to_owned(), |how| format!("'{how}', '2022-01-20'"))
            )
        });
        let columns = "persons (id, programme_id, household_id, code, arrived_on, adult_from, shelter_id, identity, family, \
                       migration, placement, withheld, withheld_since)";
        run(insert(columns, people)).await;
        for statement in self.sharing(programme) {
            run(statement).await;
        }
        let enrolments = self.enrolments.iter().enumerate().map(|(number, (person, agency))| {
            let (id, person) = (key(ENROLMENT, number), key(PERSON, *person));
            format!("('{id}', {programme}, '{person}', '{agency}', '2022-01-10', '')")
        });
        run(insert("enrolments (id, programme_id, person_id, agency, started_on, course)", enrolments)).await;
        let assessments = self.assessments.iter().enumerate().map(|(number, person)| {
            format!("('{}', '{}', '2022-01-10', '')", key(ASSESSMENT, number), key(PERSON, *person))
        });
        run(insert("assessments (id, person_id, assessed_at, findings)", assessments)).await;
        let diagnoses = self.diagnoses.iter().enumerate().map(|(number, assessment)| {
            let (person, id) = (key(PERSON, self.assessments[*assessment]), key(DIAGNOSIS, number));
            format!("('{id}', '{person}', '{}', '2022-01-10', '')", key(ASSESSMENT, *assessment))
        });
        run(insert("diagnoses (id, person_id, assessment_id, made_at, conclusion)", diagnoses)).await;
        let intakes = (0..self.people.len()).map(|number| {
            let (state, ended_at) =
                if number.is_multiple_of(3) { ("SUBMITTED", "'2022-01-10'") } else { ("OPEN", "NULL") };
            format!(
                "('{}', {programme}, '{}', (SELECT id FROM users WHERE subject = '{TAKER}'), '{state}', '2022-01-10', '2022-01-10', \
                 '2022-01-10', {ended_at}, '')",
                key(INTAKE, number),
                key(PERSON, number)
            )
        });
        let columns = "intakes (id, programme_id, person_id, user_id, state, taken_at, said_at, recorded_at, ended_at, work)";
        run(insert(columns, intakes)).await;
        self.write_work(&client).await;
        run(self.housing(programme)).await;
        self.write_journal(&client).await;
        self.write_actors(&client).await;
        self.write_accesses(&client).await;
    }

    /// What makes their consents, their referrals and the transfers of their custody.
    fn sharing(&self, programme: &str) -> Vec<String> {
        let mut statements = Vec::new();
        // Open, to end, ended, withdrawn.
        let consents = self.consents().into_iter().enumerate().map(|(number, share)| {
            let (ends_at, withdrawn_at) = match share.state {
                0 => ("NULL", "NULL"),
                1 => ("'2022-03-01'", "NULL"),
                2 => ("'2022-01-20'", "NULL"),
                _ => ("NULL", "'2022-01-20'"),
            };
            let Share { person, recipient, purpose, .. } = share;
            format!(
                "('{}', {programme}, '{}', '{recipient}', '{purpose}', '2022-01-10', {ends_at}, {withdrawn_at})",
                key(CONSENT, number),
                key(PERSON, *person)
            )
        });
        let columns =
            "consents (id, programme_id, person_id, recipient, purpose, given_at, ends_at, withdrawn_at)";
        statements.push(insert(columns, consents));
        // Accepted, proposed, ended by somebody or by itself, yet to be accepted.
        let referrals = self.referrals().into_iter().enumerate().map(|(number, share)| {
            let (accepted_at, ended_at, ends_at) = match share.state {
                0 => ("'2022-01-12'", "NULL", "'2022-03-10'"),
                1 => ("NULL", "NULL", "NULL"),
                2 if number.is_multiple_of(2) => ("'2022-01-12'", "'2022-01-20'", "NULL"),
                2 => ("'2022-01-12'", "NULL", "'2022-01-20'"),
                _ => ("'2022-03-01'", "NULL", "NULL"),
            };
            let Share { person, sender, recipient, purpose, legal_basis, .. } = share;
            let classes = share.classes.map_or("NULL".to_owned(), |classes| format!("'{{{}}}'", classes.join(",")));
            format!(
                "('{}', {programme}, '{}', '{sender}', '{recipient}', '{purpose}', '{legal_basis}', '2022-01-10', \
                 {accepted_at}, {ended_at}, {classes}, {ends_at})",
                key(REFERRAL, number),
                key(PERSON, *person)
            )
        });
        let columns = "referrals (id, programme_id, person_id, sender, recipient, purpose, legal_basis, opened_at, \
                       accepted_at, ended_at, classes, ends_at)";
        statements.push(insert(columns, referrals));
        let custody = self.custody().into_iter().enumerate().map(|(number, (person, sender, recipient))| {
            format!(
                "('{}', {programme}, '{}', '{sender}', '{recipient}', 'PROTECTION', 'LEGAL_DUTY', '2022-01-10', '2022-01-12')",
                key(CUSTODY, number),
                key(PERSON, person)
            )
        });
        let columns = "custody_transfers (id, programme_id, person_id, sender, recipient, purpose, legal_basis, proposed_at, \
                       accepted_at)";
        statements.push(insert(columns, custody));
        statements
    }

    /// An employer and a vacancy of each agency; everyone has a profile, and whoever is taught by an agency applied to it too.
    async fn write_work(&self, client: &tokio_postgres::Client) {
        let programme = "(SELECT id FROM programmes)";
        let employers = AGENCIES.iter().enumerate().map(|(number, agency)| {
            format!(
                "('{}', {programme}, 'Empresa {number}', 'Una', 'Una', '{agency}', '2022-01-10')",
                key(EMPLOYER, number)
            )
        });
        let employers =
            insert("employers (id, programme_id, name, trade, contact, agency, registered_at)", employers);
        let vacancies = AGENCIES.iter().enumerate().map(|(number, agency)| {
            format!(
                "('{}', {programme}, '{}', '{agency}', 'Una', '{{}}', 'NIGHT', '2022-01-10', 9, '2022-01-10')",
                key(VACANCY, number),
                key(EMPLOYER, number)
            )
        });
        let columns = "vacancies (id, programme_id, employer_id, agency, title, skills, shift, starts_on, openings, opened_on)";
        let vacancies = insert(columns, vacancies);
        let profiles = (0..self.people.len()).map(|number| {
            format!("('{}', {programme}, '{}', '', '2022-01-10')", key(PROFILE, number), key(PERSON, number))
        });
        let profiles = insert("work_profiles (id, programme_id, person_id, profile, recorded_at)", profiles);
        let applications = self.enrolments.iter().enumerate().map(|(number, (person, agency))| {
            let vacancy = AGENCIES.iter().position(|known| known == agency).unwrap();
            format!(
                "('{}', {programme}, '{}', '{}', '2022-01-10', 'REJECTED', '', '2022-01-10')",
                key(APPLICATION, number),
                key(PERSON, *person),
                key(VACANCY, vacancy)
            )
        });
        let columns = "job_applications (id, programme_id, person_id, vacancy_id, submitted_on, state, record, recorded_at)";
        let applications = insert(columns, applications);
        client.batch_execute(&[employers, vacancies, profiles, applications].join("; ")).await.unwrap();
    }

    /// Dwellings in each of which two people sign for their households.
    fn housing(&self, programme: &str) -> String {
        let homes = self.people.len().div_ceil(2);
        let dwellings = (0..homes).map(|number| {
            format!(
                "('{}', {programme}, (SELECT min(id::text)::uuid FROM owners), 'Calle {number}', 'Muestra', 2, 8, 1, 'MXN', '{{}}', \
                 '2022-01-01', '2022-01-01')",
                key(DWELLING, number)
            )
        });
        let leases = (0..homes).map(|number| {
            let (lease, dwelling) = (key(LEASE, number), key(DWELLING, number));
            format!("('{lease}', {programme}, '{dwelling}', '2022-01-10', '2022-01-10', '2022-06-30', 1, 'MXN', '2022-01-10')")
        });
        let tenancies = (0..self.people.len()).map(|number| {
            let home = number / 2;
            // Each of a household of their own, since nobody lives in two dwellings.
            format!(
                "('{}', '{}', '{}', '{}', '{}', 1, '2022-01-10', '2022-06-30', '', '2022-01-10')",
                key(TENANCY, number),
                key(LEASE, home),
                key(DWELLING, home),
                key(TENANCY, number),
                key(PERSON, number)
            )
        });
        let dwellings = insert(
            "dwellings (id, programme_id, owner_id, address, district, rooms, capacity, rent_cents, rent_currency, services, offered_on, \
             recorded_at)",
            dwellings,
        );
        let leases = insert(
            "leases (id, programme_id, dwelling_id, signed_on, starts_on, ends_on, rent_cents, rent_currency, recorded_at)",
            leases,
        );
        let tenancies = insert(
            "tenancies (id, lease_id, dwelling_id, household_id, person_id, people, starts_on, ends_on, record, recorded_at)",
            tenancies,
        );
        format!("{dwellings}; {leases}; {tenancies}")
    }

    async fn write_accesses(&self, client: &tokio_postgres::Client) {
        let programme = "(SELECT id FROM programmes)";
        // The real clock rules them.
        let accesses =
            self.accesses().into_iter().enumerate().map(|(number, (person, actor, agency, state))| {
                let (opened, ended) = match state {
                    Emergency::Open => ("1 hour".to_owned(), "NULL"),
                    Emergency::EndedBefore => ("1 hour".to_owned(), "now() - interval '10 minutes'"),
                    Emergency::Over => (format!("{} days", number + 1), "NULL"),
                };
                let opened = format!("now() - interval '{opened}'");
                format!(
                    "('{}', {programme}, '{}', (SELECT id FROM users WHERE subject = '{}'), '{agency}', \
                 sha512('a reason'), {opened}, {opened} + interval '3 hours', {ended})",
                    key(ACCESS, number),
                    key(PERSON, person),
                    subject(actor)
                )
            });
        let columns = "break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at, \
                       ended_at)";
        client.batch_execute(&insert(columns, accesses)).await.unwrap();
    }

    async fn write_journal(&self, client: &tokio_postgres::Client) {
        for (number, agency) in self.entries.iter().enumerate() {
            let (entry, index) = (key(ENTRY, number), i64::try_from(number).unwrap());
            let at = "2022-01-15T00:00:00Z";
            let header = json!({
                "operation": OPERATION, "agency": agency, "user": null, "roles": [], "policyVersion": "x",
                "occurredAt": at, "recordedAt": at, "realTime": at,
            });
            let statement = "WITH entry AS (INSERT INTO journal_entries (id, programme_id, leaf, operation, agency, recorded_at, \
                     part_classes, part_subjects, part_salts, part_contents, persons, classes) \
                 SELECT $1, id, 'leaf', $2, $3, '2022-01-15', '{JOURNAL}', '{NULL}', '{salt}', ARRAY[$4::bytea], ARRAY[$5::uuid], \
                     '{}' FROM programmes) \
                 INSERT INTO journal_index VALUES ($6, $1)";
            let content = header.to_string().into_bytes();
            let subject = key(PERSON, number);
            client
                .execute(statement, &[&entry, &OPERATION, agency, &content, &subject, &index])
                .await
                .unwrap();
        }
    }

    async fn write_actors(&self, client: &tokio_postgres::Client) {
        for (number, actor) in self.actors.iter().enumerate() {
            let (user, subject) = (Uuid::now_v7(), subject(number));
            let statement =
                "INSERT INTO users (id, agency_id, subject) SELECT $1, id, $3 FROM agencies WHERE code = $2";
            assert_eq!(client.execute(statement, &[&user, &actor.agency, &subject]).await.unwrap(), 1);
            for role in actor.granted.iter().chain(&actor.ended) {
                let grant = Uuid::now_v7();
                let reads_as = (*role == "integrator").then_some(actor.reads_as);
                let until = if actor.granted.contains(role) { "2022-03-01" } else { "2022-01-20" };
                let statement = format!(
                    "INSERT INTO grants (id, user_id, role, reads_as, valid_from, valid_until) VALUES ($1, $2, $3, $4, '2022-01-01', '{until}')"
                );
                client.execute(&statement, &[&grant, &user, role, &reads_as]).await.unwrap();
                if *role == "shelter_lead" {
                    let own: Vec<&str> = actor.own.iter().copied().collect();
                    let statement =
                        "INSERT INTO grant_shelters SELECT $1, id FROM shelters WHERE code = ANY($2)";
                    client.execute(statement, &[&grant, &own]).await.unwrap();
                }
            }
        }
        let lapsed: Vec<&str> = self.lapsed.iter().copied().collect();
        let statement =
            "DELETE FROM agreements WHERE agency_id IN (SELECT id FROM agencies WHERE code = ANY($1))";
        client.execute(statement, &[&lapsed]).await.unwrap();
    }
}

fn insert(columns: &str, values: impl Iterator<Item = String>) -> String {
    format!("INSERT INTO {columns} VALUES {}", values.collect::<Vec<_>>().join(", "))
}
