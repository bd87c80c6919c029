//! What people read in place of codes: a label of every value of every enumeration, and the names of countries, for everybody.

use std::collections::BTreeMap;

use apollo_compiler::schema::ExtendedType;
use enlace_tests::{World, at, codes};
use serde_json::{Value as Json, json};

use crate::reference::{SCHEMA, rows, the_error};

fn text<'a>(row: &'a Json, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("no {field}: {row}"))
}

/// In both languages.
fn names(row: &Json) -> (&str, &str) {
    (text(row, "nameEs"), text(row, "nameEn"))
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_reads_what_codes_are_called() {
    let world = World::start().await;
    let public = world.public();
    let document = "{ enumLabels { enumeration value nameEs nameEn } countries { code nameEs nameEn } }";
    let answer = public.query(document).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    assert_eq!(world.client("CNDH/witness").query(document).await, answer);

    // Each value of the schema has one, in the schema's order.
    let enumerations = SCHEMA.0.types.iter().filter_map(|(name, found)| match found {
        ExtendedType::Enum(values) if !found.is_built_in() => Some((name, values)),
        _ => None,
    });
    let expected: Vec<(&str, &str)> = enumerations
        .flat_map(|(name, found)| found.values.keys().map(move |value| (name.as_str(), value.as_str())))
        .collect();
    let labels = rows(&answer, "data.enumLabels");
    let labelled: Vec<(&str, &str)> =
        labels.iter().map(|row| (text(row, "enumeration"), text(row, "value"))).collect();
    assert_eq!(labelled, expected);
    let countries: BTreeMap<&str, (&str, &str)> =
        rows(&answer, "data.countries").iter().map(|row| (text(row, "code"), names(row))).collect();
    assert_eq!((countries.len(), countries["HTI"]), (249, ("Haití", "Haiti")));

    // Of some enumerations, in the same order; of one that is not there, an error that names it.
    let asked = public
        .query("{ enumLabels(names: [\"Meal\", \"EntitledUnit\"]) { enumeration value nameEs } }")
        .await;
    let meals = [("BREAKFAST", "Desayuno"), ("LUNCH", "Comida"), ("DINNER", "Cena")];
    let units = [("HOUSEHOLD", "Por hogar"), ("PERSON", "Por persona")];
    let row =
        |of: &str, (value, label): (&str, &str)| json!({"enumeration": of, "value": value, "nameEs": label});
    let units = units.map(|unit| row("EntitledUnit", unit));
    let expected: Vec<Json> = units.into_iter().chain(meals.map(|meal| row("Meal", meal))).collect();
    assert_eq!(asked, json!({"data": {"enumLabels": expected}}));
    let none = public.query("{ enumLabels(names: []) { value } }").await;
    assert_eq!(none, json!({"data": {"enumLabels": []}}));
    let unknown = public.query("{ enumLabels(names: [\"Meal\", \"meal\"]) { value } }").await;
    assert_eq!(
        (codes(&unknown), at(&unknown, "data.enumLabels")),
        (vec!["INVALID_ARGUMENT".to_owned()], &Json::Null)
    );
    let error = the_error(&unknown);
    assert_eq!(error["extensions"]["argument"], "names");
    assert!(text(error, "message").starts_with("meal "), "{error}");

    // Published counts say the same of whom they are.
    let counted = public.query("{ indicators { parts { dimension category nameEs nameEn } } }").await;
    let parts: BTreeMap<(&str, &str), (&str, &str)> = rows(&counted, "data.indicators")
        .iter()
        .flat_map(|indicator| rows(indicator, "parts"))
        .map(|part| ((text(part, "dimension"), text(part, "category")), names(part)))
        .collect();
    assert_eq!(parts[&("AGE_BAND", "18-29")], ("18 a 29 años", "18 to 29 years"));
    let sexes = labels.iter().filter(|row| row["enumeration"] == "Sex");
    let sexes: BTreeMap<&str, (&str, &str)> = sexes.map(|row| (text(row, "value"), names(row))).collect();
    assert!(
        parts.contains_key(&("SEX", "FEMALE")) && parts.contains_key(&("NATIONALITY", "HTI")),
        "{parts:?}"
    );
    for ((dimension, category), named) in parts {
        match dimension {
            _ if category == "UNKNOWN" => assert_eq!(named, ("Sin dato", "Unknown")),
            "SEX" => assert_eq!(sexes.get(category), Some(&named)),
            "NATIONALITY" => assert_eq!(countries.get(category), Some(&named)),
            _ => {}
        }
    }
    world.stop().await;
}
