//! Documents made from the schema: all of it, or what chance selects.

use std::collections::BTreeMap;

use apollo_compiler::schema::ObjectType;
use serde_json::{Value as Json, json};

use super::{SCHEMA, Snapshot};

/// A way to write the same selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Each field by its name.
    Plain,
    /// Each field by another name.
    Aliased,
    /// Each field in an inline fragment.
    Inline,
    /// Each selection in a named fragment.
    Named,
}

impl Style {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Plain, Self::Aliased, Self::Inline, Self::Named];
}

/// Fields whose value depends on the moment, or that a test of their own compares.
const ELSEWHERE: &[(&str, &str)] = &[
    ("Viewer", "now"),
    ("Viewer", "may"),
    ("Query", "journal"),
    ("Query", "movements"),
    ("Query", "stockAsOf"),
    ("Query", "uncountedStock"),
    ("Query", "container"),
    ("Query", "labelSheet"),
    ("Query", "verifyReceipt"),
    ("Query", "budget"),
    ("Query", "fundingSources"),
    ("Query", "budgetLines"),
    ("Query", "commitments"),
    ("Query", "expenses"),
    ("Query", "centreWorks"),
    ("Query", "centreReturns"),
    ("Query", "tasks"),
    ("Query", "permits"),
    ("Query", "recommendations"),
    ("Query", "translations"),
    ("Query", "tutorials"),
    ("Query", "volunteers"),
    ("Query", "volunteerShifts"),
    ("Query", "pressVisits"),
    ("Query", "activities"),
    ("Query", "indicators"),
    ("Query", "indicatorSeries"),
    ("Query", "publishedTables"),
    ("Query", "enumLabels"),
    ("Query", "countries"),
    ("Query", "breakGlassAccesses"),
    ("Query", "visits"),
    ("Query", "consultationsAdvised"),
    ("Query", "prenatalControls"),
    ("Query", "vaccinationScheme"),
    ("Query", "accessProfile"),
    ("Query", "stockAlerts"),
    ("Query", "mealShortfalls"),
    ("Query", "householdAllowance"),
    ("Query", "placementProposals"),
    ("Query", "placementOverrides"),
    ("Query", "departures"),
    ("Query", "outreachActions"),
    ("Query", "owners"),
    ("Query", "dwellings"),
    ("Query", "leases"),
    ("Query", "housingFigures"),
    ("Query", "beds"),
    ("Query", "holds"),
    ("Query", "stays"),
    ("Query", "schoolPlaces"),
    ("Query", "revalidations"),
    ("Query", "arcoRequests"),
    ("Query", "custodyTransfers"),
    ("Query", "intakes"),
    ("Query", "employers"),
    ("Query", "vacancies"),
    ("Query", "jobMatches"),
    ("Query", "jobApplications"),
    ("Query", "jobPlacements"),
    ("Query", "rfcProcedures"),
    ("Query", "jobEvents"),
    ("Query", "daysOfCover"),
    ("Query", "proposedReplenishment"),
    ("Query", "fairAllocation"),
    ("Query", "consolidation"),
    ("Query", "personSearch"),
    ("Query", "duplicateCandidates"),
    ("Query", "policyExplain"),
    ("Query", "streams"),
    ("Query", "webhooks"),
];

/// Whether [`everything`] leaves a field out.
pub(crate) fn is_elsewhere(object: &ObjectType, field: &str) -> bool {
    ELSEWHERE.contains(&(object.name.as_str(), field))
}

/// A query for every field that can be reached from a root within so many edges.
pub(crate) fn everything(root: &str, object: &str, depth: usize, style: Style) -> String {
    let mut fragments = Vec::new();
    let selection = whole(SCHEMA.object(object), depth, style, &mut fragments);
    format!("{{ {root} {selection} }}\n{}", fragments.join("\n"))
}

/// A query for every field of some records, found by their ids.
pub(crate) fn found(records: &[(&str, &str)], depth: usize, style: Style) -> String {
    let mut fragments = Vec::new();
    let roots = records.iter().enumerate().map(|(place, (id, object))| {
        let selection = whole(SCHEMA.object(object), depth, style, &mut fragments);
        format!("n{place}: node(id: \"{id}\") {{ __typename ... on {object} {selection} }}")
    });
    let roots = roots.collect::<Vec<_>>().join(" ");
    format!("{{ {roots} }}\n{}", fragments.join("\n"))
}

fn whole(object: &ObjectType, depth: usize, style: Style, fragments: &mut Vec<String>) -> String {
    let mut fields = vec!["__typename".to_owned()];
    for field in object.fields.values().filter(|field| !is_elsewhere(object, &field.name)) {
        let alias = if style == Style::Aliased { format!("other_{}: ", field.name) } else { String::new() };
        let text = match SCHEMA.target(field) {
            None => format!("{alias}{}", field.name),
            Some(target) => {
                // What a connection is made of is no edge.
                let edge = usize::from(SCHEMA.is_record(target) && SCHEMA.is_record(object));
                if depth < edge {
                    continue;
                }
                format!("{alias}{} {}", field.name, whole(target, depth - edge, style, fragments))
            }
        };
        fields.push(if style == Style::Inline {
            format!("... on {} {{ {text} }}", object.name)
        } else {
            text
        });
    }
    let selection = format!("{{ {} }}", fields.join(" "));
    if style != Style::Named {
        return selection;
    }
    let name = format!("Part{}", fragments.len());
    fragments.push(format!("fragment {name} on {} {selection}", object.name));
    format!("{{ ...{name} }}")
}

impl super::Schema {
    fn is_record(&self, object: &ObjectType) -> bool {
        object.name == "Viewer"
            || self.is_node(&object.name)
            || matches!(object.name.as_str(), "Agreement" | "Grant")
    }
}

/// Chance that is the same in every run: the splitmix64 generator.
pub(crate) struct Dice(u64);

impl Dice {
    /// The generator of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        usize::try_from(bits >> 33).unwrap() % sides
    }

    /// Whether something happens that does in so many cases of a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }

    /// One of several.
    pub(crate) fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.roll(of.len())]
    }
}

/// A document of chance.
#[derive(Debug)]
pub(crate) struct Random {
    /// Its text.
    pub(crate) text: String,
    /// Which of its operations is meant, where it has several.
    pub(crate) operation: Option<&'static str>,
    /// The variables of `@skip` and `@include`.
    pub(crate) flags: Vec<String>,
    /// Its other variables.
    pub(crate) others: BTreeMap<String, Json>,
}

impl Random {
    /// A document over the records of a snapshot.
    pub(crate) fn new(snapshot: &Snapshot, dice: &mut Dice) -> Self {
        let mut author =
            Author { dice, fragments: Vec::new(), flags: 0, directives: 0, others: BTreeMap::new() };
        let mut roots = Vec::new();
        for place in 0..=author.dice.roll(3) {
            author.root(place, snapshot, &mut roots);
        }
        let declared: Vec<String> = (0..author.flags)
            .map(|flag| format!("$flag{flag}: Boolean!"))
            .chain(author.others.keys().map(|name| format!("${name}: ID!")))
            .collect();
        let declared = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
        let mut text = format!("query Asked{declared} {{ {} }}", roots.join(" "));
        let operation = author.dice.chance(20).then(|| {
            text.push_str("\nquery NotAsked { viewer { programme } }");
            "Asked"
        });
        for fragment in &author.fragments {
            text.push('\n');
            text.push_str(fragment);
        }
        let flags = (0..author.flags).map(|flag| format!("flag{flag}")).collect();
        Self { text, operation, flags, others: author.others }
    }

    /// All its variables, the flags as chance sets them.
    pub(crate) fn variables(&self, dice: &mut Dice) -> Json {
        let mut variables = json!(self.others);
        for flag in &self.flags {
            variables[flag] = json!(dice.chance(50));
        }
        variables
    }
}

/// How many variables of directives a document has at most.
const MOST_FLAGS: usize = 20;
/// How many directives, so that it stays within the limit wherever its fragments are spread.
const MOST_DIRECTIVES: usize = 24;

struct Author<'d> {
    dice: &'d mut Dice,
    fragments: Vec<String>,
    flags: usize,
    directives: usize,
    others: BTreeMap<String, Json>,
}

impl Author<'_> {
    /// Selects a root, and sometimes selects more of it under the same name.
    fn root(&mut self, place: usize, snapshot: &Snapshot, roots: &mut Vec<String>) {
        let rows = 1 + self.dice.roll(12);
        let end = *self.dice.pick(&["first", "last"]);
        let (field, object) = match self.dice.roll(15) {
            0 => ("agencies".to_owned(), "Agency"),
            1 => ("shelters".to_owned(), "Shelter"),
            2 => ("categories".to_owned(), "Category"),
            3 => ("locations".to_owned(), "Location"),
            4 => ("viewer".to_owned(), "Viewer"),
            5 => (format!("donationItems({end}: {rows})"), "DonationItemConnection"),
            6 => {
                let location = self.dice.pick(snapshot.list("locations")).clone();
                let location = self.id(place, &location);
                (format!("stock(location: {location}, {end}: {rows})"), "StockConnection")
            }
            7 => (format!("persons({end}: {rows})"), "PersonConnection"),
            8 => {
                let families: Vec<&String> = snapshot.pages.families.keys().collect();
                let household = (*self.dice.pick(&families)).clone();
                let household = self.id(place, &household);
                (format!("persons(household: {household}, {end}: {rows})"), "PersonConnection")
            }
            9 => ("catalogue".to_owned(), "CatalogueItem"),
            10 => {
                let list = *self.dice.pick(&["donors", "donations"]);
                let pages = if list == "donors" { "DonorConnection" } else { "DonationConnection" };
                (format!("{list}({end}: {rows})"), pages)
            }
            11 => {
                let (list, object) = *self.dice.pick(&[
                    ("campaigns", "Campaign"),
                    ("kits", "Kit"),
                    ("entitlements", "Entitlement"),
                    ("kitchens", "Kitchen"),
                    ("courses", "Course"),
                    ("schools", "School"),
                ]);
                (list.to_owned(), object)
            }
            12 => {
                let (list, pages) = *self.dice.pick(&[
                    ("requests", "SupplyRequestConnection"),
                    ("shipments", "ShipmentConnection"),
                    ("reservations", "ReservationConnection"),
                    ("householdDeliveries", "HouseholdDeliveryConnection"),
                    ("stockCounts", "StockCountConnection"),
                    ("containers", "ContainerConnection"),
                    ("facilityChecks", "FacilityCheckConnection"),
                    ("mealServices", "MealServiceConnection"),
                    ("inspections", "InspectionConnection"),
                    ("inspectionFindings", "InspectionFindingConnection"),
                    ("incidents", "IncidentConnection"),
                    ("courseGroups", "CourseGroupConnection"),
                ]);
                (format!("{list}({end}: {rows})"), pages)
            }
            13 => {
                let list = *self.dice.pick(&["households", "referrals"]);
                let pages = if list == "households" { "HouseholdConnection" } else { "ReferralConnection" };
                (format!("{list}({end}: {rows})"), pages)
            }
            _ => {
                let object = *self.dice.pick(&snapshot.objects());
                let id = self.dice.pick(snapshot.of_object(object)).clone();
                let literal = self.id(place, &id);
                (format!("node(id: {literal})"), snapshot.object(&id))
            }
        };
        for _ in 0..=usize::from(self.dice.chance(20)) {
            let selection = if field.starts_with("node") {
                let other = *self.dice.pick(&["Agency", "Stock", "DonationItem"]);
                let record =
                    if SCHEMA.is_node(object) { self.selection(object, 3) } else { "{ __typename }".into() };
                let on = if SCHEMA.is_node(object) { object } else { "Node" };
                format!("{{ ... on {on} {record} ... on {other} {{ id }} ... on Node {{ __typename id }} }}")
            } else {
                self.selection(object, 3)
            };
            let directive = self.directive();
            roots.push(format!("r{place}: {field}{directive} {selection}"));
        }
    }

    /// An id as a literal or as a variable.
    fn id(&mut self, place: usize, id: &str) -> String {
        if self.dice.chance(50) {
            return format!("\"{id}\"");
        }
        let name = format!("id{place}");
        self.others.insert(name.clone(), json!(id));
        format!("${name}")
    }

    fn selection(&mut self, object: &str, depth: usize) -> String {
        let object = SCHEMA.object(object);
        let fields: Vec<_> =
            object.fields.values().filter(|field| !is_elsewhere(object, &field.name)).collect();
        let mut chosen = Vec::new();
        for _ in 0..=self.dice.roll(fields.len().min(12) + 2) {
            let field = *self.dice.pick(&fields);
            // The same alias always means the same field, so that what chance repeats can be merged.
            let alias = if self.dice.chance(15) { format!("as_{}: ", field.name) } else { String::new() };
            let text = match SCHEMA.target(field) {
                None => format!("{alias}{}{}", field.name, self.directive()),
                Some(target) => {
                    let deeper = SCHEMA.is_record(target);
                    if deeper && depth == 0 {
                        continue;
                    }
                    let directive = self.directive();
                    let below = self.selection(&target.name, depth - usize::from(deeper));
                    format!("{alias}{}{directive} {below}", field.name)
                }
            };
            chosen.push(self.wrapped(object, text));
        }
        if chosen.is_empty() || self.dice.chance(15) {
            let at = self.dice.roll(chosen.len() + 1);
            chosen.insert(at, "__typename".to_owned());
        }
        format!("{{ {} }}", chosen.join(" "))
    }

    /// A field as it is, or in a fragment.
    fn wrapped(&mut self, object: &ObjectType, text: String) -> String {
        let way = self.dice.roll(12);
        if way > 3 || (way == 2 && !SCHEMA.is_node(&object.name)) {
            return text;
        }
        let directive = self.directive();
        match way {
            0 => format!("...{directive} {{ {text} }}"),
            1 => format!("... on {}{directive} {{ {text} }}", object.name),
            2 => format!("... on Node{directive} {{ id ... on {} {{ {text} }} }}", object.name),
            _ => {
                let name = format!("F{}", self.fragments.len());
                self.fragments.push(format!("fragment {name} on {} {{ {text} }}", object.name));
                // Twice is as good as once.
                let again = if self.dice.chance(30) { format!(" ...{name}") } else { String::new() };
                format!("...{name}{directive}{again}")
            }
        }
    }

    fn directive(&mut self) -> String {
        if !self.dice.chance(6) || self.directives >= MOST_DIRECTIVES {
            return String::new();
        }
        self.directives += 1;
        let value = match self.dice.roll(3) {
            0 if self.flags < MOST_FLAGS => {
                self.flags += 1;
                format!("$flag{}", self.flags - 1)
            }
            1 if self.flags > 0 => format!("$flag{}", self.dice.roll(self.flags)),
            _ => self.dice.chance(50).to_string(),
        };
        format!(" @{}(if: {value})", self.dice.pick(&["skip", "include"]))
    }
}
