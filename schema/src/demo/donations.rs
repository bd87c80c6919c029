//! What was given: donors, lots, and the stores that hold them. What happened to it is the ledger's.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::containers;
use super::counts;
use super::{
    Random, STARTS_ON,
    agencies::{PROFILES, agency_id},
    catalogue::{self, CATALOGUE, Keeps},
    copy, giving, id,
    ledger::{Balance, Movement, balances, days_later, history},
    local, people, programme_id, reservations,
    shelters::{self, Shelter},
    start, supplies,
};

/// The articles that the programme received: the sum of the lots' quantities.
const ARTICLES: i32 = 48_963;

/// Lots received on each day.
const LOTS_PER_DAY: usize = 27;

/// How many days after the first arrivals the last lots are received, on 30 January 2022.
const RECEIVING_DAYS: usize = 52;

/// Private donors who are persons, and those who are organisations.
const PERSONS: u32 = 80;
const ORGANISATIONS: u32 = 40;

/// The warehouses, where every lot is received.
const WAREHOUSES: [(&str, &str); 2] = [("ALM-01", "Almacén Central"), ("ALM-02", "Almacén Oriente")];

/// The campaigns of collection: title, and their first and last days counted from the first arrivals. Private donors who bring
/// something to the second warehouse meanwhile bring it for the campaign.
const CAMPAIGNS: [(&str, u64, u64); 2] =
    [("Colecta de invierno", 4, 30), ("Cobijas y leche para Mexicali", 40, 90)];

/// The agency that gives blankets and food parcels only, and the codes of these categories.
const PARCEL_DONOR: &str = "DIF_ESTATAL";
const PARCELS: [&str; 2] = ["COB", "DES"];

row! {
    /// A category of items.
    Category in "categories" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        code: &'static str = TEXT,
        name: &'static str = TEXT,
        name_en: &'static str = TEXT,
        stock_kind: &'static str = TEXT,
    }
}

row! {
    /// An item of the catalogue.
    Item in "items" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        category_id: Uuid = UUID,
        code: String = TEXT,
        name: &'static str = TEXT,
        unit: &'static str = TEXT,
        perishable: bool = BOOL,
        minimum_stock: Option<i32> = INT4,
    }
}

row! {
    /// A donor.
    Donor in "donors" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        kind: &'static str = TEXT,
        agency_id: Option<Uuid> = UUID,
        name: String = TEXT,
        contact: Option<String> = TEXT,
    }
}

row! {
    /// How the lists of a donor are read.
    Mapping in "import_mappings" {
        id: Uuid = UUID,
        donor_id: Uuid = UUID,
        choice: &'static str = TEXT,
        days: &'static str = TEXT,
    }
}

row! {
    /// A warehouse or the store of a shelter.
    Location in "locations" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        code: String = TEXT,
        name: String = TEXT,
        kind: &'static str = TEXT,
        shelter_id: Option<Uuid> = UUID,
    }
}

row! {
    /// What one donor brought to one warehouse on one day.
    Donation in "donations" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        donor_id: Uuid = UUID,
        received_on: NaiveDate = DATE,
        received_at_id: Uuid = UUID,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
        campaign_id: Option<Uuid> = UUID,
    }
}

row! {
    /// A campaign of collection.
    Campaign in "campaigns" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        title: &'static str = TEXT,
        starts_on: NaiveDate = DATE,
        ends_on: NaiveDate = DATE,
    }
}

row! {
    /// A donated quantity of an item.
    Lot in "lots" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        item_id: Uuid = UUID,
        donor_id: Uuid = UUID,
        donation_id: Uuid = UUID,
        line: i32 = INT4,
        code: String = TEXT,
        condition: &'static str = TEXT,
        received: i32 = INT4,
        received_on: NaiveDate = DATE,
        received_at_id: Uuid = UUID,
        expires_on: Option<NaiveDate> = DATE,
        donor_reference: Option<String> = TEXT,
    }
}

/// The rows of this capability as they stand at an instant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    /// All categories.
    pub(super) categories: Vec<Category>,
    /// All items.
    pub(super) items: Vec<Item>,
    /// All donors, whether or not they have given yet.
    pub(super) donors: Vec<Donor>,
    /// Warehouses, and the stores of the shelters opened by then.
    pub(super) locations: Vec<Location>,
    /// Campaigns that had begun by then.
    pub(super) campaigns: Vec<Campaign>,
    /// Donations received by then.
    pub(super) donations: Vec<Donation>,
    /// Lots received by then.
    pub(super) lots: Vec<Lot>,
    /// What is where.
    pub(super) balances: Vec<Balance>,
    /// What shelters ask for, and what is sent to them.
    pub(super) supplies: supplies::Rows,
    /// What people are given.
    pub(super) giving: giving::Rows,
    /// What is kept for a while.
    reservations: reservations::Rows,
    /// What is packed.
    containers: containers::Rows,
    /// What was counted in stores.
    counts: counts::Rows,
    /// Movements up to then, in order of time.
    pub(super) movements: Vec<Movement>,
}

impl Rows {
    /// The lots that are food.
    pub(super) fn food(&self) -> BTreeSet<Uuid> {
        let food: BTreeSet<Uuid> = self
            .categories
            .iter()
            .filter(|category| category.stock_kind == "food")
            .map(|category| category.id)
            .collect();
        let items: BTreeSet<Uuid> =
            self.items.iter().filter(|item| food.contains(&item.category_id)).map(|item| item.id).collect();
        self.lots.iter().filter(|lot| items.contains(&lot.item_id)).map(|lot| lot.id).collect()
    }

    /// Makes them as they stand at the instant `now`.
    pub(super) fn generate(now: DateTime<Utc>) -> Self {
        let (categories, items, goods) = catalogue();
        let donors = donors();
        let shelters = shelters::all();
        let arrivals = arrivals(&goods, &donors);

        let mut trips = vec![];
        let mut movements: Vec<Movement> = arrivals
            .iter()
            .flat_map(|arrival| history(&arrival.lot, arrival.at, &shelters, &mut trips))
            .collect();
        let lots: Vec<&Lot> = arrivals.iter().map(|arrival| &arrival.lot).collect();
        movements.extend(counts::loss(&movements, &lots, &shelters));
        movements.retain(|movement| movement.occurred_at <= now);
        // In order of time, as the ids are.
        movements.sort_unstable_by_key(|movement| movement.id);

        let received: Vec<Arrival> = arrivals.into_iter().filter(|arrival| arrival.at <= now).collect();
        let donations = donations(&received, &donors);
        let lots: Vec<Lot> = received.into_iter().map(|arrival| arrival.lot).collect();
        let supplies = supplies::Rows::generate(trips, &movements, &lots, &items, &shelters, now);
        let balances = balances(&movements);
        let warehouses = WAREHOUSES.map(|(code, _)| warehouse_id(code));
        Self {
            reservations: reservations::Rows::generate(&items, &lots, &balances, &warehouses, now),
            giving: giving::Rows::generate(&items),
            categories,
            items,
            locations: locations(&shelters, now),
            campaigns: campaigns()
                .into_iter()
                .filter(|campaign| local(campaign.starts_on, 0) <= now)
                .collect(),
            donations,
            lots,
            donors,
            containers: containers::Rows::generate(&balances, &shelters, now),
            counts: counts::Rows::generate(&movements, &shelters, now),
            balances,
            supplies,
            movements,
        }
    }

    /// Has households given some of what left the stores of shelters, as they are owed it.
    pub(super) fn give(&mut self, people: &people::Rows) {
        self.giving.deliver(&mut self.movements, &self.lots, people);
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.categories).await?;
        copy(transaction, &self.items).await?;
        copy(transaction, &self.donors).await?;
        // The last organisation's lists name their columns in their own way.
        let last = self.donors.iter().rev().find(|donor| donor.kind == "ORGANISATION");
        let mapping = |donor: &Donor| Mapping {
            id: id("import_mappings", &donor.name, start()),
            donor_id: donor.id,
            choice: "item:Producto,quantity:C",
            days: "DAY_FIRST",
        };
        copy(transaction, &last.map(mapping).into_iter().collect::<Vec<_>>()).await?;
        copy(transaction, &self.locations).await?;
        self.giving.copy(transaction).await?;
        copy(transaction, &self.campaigns).await?;
        copy(transaction, &self.donations).await?;
        copy(transaction, &self.lots).await?;
        // Empty: what they come to is the ledger's to say.
        let opened = |balance: &Balance| Balance { quantity: 0, version: 0, ..*balance };
        copy(transaction, &self.balances.iter().map(opened).collect::<Vec<_>>()).await?;
        self.supplies.copy(transaction).await?;
        copy(transaction, &self.movements).await?;
        self.reservations.copy(transaction).await?;
        self.counts.copy(transaction).await?;
        self.containers.copy(transaction).await
    }
}

/// An item as lots are made of it.
struct Good {
    item_id: Uuid,
    category: &'static catalogue::Category,
}

/// The rows of the catalogue, and its items as lots are made of them.
fn catalogue() -> (Vec<Category>, Vec<Item>, Vec<Good>) {
    let (mut categories, mut items, mut goods) = (vec![], vec![], vec![]);
    for category in CATALOGUE {
        let category_id = id("categories", category.code, start());
        categories.push(Category {
            id: category_id,
            programme_id: programme_id(),
            code: category.code,
            name: category.name,
            name_en: category.name_en,
            stock_kind: category.stock_kind,
        });
        for (number, (name, unit)) in (1..).zip(category.items) {
            let code = format!("{}-{number:02}", category.code);
            let item_id = id("items", &code, start());
            items.push(Item {
                id: item_id,
                programme_id: programme_id(),
                category_id,
                code,
                name,
                unit,
                perishable: category.perishable,
                minimum_stock: category.minimum,
            });
            goods.push(Good { item_id, category });
        }
    }
    (categories, items, goods)
}

/// The agencies that may donate, then private persons and organisations.
fn donors() -> Vec<Donor> {
    let donor = |kind, agency_id, name: &str, contact| Donor {
        id: id("donors", name, start()),
        programme_id: programme_id(),
        kind,
        agency_id,
        name: name.to_owned(),
        contact,
    };
    let gives = |role: &&str| matches!(*role, "donor" | "partner");
    let agencies = PROFILES.iter().filter(|profile| profile.roles.iter().any(gives)).map(|profile| {
        let contact = format!("{}@example.org", profile.code.to_lowercase());
        donor("AGENCY", Some(agency_id(profile.code)), profile.name, Some(contact))
    });
    let persons = (1..=PERSONS).map(|number| {
        // Some leave no contact: a real null, beside those that a reader is refused.
        let contact = (number % 10 != 0).then(|| format!("donante{number:03}@example.org"));
        donor("PERSON", None, &format!("Donante sintético {number:03}"), contact)
    });
    let organisations = (1..=ORGANISATIONS).map(|number| {
        let contact = format!("empresa{number:03}@example.org");
        donor("ORGANISATION", None, &format!("Empresa donante sintética {number:03}"), Some(contact))
    });
    agencies.chain(persons).chain(organisations).collect()
}

/// The warehouses, the stores of the shelters that are open at the instant `now`, and the way between them.
fn locations(shelters: &[Shelter], now: DateTime<Utc>) -> Vec<Location> {
    let warehouses = WAREHOUSES.iter().map(|(code, name)| Location {
        id: warehouse_id(code),
        programme_id: programme_id(),
        code: (*code).to_owned(),
        name: (*name).to_owned(),
        kind: "WAREHOUSE",
        shelter_id: None,
    });
    let open = shelters.iter().filter(|shelter| local(shelter.opened_on, 0) <= now);
    let stores = open.map(|shelter| Location {
        id: store_id(shelter),
        programme_id: programme_id(),
        code: store_code(shelter),
        name: format!("Bodega del {}", shelter.name),
        kind: "SHELTER_STORE",
        shelter_id: Some(shelter.id),
    });
    let transit = Location {
        id: supplies::transit_id(),
        programme_id: programme_id(),
        code: "TRANSITO".to_owned(),
        name: "En tránsito".to_owned(),
        kind: "TRANSIT",
        shelter_id: None,
    };
    warehouses.chain(stores).chain([transit]).collect()
}

/// The id of the warehouse with this code.
fn warehouse_id(code: &str) -> Uuid {
    id("locations", code, start())
}

/// The id of a shelter's store.
pub(super) fn store_id(shelter: &Shelter) -> Uuid {
    id("locations", &store_code(shelter), local(shelter.opened_on, 0))
}

/// The code of a shelter's store: the shelter's with another prefix.
fn store_code(shelter: &Shelter) -> String {
    shelter.code.replace("ALB", "TDA")
}

/// A lot and the instant of its receipt.
struct Arrival {
    at: DateTime<Utc>,
    lot: Lot,
}

/// All lots, in the order of their receipt; their quantities add up to [`ARTICLES`].
fn arrivals(goods: &[Good], donors: &[Donor]) -> Vec<Arrival> {
    let (agencies, private): (Vec<&Donor>, Vec<&Donor>) =
        donors.iter().partition(|donor| donor.agency_id.is_some());
    let (all, parcels): (Vec<&Good>, Vec<&Good>) =
        (goods.iter().collect(), goods.iter().filter(|good| PARCELS.contains(&good.category.code)).collect());

    let slots = STARTS_ON.iter_days().skip(1).take(RECEIVING_DAYS).flat_map(|day| {
        let opening = local(day, 8);
        (0..).step_by(20).take(LOTS_PER_DAY).map(move |minutes| (day, opening + TimeDelta::minutes(minutes)))
    });
    let mut arrivals: Vec<Arrival> = (1..)
        .zip(slots)
        .filter_map(|(number, (day, at))| {
            let mut random = Random::seeded(&format!("lots/{number}"));
            let givers = if random.chance(40) { &agencies } else { &private };
            let donor = random.pick(givers)?;
            let gives_parcels = donor.agency_id == Some(agency_id(PARCEL_DONOR));
            let good = random.pick(if gives_parcels { &parcels } else { &all })?;
            Some(Arrival { at, lot: lot(number, day, at, donor, good, &mut random) })
        })
        .collect();
    share_out(ARTICLES, arrivals.iter_mut().map(|arrival| &mut arrival.lot.received).collect());
    let mut lines: BTreeMap<Uuid, i32> = BTreeMap::new();
    for Arrival { lot, .. } in &mut arrivals {
        let line = lines.entry(lot.donation_id).or_default();
        *line += 1;
        lot.line = *line;
    }
    arrivals
}

/// The campaigns of collection.
fn campaigns() -> Vec<Campaign> {
    let campaign = |(title, first, last): &(&'static str, u64, u64)| Campaign {
        id: id("campaigns", title, local(STARTS_ON + Days::new(*first), 0)),
        programme_id: programme_id(),
        title,
        starts_on: STARTS_ON + Days::new(*first),
        ends_on: STARTS_ON + Days::new(*last),
    };
    CAMPAIGNS.iter().map(campaign).collect()
}

/// The donations that lots came with.
fn donations(arrivals: &[Arrival], donors: &[Donor]) -> Vec<Donation> {
    let private: BTreeSet<Uuid> =
        donors.iter().filter(|donor| donor.agency_id.is_none()).map(|donor| donor.id).collect();
    let campaigns = campaigns();
    let [_, (collected_at, _)] = WAREHOUSES;
    let for_campaign = |lot: &Lot| {
        let is_collected =
            private.contains(&lot.donor_id) && lot.received_at_id == warehouse_id(collected_at);
        let lasts = |campaign: &&Campaign| (campaign.starts_on..=campaign.ends_on).contains(&lot.received_on);
        campaigns.iter().find(lasts).filter(|_| is_collected).map(|campaign| campaign.id)
    };
    let first_lines = arrivals.iter().filter(|arrival| arrival.lot.line == 1);
    let donation = |Arrival { at, lot }: &Arrival| Donation {
        id: lot.donation_id,
        programme_id: lot.programme_id,
        donor_id: lot.donor_id,
        received_on: lot.received_on,
        received_at_id: lot.received_at_id,
        recorded_at: *at,
        campaign_id: for_campaign(lot),
    };
    first_lines.map(donation).collect()
}

/// One lot. What it holds is only a weight until [`share_out`] has seen all lots.
fn lot(
    number: usize,
    received_on: NaiveDate,
    received_at: DateTime<Utc>,
    donor: &Donor,
    good: &Good,
    random: &mut Random,
) -> Lot {
    let code = format!("LOT-{number:04}");
    let condition = match good.category.keeps {
        Keeps::Used if random.chance(10) => "WORN",
        Keeps::Used if random.chance(40) => "GOOD",
        Keeps::Used | Keeps::New | Keeps::Days(..) => "NEW",
    };
    let expires_on = match good.category.keeps {
        Keeps::Used | Keeps::New => None,
        Keeps::Days(low, high) => Some(days_later(received_on, random.between(low, high))),
    };
    let [(central, _), (eastern, _)] = WAREHOUSES;
    let received = good.category.usual_lot * random.between(4, 16);
    let received_at_id = warehouse_id(if random.chance(65) { central } else { eastern });
    let donation = format!("{received_on}/{}/{received_at_id}", donor.id);
    Lot {
        id: id("lots", &code, received_at),
        programme_id: programme_id(),
        item_id: good.item_id,
        donor_id: donor.id,
        donation_id: id("donations", &donation, local(received_on, 8)),
        // Counted when all lots are there.
        line: 0,
        code,
        condition,
        received,
        received_on,
        received_at_id,
        expires_on,
        donor_reference: random.chance(85).then(|| format!("FOLIO-{number:05}")),
    }
}

/// Shares `total` out over `weights`, replacing each by its share: in proportion, and to the last article.
fn share_out(total: i32, weights: Vec<&mut i32>) {
    let sum = weights.iter().map(|weight| **weight).sum::<i32>().max(1);
    let mut left = total;
    let mut shares = weights;
    for share in &mut shares {
        **share = **share * total / sum;
        left -= **share;
    }
    // Rounding down leaves less than one article a lot.
    for share in shares {
        let one = left.min(1);
        *share += one;
        left -= one;
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::LazyLock};

    use crate::demo::ENDS_ON;

    use super::*;

    // Both are made once: a generation takes half a second where nothing is optimised.
    static AT_THE_END: LazyLock<Rows> = LazyLock::new(|| Rows::generate(local(ENDS_ON, 12)));
    static ON_THE_DEFAULT_DAY: LazyLock<Rows> =
        LazyLock::new(|| Rows::generate(local(ENDS_ON - Days::new(59), 12)));

    fn sum<'a>(movements: impl IntoIterator<Item = &'a Movement>, kind: &str) -> i32 {
        movements.into_iter().filter(|movement| movement.kind == kind).map(|movement| movement.quantity).sum()
    }

    #[test]
    fn the_articles_add_up_on_the_default_day_and_at_the_end() {
        let lots = &ON_THE_DEFAULT_DAY.lots;
        assert_eq!(lots.iter().map(|lot| lot.received).sum::<i32>(), ARTICLES);
        assert!(lots.iter().all(|lot| lot.received > 0));
        assert_eq!(lots.len(), LOTS_PER_DAY * RECEIVING_DAYS);
        assert_eq!(lots, &AT_THE_END.lots);
    }

    #[test]
    fn every_lot_is_a_line_of_one_donation() {
        let made = &AT_THE_END;
        let mut lines: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        for lot in &made.lots {
            lines.entry(lot.donation_id).or_default().push(lot.line);
        }
        assert_eq!(lines.len(), made.donations.len());
        for donation in &made.donations {
            let of = lines.get(&donation.id).unwrap();
            assert!(of.iter().copied().eq(1..=i32::try_from(of.len()).unwrap()), "{of:?}");
        }
        assert!(lines.values().any(|lines| lines.len() > 1));
    }

    #[test]
    fn shares_are_in_proportion_and_complete() {
        let mut weights = [10, 20, 70, 0];
        share_out(1_003, weights.iter_mut().collect());
        assert_eq!(weights.iter().sum::<i32>(), 1_003);
        assert_eq!(weights, [101, 200, 702, 0]);
        share_out(5, vec![]);
    }

    #[test]
    fn stock_is_never_negative() {
        let mut stock = BTreeMap::new();
        for movement in &AT_THE_END.movements {
            if let Some(from) = movement.from_id {
                let left = stock.entry((movement.lot_id, from)).or_insert(0);
                *left -= movement.quantity;
                assert!(*left >= 0, "{movement:?}");
            }
            if let Some(to) = movement.to_id {
                *stock.entry((movement.lot_id, to)).or_insert(0) += movement.quantity;
            }
        }
    }

    #[test]
    fn what_was_received_is_in_store_or_given_out_or_written_off() {
        for made in [&ON_THE_DEFAULT_DAY, &AT_THE_END] {
            let in_store: i32 = made.balances.iter().map(|balance| balance.quantity).sum();
            let gone = sum(&made.movements, "DELIVERY") + sum(&made.movements, "WRITE_OFF");
            assert_eq!(sum(&made.movements, "RECEIPT"), ARTICLES);
            assert_eq!(in_store + gone, ARTICLES);
        }
    }

    #[test]
    fn a_later_day_only_adds() {
        let (earlier, later) = (&ON_THE_DEFAULT_DAY, &AT_THE_END);
        assert!(later.movements.starts_with(&earlier.movements));
        assert!(sum(&later.movements, "DELIVERY") > sum(&earlier.movements, "DELIVERY"));
    }

    #[test]
    fn nothing_is_used_after_it_expires_and_some_of_it_is_still_there() {
        let made = &ON_THE_DEFAULT_DAY;
        let now = local(ENDS_ON - Days::new(59), 12);
        let expired: BTreeMap<Uuid, DateTime<Utc>> = made
            .lots
            .iter()
            .filter_map(|lot| Some((lot.id, local(lot.expires_on? + Days::new(1), 0))))
            .filter(|(_, expired)| *expired <= now)
            .collect();
        for movement in &made.movements {
            let expired =
                expired.get(&movement.lot_id).is_some_and(|expired| *expired <= movement.occurred_at);
            assert_eq!(expired, movement.kind == "WRITE_OFF", "{movement:?}");
        }
        let left = |balance: &Balance| balance.quantity > 0 && expired.contains_key(&balance.lot_id);
        assert!(made.balances.iter().any(left));
    }

    #[test]
    fn nothing_reaches_a_store_before_it_opens() {
        let opened: BTreeMap<Uuid, DateTime<Utc>> =
            shelters::all().iter().map(|shelter| (store_id(shelter), local(shelter.opened_on, 0))).collect();
        for movement in &AT_THE_END.movements {
            let store = movement.to_id.and_then(|to| opened.get(&to));
            assert!(store.is_none_or(|opened| *opened <= movement.occurred_at), "{movement:?}");
        }
    }

    #[test]
    fn codes_and_names_are_used_once() {
        let made = &AT_THE_END;
        let codes: BTreeSet<&str> = CATALOGUE.iter().map(|category| category.code).collect();
        assert_eq!(codes.len(), CATALOGUE.len());
        let names: BTreeSet<&str> = made.items.iter().map(|item| item.name).collect();
        assert_eq!(names.len(), made.items.len());
        let donors: BTreeSet<&str> = made.donors.iter().map(|donor| donor.name.as_str()).collect();
        assert_eq!(donors.len(), made.donors.len());
    }

    #[test]
    fn the_state_agency_gives_blankets_and_parcels_only() {
        let made = &AT_THE_END;
        let given = |lot: &&Lot| lot.donor_id == id("donors", "Sistema Estatal DIF", start());
        let allowed: BTreeSet<Uuid> = made
            .items
            .iter()
            .filter(|item| PARCELS.iter().any(|code| item.code.starts_with(code)))
            .map(|item| item.id)
            .collect();
        let mut lots = made.lots.iter().filter(given).peekable();
        assert!(lots.peek().is_some());
        assert!(lots.all(|lot| allowed.contains(&lot.item_id)));
    }

    #[test]
    fn two_loads_are_the_same() {
        assert_eq!(*AT_THE_END, Rows::generate(local(ENDS_ON, 12)));
    }
}
