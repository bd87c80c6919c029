//! Centres are lent and opened as shelters, looked after every morning, and closed when everyone has left.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{ADMINISTRATOR, COORDINATOR, LEAD, Rows, Script, hand_of, named};
use crate::demo::{ENDS_ON, agencies, donations, id, loans, local, lodging, shelters};

/// How many beds are set up at once.
const BEDS_AT_ONCE: usize = 200;
/// Every how many days the spaces without beds are counted.
const COUNTED_EVERY: usize = 3;
/// At what hour shelters open for the first time, and close for the last.
pub(super) const OPENS: i64 = 6;
const CLOSES: i64 = 11;

/// What happens to centres and shelters.
pub(super) fn play(script: &mut Script, rows: &Rows) {
    for loan in &rows.loans.loans {
        lend(script, rows, loan);
    }
    for (number, shelter) in rows.shelters.shelters.iter().enumerate() {
        open(script, rows, shelter);
        entrust(script, &rows.shelters.shelters, number);
        close(script, shelter);
    }
    for bed in &rows.lodging.beds {
        block(script, rows, bed);
    }
    for check in &rows.facility.checks {
        let found = json!({
            "shelter": named("shelter", check.shelter_id),
            "clean": check.clean,
            "sanitised": check.sanitised,
            "toiletsUsable": check.toilets_usable,
            "hotShowers": check.hot_showers,
            "note": check.note,
        });
        script.change(check.checked_at, LEAD, story(check.shelter_id), "recordFacilityCheck", found);
    }
    count(script);
}

/// What one shelter's acts belong to.
pub(super) fn story(shelter: Uuid) -> String {
    format!("shelter/{shelter}")
}

fn lend(script: &mut Script, rows: &Rows, loan: &loans::Loan) {
    let lines = rows.loans.lines.iter().filter(|line| line.loan_id == loan.id);
    let inventory: Vec<_> = lines
        .clone()
        .map(|line| json!({"thing": line.thing, "quantity": line.quantity, "condition": line.condition}))
        .collect();
    let lent = json!({
        "centre": named("centre", loan.centre_id),
        "startsOn": loan.starts_on,
        "endsOn": loan.ends_on,
        "conditions": loan.conditions,
        "inventory": inventory,
    });
    let lending = script.change(
        loan.recorded_at,
        hand_of(loan.lender_id),
        format!("centre/{}", loan.centre_id),
        "recordCentreLoan",
        lent,
    );
    lending.telling("loan { inventory { id thing } }").makes(named("centre_loan", loan.id), "/loan/id");
    for line in lines {
        lending.makes(named("centre_loan_line", line.id), format!("/loan/inventory/thing={}/id", line.thing));
    }
}

fn open(script: &mut Script, rows: &Rows, shelter: &shelters::Shelter) {
    let at = local(shelter.opened_on, OPENS);
    let spaces = || rows.shelters.spaces.iter().filter(|space| space.shelter_id == shelter.id);
    let cut: Vec<_> = spaces()
        .map(|space| json!({"code": space.code, "segment": space.segment, "capacity": space.capacity}))
        .collect();
    let opened = json!({
        "centre": named("centre", shelter.centre_id),
        "code": shelter.code,
        "name": shelter.name,
        "spaces": cut,
    });
    let opening = script.change(at, COORDINATOR, story(shelter.id), "openShelter", opened);
    opening
        .telling("shelter { spaces { id code version } }")
        .makes(named("shelter", shelter.id), "/shelter/id");
    for space in spaces() {
        opening.makes(named("space", space.id), format!("/shelter/spaces/code={}/id", space.code));
    }
    let place = format!("/locations/shelter.id={}/id", named("shelter", shelter.id));
    script
        .read(at, COORDINATOR, story(shelter.id), "{ locations { id shelter { id } } }", json!({}))
        .makes(named("location", donations::store_id(shelter)), place);
    for space in spaces() {
        let beds: Vec<&lodging::Bed> =
            rows.lodging.beds.iter().filter(|bed| bed.space_id == space.id).collect();
        for beds in beds.chunks(BEDS_AT_ONCE) {
            let set_up: Vec<_> =
                beds.iter().map(|bed| json!({"code": bed.code, "suits": bed.suits})).collect();
            let set_up = json!({"space": named("space", space.id), "beds": set_up});
            let adding = script.change(at, COORDINATOR, story(shelter.id), "addBeds", set_up);
            adding.telling("beds { code }");
            for bed in beds {
                adding.makes(named("bed", bed.id), format!("/beds/code={}/id", bed.code));
            }
        }
    }
}

/// Makes the shelters' lead the lead of one more: the grant that names those before it ends, and another begins.
fn entrust(script: &mut Script, opened: &[shelters::Shelter], number: usize) {
    let Some((last, before)) = opened.get(..=number).and_then(<[_]>::split_last) else { return };
    let entrusted_at = |shelter: &shelters::Shelter| local(shelter.opened_on, OPENS) + TimeDelta::minutes(10);
    let grant = |shelter: &shelters::Shelter| {
        named("grant", id("replayed grants", &shelter.code, entrusted_at(shelter)))
    };
    let at = entrusted_at(last);
    if let Some(previous) = before.last() {
        let ended = json!({"grant": grant(previous)});
        script.change(at, ADMINISTRATOR, "the lead", "revokeGrant", ended).seen("grant");
    }
    let shelters: Vec<_> = before.iter().chain([last]).map(|shelter| named("shelter", shelter.id)).collect();
    let granted = json!({
        "user": named("user", agencies::user_id("DIF_MUNICIPAL", "shelter_lead")),
        "role": "shelter_lead",
        "shelters": shelters,
        "endsAt": local(ENDS_ON, 24),
    });
    script
        .change(at + TimeDelta::minutes(1), ADMINISTRATOR, "the lead", "grantRole", granted)
        .makes(grant(last), "/grant/id");
}

fn block(script: &mut Script, rows: &Rows, bed: &lodging::Bed) {
    let of = |space: &&shelters::Space| space.id == bed.space_id;
    let Some((reason, space)) = bed.blocked_for.zip(rows.shelters.spaces.iter().find(of)) else { return };
    let Some(shelter) = rows.shelters.shelters.iter().find(|shelter| shelter.id == space.shelter_id) else {
        return;
    };
    let blocked = json!({"bed": named("bed", bed.id), "reason": reason});
    script
        .change(local(shelter.opened_on, OPENS + 2), LEAD, story(shelter.id), "blockBed", blocked)
        .seen("bed");
}

/// The spaces without beds count their people themselves, until nobody is left.
fn count(script: &mut Script) {
    let counted = |day: NaiveDate| {
        let spaces = shelters::Rows::generate(day).spaces;
        spaces.into_iter().filter(|space| shelters::bedded(space).is_none())
    };
    let days = crate::demo::STARTS_ON.iter_days().step_by(COUNTED_EVERY).take_while(|day| *day < ENDS_ON);
    for space in days.flat_map(counted) {
        headcount(script, &space, space.counted_at);
    }
    for space in counted(ENDS_ON) {
        headcount(script, &space, local(ENDS_ON, CLOSES) - TimeDelta::minutes(10));
    }
}

fn headcount(script: &mut Script, space: &shelters::Space, at: DateTime<Utc>) {
    let found = json!({"space": named("space", space.id), "occupied": space.occupied});
    script.change(at, LEAD, story(space.shelter_id), "adjustOccupancy", found).seen("space");
}

fn close(script: &mut Script, shelter: &shelters::Shelter) {
    let Some(day) = shelter.closed_on else { return };
    let closed = json!({"shelter": named("shelter", shelter.id)});
    script.change(local(day, CLOSES), COORDINATOR, story(shelter.id), "closeShelter", closed);
}
