//! Goods from the donor to whoever needs them: received, moved, given out, written off, corrected, recalled.

mod alerts;
mod campaigns;
mod catalogue;
mod containers;
mod counts;
mod deciding;
mod donors;
mod expiring;
mod finding;
mod households;
mod importing;
mod kits;
mod ledger;
mod mapping;
mod receipts;
mod receiving;
mod reservations;
mod supplies;
mod uploading;

use apollo_compiler::schema::ExtendedType;
use enlace_tests::{Client, Goods, fresh_key};
use serde_json::{Value as Json, json};

use crate::reference::SCHEMA;

const DONATIONS: &str = "DIF_MUNICIPAL/donation_coordinator";

/// What a movement shows of itself and of what it left.
const MOVED: &str =
    "movement { id kind quantity cause note outOfOrder lot { id } from { id } to { id } corrects { id } }
    stock { quantity reserved available version location { id } }";

/// What a request shows of itself, and a shipment.
const REQUEST: &str = "request { id code state version decisionNote location { id }
    lines { item { id } requested approved supplied received } shipments { id } }";
const SHIPMENT: &str = "shipment { id code state version sent received lost from { id } to { id }
    request { id state } lines { lot { id } sent received lost } }";

const COUNT: &str = "count { id code state version reason uncounted location { id } category { code }
    lines { lot { id } counted expected shortage surplus holds }
    differences { id lot { id } settledBy { id kind cause note } } }";

const CONTAINER: &str =
    "container { id code kind note version location { id } lines { lot { id } quantity } }";

/// Runs one mutation with arguments as literals, and a key that nobody has used; what it answers.
async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let (first, rest) = root.split_at(1);
    let payload = format!("{}{rest}Payload", first.to_uppercase());
    let shown = match root {
        "receiveDonation" => "donation { id code receivedOn donorReference donor { id } location { id } }",
        "requestSupplies" | "decideRequest" | "closeRequest" => REQUEST,
        "sendShipment" | "receiveShipment" => SHIPMENT,
        "packContainer" | "unpackContainer" | "moveContainer" => CONTAINER,
        "openStockCount" | "recordCount" | "closeStockCount" | "cancelStockCount" => COUNT,
        "recallLot" => "lot { id recalledAt recallReason }",
        "registerCatalogueItem" | "reviseCatalogueItem" => {
            "item { id code gtin name unit perishable packSizes minimumStock version category { code stockKind } }"
        }
        "saveImportMapping" => "importMapping { columns sheet days version donor { id } }",
        "setMinimumStock" => "storeMinimum { minimum version }",
        "defineKit" | "reviseKit" => "kit { id code name nameEn version lines { quantity item { code } } }",
        "grantEntitlement" | "endEntitlement" => {
            "entitlement { id amount per intervalDays cap validFrom validUntil version item { code } kit { code } }"
        }
        "deliverToHousehold" => {
            "delivery { id code deliveredAt location { id } lines { given entitlement { id } } }
             allowance { remaining againOn entitlement { id } }"
        }
        "replacePickupCode" => "household { id pickupCode version }",
        "reserveStock" | "releaseReservation" => {
            "reservation { id code note until endedAt version location { id } lines { reserved used remaining lot { id } } }"
        }
        "openCampaign" | "closeCampaign" => "campaign { id title closedAt version donations articles }",
        "registerDonor" | "reviseDonor" => "donor { id kind name contact version agency { code } }",
        _ => MOVED,
    };
    // Not every mutation can have every problem.
    let result = SCHEMA.object("Mutation").fields[root].ty.inner_named_type();
    let Some(ExtendedType::Union(result)) = SCHEMA.0.types.get(result) else { panic!("{root}: {result}") };
    let fields = [
        ("NotFound", "argument"),
        ("InvalidValue", "argument"),
        ("BeyondEntitlement", "argument remaining againOn"),
        ("VersionConflict", "currentVersion"),
        ("OpenDifferences", "differences { id }"),
    ];
    let problems: Vec<String> = fields
        .iter()
        .filter(|(problem, _)| result.members.contains(*problem))
        .map(|(problem, field)| format!("... on {problem} {{ {field} }}"))
        .collect();
    let problems = problems.join(" ");
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ {shown} }} ... on Problem {{ code message }} {problems} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

/// What of a lot is drawn on, as arguments.
fn drawing(goods: &Goods, from: &str, amount: i32) -> String {
    format!("lot: \"{}\", from: \"{from}\", quantity: \"{amount} {}\"", goods.lot, goods.unit)
}

/// The result of a mutation; it must have one.
fn result(answer: &Json) -> &Json {
    let result = &answer["data"]["x"];
    assert!(result.is_object(), "{answer}");
    result
}

/// The problem's code, and the argument that it names.
fn problem(answer: &Json) -> (&str, &Json) {
    let result = result(answer);
    (result["code"].as_str().unwrap_or_else(|| panic!("no problem: {answer}")), &result["argument"])
}

/// What it is of those that it can be, and the argument that it names.
fn outcome(answer: &Json) -> (&str, &Json) {
    let result = result(answer);
    (result["__typename"].as_str().unwrap_or_else(|| panic!("no type: {answer}")), &result["argument"])
}

/// A quantity of some goods.
fn held(goods: &Goods, amount: i32) -> Json {
    json!(format!("{amount} {}", goods.unit))
}
