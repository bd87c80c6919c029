//! How many lots there are of each sort, among those that are selected: by category, store, expiry and donor.
//!
//! Where one of these is asked for, its counts are exact. Where several are, none counts further than [`MOST`]: what has more says so.

use std::cmp::Reverse;
use std::sync::Arc;

use chrono::NaiveDate;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::list::{Selects, expiry};
use super::range::{AFTER_ALL, EARLIEST, ExpiryBand, Range};
use super::search::Sought;
use super::statement::{By, CountBy, Narrowed, Selection};
use crate::context::{Context, Scope};
use crate::database::Prepared;
use crate::donations::{Category, Donation, Donor, Item, Location, load};
use crate::error::{Error, Result};
use crate::graph::{Facts, Graph, Wanted, input, record};
use crate::paging::shown_count;
use crate::scalars::Id;

/// How far is counted where several counts are asked for.
const MOST: i64 = 1000;
/// One more, to learn whether there are more.
const UP_TO: &str = "1001";
/// How many values are shown of one facet: those with most lots.
const VALUES: usize = 100;

input! {
    /// Which lots are counted: as in `donationItems`.
    pub struct DonationItemFacetsArguments {
        /// Only lots of this category.
        pub category: Option<Id<Category>>,
        /// Only lots of this entry of the catalogue.
        pub item: Option<Id<Item>>,
        /// Only lots of which this store holds some.
        pub location: Option<Id<Location>>,
        /// Only lots that this donor gave.
        pub donor: Option<Id<Donor>> => Donor,
        /// Only the lines of this donation.
        pub donation: Option<Id<Donation>>,
        /// Only lots that expire in this band. It goes without `expiresBefore` and `expiresFrom`.
        pub expiry: Option<ExpiryBand>,
        /// Only lots that expire before this day.
        pub expires_before: Option<NaiveDate>,
        /// Only lots that expire on this day or later; those that never do are left out.
        pub expires_from: Option<NaiveDate>,
        /// Only lots that this text finds. At most 100 characters.
        pub text: Option<String>,
    }
}

/// What is counted, for all facets of an answer.
#[derive(Debug)]
pub(super) struct Counted {
    selection: Selection,
    scope: Scope,
    narrowed: Narrowed,
    /// Not further than [`MOST`].
    capped: bool,
}

record! {
    /// How many lots there are of each sort. Of one of these, the counts are exact; where several are asked for at once, each counts to 1,000 and says where there are more. Each shows the 100 values that have most.
    pub struct DonationItemFacets: "DonationItemFacets" as Lot {
        /// What is counted.
        counted: Arc<Counted>,
        /// The kind of goods of all that its caller may see, where that is one.
        stock_kind: Option<String>,
    }
}

record! {
    /// How many lots there are of a category.
    pub struct CategoryCount: "DonationItemCategoryCount" as Lot {
        /// How many; with `capped`, at least so many.
        count: i32 => Inventory,
        /// Whether there are more.
        capped: bool => Inventory,
        /// The category.
        category_id: Uuid,
        /// The kind of goods.
        stock_kind: Option<String>,
    }
}

record! {
    /// How many lots a store holds some of.
    pub struct LocationCount: "DonationItemLocationCount" as Lot {
        /// How many; with `capped`, at least so many.
        count: i32 => Inventory,
        /// Whether there are more.
        capped: bool => Inventory,
        /// The store.
        location_id: Uuid,
        /// The kind of goods.
        stock_kind: Option<String>,
    }
}

record! {
    /// How many lots expire in a band.
    pub struct ExpiryCount: "DonationItemExpiryCount" as Lot {
        /// When they expire.
        band: ExpiryBand => Inventory,
        /// How many; with `capped`, at least so many.
        count: i32 => Inventory,
        /// Whether there are more.
        capped: bool => Inventory,
        /// The kind of goods.
        stock_kind: Option<String>,
    }
}

record! {
    /// How many lots a donor gave.
    pub struct DonorCount: "DonationItemDonorCount" as Lot {
        /// How many; with `capped`, at least so many.
        count: i32 => Donor,
        /// Whether there are more.
        capped: bool => Donor,
        /// The donor.
        donor_id: Uuid,
        /// The kind of goods.
        stock_kind: Option<String>,
    }
}

/// Goods of one kind, or of several: whose they are is not told, so that who may see some donors' only sees no count.
macro_rules! of_a_kind {
    ($($record:ident),+) => {
        $( impl Facts for $record {
            fn fact(&self, fact: Fact) -> Option<&str> {
                if fact == Fact::StockKind { self.stock_kind.as_deref() } else { None }
            }
        } )+
    };
}
of_a_kind!(DonationItemFacets, CategoryCount, LocationCount, ExpiryCount, DonorCount);

/// A kind of goods, as a scope looks at it.
struct Kind(&'static str);

impl Facts for Kind {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(self.0)
    }
}

/// The only kind of goods that a scope admits, if it is one.
fn only_kind(scope: &Scope) -> Option<String> {
    scope.condition()?;
    let mut seen = ["food", "medical", "general"].into_iter().filter(|kind| scope.has(&Kind(kind)));
    let only = seen.next()?;
    seen.next().is_none().then(|| only.to_owned())
}

/// Selects what is counted; the facets that are asked for are counted then.
async fn facets(
    context: Context,
    arguments: DonationItemFacetsArguments,
    wanted: Wanted,
) -> Result<Option<DonationItemFacets>> {
    let sought = Sought::new(arguments.text.as_deref())?;
    let expiry = expiry(&context, arguments.expiry, arguments.expires_from, arguments.expires_before)?;
    let selects = Selects {
        programme: context.programme_id(),
        category: arguments.category.map(Id::uuid),
        item: arguments.item.map(Id::uuid),
        location: arguments.location.map(Id::uuid),
        donor: arguments.donor.map(Id::uuid),
        donation: arguments.donation.map(Id::uuid),
        expiry,
        text: sought.as_ref().and(arguments.text.as_deref()),
        order_by: None,
    };
    let (filters, _) = selects.filters()?;
    let scope = context.root_scope(Class::Inventory, RecordType::Lot)?;
    let selection = Selection::new(selects.programme, filters, expiry, &scope);
    let narrowed = match sought {
        Some(sought) => sought.narrows(&context, &selection, selects.category).await?,
        None => Narrowed::default(),
    };
    let stock_kind = only_kind(&scope);
    let counted = Counted { selection, scope, narrowed, capped: wanted.edges > 1 };
    Ok(Some(DonationItemFacets { counted: Arc::new(counted), stock_kind }))
}

/// One value's count.
struct Counts {
    count: i32,
    capped: bool,
}

impl Counted {
    /// The values with most lots, the largest first; equal ones in the order of `tie`.
    async fn by<K, T: Ord>(
        &self,
        context: &Context,
        selection: &Selection,
        by: By,
        key: impl Fn(&str) -> Option<K>,
        tie: impl Fn(&K) -> T,
    ) -> Result<Vec<(K, Counts)>> {
        let up_to = self.capped.then_some(UP_TO);
        let counting = CountBy { selection, narrowed: &self.narrowed, by, up_to };
        let reader = context.reader().await?;
        let rows: Vec<(String, i64)> = Prepared(counting).load(&mut &*reader).await?;
        let mut counts = Vec::with_capacity(rows.len());
        for (value, count) in rows {
            let key = key(&value).ok_or_else(|| Error::internal("a value without its key"))?;
            let capped = self.capped && count > MOST;
            counts.push((key, Counts { count: shown_count(if capped { MOST } else { count }), capped }));
        }
        counts.sort_by_cached_key(|(key, counts)| (Reverse((counts.count, counts.capped)), tie(key)));
        counts.truncate(VALUES);
        Ok(counts)
    }

    /// By records, of which the caller may know some by pseudonyms: in an order that tells nothing of their keys.
    async fn by_record(
        &self,
        context: &Context,
        selection: &Selection,
        by: By,
    ) -> Result<Vec<(Uuid, Counts)>> {
        let known_as = |key: &Uuid| context.pseudonyms().map_or(*key, |pseudonyms| pseudonyms.hide(*key));
        self.by(context, selection, by, |key| key.parse().ok(), known_as).await
    }
}

async fn categories(context: Context, facets: DonationItemFacets) -> Result<Vec<CategoryCount>> {
    let counted = &facets.counted;
    let counts = counted.by_record(&context, &counted.selection, By::Category).await?;
    let count = |(category_id, Counts { count, capped })| CategoryCount {
        count,
        capped,
        category_id,
        stock_kind: facets.stock_kind.clone(),
    };
    Ok(counts.into_iter().map(count).collect())
}

async fn locations(context: Context, facets: DonationItemFacets) -> Result<Vec<LocationCount>> {
    let counted = &facets.counted;
    let in_stores = counted.selection.clone().in_stores(&counted.scope);
    let counts = counted.by_record(&context, &in_stores, By::Location).await?;
    let count = |(location_id, Counts { count, capped })| LocationCount {
        count,
        capped,
        location_id,
        stock_kind: facets.stock_kind.clone(),
    };
    Ok(counts.into_iter().map(count).collect())
}

async fn donors(context: Context, facets: DonationItemFacets) -> Result<Vec<DonorCount>> {
    let counted = &facets.counted;
    let counts = counted.by_record(&context, &counted.selection, By::Donor).await?;
    let count = |(donor_id, Counts { count, capped })| DonorCount {
        count,
        capped,
        donor_id,
        stock_kind: facets.stock_kind.clone(),
    };
    Ok(counts.into_iter().map(count).collect())
}

/// In the order of the bands.
async fn expiries(context: Context, facets: DonationItemFacets) -> Result<Vec<ExpiryCount>> {
    let counted = &facets.counted;
    let today = context.instant().day;
    let ranges = ExpiryBand::ALL.map(|band| Range::of(band, today));
    let by = By::Band(
        ranges.iter().map(|range| range.from.unwrap_or(EARLIEST)).collect(),
        ranges.iter().map(|range| range.before.unwrap_or(AFTER_ALL)).collect(),
    );
    let place = |number: &str| number.parse::<usize>().ok()?.checked_sub(1);
    let mut counts = counted.by(&context, &counted.selection, by, place, |place| *place).await?;
    counts.sort_by_key(|(place, _)| *place);
    let count = |(place, Counts { count, capped }): (usize, Counts)| {
        let band = *ExpiryBand::ALL.get(place)?;
        Some(ExpiryCount { band, count, capped, stock_kind: facets.stock_kind.clone() })
    };
    Ok(counts.into_iter().filter_map(count).collect())
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<CategoryCount>(|count| {
        count.one(
            "category",
            Class::Inventory,
            "The category.",
            |count| Some(count.category_id),
            load::categories_by_ids,
            |category: &Category| category.id.uuid(),
        )
    });
    graph.object::<LocationCount>(|count| {
        count.one(
            "location",
            Class::Inventory,
            "The store.",
            |count| Some(count.location_id),
            load::locations_by_ids,
            |location: &Location| location.id.uuid(),
        )
    });
    graph.object::<ExpiryCount>(|count| count);
    graph.object::<DonorCount>(|count| {
        count.one(
            "donor",
            Class::Donor,
            "The donor.",
            |count| Some(count.donor_id),
            load::donors_by_ids,
            |donor: &Donor| donor.id.uuid(),
        )
    });
    graph.object::<DonationItemFacets>(|facets| {
        facets
            .makes_many(
                "categories",
                Class::Inventory,
                "By category, those with most lots first.",
                categories,
            )
            .makes_many(
                "locations",
                Class::Inventory,
                "By the stores that hold some, those with most lots first. A lot counts in each of them.",
                locations,
            )
            .makes_many(
                "expiry",
                Class::Inventory,
                "By when they expire, the first to expire first.",
                expiries,
            )
            .makes_many("donors", Class::Donor, "By donor, those with most lots first.", donors)
    });
    graph
        .query(
            "donationItemFacets",
            Class::Inventory,
            "How many lots there are of each sort, among those that are selected.",
        )
        .one_as_wanted(facets);
}
