//! The lists in their order, with their cursors, as one caller pages through them.

use std::collections::{BTreeMap, HashMap};

use enlace_tests::{Client, World, at};
use serde_json::{Value as Json, json};

use super::pseudonyms::Pseudonyms;
use super::sights::Caller;
use super::{Snapshot, errors};

/// A row of a list, by its id and its cursor there.
pub(crate) type Place = (String, String);

/// See the module.
#[derive(Default)]
pub(crate) struct Pages {
    /// All lots in the order of receipt.
    pub(crate) lots: Vec<Place>,
    /// All donors in the order of registration, and all donations in the order of recording.
    pub(crate) donors: Vec<Place>,
    pub(crate) donations: Vec<Place>,
    /// What stores ask for, and what is sent to them.
    pub(crate) requests: Vec<Place>,
    pub(crate) shipments: Vec<Place>,
    /// What is kept for a while.
    pub(crate) reservations: Vec<Place>,
    /// What was given to households.
    pub(crate) deliveries: Vec<Place>,
    /// Counts of what lies in stores.
    pub(crate) counts: Vec<Place>,
    /// In what state shelters were found.
    pub(crate) checks: Vec<Place>,
    /// Boxes and pallets.
    pub(crate) containers: Vec<Place>,
    /// What was inspected, and what was found.
    pub(crate) inspections: Vec<Place>,
    pub(crate) findings: Vec<Place>,
    /// What happened in shelters.
    pub(crate) incidents: Vec<Place>,
    /// The groups in which courses are taught.
    pub(crate) groups: Vec<Place>,
    /// What shelters eat.
    pub(crate) meals: Vec<Place>,
    /// Everyone in the order of registration, their households, and their referrals.
    pub(crate) people: Vec<Place>,
    pub(crate) households: Vec<Place>,
    pub(crate) referrals: Vec<Place>,
    /// The members of the largest households as `persons(household:)` lists them.
    pub(crate) families: BTreeMap<String, Vec<Place>>,
    /// What each store holds.
    pub(crate) stock: HashMap<String, Vec<Place>>,
}

/// A witness's pages, in its own order, by the ids that it is not told; and how it knows them.
pub(crate) struct Witness {
    pub(crate) known_as: Pseudonyms,
    pub(crate) pages: Pages,
}

const MOST_ROWS: usize = 500;

/// Every node of a list, with its cursor.
pub(super) async fn page_through(
    client: &Client,
    list: &str,
    node: &str,
    arguments: &str,
) -> Vec<(Json, String)> {
    let document = format!(
        "query($after: String) {{ {list}(first: {MOST_ROWS}, after: $after{arguments}) {{ edges {{ cursor node {node} }} }} }}"
    );
    let mut rows: Vec<(Json, String)> = Vec::new();
    loop {
        let after = rows.last().map(|(_, cursor)| cursor);
        let answer = client.run(&document, json!({"after": after})).await;
        assert!(errors(&answer).is_empty() && answer["data"].is_object(), "{answer}");
        let edges = at(&answer, &format!("data.{list}.edges")).as_array().unwrap();
        rows.extend(
            edges.iter().map(|edge| (edge["node"].clone(), edge["cursor"].as_str().unwrap().to_owned())),
        );
        if edges.len() < MOST_ROWS {
            return rows;
        }
    }
}

impl Witness {
    /// As a witness is answered in a world. It sees all records of these lists, as the snapshot does.
    pub(super) async fn asking(world: &World, snapshot: &Snapshot, caller: &Caller) -> Self {
        let client = super::client(world, caller);
        let known_as = Pseudonyms::of(&world.scratch, &caller.agency).await;
        let read = async |list: &str, arguments: String| -> Vec<Place> {
            let rows = page_through(&client, list, "{ id }", &known_as.hide(&arguments)).await;
            let place =
                |(node, cursor): (Json, String)| (known_as.reveal(node["id"].as_str().unwrap()), cursor);
            rows.into_iter().map(place).collect()
        };
        let all = &snapshot.pages;
        let mut pages = Pages {
            lots: read("donationItems", String::new()).await,
            donors: read("donors", String::new()).await,
            donations: read("donations", String::new()).await,
            requests: read("requests", String::new()).await,
            shipments: read("shipments", String::new()).await,
            reservations: read("reservations", String::new()).await,
            deliveries: read("householdDeliveries", String::new()).await,
            counts: read("stockCounts", String::new()).await,
            containers: read("containers", String::new()).await,
            checks: read("facilityChecks", String::new()).await,
            meals: read("mealServices", String::new()).await,
            inspections: read("inspections", String::new()).await,
            findings: read("inspectionFindings", String::new()).await,
            incidents: read("incidents", String::new()).await,
            groups: read("courseGroups", String::new()).await,
            people: read("persons", String::new()).await,
            households: read("households", String::new()).await,
            referrals: read("referrals", String::new()).await,
            ..Pages::default()
        };
        for household in all.families.keys() {
            let members = read("persons", format!(", household: \"{household}\"")).await;
            pages.families.insert(household.clone(), members);
        }
        for location in all.stock.keys() {
            let held = read("stock", format!(", location: \"{location}\"")).await;
            pages.stock.insert(location.clone(), held);
        }
        for (own, known) in pages.lists().zip(all.lists()) {
            let sorted = |places: &[Place]| {
                let mut ids: Vec<String> = places.iter().map(|(id, _)| id.clone()).collect();
                ids.sort_unstable();
                ids
            };
            assert_eq!(sorted(own), sorted(known), "{}: each record once, and no other", caller.name());
        }
        Self { known_as, pages }
    }
}

impl Pages {
    /// Every list, in an order that is the same for all callers.
    fn lists(&self) -> impl Iterator<Item = &[Place]> {
        let stock: BTreeMap<_, _> = self.stock.iter().collect();
        let goods = [&self.lots, &self.donors, &self.donations, &self.requests, &self.shipments].into_iter();
        let goods = goods.chain([&self.counts, &self.containers, &self.checks, &self.meals]);
        let goods = goods.chain([&self.inspections, &self.findings, &self.incidents, &self.groups]);
        let lists = goods.chain([
            &self.reservations,
            &self.deliveries,
            &self.people,
            &self.households,
            &self.referrals,
        ]);
        lists.chain(self.families.values()).chain(stock.into_values()).map(Vec::as_slice)
    }
}
