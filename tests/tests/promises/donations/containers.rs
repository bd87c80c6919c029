//! Boxes and pallets: packed, moved with all that is in them, found by their code, labelled.

use enlace_tests::{Client, World, at, codes};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::{DONATIONS, drawing, held, mutate, problem, result};
use crate::operations::{assert_ledger_holds, watch_totals};

fn id(answer: &Json) -> &Json {
    at(result(answer), "container.id")
}

fn code(answer: &Json) -> &str {
    at(result(answer), "container.code").as_str().unwrap()
}

async fn quantity_at(client: &Client, lot: &str, store: &str) -> i32 {
    let document = format!(
        "{{ node(id: \"{lot}\") {{ ... on DonationItem {{ stock {{ quantity location {{ id }} }} }} }} }}"
    );
    let answer = client.query(&document).await;
    let stock = at(&answer, "data.node.stock").as_array().unwrap();
    let there = stock.iter().find(|stock| *at(stock, "location.id") == store);
    there.map_or(0, |stock| stock["quantity"].as_str().unwrap().split_once(' ').unwrap().0.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_packed_leaves_with_its_container_or_is_unpacked_first() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let some =
        |amount: i32| format!("goods: [{{lot: \"{}\", quantity: {}}}]", goods.lot, held(&goods, amount));
    let all_but = goods.amount - 4;
    let made = mutate(
        &client,
        "packContainer",
        &format!("location: \"{}\", kind: PALLET, note: \"Cobijas & abrigo\", {}", goods.from, some(all_but)),
    )
    .await;
    assert_eq!(at(result(&made), "container.lines.0.quantity"), &held(&goods, all_but), "{made}");
    assert_eq!(code(&made).len(), 8);

    // Four are left: no more than those leave it otherwise, nor are packed.
    for (root, rest) in [
        ("deliverStock", String::new()),
        ("writeOffStock", ", cause: DAMAGED".to_owned()),
        ("moveStock", format!(", to: \"{}\"", goods.to)),
    ] {
        let taken = mutate(&client, root, &(drawing(&goods, &goods.from, 5) + &rest)).await;
        assert_eq!(problem(&taken).0, "GOODS_PACKED", "{root}: {taken}");
    }
    let sending = format!(
        "from: \"{}\", to: \"{}\", goods: [{{lot: \"{}\", quantity: {}}}]",
        goods.from,
        goods.to,
        goods.lot,
        held(&goods, 5)
    );
    assert_eq!(problem(&mutate(&client, "sendShipment", &sending).await).0, "GOODS_PACKED");
    let over = mutate(&client, "deliverStock", &drawing(&goods, &goods.from, goods.amount + 1)).await;
    assert_eq!(problem(&over).0, "INSUFFICIENT_STOCK", "{over}");
    let second = format!("location: \"{}\", {}", goods.from, some(5));
    assert_eq!(problem(&mutate(&client, "packContainer", &second).await).0, "GOODS_PACKED");
    let more = format!("container: {}, {}", id(&made), some(2));
    let packed = mutate(&client, "packContainer", &more).await;
    assert_eq!(at(result(&packed), "container.lines.0.quantity"), &held(&goods, all_but + 2));

    // It is found by its code as people type it, and a slip is said to be one.
    let found = async |typed: &str| {
        client.query(&format!("{{ container(code: \"{typed}\") {{ id lines {{ quantity }} }} }}")).await
    };
    let typed = format!("{}-{}", &code(&made)[..4], &code(&made)[4..]).to_lowercase();
    assert_eq!(at(&found(&typed).await, "data.container.id"), id(&made));
    let mut slipped = code(&made).to_owned();
    let other = if slipped.starts_with('7') { "8" } else { "7" };
    slipped.replace_range(..1, other);
    assert_eq!(codes(&found(&slipped).await), ["INVALID_ARGUMENT"]);
    assert_eq!(at(&found("0000-0000").await, "data.container"), &Json::Null);

    // Moved, all that is in it is where it is, as the ledger's own movements.
    let moving = format!("container: {}, to: \"{}\"", id(&made), goods.to);
    let version = at(result(&packed), "container.version");
    let stale = mutate(&client, "moveContainer", &(moving.clone() + ", version: 1")).await;
    assert_eq!(problem(&stale).0, "VERSION_CONFLICT");
    let moved = mutate(&client, "moveContainer", &format!("{moving}, version: {version}")).await;
    assert_eq!(at(result(&moved), "container.location.id"), &json!(goods.to), "{moved}");
    assert_eq!(quantity_at(&client, &goods.lot, &goods.from).await, 2);
    assert_eq!(quantity_at(&client, &goods.lot, &goods.to).await, all_but + 2);
    let last = client
        .query(&format!(
            "{{ movements(lot: \"{}\", last: 1) {{ nodes {{ kind note quantity }} }} }}",
            goods.lot
        ))
        .await;
    let last = at(&last, "data.movements.nodes.0");
    assert_eq!((&last["kind"], &last["quantity"]), (&json!("TRANSFER"), &held(&goods, all_but + 2)));
    assert!(last["note"].as_str().unwrap().starts_with("Contenedor "), "{last}");
    // There it is packed as before.
    let taken = mutate(&client, "deliverStock", &drawing(&goods, &goods.to, 1)).await;
    assert_eq!(problem(&taken).0, "GOODS_PACKED", "{taken}");
    let here = format!(
        "container: {}, to: \"{}\", version: {}",
        id(&made),
        goods.to,
        at(result(&moved), "container.version")
    );
    assert_eq!(problem(&mutate(&client, "moveContainer", &here).await), ("INVALID_ARGUMENT", &json!("to")));

    // A part is taken out, then the rest.
    let part = mutate(&client, "unpackContainer", &format!("container: {}, {}", id(&made), some(3))).await;
    assert_eq!(at(result(&part), "container.lines.0.quantity"), &held(&goods, all_but - 1), "{part}");
    let taken = mutate(&client, "deliverStock", &drawing(&goods, &goods.to, 3)).await;
    assert_eq!(at(result(&taken), "movement.kind"), "DELIVERY", "{taken}");
    let too_much =
        mutate(&client, "unpackContainer", &format!("container: {}, {}", id(&made), some(goods.amount)))
            .await;
    assert_eq!(problem(&too_much), ("INVALID_ARGUMENT", &json!("goods.0.quantity")));
    let empty = mutate(&client, "unpackContainer", &format!("container: {}", id(&made))).await;
    assert_eq!(at(result(&empty), "container.lines"), &json!([]));
    for (arguments, argument) in [
        (some(1), "container, or location"),
        (format!("container: {}, kind: BOX, {}", id(&made), some(1)), "kind, or note"),
        (format!("container: {}, goods: []", id(&made)), "goods"),
        (format!("container: {}, {}", id(&made), some(0)), "goods.0.quantity"),
    ] {
        let answer = mutate(&client, "packContainer", &arguments).await;
        assert_eq!(problem(&answer), ("INVALID_ARGUMENT", &json!(argument)), "{answer}");
    }
    // A lead packs in the store of its shelter alone.
    let lead = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02");
    assert_eq!(
        codes(&mutate(&lead, "unpackContainer", &format!("container: {}", id(&made))).await),
        ["FORBIDDEN"]
    );
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// The dark squares of an SVG's code, as a reader of codes sees them.
fn decoded(svg: &str) -> String {
    let (_, square) = svg.split_once("shape-rendering=\"crispEdges\">").unwrap();
    let before = svg.split_once(" shape-rendering").unwrap().0;
    let whole: usize = before.rsplit(' ').next().unwrap().trim_end_matches('"').parse().unwrap();
    let path = square.split_once("d=\"").unwrap().1.split_once('"').unwrap().0;
    let mut dark = vec![vec![false; whole]; whole];
    for module in path.split('M').filter(|module| !module.is_empty()) {
        let (column, row) = module.split_once('h').unwrap().0.split_once(' ').unwrap();
        dark[row.parse::<usize>().unwrap()][column.parse::<usize>().unwrap()] = true;
    }
    let scale = 6;
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(whole * scale, whole * scale, |x, y| {
        if dark[y / scale][x / scale] { 0 } else { 255 }
    });
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_hold_the_code_and_say_in_spanish_what_is_in_it() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let made = mutate(
        &client,
        "packContainer",
        &format!(
            "location: \"{}\", note: \"Abrigo <invierno>\", goods: [{{lot: \"{}\", quantity: {}}}]",
            goods.from,
            goods.lot,
            held(&goods, 3)
        ),
    )
    .await;
    let label = client
        .query(&format!(
            "{{ node(id: {}) {{ ... on Container {{ label {{ svg }} lines {{ lot {{ name }} }} }} }} }}",
            id(&made)
        ))
        .await;
    let svg = at(&label, "data.node.label.svg").as_str().unwrap();
    assert_eq!(decoded(svg), code(&made));
    let shown = format!("{}-{}", &code(&made)[..4], &code(&made)[4..]);
    for said in [shown.as_str(), "CAJA", "Abrigo &lt;invierno&gt;", ">3 "] {
        assert!(svg.contains(said), "{said}: {svg}");
    }
    let others = client.query("{ containers(first: 9) { totalCount nodes { id code } } }").await;
    assert!(at(&others, "data.containers.totalCount").as_i64().unwrap() > 24);
    let others = at(&others, "data.containers.nodes").as_array().unwrap();
    let ids: Vec<String> =
        others.iter().map(|one| one["id"].to_string()).chain([id(&made).to_string()]).collect();
    for (paper, size) in
        [("LETTER", "width=\"215.9mm\" height=\"279.4mm\""), ("A4", "width=\"210mm\" height=\"297mm\"")]
    {
        let sheet = client
            .query(&format!("{{ labelSheet(containers: [{}], paper: {paper}) {{ svg }} }}", ids.join(", ")))
            .await;
        let svg = at(&sheet, "data.labelSheet.svg").as_str().unwrap();
        assert!(svg.contains(size) && svg.matches("crispEdges").count() == 10, "{svg}");
        assert_eq!(decoded(svg), others[0]["code"].as_str().unwrap());
    }
    let many =
        client.query(&format!("{{ labelSheet(containers: [{0}, {0}]) {{ svg }} }}", ids.join(", "))).await;
    assert_eq!(codes(&many), ["INVALID_ARGUMENT"]);
    // Nobody prints what they may not see.
    let clinician = world.client("ISESALUD/clinician");
    let refused = clinician.query(&format!("{{ labelSheet(containers: [{}]) {{ svg }} }}", ids[0])).await;
    assert_eq!(at(&refused, "data.labelSheet"), &Json::Null, "{refused}");
    world.stop().await;
}

/// R33: containers of the same lots are moved to and fro, unpacked and packed while goods leave: each goes whole, and the totals hold
/// at every moment.
#[tokio::test(flavor = "multi_thread")]
async fn containers_that_are_moved_at_once_go_whole() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let pack = |store: &str, amount: i32| {
        format!(
            "location: \"{store}\", goods: [{{lot: \"{}\", quantity: {}}}]",
            goods.lot,
            held(&goods, amount)
        )
    };
    mutate(&client, "moveStock", &(drawing(&goods, &goods.from, 12) + &format!(", to: \"{}\"", goods.to)))
        .await;
    let mut containers = Vec::new();
    for store in [&goods.from, &goods.to, &goods.from, &goods.to] {
        let made = mutate(&client, "packContainer", &pack(store, 5)).await;
        containers.push((id(&made).to_string(), store.clone()));
    }
    let work = join_all(containers.iter().map(async |(container, first)| {
        let mut store = first.clone();
        for _ in 0..4 {
            let shown = client
                .query(&format!("{{ node(id: {container}) {{ ... on Container {{ version }} }} }}"))
                .await;
            let to = if store == goods.from { &goods.to } else { &goods.from };
            let arguments = format!(
                "container: {container}, to: \"{to}\", version: {}, outOfOrder: \"prueba\"",
                at(&shown, "data.node.version")
            );
            let moved = mutate(&client, "moveContainer", &arguments).await;
            assert_eq!(at(result(&moved), "container.location.id"), to, "{moved}");
            store.clone_from(to);
        }
        mutate(&client, "unpackContainer", &format!("container: {container}")).await;
    }));
    let leaving = join_all((0..2).map(async |_| {
        for _ in 0..3 {
            mutate(&client, "deliverStock", &drawing(&goods, &goods.from, 1)).await;
        }
    }));
    let (tell, watching) = tokio::sync::oneshot::channel();
    let ((), looked) = tokio::join!(
        async {
            tokio::join!(work, leaving);
            tell.send(()).unwrap();
        },
        watch_totals(&world, watching)
    );
    assert!(looked > 1);
    let database = world.database().await;
    let unlike: i64 = database
        .query_one(
            "SELECT count(*) FROM balances LEFT JOIN (SELECT lot_id, location_id, sum(quantity) AS packed FROM container_lines \
                 JOIN containers ON containers.id = container_id GROUP BY lot_id, location_id) AS inside USING (lot_id, location_id) \
             WHERE balances.packed <> coalesce(inside.packed, 0)",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(unlike, 0);
    assert_ledger_holds(&world).await;
    world.stop().await;
}
