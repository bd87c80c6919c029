//! Every field, argument and operation of the schema is tried, for every role, by a case beside the policies.

use std::collections::BTreeSet;

use enlace_policies::{ANY_AGENCY, Cases, Class, Principal, ROLES, RecordType, Verb};
use enlace_schema::Coordinate;

use crate::reference::{SCHEMA, class_of, is_identifying, say};

/// What no case tries yet, as `AGENCY/role verb CLASS RecordType`. It may only shrink: what is tried must leave it.
const EXEMPT: &str = include_str!("untried.txt");

/// What the policies are asked before a coordinate is used.
type Question = (Verb, Class, RecordType);

/// Every coordinate of the schema, with what is asked of it: of some a second thing, where they stand in a list, and of an id by
/// which someone could be recognised, whether it is the record's own or a pseudonym.
fn coordinates() -> Vec<(String, Question)> {
    let mut coordinates = Vec::new();
    for coordinate in enlace_schema::coordinates() {
        let Coordinate { name, verb, class, record, is_listed_apart, .. } = coordinate;
        if is_listed_apart {
            coordinates.push((format!("{name} in a list"), (Verb::List, class, record)));
        }
        let (object, field) = name.split_once('.').unwrap();
        let is_own_id = field == "id" && SCHEMA.objects().any(|known| known.name == object);
        if is_own_id && is_identifying(&SCHEMA.object(object).fields[field]) {
            coordinates.push((format!("{name}, the record's own"), (Verb::Identify, class, record)));
        }
        coordinates.push((name, (verb, class, record)));
    }
    coordinates
}

#[test]
fn the_coordinates_are_those_of_the_published_schema() {
    let mut published = BTreeSet::new();
    for object in SCHEMA.objects() {
        // What a connection is made of is behind a root, which has a class.
        for field in object.fields.values().filter(|field| class_of(field).is_some()) {
            let name = format!("{}.{}", object.name, field.name);
            let arguments = field.arguments.iter().map(|argument| format!("{name}({}:)", argument.name));
            published.extend(arguments.chain([name.clone()]));
        }
    }
    let known: BTreeSet<String> = enlace_schema::coordinates().into_iter().map(|known| known.name).collect();
    assert_eq!(known, published);
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
