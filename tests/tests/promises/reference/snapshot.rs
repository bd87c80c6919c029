//! Every record of a world, read once where everything is permitted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use enlace_tests::{Client, World, at};
use serde_json::{Map, Value as Json, json};
use tokio::sync::OnceCell;

use super::pages::{Pages, Place, page_through};
use super::sights::{Caller, Facts, Intake};
use super::{SCHEMA, errors, open_world};

/// Every record by its id, with the ids of the records that it is related to; and the lists in their order.
pub(crate) struct Snapshot {
    records: HashMap<String, Map<String, Json>>,
    ids: Vec<String>,
    by_object: BTreeMap<String, Vec<String>>,
    facts: HashMap<String, Facts>,
    lists: HashMap<&'static str, Vec<String>>,
    /// The lists in their order, as whoever may see all pages through them.
    pub(crate) pages: Pages,
    /// Some movements of the ledger, which no list shows.
    pub(crate) movements: Vec<String>,
}

impl Snapshot {
    /// The demonstration as every world begins with it.
    pub(crate) async fn taken() -> &'static Self {
        static TAKEN: OnceCell<Snapshot> = OnceCell::const_new();
        TAKEN.get_or_init(Self::take).await
    }

    async fn take() -> Self {
        let world = open_world().await;
        let client = super::client(&world, &Caller::of_an_open_world());
        let mut snapshot = Self {
            records: HashMap::new(),
            ids: Vec::new(),
            by_object: BTreeMap::new(),
            facts: HashMap::new(),
            lists: HashMap::new(),
            pages: Pages::default(),
            movements: Vec::new(),
        };
        snapshot.read_lists(&client).await;
        let beds = format!("{{ id beds {} }}", all_of("Bed", 2));
        let answer = ask(&client, &format!("{{ shelters {{ id spaces {beds} }} }}"), json!({})).await;
        for shelter in at(&answer, "data.shelters").as_array().unwrap() {
            snapshot.absorb(shelter);
        }
        snapshot.pages.lots =
            snapshot.page_through(&client, "donationItems", &all_of("DonationItem", 2), "").await;
        snapshot.pages.donors = snapshot.page_through(&client, "donors", &all_of("Donor", 2), "").await;
        snapshot.pages.donations =
            snapshot.page_through(&client, "donations", &all_of("Donation", 2), "").await;
        snapshot.pages.requests =
            snapshot.page_through(&client, "requests", &all_of("SupplyRequest", 2), "").await;
        snapshot.pages.shipments =
            snapshot.page_through(&client, "shipments", &all_of("Shipment", 2), "").await;
        snapshot.pages.deliveries =
            snapshot.page_through(&client, "householdDeliveries", &all_of("HouseholdDelivery", 2), "").await;
        snapshot.pages.reservations =
            snapshot.page_through(&client, "reservations", &all_of("Reservation", 2), "").await;
        snapshot.pages.containers =
            snapshot.page_through(&client, "containers", &all_of("Container", 2), "").await;
        snapshot.pages.checks =
            snapshot.page_through(&client, "facilityChecks", &all_of("FacilityCheck", 1), "").await;
        snapshot.pages.counts =
            snapshot.page_through(&client, "stockCounts", &all_of("StockCount", 3), "").await;
        snapshot.pages.inspections =
            snapshot.page_through(&client, "inspections", &all_of("Inspection", 2), "").await;
        snapshot.pages.findings =
            snapshot.page_through(&client, "inspectionFindings", &all_of("InspectionFinding", 1), "").await;
        snapshot.pages.incidents =
            snapshot.page_through(&client, "incidents", &all_of("Incident", 2), "").await;
        snapshot.pages.groups =
            snapshot.page_through(&client, "courseGroups", &all_of("CourseGroup", 2), "").await;
        snapshot.pages.meals =
            snapshot.page_through(&client, "mealServices", &all_of("MealService", 2), "").await;
        for location in snapshot.lists["locations"].clone() {
            let only = format!(", location: \"{location}\"");
            let held = snapshot.page_through(&client, "stock", &all_of("Stock", 2), &only).await;
            snapshot.pages.stock.insert(location, held);
        }
        snapshot.pages.people = snapshot.page_through(&client, "persons", &all_of("Person", 2), "").await;
        snapshot.read_of_people(&client).await;
        snapshot.read_housing(&client).await;
        snapshot.read_work(&client).await;
        snapshot.read_money(&client).await;
        snapshot.read_coordination(&client).await;
        snapshot.pages.households =
            snapshot.page_through(&client, "households", &all_of("Household", 1), "").await;
        let size = |id: &str| snapshot.value(id, "members").as_array().unwrap().len();
        let mut largest: Vec<String> = snapshot.pages.households.iter().map(|(id, _)| id.clone()).collect();
        largest.sort_by_key(|id| std::cmp::Reverse(size(id)));
        for household in largest.into_iter().take(12) {
            let only = format!(", household: \"{household}\"");
            let members = snapshot.page_through(&client, "persons", "{ __typename id }", &only).await;
            snapshot.pages.families.insert(household, members);
        }
        snapshot.pages.referrals =
            snapshot.page_through(&client, "referrals", &all_of("Referral", 1), "").await;
        snapshot.read_movements(&world, &client).await;
        snapshot.ids = snapshot.records.keys().cloned().collect();
        snapshot.ids.sort_unstable();
        for id in &snapshot.ids {
            let object = snapshot.object(id).to_owned();
            snapshot.by_object.entry(object).or_default().push(id.clone());
        }
        let viewer = ask(&client, "{ viewer { now } }", json!({})).await;
        let now = at(&viewer, "data.viewer.now").as_str().unwrap().parse().unwrap();
        snapshot.facts = snapshot.ids.iter().map(|id| (id.clone(), snapshot.read_facts(id, now))).collect();
        world.stop().await;
        snapshot
    }

    /// What is listed whole.
    async fn read_lists(&mut self, client: &Client) {
        for (list, object, depth) in [
            ("agencies", "Agency", 3),
            ("shelters", "Shelter", 2),
            ("centres", "Centre", 3),
            ("categories", "Category", 2),
            ("catalogue", "CatalogueItem", 2),
            ("locations", "Location", 2),
            ("campaigns", "Campaign", 1),
            ("kits", "Kit", 2),
            ("entitlements", "Entitlement", 2),
            ("kitchens", "Kitchen", 2),
            ("courses", "Course", 1),
            ("schools", "School", 2),
            ("fundingSources", "FundingSource", 1),
            ("budgetLines", "BudgetLine", 2),
        ] {
            let answer = ask(client, &format!("{{ {list} {} }}", all_of(object, depth)), json!({})).await;
            let rows = at(&answer, &format!("data.{list}")).as_array().unwrap();
            let ids = rows.iter().map(|row| self.absorb(row)).collect();
            self.lists.insert(list, ids);
        }
    }

    /// Every node of a list, kept; its places.
    async fn page_through(&mut self, client: &Client, list: &str, node: &str, arguments: &str) -> Vec<Place> {
        let rows = page_through(client, list, node, arguments).await;
        rows.into_iter().map(|(node, cursor)| (self.absorb(&node), cursor)).collect()
    }

    /// What stands two edges from somebody.
    async fn read_of_people(&mut self, client: &Client) {
        for nested in [
            format!("{{ id assessments {{ id diagnoses {} }} }}", all_of("Diagnosis", 1)),
            format!("{{ id prescriptions {{ id dispensings {} }} }}", all_of("Dispensing", 1)),
            format!("{{ id departures {} }}", all_of("Departure", 1)),
            format!("{{ id enrolments {{ id attendances {} }} }}", all_of("Attendance", 1)),
        ] {
            self.page_through(client, "persons", &nested, "").await;
        }
    }

    /// What is planned, committed and spent, and works on centres.
    async fn read_money(&mut self, client: &Client) {
        for (list, object, depth) in
            [("commitments", "Commitment", 2), ("expenses", "Expense", 1), ("centreWorks", "CentreWork", 1)]
        {
            self.page_through(client, list, &all_of(object, depth), "").await;
        }
    }

    /// What agencies ask of one another, permits, what advisers give, volunteers and visits of the press.
    async fn read_coordination(&mut self, client: &Client) {
        for (list, object, depth) in [
            ("tasks", "Task", 1),
            ("permits", "Permit", 1),
            ("recommendations", "Recommendation", 2),
            ("translations", "Translation", 1),
            ("tutorials", "Tutorial", 2),
            ("volunteers", "Volunteer", 2),
            ("volunteerShifts", "VolunteerShift", 2),
            ("pressVisits", "PressVisit", 1),
        ] {
            self.page_through(client, list, &all_of(object, depth), "").await;
        }
    }

    /// Who offers work and which, where people meet it, and the visits where they work.
    async fn read_work(&mut self, client: &Client) {
        let visits = format!("{{ id jobPlacements {{ id followUps {} }} }}", all_of("JobFollowUp", 1));
        self.page_through(client, "persons", &visits, "").await;
        for (list, object, depth) in
            [("employers", "Employer", 1), ("vacancies", "Vacancy", 1), ("jobEvents", "JobEvent", 2)]
        {
            self.page_through(client, list, &all_of(object, depth), "").await;
        }
    }

    /// Dwellings, who lets them and who lives there.
    async fn read_housing(&mut self, client: &Client) {
        for (list, object, depth) in [
            ("outreachActions", "OutreachAction", 1),
            ("owners", "Owner", 1),
            ("dwellings", "Dwelling", 2),
            ("leases", "Lease", 2),
        ] {
            self.page_through(client, list, &all_of(object, depth), "").await;
        }
    }

    /// One movement of each kind and stock kind.
    async fn read_movements(&mut self, world: &World, client: &Client) {
        let statement = "SELECT DISTINCT ON (m.kind, c.stock_kind) m.id FROM movements m \
             JOIN lots l ON l.id = m.lot_id JOIN items i ON i.id = l.item_id JOIN categories c ON c.id = i.category_id \
             ORDER BY m.kind, c.stock_kind, m.id";
        for row in world.database().await.query(statement, &[]).await.unwrap() {
            let id = enlace_schema::GlobalId { kind: "movement".into(), uuid: row.get(0) };
            let document =
                format!("{{ node(id: \"{id}\") {{ ... on Movement {} }} }}", all_of("Movement", 2));
            let answer = ask(client, &document, json!({})).await;
            let id = self.absorb(at(&answer, "data.node"));
            self.movements.push(id);
        }
        assert!(self.movements.len() > 6, "the demonstration has movements of several kinds");
    }

    /// Keeps a record and those inside it; its id.
    fn absorb(&mut self, record: &Json) -> String {
        let Json::Object(members) = record else { panic!("no record: {record}") };
        let id = members["id"].as_str().unwrap().to_owned();
        for (name, value) in members {
            let value = match value {
                Json::Object(_) => json!({"id": self.absorb(value)}),
                Json::Array(values) if values.iter().all(Json::is_object) => {
                    values.iter().map(|value| json!({"id": self.absorb(value)})).collect()
                }
                other => other.clone(),
            };
            self.records.entry(id.clone()).or_default().insert(name.clone(), value);
        }
        id
    }

    /// A list's ids, in its order.
    pub(crate) fn list(&self, name: &str) -> &[String] {
        self.lists.get(name).unwrap_or_else(|| panic!("no list {name}"))
    }

    /// A member of a record.
    pub(crate) fn value(&self, id: &str, name: &str) -> &Json {
        self.records[id].get(name).unwrap_or_else(|| panic!("{id} was read without {name}"))
    }

    /// All ids, sorted.
    pub(crate) fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The types of the records, by name.
    pub(crate) fn objects(&self) -> Vec<&str> {
        self.by_object.keys().map(String::as_str).collect()
    }

    /// The ids of the records of a type, sorted.
    pub(crate) fn of_object(&self, object: &str) -> &[String] {
        &self.by_object[object]
    }

    /// The object type of a record.
    pub(crate) fn object(&self, id: &str) -> &str {
        self.value(id, "__typename").as_str().unwrap()
    }

    /// What a rule may ask of a record.
    pub(crate) fn facts(&self, id: &str) -> &Facts {
        self.facts.get(id).unwrap_or_else(|| panic!("no record {id}"))
    }

    /// What a rule may ask of a record at an instant.
    fn read_facts(&self, id: &str, now: DateTime<Utc>) -> Facts {
        let follow = |edge: &str| self.read_facts(self.value(id, edge)["id"].as_str().unwrap(), now);
        let text = |name: &str| self.value(id, name).as_str().map(str::to_owned);
        // The code of the shelter or agency at the end of an edge.
        let code = |edge: &str| {
            let end = self.value(id, edge)["id"].as_str()?;
            self.value(end, "code").as_str().map(str::to_owned)
        };
        match self.object(id) {
            "User" => Facts { account: text("subject"), ..Facts::default() },
            "Grant" => follow("user"),
            "Category" => Facts { stock_kind: text("stockKind"), ..Facts::default() },
            "Donor" => Facts { donor_agency: code("agency"), ..Facts::default() },
            "CatalogueItem" => follow("category"),
            "Donation" | "ImportMapping" => follow("donor"),
            "Stay" | "Episode" | "Departure" | "WorkProfile" | "JobPlacement" | "RfcProcedure"
            | "JobAttendance" => follow("person"),
            "DepartureFollowUp" => follow("departure"),
            "Intake" => {
                let taker = self.value(id, "takenBy").as_str().unwrap();
                let open = *self.value(id, "state") == "OPEN";
                let subject = || self.value(taker, "subject").as_str().unwrap().to_owned();
                let intake = if open { Intake::TakenBy(subject()) } else { Intake::HandedOn };
                Facts { intake: Some(intake), ..follow("person") }
            }
            "Tenancy" => follow("tenant"),
            "DwellingVisit" => follow("dwelling"),
            "Lease" | "Dwelling" => {
                Facts { shared_with: self.shares_of_tenants(id, now), ..Facts::default() }
            }
            "Incident" => Facts { lodges_in: code("shelter"), ..Facts::default() },
            "IncidentFollowUp" | "InvolvedPerson" => follow("incident"),
            "DonationItem" => Facts { stock_kind: follow("category").stock_kind, ..follow("donor") },
            "Stock" | "Movement" | "ShipmentLine" | "ReservationLine" | "StockCountLine"
            | "ContainerLine" | "MealInput" => follow("lot"),
            "SupplyRequestLine" | "KitLine" => follow("item"),
            "Person" => Facts {
                lodges_in: code("shelter"),
                minor: self.value(id, "minor").as_bool(),
                shared_with: self.shares(id, now),
                ..Facts::default()
            },
            "Household" => {
                let members = self.value(id, "members").as_array().unwrap();
                let shares =
                    members.iter().flat_map(|member| self.shares(member["id"].as_str().unwrap(), now));
                Facts { lodges_in: code("shelter"), shared_with: shares.collect(), ..Facts::default() }
            }
            "HouseholdDelivery" | "HouseholdDeliveryLine" => {
                Facts { to_a_household: true, ..Facts::default() }
            }
            "Consent" => Facts { recipient: code("recipient"), ..follow("person") },
            "Referral" => Facts { recipient: code("recipient"), agency: code("sender"), ..follow("person") },
            "CustodyTransfer" => {
                Facts { recipient: code("recipient"), handed_on_by: code("sender"), ..follow("person") }
            }
            "Attendance" => follow("enrolment"),
            "Enrolment" | "SchoolPlace" | "Revalidation" => {
                Facts { agency: code("agency"), ..follow("person") }
            }
            "Employer" | "Volunteer" => Facts { agency: code("agency"), ..Facts::default() },
            "Screening" => follow("volunteer"),
            "PressVisit" => Facts { of_the_press: true, ..Facts::default() },
            "Vacancy" => follow("employer"),
            "JobApplication" => Facts { agency: follow("vacancy").agency, ..follow("person") },
            "JobFollowUp" => follow("jobPlacement"),
            _ => Facts::default(),
        }
    }

    /// With whom, and for what, data of those who live by a lease, or in a dwelling, is shared at an instant.
    fn shares_of_tenants(&self, id: &str, now: DateTime<Utc>) -> BTreeSet<String> {
        let ids = |of: &str, edge: &str| -> Vec<String> {
            let rows = self.value(of, edge).as_array().unwrap();
            rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
        };
        let leases = if self.object(id) == "Dwelling" { ids(id, "leases") } else { vec![id.to_owned()] };
        let tenancies = leases.iter().flat_map(|lease| ids(lease, "tenancies"));
        let tenants =
            tenancies.map(|tenancy| self.value(&tenancy, "tenant")["id"].as_str().unwrap().to_owned());
        tenants.flat_map(|tenant| self.shares(&tenant, now)).collect()
    }

    /// With whom, and for what, a person's data is shared at an instant.
    fn shares(&self, person: &str, now: DateTime<Utc>) -> BTreeSet<String> {
        let of = |edge: &str| {
            self.value(person, edge).as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap())
        };
        let instant = |id: &str, name: &str| {
            self.value(id, name).as_str().map(|text| text.parse::<DateTime<Utc>>().unwrap())
        };
        let is_over = |id: &str, end: &str| instant(id, end).is_some_and(|end| end <= now);
        let has_begun = |id: &str, start: &str| instant(id, start).is_some_and(|start| start <= now);
        let consents = of("consents")
            .filter(|id| has_begun(id, "givenAt") && !is_over(id, "endsAt") && !is_over(id, "withdrawnAt"));
        let referrals = of("referrals")
            .filter(|id| has_begun(id, "acceptedAt") && !is_over(id, "endedAt") && !is_over(id, "endsAt"));
        let share = |id: &str| {
            let recipient = self.value(id, "recipient")["id"].as_str().unwrap();
            let texts = [self.value(recipient, "code"), self.value(id, "purpose")];
            texts.map(|text| text.as_str().unwrap()).join("/")
        };
        let carried = |id: &str| match self.value(id, "classes").as_array() {
            Some(classes) => {
                classes.iter().map(|class| format!("{}/{}", share(id), class.as_str().unwrap())).collect()
            }
            None => vec![share(id)],
        };
        consents.map(share).chain(referrals.flat_map(carried)).collect()
    }

    /// What `viewer` shows a caller, with what changes by the second left out.
    pub(crate) fn viewer(&self, caller: &Caller) -> Map<String, Json> {
        let user = caller.token.as_deref().map(|token| {
            let (_, roles) = token.split_once('/').unwrap();
            roles.split('@').next().unwrap().split('+').collect::<Vec<_>>()
        });
        let agency = self.list("agencies").iter().find(|id| *self.value(id, "code") == *caller.agency);
        let mut roles = user.clone().unwrap_or_default();
        roles.sort_unstable();
        let viewer = json!({
            "subject": user.is_some().then(|| caller.subject()),
            "roles": roles,
            "shelters": caller.shelters,
            "agreementInForce": caller.token.as_ref().map(|_| caller.in_force),
            "programme": "Plan Integral de Atención al Migrante (datos sintéticos)",
            "synthetic": true,
            "policyVersion": caller.policies().version(),
            "agency": agency.map(|id| json!({"id": id})),
        });
        let Json::Object(viewer) = viewer else { panic!("an object") };
        viewer
    }
}

async fn ask(client: &Client, document: &str, variables: Json) -> Json {
    let answer = client.run(document, variables).await;
    assert!(errors(&answer).is_empty() && answer["data"].is_object(), "{answer}");
    answer
}

/// A selection of all fields of a type, and of those that it leads to, down to a depth; at the end only ids.
fn all_of(object: &str, depth: usize) -> String {
    let object = SCHEMA.object(object);
    let fields = object.fields.values().map(|field| match SCHEMA.target(field) {
        None => field.name.to_string(),
        Some(target) if depth > 1 => format!("{} {}", field.name, all_of(&target.name, depth - 1)),
        Some(_) => format!("{} {{ __typename id }}", field.name),
    });
    format!("{{ __typename {} }}", fields.collect::<Vec<_>>().join(" "))
}
