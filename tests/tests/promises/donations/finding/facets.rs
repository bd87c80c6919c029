//! How many there are of each sort.

use std::collections::BTreeMap;

use enlace_tests::{Client, World, at, codes, fill, id};
use serde_json::{Value as Json, json};

use super::super::DONATIONS;
use super::{Lot, all_lots};
use crate::reference::sights::{Facts, everyone};
use crate::reference::{client, is_a_refusal, rows, the_error};

/// The counts of facets, each by the value that it is of, with whether it is capped.
async fn facets(client: &Client, arguments: &str, asked: &[&str]) -> Json {
    let shown = |facet: &&str| match *facet {
        "categories" => "categories { count capped category { id } }",
        "locations" => "locations { count capped location { id } }",
        "expiry" => "expiry { count capped band }",
        _ => "donors { count capped donor { id } }",
    };
    let shown: Vec<&str> = asked.iter().map(shown).collect();
    client.query(&format!("{{ donationItemFacets{arguments} {{ {} }} }}", shown.join(" "))).await
}

/// What a facet must say of lots: each value with how many there are, and whether there are more.
fn counted<'l>(
    lots: impl Iterator<Item = &'l Lot>,
    facet: &str,
    most: Option<usize>,
) -> BTreeMap<String, (usize, bool)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for lot in lots {
        let values = match facet {
            "categories" => vec![id("category", lot.category)],
            "locations" => lot.stores.iter().map(|store| id("location", *store)).collect(),
            "donors" => vec![id("donor", lot.donor)],
            _ => vec![
                match lot.expires_on.as_deref() {
                    None => "NEVER",
                    Some(day) if day <= "2022-01-31" => "EXPIRED",
                    Some(day) if day <= "2022-02-07" => "WITHIN_7_DAYS",
                    Some(day) if day <= "2022-03-02" => "WITHIN_30_DAYS",
                    Some(day) if day <= "2022-05-01" => "WITHIN_90_DAYS",
                    Some(_) => "LATER",
                }
                .to_owned(),
            ],
        };
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut largest: Vec<_> = counts.into_iter().collect();
    largest.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = |count: usize| match most {
        Some(most) if count > most => (most, true),
        _ => (count, false),
    };
    largest.into_iter().map(|(value, count)| (value, shown(count))).collect()
}

/// What an answer says of a facet, in its order.
fn said(answer: &Json, facet: &str) -> Vec<(String, (usize, bool))> {
    let of = match facet {
        "categories" => "category",
        "locations" => "location",
        _ => "donor",
    };
    let rows = rows(answer, &format!("data.donationItemFacets.{facet}")).iter();
    rows.map(|row| {
        let value = if facet == "expiry" { &row["band"] } else { &row[of]["id"] };
        let count = usize::try_from(row["count"].as_u64().unwrap()).unwrap();
        (value.as_str().unwrap().to_owned(), (count, row["capped"] == true))
    })
    .collect()
}

/// Arguments, and which lots they select.
type Selection<'a> = (String, Box<dyn Fn(&Lot) -> bool + 'a>);

#[expect(clippy::too_many_lines, reason = "one table of selections")]
#[tokio::test(flavor = "multi_thread")]
async fn facets_count_what_is_selected_exactly_alone_and_to_a_thousand_together() {
    const ALL: [&str; 4] = ["categories", "locations", "expiry", "donors"];
    let world = World::start().await;
    let database = world.database().await;
    fill(&database, 6_000).await.unwrap();
    let lots = all_lots(&database).await;
    let lot =
        lots.iter().find(|lot| lot.name.starts_with("Arroz") && !lot.stores.is_empty()).unwrap().clone();
    let store = *lot.stores.first().unwrap();
    let given = |argument: &str| format!("{argument}: \"{}\"", id(argument, lot.record(argument)));
    let is_arroz = |found: &Lot| found.name == "Arroz";
    let selections: Vec<Selection<'_>> = vec![
        (String::new(), Box::new(|_| true)),
        (format!("({})", given("category")), Box::new(|found| found.category == lot.category)),
        (format!("({})", given("donation")), Box::new(|found| found.donation == lot.donation)),
        (
            format!("({}, expiry: LATER)", given("item")),
            Box::new(|found| {
                found.item == lot.item && found.expires_on.as_deref().is_some_and(|day| day > "2022-05-01")
            }),
        ),
        (format!("({})", given("location")), Box::new(move |found| found.stores.contains(&store))),
        ("(text: \"arroz\")".to_owned(), Box::new(is_arroz)),
        ("(text: \"GEN-0001\")".to_owned(), Box::new(|found| found.code.starts_with("GEN-0001"))),
        (
            "(expiresFrom: \"2022-02-01\", expiresBefore: \"2022-03-01\")".to_owned(),
            Box::new(|found| {
                found.expires_on.as_deref().is_some_and(|day| ("2022-02-01".."2022-03-01").contains(&day))
            }),
        ),
    ];
    let mut capped = 0;
    for (caller, kinds, refused) in [
        (DONATIONS, &["food", "medical", "general"][..], None),
        ("ISESALUD/clinician", &["medical"], Some("donors")),
        // It sees who gave what it gave itself, and no count beside: others would be what is missing.
        ("ACNUR/donor", &["food", "medical", "general"], Some("donors")),
        ("SEDENA/kitchen", &["food"], Some("donors")),
    ] {
        let client = world.client(caller);
        for (arguments, is_selected) in &selections {
            let selected =
                || lots.iter().filter(|lot| kinds.contains(&lot.kind.as_str()) && is_selected(lot));
            // The store is the one that is selected, or each that holds some.
            let by = |facet: &str, most: Option<usize>| {
                let mut counts = counted(selected(), facet, most);
                if facet == "locations" && arguments.contains("location") {
                    counts.retain(|value, _| *value == id("location", store));
                }
                counts
            };
            let several: Vec<&str> = ALL.into_iter().filter(|facet| Some(*facet) != refused).collect();
            for facet in &several {
                let answer = facets(&client, arguments, &[*facet]).await;
                assert_eq!(codes(&answer), Vec::<String>::new(), "{caller} {arguments} {facet}: {answer}");
                let found = said(&answer, facet);
                let counts: Vec<usize> = found.iter().map(|(_, (count, _))| *count).collect();
                assert!(*facet == "expiry" || counts.is_sorted_by(|a, b| a >= b), "{answer}");
                let mut exact = by(facet, None);
                if exact.len() > 100 {
                    let least = counts.last().unwrap();
                    assert_eq!(counts.len(), 100);
                    assert!(found.iter().all(|(value, count)| exact.remove(value) == Some(*count)));
                    assert!(exact.values().all(|(count, _)| count <= least), "those with most are shown");
                } else {
                    assert_eq!(
                        found.into_iter().collect::<BTreeMap<_, _>>(),
                        exact,
                        "{caller} {arguments} {facet}"
                    );
                }
            }
            let answer = facets(&client, arguments, &several).await;
            for facet in &several {
                let together = by(facet, Some(1000));
                capped += together.values().filter(|(_, capped)| *capped).count();
                if together.len() <= 100 {
                    assert_eq!(
                        said(&answer, facet).into_iter().collect::<BTreeMap<_, _>>(),
                        together,
                        "{caller} {arguments}"
                    );
                }
            }
            if let Some(refused) = refused {
                // Refused, it answers null, and leaves the others as they are: it is not counted with them.
                let answer = facets(&client, arguments, &["expiry", refused]).await;
                assert_eq!(
                    at(&answer, &format!("data.donationItemFacets.{refused}")),
                    &Json::Null,
                    "{caller}: {answer}"
                );
                assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"]);
                assert_eq!(at(&answer, "errors.0.extensions.coordinate"), "DonationItemFacets.donors");
                let exact: BTreeMap<_, _> = said(&answer, "expiry").into_iter().collect();
                if caller != "ACNUR/donor" {
                    assert_eq!(exact, by("expiry", None), "{caller} {arguments}");
                }
            }
        }
    }
    assert!(capped > 5, "{capped}");
    // By an argument that is not its to give, nobody is counted.
    let answer = facets(&world.client("ACNUR/donor"), &format!("({})", given("donor")), &["expiry"]).await;
    assert_eq!(codes(&answer), ["ARGUMENT_FORBIDDEN"]);
    assert_eq!(answer["data"], json!({"donationItemFacets": null}));
    let answer = facets(
        &world.client(DONATIONS),
        &format!("({}, {})", given("category"), given("donation")),
        &["expiry"],
    )
    .await;
    assert_eq!(codes(&answer), ["INVALID_ARGUMENT"]);
    let without = world.public().query("{ donationItemFacets { expiry { count } } }").await;
    assert_eq!(without["data"], json!({"donationItemFacets": null}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_is_told_the_facets_of_what_it_sees() {
    let world = World::start().await;
    let lots = all_lots(&world.database().await).await;
    let donor = id("donor", lots[0].donor);
    let (mut told, mut refused) = (0, 0);
    for caller in everyone() {
        let client = client(&world, &caller);
        let name = caller.name();
        let answer = facets(&client, "", &["categories", "donors"]).await;
        if !caller.may_see("INVENTORY", "DonationItem") {
            assert_eq!(answer["data"], json!({"donationItemFacets": null}), "{name}: {answer}");
            is_a_refusal(the_error(&answer), "FIELD_FORBIDDEN", "Query.donationItemFacets");
            refused += 1;
            continue;
        }
        let kinds: Vec<&str> = ["food", "medical", "general"]
            .into_iter()
            .filter(|kind| {
                let facts = Facts { stock_kind: Some((*kind).to_owned()), ..Facts::default() };
                caller.sees("INVENTORY", &facts)
            })
            .collect();
        let seen = lots.iter().filter(|lot| kinds.contains(&lot.kind.as_str()));
        // Who may know of every donor is told how many lots each gave; to a witness they are other names.
        let tells_donors =
            caller.sees("DONOR", &Facts { stock_kind: Some("food".to_owned()), ..Facts::default() });
        let most = Some(1000);
        let found: BTreeMap<_, _> = said(&answer, "categories").into_iter().collect();
        assert_eq!(found, counted(seen.clone(), "categories", most), "{name}");
        if tells_donors {
            assert_eq!(codes(&answer), Vec::<String>::new(), "{name}: {answer}");
            let largest = said(&answer, "donors");
            let mut counts: Vec<usize> =
                counted(seen, "donors", most).into_values().map(|(count, _)| count).collect();
            counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
            counts.truncate(100);
            assert_eq!(largest.iter().map(|(_, (count, _))| *count).collect::<Vec<_>>(), counts, "{name}");
            told += 1;
        } else {
            assert_eq!(at(&answer, "data.donationItemFacets.donors"), &Json::Null, "{name}: {answer}");
            is_a_refusal(the_error(&answer), "FIELD_FORBIDDEN", "DonationItemFacets.donors");
            refused += 1;
        }
        // A witness knows no donor by its own id.
        let of_donor = facets(&client, &format!("(donor: \"{donor}\")"), &["expiry"]).await;
        if caller.agency.ends_with("EDH") || caller.agency == "CNDH" {
            assert!(rows(&of_donor, "data.donationItemFacets.expiry").is_empty(), "{name}: {of_donor}");
            assert!(!answer.to_string().contains(&donor), "{name}");
        } else if tells_donors {
            assert!(!rows(&of_donor, "data.donationItemFacets.expiry").is_empty(), "{name}: {of_donor}");
        } else {
            assert_eq!(codes(&of_donor), ["ARGUMENT_FORBIDDEN"], "{name}");
        }
    }
    assert!(told >= 4 && refused > 10, "{told} {refused}");
    world.stop().await;
}
