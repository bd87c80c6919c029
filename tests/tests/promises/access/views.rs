//! What a role may not see is absent from its schema, from introspection, and from what is said of a faulty document (R7).

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::schema::ExtendedType;
use enlace_tests::{Client, at};
use hyper::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::reference::sights::{Caller, everyone};
use crate::reference::{OMNISCIENT, SCHEMA, Schema, class_of, client, is_withheld, rows, world};

use super::arguments::may_give;
use super::writes::usable_roots;

/// By the name of each type: what it is made of.
type Types = BTreeMap<String, BTreeSet<String>>;

/// The fields of a type that a caller may ask for, with their arguments.
fn visible(caller: &Caller, name: &str) -> BTreeMap<String, Vec<String>> {
    let roots = usable_roots(caller);
    let object = SCHEMA.object(name);
    let is_root = matches!(name, "Query" | "Mutation" | "Subscription");
    let fields = object.fields.values().filter(|field| match class_of(field) {
        _ if is_root => roots.contains(&format!("{name}.{}", field.name)),
        Some(class) => !is_withheld(field, caller) && caller.may_see(class, SCHEMA.judged_on(name, field)),
        None => true,
    });
    let arguments = |field: &apollo_compiler::schema::FieldDefinition| -> Vec<String> {
        let named = field.arguments.iter().map(|argument| argument.name.to_string());
        named.filter(|argument| may_give(caller, &field.name, argument)).collect()
    };
    fields.map(|field| (field.name.to_string(), arguments(field))).collect()
}

/// The schema that a caller ought to see: what can be reached from the roots that it may use.
fn expected(caller: &Caller) -> Types {
    let mut types = Types::new();
    let mut waiting: Vec<String> = vec!["Query".into(), "Mutation".into(), "Subscription".into()];
    while let Some(name) = waiting.pop() {
        if types.contains_key(&name) {
            continue;
        }
        let mut parts = BTreeSet::new();
        match &SCHEMA.0.types[name.as_str()] {
            ExtendedType::Object(object) => {
                for (field, arguments) in visible(caller, &name) {
                    let definition = &object.fields[field.as_str()];
                    waiting.push(definition.ty.inner_named_type().to_string());
                    for argument in arguments {
                        let known =
                            definition.arguments.iter().find(|known| *known.name == *argument).unwrap();
                        waiting.push(known.ty.inner_named_type().to_string());
                        parts.insert(format!("{field}({argument}:)"));
                    }
                    parts.insert(field);
                }
                if parts.is_empty() {
                    continue;
                }
                waiting.extend(object.implements_interfaces.iter().map(ToString::to_string));
            }
            ExtendedType::Interface(interface) => {
                parts.extend(interface.fields.keys().map(ToString::to_string));
                if name == "Node" {
                    let nodes = SCHEMA.objects().filter(|object| SCHEMA.is_node(&object.name));
                    waiting.extend(nodes.map(|object| object.name.to_string()));
                }
            }
            ExtendedType::Union(union) => {
                parts.extend(union.members.iter().map(ToString::to_string));
                waiting.extend(parts.iter().cloned());
            }
            ExtendedType::Enum(of) => parts.extend(of.values.keys().map(ToString::to_string)),
            ExtendedType::InputObject(input) => {
                parts.extend(input.fields.keys().map(ToString::to_string));
                waiting.extend(input.fields.values().map(|field| field.ty.inner_named_type().to_string()));
            }
            // What a quantity counts in is part of what it is.
            ExtendedType::Scalar(_) if name == "Quantity" => waiting.push("Unit".into()),
            ExtendedType::Scalar(_) if name == "IdentityDocument" => waiting.push("DocumentKind".into()),
            ExtendedType::Scalar(_) if name == "DeclaredVaccination" => {
                waiting.extend(["Vaccine", "VaccinationProof"].map(Into::into));
            }
            ExtendedType::Scalar(_) => {}
        }
        types.insert(name, parts);
    }
    without_built_in(types)
}

fn without_built_in(mut types: Types) -> Types {
    types.retain(|name, _| {
        !name.starts_with("__") && !matches!(name.as_str(), "ID" | "String" | "Int" | "Boolean" | "Float")
    });
    types
}

/// What a schema is made of.
fn made_of(schema: &Schema) -> Types {
    let types = schema.0.types.iter().map(|(name, found)| {
        let mut parts = BTreeSet::new();
        match found {
            ExtendedType::Object(object) => {
                for field in object.fields.values() {
                    parts.insert(field.name.to_string());
                    parts.extend(
                        field.arguments.iter().map(|argument| format!("{}({}:)", field.name, argument.name)),
                    );
                }
            }
            ExtendedType::Interface(interface) => {
                parts.extend(interface.fields.keys().map(ToString::to_string));
            }
            ExtendedType::Union(union) => parts.extend(union.members.iter().map(ToString::to_string)),
            ExtendedType::Enum(of) => parts.extend(of.values.keys().map(ToString::to_string)),
            ExtendedType::InputObject(input) => parts.extend(input.fields.keys().map(ToString::to_string)),
            ExtendedType::Scalar(_) => {}
        }
        (name.to_string(), parts)
    });
    without_built_in(types.collect())
}

const INTROSPECTION: &str = "{ __schema {
  queryType { name } mutationType { name } subscriptionType { name }
  types {
    name kind
    fields(includeDeprecated: true) { name type { ...Type } args(includeDeprecated: true) { name type { ...Type } } }
    inputFields(includeDeprecated: true) { name }
    possibleTypes { name }
    enumValues(includeDeprecated: true) { name }
  }
} }
fragment Type on __Type { name ofType { name ofType { name ofType { name } } } }";

/// What introspection tells.
fn introspected(answer: &Json) -> Types {
    let name = |of: &Json| of["name"].as_str().unwrap().to_owned();
    let list = |of: &Json| of.as_array().cloned().unwrap_or_default();
    let types = rows(answer, "data.__schema.types").iter().map(|found| {
        let mut parts = BTreeSet::new();
        for field in list(&found["fields"]) {
            parts.insert(name(&field));
            parts.extend(
                list(&field["args"]).iter().map(|argument| format!("{}({}:)", name(&field), name(argument))),
            );
        }
        if found["kind"] == "UNION" {
            parts.extend(list(&found["possibleTypes"]).iter().map(name));
        }
        parts.extend(list(&found["enumValues"]).iter().map(name));
        parts.extend(list(&found["inputFields"]).iter().map(name));
        (name(found), parts)
    });
    without_built_in(types.collect())
}

async fn sdl(client: &Client, headers: &[(&str, &str)]) -> enlace_tests::Answer {
    client.send(Method::GET, "/schema.graphql", headers, "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_is_shown_what_it_may_use_and_nothing_else() {
    let world = world().await;
    let leads = ["DIF_MUNICIPAL/shelter_lead@ALB-01", OMNISCIENT];
    for caller in everyone().into_iter().chain(leads.map(Caller::of)) {
        let client = client(&world, &caller);
        let page = sdl(&client, &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", caller.name());
        assert_eq!(page.header("content-type"), "application/graphql; charset=utf-8");
        let text = std::str::from_utf8(&page.body).unwrap();
        let shown = made_of(&Schema::read(text));
        let expected = expected(&caller);
        for (name, parts) in &expected {
            assert_eq!(shown.get(name), Some(parts), "{}: {name}", caller.name());
        }
        let names = |types: &Types| types.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&shown), names(&expected), "{}", caller.name());

        let answer = client.query(INTROSPECTION).await;
        assert_eq!(introspected(&answer), shown, "{}", caller.name());
        // What is absent is absent under its own name too.
        for absent in SCHEMA.0.types.keys().filter(|name| !shown.contains_key(name.as_str())) {
            if absent.starts_with("__")
                || matches!(absent.as_str(), "Float" | "Int" | "String" | "Boolean" | "ID")
            {
                continue;
            }
            let answer = client.query(&format!("{{ __type(name: \"{absent}\") {{ name }} }}")).await;
            assert_eq!(at(&answer, "data.__type"), &Json::Null, "{}: {absent}", caller.name());
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_asked_for_anew_by_its_tag() {
    let world = world().await;
    let (kitchen, other_kitchen) = (world.client("SEDENA/kitchen"), world.client("SEDENA/kitchen"));
    let (officer, nobody) = (world.client("DSPM/officer"), world.public());
    let first = sdl(&kitchen, &[]).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{tag}");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert!(first.header("vary").to_lowercase().contains("authorization"));
    let again = sdl(&other_kitchen, &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(again.header("etag"), tag);
    // Another's view has another tag: what is known of one is not taken for the other.
    for (client, name) in [(&officer, "officer"), (&nobody, "nobody")] {
        let page = sdl(client, &[("if-none-match", &tag)]).await;
        assert_eq!(page.status, StatusCode::OK, "{name}");
        assert_ne!(page.header("etag"), tag, "{name}");
        assert_ne!(page.body, first.body, "{name}");
    }
    let bad = Client::new(world.address, Some("no.token.atall".into()));
    assert_eq!(sdl(&bad, &[]).await.status, StatusCode::UNAUTHORIZED, "a bad token is not treated as none");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_document_is_answered_alike_for_everyone_and_suggests_nothing() {
    let world = world().await;
    let faulty = [
        ("{ donationItem { id } }", "donationItems"),
        ("{ donationItems(doner: \"x\") { totalCount } }", "donor:"),
        ("{ donationItems { nodes { donorReferenc } } }", "donorReference"),
        ("{ node(id: \"x\") { ... on Dono { id } } }", "Donor"),
        ("mutation { moveStok(lot: \"x\") { __typename } }", "moveStock"),
        ("subscription { stockChange { stock { id } } }", "stockChanged"),
        ("{ donationItems(orderBy: EXPIRES) { totalCount } }", "EXPIRES_ON"),
        ("{ agencies { agreement { id } } }", "agreements"),
        ("{ persons { nodes { givenName } } }", "givenNames"),
        ("{ node(id: \"x\") { ... on Diagnoses { id } } }", "Diagnosis"),
    ];
    for (document, hidden) in faulty {
        let mut bodies = BTreeSet::new();
        for caller in everyone().iter().step_by(4).chain([&Caller::anyone(), &Caller::of(OMNISCIENT)]) {
            let answer = client(&world, caller).post(&json!({"query": document})).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{document}");
            let body = String::from_utf8(answer.body.to_vec()).unwrap();
            let message = at(&answer_json(&body), "errors.0.message").as_str().unwrap().to_owned();
            assert!(!message.to_lowercase().contains("did you mean"), "{body}");
            assert!(!message.contains(hidden), "{body}");
            bodies.insert(body);
        }
        assert_eq!(bodies.len(), 1, "{document}: {bodies:?}");
    }
    world.stop().await;
}

fn answer_json(body: &str) -> Json {
    serde_json::from_str(body).unwrap()
}
