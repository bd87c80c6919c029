//! Which records a list shows is decided in SQL, and is what the policies say of each record: for policies of chance.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use enlace_policies::{
    Answer, Class, Fact, Policies, Principal, Profile, ROLES, RecordType, UserPrincipal, Verb,
};
use enlace_tests::{Client, World, at, codes};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use crate::reference::{Snapshot, roomy, rows};

/// What a policy of chance asks of a record.
#[derive(Debug, Clone)]
enum Asks {
    Has(Fact),
    Is(Fact, &'static str),
    OneOf(Fact, Vec<&'static str>),
    OwnAgency,
    OwnShelter,
    Not(Box<Asks>),
    Both(Box<Asks>, Box<Asks>),
    Either(Box<Asks>, Box<Asks>),
}

/// A record's facts, by name.
type Facts = BTreeMap<Fact, String>;

impl Asks {
    /// In Cedar.
    fn text(&self) -> String {
        match self {
            Self::Has(fact) => format!("resource has {fact}"),
            Self::Is(fact, value) => format!("(resource has {fact} && resource.{fact} == \"{value}\")"),
            Self::OneOf(fact, values) => {
                format!("(resource has {fact} && {values:?}.contains(resource.{fact}))")
            }
            Self::OwnAgency => {
                "(resource has donorAgency && resource.donorAgency == principal.agency)".into()
            }
            Self::OwnShelter => {
                "(resource has shelter && principal.shelters.contains(resource.shelter))".into()
            }
            Self::Not(part) => format!("!({})", part.text()),
            Self::Both(left, right) => format!("({} && {})", left.text(), right.text()),
            Self::Either(left, right) => format!("({} || {})", left.text(), right.text()),
        }
    }

    /// Whether a record meets it.
    fn holds(&self, facts: &Facts, user: &UserPrincipal) -> bool {
        let value = |fact: &Fact| facts.get(fact).map(String::as_str);
        match self {
            Self::Has(fact) => facts.contains_key(fact),
            Self::Is(fact, wanted) => value(fact) == Some(wanted),
            Self::OneOf(fact, wanted) => value(fact).is_some_and(|found| wanted.contains(&found)),
            Self::OwnAgency => value(&Fact::DonorAgency) == Some(&user.agency),
            Self::OwnShelter => value(&Fact::Shelter).is_some_and(|shelter| user.shelters.contains(shelter)),
            Self::Not(part) => !part.holds(facts, user),
            Self::Both(left, right) => left.holds(facts, user) && right.holds(facts, user),
            Self::Either(left, right) => left.holds(facts, user) || right.holds(facts, user),
        }
    }
}

fn asks() -> impl Strategy<Value = Asks> {
    let values = |fact| match fact {
        Fact::StockKind => vec!["food", "medical", "general", "none such"],
        Fact::DonorAgency => vec!["ACNUR", "DIF_ESTATAL", "NGO_PAN_DEL_VALLE", "it's \\\"quoted\\\""],
        _ => vec!["ALB-01", "ALB-02", "ALB-99"],
    };
    let fact = prop::sample::select(vec![Fact::StockKind, Fact::DonorAgency, Fact::Shelter]);
    let leaf = prop_oneof![
        fact.clone().prop_map(Asks::Has),
        fact.clone().prop_flat_map(move |fact| {
            prop::sample::select(values(fact)).prop_map(move |value| Asks::Is(fact, value))
        }),
        fact.prop_flat_map(move |fact| {
            prop::sample::subsequence(values(fact), 1..=3).prop_map(move |some| Asks::OneOf(fact, some))
        }),
        Just(Asks::OwnAgency),
        Just(Asks::OwnShelter),
    ];
    leaf.prop_recursive(3, 10, 2, |part| {
        prop_oneof![
            part.clone().prop_map(|part| Asks::Not(Box::new(part))),
            (part.clone(), part.clone()).prop_map(|(a, b)| Asks::Both(Box::new(a), Box::new(b))),
            (part.clone(), part).prop_map(|(a, b)| Asks::Either(Box::new(a), Box::new(b))),
        ]
    })
}

/// How many sets of policies, each with a rule of chance for every role.
const CASES: usize = 3;

/// Writes policies that let each role read INVENTORY as it is asked, and everyone the rest.
fn write_policies(case: usize, of_role: &BTreeMap<&str, Asks>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scope-{}-{case}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/enlace.cedarschema");
    std::fs::copy(schema, folder.join("enlace.cedarschema")).unwrap();
    let mut text = String::from(
        "@id(\"open\") @reason(\"Of no matter here.\")\npermit (principal, action in [Action::\"read PUBLIC\", Action::\"read OPERATIONAL\"], resource);\n",
    );
    for (role, asks) in of_role {
        writeln!(
            text,
            "@id(\"{role}\") @reason(\"By chance.\")\npermit (principal in Role::\"{role}\", action == Action::\"read INVENTORY\", resource)\nwhen {{ {} }};",
            asks.text()
        )
        .unwrap();
    }
    std::fs::write(folder.join("chance.cedar"), text).unwrap();
    folder
}

/// The records of a world with their facts.
struct Records {
    lots: BTreeMap<String, Facts>,
    categories: BTreeMap<String, Facts>,
    /// By location.
    stock: BTreeMap<String, BTreeMap<String, (Facts, String)>>,
}

impl Records {
    fn of(snapshot: &Snapshot) -> Self {
        let facts = |id: &str| {
            let found = snapshot.facts(id);
            let named = [(Fact::StockKind, &found.stock_kind), (Fact::DonorAgency, &found.donor_agency)];
            named.into_iter().filter_map(|(fact, value)| Some((fact, value.clone()?))).collect::<Facts>()
        };
        let stock = snapshot.pages.stock.iter().map(|(location, held)| {
            let shelter = snapshot.value(location, "shelter")["id"].as_str();
            let shelter = shelter.map(|id| snapshot.value(id, "code").as_str().unwrap().to_owned());
            let held = held.iter().map(|(id, _)| {
                let mut facts = facts(id);
                facts.extend(shelter.clone().map(|code| (Fact::Shelter, code)));
                (id.clone(), (facts, snapshot.value(id, "lot")["id"].as_str().unwrap().to_owned()))
            });
            (location.clone(), held.collect())
        });
        Self {
            lots: snapshot.pages.lots.iter().map(|(id, _)| (id.clone(), facts(id))).collect(),
            categories: snapshot.list("categories").iter().map(|id| (id.clone(), facts(id))).collect(),
            stock: stock.collect(),
        }
    }
}

/// As the policies' conditions ask for them.
struct Known<'a>(&'a Facts);

impl enlace_policies::Facts for Known<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.0.get(&fact).map(String::as_str)
    }
}

/// Whether the compiled policies let a record be read.
fn compiled(profile: &Profile, record: RecordType, facts: &Facts) -> bool {
    match profile.answer(Verb::Read, Class::Inventory, record) {
        Answer::Allowed => true,
        Answer::Refused(_) => false,
        Answer::Depends(dependence) => dependence.condition.holds(&Known(facts)),
    }
}

/// All ids of a list; none where its root is refused.
async fn listed(client: &Client, list: &str, argument: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut after = Json::Null;
    loop {
        let document = format!(
            "query($after: String) {{ {list}(first: 500, after: $after{argument}) {{ nodes {{ id }} totalCount pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let answer = client.run(&document, json!({"after": after})).await;
        if at(&answer, &format!("data.{list}")).is_null() {
            assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"], "{answer}");
            return found;
        }
        for row in rows(&answer, &format!("data.{list}.nodes")) {
            assert!(found.insert(row["id"].as_str().unwrap().to_owned()), "twice: {row}");
        }
        let page = at(&answer, &format!("data.{list}.pageInfo"));
        if page["hasNextPage"] == false {
            assert_eq!(at(&answer, &format!("data.{list}.totalCount")), found.len());
            return found;
        }
        after = page["endCursor"].clone();
    }
}

/// Compares the lists of one caller with its rule; how many records it sees, and of how many.
async fn check(
    world: &World,
    records: &Records,
    policies: &Policies,
    caller: &str,
    asks: &Asks,
) -> (usize, usize) {
    let (holder, shelters) = caller.split_once('@').unwrap_or((caller, ""));
    let (agency, role) = holder.split_once('/').unwrap();
    let user = UserPrincipal {
        user: "self".into(),
        agency: agency.into(),
        roles: [role.to_owned()].into(),
        reads_as: None,
        shelters: shelters.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        agreement_in_force: true,
        purpose: None,
        opened: None,
    };
    let profile = policies.profile(&Principal::User(user.clone())).unwrap();
    let context = format!("{caller}: {}", asks.text());
    let wanted = |record, all: &mut dyn Iterator<Item = (&String, &Facts)>| -> BTreeSet<String> {
        let seen = all.filter(|(_, facts)| {
            assert_eq!(compiled(&profile, record, facts), asks.holds(facts, &user), "{context} on {facts:?}");
            asks.holds(facts, &user)
        });
        seen.map(|(id, _)| id.clone()).collect()
    };
    let client = world.client(caller);

    let lots = wanted(RecordType::Lot, &mut records.lots.iter());
    assert_eq!(listed(&client, "donationItems", "").await, lots, "{context}");
    let answer = client.query("{ categories { id } }").await;
    let categories: BTreeSet<String> = at(&answer, "data.categories")
        .as_array()
        .map(|rows| rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect())
        .unwrap_or_default();
    assert_eq!(categories, wanted(RecordType::Category, &mut records.categories.iter()), "{context}");

    let mut by_lot: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (location, held) in &records.stock {
        let here = wanted(RecordType::Stock, &mut held.iter().map(|(id, (facts, _))| (id, facts)));
        let argument = format!(", location: \"{location}\"");
        assert_eq!(listed(&client, "stock", &argument).await, here, "{context} in {location}");
        for (id, (_, lot)) in held.iter().filter(|(id, _)| here.contains(*id)) {
            by_lot.entry(lot).or_default().insert(id);
        }
    }
    // The edge from a lot to its stock is scoped as the list is.
    let answer = client.query("{ donationItems(first: 100) { nodes { id stock { id } } } }").await;
    for node in at(&answer, "data.donationItems.nodes").as_array().map_or(&[][..], Vec::as_slice) {
        let Some(stock) = node["stock"].as_array() else { continue };
        let found: BTreeSet<&str> = stock.iter().map(|row| row["id"].as_str().unwrap()).collect();
        let lot = node["id"].as_str().unwrap();
        assert_eq!(found, by_lot.get(lot).cloned().unwrap_or_default(), "{context} of {lot}");
    }
    // And so is a look-up by id.
    for (id, facts) in records.lots.iter().step_by(97) {
        let answer = client.query(&format!("{{ node(id: \"{id}\") {{ id }} }}")).await;
        assert_eq!(at(&answer, "data.node").is_object(), asks.holds(facts, &user), "{context} of {id}");
    }
    let stock: usize = by_lot.values().map(BTreeSet::len).sum();
    (lots.len() + stock, records.lots.len() + records.stock.values().map(BTreeMap::len).sum::<usize>())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_the_records_of_which_the_policies_hold() {
    let world = crate::reference::world().await;
    let snapshot = Snapshot::taken().await;
    let records = Records::of(snapshot);
    world.stop().await;
    let mut runner = TestRunner::deterministic();
    let (mut all, mut none, mut some) = (0, 0, 0);
    for case in 0..CASES {
        let roles = ROLES.iter().filter(|role| !matches!(role.code, "integrator" | "employer"));
        let of_role: BTreeMap<&str, Asks> =
            roles.clone().map(|role| (role.code, asks().new_tree(&mut runner).unwrap().current())).collect();
        let folder = write_policies(case, &of_role);
        let policies = Policies::from_dir(&folder).unwrap();
        let world = roomy().set("policies", folder.display()).start().await;
        for role in roles {
            let agency = if role.code == "partner" { "NGO_PAN_DEL_VALLE" } else { role.agencies[0] };
            let shelters = if role.code == "shelter_lead" { "@ALB-01,ALB-02" } else { "" };
            let caller = format!("{agency}/{}{shelters}", role.code);
            match check(&world, &records, &policies, &caller, &of_role[role.code]).await {
                (0, _) => none += 1,
                (seen, of) if seen == of => all += 1,
                _ => some += 1,
            }
        }
        world.stop().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
    assert!(some >= 15, "chance makes rules that divide the records: {some} of {}", all + none + some);
}
