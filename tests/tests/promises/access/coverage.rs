//! Every field, argument and operation of the schema is tried, for every role, by a case beside the policies.

use std::collections::BTreeSet;

use enlace_policies::{ANY_AGENCY, Cases, Class, Principal, ROLES, RecordType, Verb};

use super::arguments::CLASSED;
use crate::reference::{SCHEMA, class_of, say};

/// What no case tries yet, as `AGENCY/role verb CLASS RecordType`. It may only shrink: what is tried must leave it.
const EXEMPT: &str = include_str!("untried.txt");

/// What the policies are asked before a coordinate is used.
type Question = (Verb, Class, RecordType);

/// What the policies take the records of an object type for.
fn record_of(object: &str) -> RecordType {
    let name = match object {
        "Agency" => "AgencyRecord",
        "Viewer" | "AccessProfile" | "CoordinateAccess" => "Account",
        "DonationItem" => "Lot",
        "MoveStockPayload" | "StockChange" => "Movement",
        "AdjustOccupancyPayload" | "ShelterCapacityChange" => "Space",
        "Node" => "Programme",
        _ if SCHEMA.object(object).implements_interfaces.contains("Problem") => "Programme",
        other => other,
    };
    RecordType::named(name).unwrap_or_else(|| panic!("say what the policies take {object} for"))
}

/// What a mutation changes.
fn changed_by(mutation: &str) -> RecordType {
    match mutation {
        "adjustOccupancy" => RecordType::Space,
        "moveStock" => RecordType::Stock,
        other => panic!("say what {other} changes"),
    }
}

/// Every coordinate of the schema, with what is asked of it.
fn coordinates() -> Vec<(String, Question)> {
    let mut coordinates = Vec::new();
    for object in SCHEMA.objects() {
        let is_root = matches!(object.name.as_str(), "Query" | "Mutation" | "Subscription");
        for field in object.fields.values() {
            let coordinate = format!("{}.{}", object.name, field.name);
            // What a connection is made of is behind a root, which has a class.
            let Some(class) = class_of(field) else { continue };
            let class = Class::named(class).unwrap();
            let target = field.ty.inner_named_type().as_str();
            let question = if object.name == "Mutation" {
                (Verb::Write, class, changed_by(&field.name))
            } else if is_root {
                (Verb::Read, class, record_of(target.strip_suffix("Connection").unwrap_or(target)))
            } else {
                (Verb::Read, class, record_of(SCHEMA.judged_on(&object.name, field)))
            };
            for argument in &field.arguments {
                let by =
                    CLASSED.iter().find(|(root, name, ..)| field.name == **root && argument.name == **name);
                let asked =
                    by.map(|(.., class, on)| (Verb::Read, Class::named(class).unwrap(), record_of(on)));
                coordinates.push((format!("{coordinate}({}:)", argument.name), asked.unwrap_or(question)));
            }
            if !is_root && SCHEMA.target(field).is_none() && class.is_listed_apart() {
                coordinates.push((format!("{coordinate} in a list"), (Verb::List, class, question.2)));
            }
            coordinates.push((coordinate, question));
        }
    }
    coordinates
}

/// A name, and whether a case's principal is that one.
type Named = (String, Box<dyn Fn(&Principal) -> bool>);

/// Every role at each of its agencies, and nobody.
fn callers() -> Vec<Named> {
    let mut callers: Vec<Named> =
        vec![("anyone".to_owned(), Box::new(|principal| matches!(principal, Principal::Anyone)))];
    for (role, agency) in
        ROLES.iter().flat_map(|role| role.agencies.iter().map(move |agency| (role, *agency)))
    {
        let is = move |principal: &Principal| match principal {
            Principal::Anyone => false,
            Principal::User(user) => {
                let at = match agency.strip_suffix(ANY_AGENCY) {
                    Some(prefix) => user.agency.starts_with(prefix),
                    None => user.agency == agency,
                };
                at && user.agreement_in_force && user.roles.iter().eq([role.code])
            }
        };
        callers.push((format!("{agency}/{}", role.code), Box::new(is)));
    }
    callers
}

#[test]
fn every_coordinate_is_tried_for_every_role_by_a_case_beside_the_policies() {
    let cases = Cases::built_in().unwrap();
    let asked: Vec<(&Principal, Question)> = cases
        .questions()
        .map(|(principal, verb, class, record)| (principal, (verb, class, record)))
        .collect();
    let coordinates = coordinates();
    let (mut tried, mut untried) = (0, BTreeSet::new());
    for (name, is) in callers() {
        let of_caller: Vec<Question> =
            asked.iter().filter(|(principal, _)| is(principal)).map(|(_, question)| *question).collect();
        for (_, question) in &coordinates {
            if of_caller.contains(question) {
                tried += 1;
            } else {
                let (verb, class, record) = question;
                untried.insert(format!("{name} {verb} {class} {record}"));
            }
        }
    }
    say(&format!(
        "coverage: {} coordinates for {} callers, {tried} tried\n",
        coordinates.len(),
        callers().len()
    ));
    let exempt: BTreeSet<String> = EXEMPT.lines().map(str::to_owned).collect();
    let new: Vec<&String> = untried.difference(&exempt).collect();
    assert!(new.is_empty(), "no case beside the policies tries these: {new:#?}");
    let stale: Vec<&String> = exempt.difference(&untried).collect();
    assert!(
        stale.is_empty(),
        "these are tried now, or are no more; take them out of untried.txt: {stale:#?}"
    );
}
