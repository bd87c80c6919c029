//! A stock executor over the snapshot, which nulls and notes what a caller may not see.

use std::cell::RefCell;
use std::collections::BTreeMap;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue, serde_json_bytes};
use enlace_tests::World;
use serde_json::{Map, Value as Json, json};

use super::lists::Lists;
use super::pages::{Pages, Place, Witness};
use super::sights::{Caller, Facts};
use super::{SCHEMA, Snapshot, class_of, found_by, is_scoped, is_withheld};

/// How a caller's documents ought to be answered.
pub(crate) struct Reference<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) caller: &'a Caller,
    /// How the caller knows records, where it may not recognise them.
    pub(crate) witness: Option<Witness>,
}

/// What a document ought to be answered with.
pub(crate) struct Expected {
    /// The data, its keys in the order of the document.
    pub(crate) data: Json,
    /// By coordinate: where it was asked for, and which of these places are refused.
    pub(crate) asked: BTreeMap<String, Asked>,
}

/// The places of one coordinate in a response, in order.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// How many there are.
    pub(crate) places: usize,
    /// Which of them are refused, and their paths.
    pub(crate) refused: Vec<(usize, Json)>,
}

impl Asked {
    /// The positions of the refused places: first and last of each run of them.
    pub(crate) fn ranges(&self) -> Vec<(usize, usize)> {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for (position, _) in &self.refused {
            match ranges.last_mut() {
                Some((_, to)) if *to + 1 == *position => *to = *position,
                _ => ranges.push((*position, *position)),
            }
        }
        ranges
    }
}

impl Expected {
    /// The coordinates that are refused somewhere.
    pub(crate) fn refused(&self) -> BTreeMap<&str, &Asked> {
        let refused = self.asked.iter().filter(|(_, asked)| !asked.refused.is_empty());
        refused.map(|(coordinate, asked)| (coordinate.as_str(), asked)).collect()
    }
}

impl<'a> Reference<'a> {
    /// For a caller in a world.
    pub(crate) async fn asking(world: &World, snapshot: &'a Snapshot, caller: &'a Caller) -> Self {
        let witness =
            if caller.recognises() { None } else { Some(Witness::asking(world, snapshot, caller).await) };
        Self { snapshot, caller, witness }
    }

    /// The lists as the caller pages through them.
    fn pages(&self) -> &Pages {
        self.witness.as_ref().map_or(&self.snapshot.pages, |witness| &witness.pages)
    }

    /// A text as the caller writes or reads it: with its pseudonyms in place of ids that it may not know.
    pub(crate) fn known(&self, text: &str) -> String {
        self.witness.as_ref().map_or_else(|| text.to_owned(), |witness| witness.known_as.hide(text))
    }

    /// Answers an operation of a document, by the ids that the caller may not know.
    pub(crate) fn answer(&self, document: &str, operation: Option<&str>, variables: &Json) -> Expected {
        let document = ExecutableDocument::parse_and_validate(&SCHEMA.0, document, "document.graphql")
            .unwrap_or_else(|faulty| panic!("{document}\n{}", faulty.errors));
        let variables: JsonMap = serde_json_bytes::from_value(variables.clone().into()).unwrap();
        let run = Run {
            reference: self,
            viewer: self.snapshot.viewer(self.caller),
            lists: Lists::of(&document, operation, &variables, self.caller),
            asked: RefCell::default(),
        };
        let answered = Execution::new(&SCHEMA.0, &document)
            .operation_name(operation)
            .unwrap()
            .raw_variable_values(&variables)
            .execute_sync(&Thing { run: &run, kind: Kind::Query, path: Vec::new(), listed: true })
            .unwrap();
        assert!(answered.errors.is_empty(), "{:?}", answered.errors);
        let data = serde_json::to_value(answered.data.unwrap()).unwrap();
        Expected { data, asked: run.asked.into_inner() }
    }
}

struct Run<'a> {
    reference: &'a Reference<'a>,
    viewer: Map<String, Json>,
    lists: Lists,
    asked: RefCell<BTreeMap<String, Asked>>,
}

/// An object of a response.
struct Thing<'a> {
    run: &'a Run<'a>,
    kind: Kind<'a>,
    path: Vec<Json>,
    /// Whether it stands in a list, where no minor has an identity. All does, but what a root shows alone.
    listed: bool,
}

#[derive(Clone)]
enum Kind<'a> {
    Query,
    Viewer,
    Record(&'a str),
    Connection { node: &'static str, page: Page<'a> },
    Edge { node: &'static str, place: &'a Place },
    PageInfo(Page<'a>),
}

/// A page of a list.
#[derive(Clone)]
struct Page<'a> {
    places: Vec<&'a Place>,
    total: usize,
    more_before: bool,
    more_after: bool,
}

impl<'a> Run<'a> {
    fn snapshot(&self) -> &'a Snapshot {
        self.reference.snapshot
    }

    fn sees_record(&self, class: &str, id: &str) -> bool {
        self.reference.caller.sees(class, self.snapshot().facts(id))
    }

    /// Whether a record is within reach.
    fn reaches(&self, id: &str) -> bool {
        found_by(self.snapshot().object(id)).is_some_and(|class| self.sees_record(class, id))
    }

    /// What of a list is within reach: `first` or `last` rows of it.
    fn page(&self, list: &'a [Place], arguments: &JsonMap) -> Page<'a> {
        let all: Vec<&Place> = list.iter().filter(|(id, _)| self.reaches(id)).collect();
        let asked = |name: &str| {
            arguments.get(name).and_then(JsonValue::as_u64).map(|rows| usize::try_from(rows).unwrap())
        };
        let total = all.len();
        match (asked("first"), asked("last")) {
            (None, Some(at_end)) => {
                let from = total.saturating_sub(at_end);
                Page { places: all[from..].to_vec(), total, more_before: from > 0, more_after: false }
            }
            (first, _) => {
                let to = first.unwrap_or(50).min(total);
                Page { places: all[..to].to_vec(), total, more_before: false, more_after: to < total }
            }
        }
    }

    /// Notes that a coordinate was asked for, and whether its class lets it through.
    fn gate(&self, object: &str, field: &str, open: bool, path: &[Json]) {
        let mut asked = self.asked.borrow_mut();
        let asked = asked.entry(format!("{object}.{field}")).or_default();
        if !open {
            asked.refused.push((asked.places, Json::Array(path.to_vec())));
        }
        asked.places += 1;
    }
}

impl Thing<'_> {
    fn child<'b>(&'b self, kind: Kind<'b>, path: Vec<Json>) -> ResolvedValue<'b> {
        self.placed(kind, path, self.listed)
    }

    /// What a root shows.
    fn placed<'b>(&'b self, kind: Kind<'b>, path: Vec<Json>, listed: bool) -> ResolvedValue<'b> {
        ResolvedValue::object(Thing { run: self.run, kind, path, listed })
    }

    fn list<'b>(&'b self, kinds: impl Iterator<Item = Kind<'b>>, path: &[Json]) -> ResolvedValue<'b> {
        let items: Vec<_> = kinds
            .enumerate()
            .map(|(index, kind)| {
                let mut path = path.to_vec();
                path.push(json!(index));
                self.child(kind, path)
            })
            .collect();
        ResolvedValue::list(items)
    }

    fn sees(&self, class: &str) -> bool {
        let caller = self.run.reference.caller;
        match &self.kind {
            Kind::Record(id) if self.listed => caller.sees_listed(class, self.run.snapshot().facts(id)),
            Kind::Record(id) => self.run.sees_record(class, id),
            Kind::Viewer => {
                let own_account = caller.token.is_some();
                caller.sees(class, &Facts { own_account, ..Facts::default() })
            }
            _ => caller.sees(class, &Facts::default()),
        }
    }

    fn root<'b>(&'b self, field: &str, info: &ResolveInfo<'_>, path: Vec<Json>) -> ResolvedValue<'b> {
        let (run, snapshot, pages) = (self.run, self.run.snapshot(), self.run.reference.pages());
        let argument = |name: &str| info.arguments().get(name).and_then(JsonValue::as_str).unwrap();
        match field {
            "viewer" => self.child(Kind::Viewer, path),
            "agencies" | "shelters" | "centres" | "locations" | "categories" | "catalogue" | "campaigns"
            | "kits" | "entitlements" | "kitchens" | "courses" | "schools" => {
                let class = class_of(info.field_definition()).unwrap();
                let ids = snapshot.list(field).iter().filter(|id| run.sees_record(class, id));
                self.list(ids.map(|id| Kind::Record(id)), &path)
            }
            "donationItems" => {
                let page = run.page(&pages.lots, info.arguments());
                self.child(Kind::Connection { node: "DonationItem", page }, path)
            }
            "donors" => {
                let page = run.page(&pages.donors, info.arguments());
                self.child(Kind::Connection { node: "Donor", page }, path)
            }
            "donations" => {
                let page = run.page(&pages.donations, info.arguments());
                self.child(Kind::Connection { node: "Donation", page }, path)
            }
            "requests" => {
                let page = run.page(&pages.requests, info.arguments());
                self.child(Kind::Connection { node: "SupplyRequest", page }, path)
            }
            "shipments" => {
                let page = run.page(&pages.shipments, info.arguments());
                self.child(Kind::Connection { node: "Shipment", page }, path)
            }
            "reservations" => {
                let page = run.page(&pages.reservations, info.arguments());
                self.child(Kind::Connection { node: "Reservation", page }, path)
            }
            "householdDeliveries" => {
                let page = run.page(&pages.deliveries, info.arguments());
                self.child(Kind::Connection { node: "HouseholdDelivery", page }, path)
            }
            "containers" => {
                let page = run.page(&pages.containers, info.arguments());
                self.child(Kind::Connection { node: "Container", page }, path)
            }
            "facilityChecks" => {
                let page = run.page(&pages.checks, info.arguments());
                self.child(Kind::Connection { node: "FacilityCheck", page }, path)
            }
            "inspections" => {
                let page = run.page(&pages.inspections, info.arguments());
                self.child(Kind::Connection { node: "Inspection", page }, path)
            }
            "incidents" => {
                let page = run.page(&pages.incidents, info.arguments());
                self.child(Kind::Connection { node: "Incident", page }, path)
            }
            "courseGroups" => {
                let page = run.page(&pages.groups, info.arguments());
                self.child(Kind::Connection { node: "CourseGroup", page }, path)
            }
            "inspectionFindings" => {
                let page = run.page(&pages.findings, info.arguments());
                self.child(Kind::Connection { node: "InspectionFinding", page }, path)
            }
            "mealServices" => {
                let page = run.page(&pages.meals, info.arguments());
                self.child(Kind::Connection { node: "MealService", page }, path)
            }
            "stockCounts" => {
                let page = run.page(&pages.counts, info.arguments());
                self.child(Kind::Connection { node: "StockCount", page }, path)
            }
            "stock" => {
                let held = pages.stock.get(argument("location")).map_or(&[][..], Vec::as_slice);
                let page = run.page(held, info.arguments());
                self.child(Kind::Connection { node: "Stock", page }, path)
            }
            "persons" => {
                let household = info.arguments().get("household").and_then(JsonValue::as_str);
                let people = household.map_or(&pages.people, |household| &pages.families[household]);
                let page = run.page(people, info.arguments());
                let listed = run.lists.is_list(info.field_selections()[0]);
                self.placed(Kind::Connection { node: "Person", page }, path, listed)
            }
            "households" => {
                let page = run.page(&pages.households, info.arguments());
                self.child(Kind::Connection { node: "Household", page }, path)
            }
            "referrals" => {
                let page = run.page(&pages.referrals, info.arguments());
                self.child(Kind::Connection { node: "Referral", page }, path)
            }
            "node" => {
                let asked = argument("id");
                let found = snapshot.ids().binary_search_by(|id| id.as_str().cmp(asked)).ok();
                let found = found.map(|place| snapshot.ids()[place].as_str()).filter(|id| run.reaches(id));
                let listed = run.lists.is_list(info.field_selections()[0]);
                found.map_or_else(ResolvedValue::null, |id| self.placed(Kind::Record(id), path, listed))
            }
            other => panic!("no reference for the root {other}"),
        }
    }

    /// A value of a record: a scalar, or the records that it is related to.
    fn value<'b>(&'b self, value: &'b Json, info: &ResolveInfo<'_>, path: Vec<Json>) -> ResolvedValue<'b> {
        if SCHEMA.target(info.field_definition()).is_none() {
            let leaf = |value: &Json| ResolvedValue::leaf(serde_json_bytes::Value::from(value.clone()));
            return match value {
                Json::Array(values) => ResolvedValue::list(values.iter().map(leaf).collect::<Vec<_>>()),
                value => leaf(value),
            };
        }
        let record = |value: &'b Json| Kind::Record(value["id"].as_str().unwrap());
        // Some edges are scoped to the caller, as roots are.
        let seen = |value: &Json| {
            let id = value["id"].as_str().unwrap();
            let object = self.run.snapshot().object(id);
            !(object == "Stock" || is_scoped(object)) || self.run.reaches(id)
        };
        match value {
            Json::Null => ResolvedValue::null(),
            Json::Array(values) => {
                let mut values: Vec<&Json> = values.iter().filter(|value| seen(value)).collect();
                // People, and what tells of several of them, come in the order of their ids, as the caller knows them.
                if is_of_people(values.first().copied(), self.run.snapshot()) {
                    values
                        .sort_by_cached_key(|value| self.run.reference.known(value["id"].as_str().unwrap()));
                }
                self.list(values.into_iter().map(record), &path)
            }
            value if seen(value) => self.child(record(value), path),
            _ => ResolvedValue::null(),
        }
    }
}

/// Whether a list is one of people.
fn is_of_people(first: Option<&Json>, snapshot: &Snapshot) -> bool {
    first.is_some_and(|first| {
        matches!(
            snapshot.object(first["id"].as_str().unwrap()),
            "Person" | "InvolvedPerson" | "Enrolment" | "Attendance" | "JobAttendance" | "Tenancy"
        )
    })
}

impl ObjectValue for Thing<'_> {
    fn type_name(&self) -> &str {
        match &self.kind {
            Kind::Query => "Query",
            Kind::Viewer => "Viewer",
            Kind::Record(id) => self.run.snapshot().object(id),
            Kind::Connection { node, .. } => paged(node).0,
            Kind::Edge { node, .. } => paged(node).1,
            Kind::PageInfo(_) => "PageInfo",
        }
    }

    fn resolve_field<'b>(&'b self, info: &'b ResolveInfo<'b>) -> Result<ResolvedValue<'b>, FieldError> {
        let field = info.field_name();
        let mut path = self.path.clone();
        path.push(json!(info.field_selections()[0].response_key().as_str()));
        if let Some(class) = class_of(info.field_definition()) {
            let target = SCHEMA.target(info.field_definition()).map(|target| target.name.as_str());
            let open = match &self.kind {
                // An edge that leaves out what is beyond reach is refused where all of it is.
                Kind::Record(_) if target.is_some_and(is_scoped) => {
                    target.is_some_and(|target| self.run.reference.caller.may_see(class, target))
                }
                // Which records a root shows is its own affair; here, whether it may be asked at all.
                Kind::Query => self.run.reference.caller.may_see(class, records_of(info)),
                _ => self.sees(class),
            };
            let open = open && !is_withheld(info.field_definition(), self.run.reference.caller);
            self.run.gate(self.type_name(), field, open, &path);
            if !open {
                return Ok(ResolvedValue::null());
            }
        }
        Ok(match &self.kind {
            Kind::Query => self.root(field, info, path),
            Kind::Viewer => self.value(&self.run.viewer[field], info, path),
            Kind::Record(id) => self.value(self.run.snapshot().value(id, field), info, path),
            Kind::Connection { node, page } => match field {
                "nodes" => self.list(page.places.iter().map(|(id, _)| Kind::Record(id)), &path),
                "edges" => self.list(page.places.iter().map(|place| Kind::Edge { node, place }), &path),
                "pageInfo" => self.child(Kind::PageInfo(page.clone()), path),
                "totalCount" => ResolvedValue::leaf(page.total),
                other => panic!("no reference for {other}"),
            },
            Kind::Edge { place: (id, cursor), .. } => match field {
                "node" => self.child(Kind::Record(id), path),
                _ => ResolvedValue::leaf(cursor.as_str()),
            },
            Kind::PageInfo(page) => match field {
                "hasNextPage" => ResolvedValue::leaf(page.more_after),
                "hasPreviousPage" => ResolvedValue::leaf(page.more_before),
                "startCursor" => cursor(page.places.first()),
                _ => cursor(page.places.last()),
            },
        })
    }
}

/// The types of a connection and of its edges.
fn paged(node: &str) -> (&'static str, &'static str) {
    match node {
        "Stock" => ("StockConnection", "StockEdge"),
        "DonationItem" => ("DonationItemConnection", "DonationItemEdge"),
        "Donor" => ("DonorConnection", "DonorEdge"),
        "Donation" => ("DonationConnection", "DonationEdge"),
        "SupplyRequest" => ("SupplyRequestConnection", "SupplyRequestEdge"),
        "Shipment" => ("ShipmentConnection", "ShipmentEdge"),
        "HouseholdDelivery" => ("HouseholdDeliveryConnection", "HouseholdDeliveryEdge"),
        "Reservation" => ("ReservationConnection", "ReservationEdge"),
        "Container" => ("ContainerConnection", "ContainerEdge"),
        "FacilityCheck" => ("FacilityCheckConnection", "FacilityCheckEdge"),
        "StockCount" => ("StockCountConnection", "StockCountEdge"),
        "MealService" => ("MealServiceConnection", "MealServiceEdge"),
        "Inspection" => ("InspectionConnection", "InspectionEdge"),
        "Incident" => ("IncidentConnection", "IncidentEdge"),
        "CourseGroup" => ("CourseGroupConnection", "CourseGroupEdge"),
        "InspectionFinding" => ("InspectionFindingConnection", "InspectionFindingEdge"),
        "Person" => ("PersonConnection", "PersonEdge"),
        "Household" => ("HouseholdConnection", "HouseholdEdge"),
        "Referral" => ("ReferralConnection", "ReferralEdge"),
        other => panic!("no page of {other}"),
    }
}

fn cursor<'b>(place: Option<&&Place>) -> ResolvedValue<'b> {
    place.map_or_else(ResolvedValue::null, |(_, cursor)| ResolvedValue::leaf(cursor.as_str()))
}

/// The type of the records that a root shows.
fn records_of<'i>(info: &ResolveInfo<'i>) -> &'i str {
    let name = info.field_definition().ty.inner_named_type().as_str();
    name.strip_suffix("Connection").unwrap_or(name)
}
