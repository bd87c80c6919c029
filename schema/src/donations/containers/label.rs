//! Labels, as they are stuck on boxes: the code for a camera and for eyes, and what is in it. In Spanish, for whoever carries it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use qrcode::{Color, EcLevel, QrCode};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::InScope;
use crate::context::Context;
use crate::donations::containers::load::{containers_by_ids, lines_joined};
use crate::donations::containers::tables::container_lines;
use crate::donations::containers::{Container, ContainerKind};
use crate::donations::load::{goods_facts, locations_by_ids};
use crate::donations::printed::{escaped, unit};
use crate::donations::tables::lots;
use crate::error::{Code, Error, Result};
use crate::graph::{Facts, graphql_enum, input, record};
use crate::scalars::{Id, Unit, halved};

/// How large a label is, in millimetres: ten of them fill a sheet of either paper.
const LABEL: (f64, f64) = (98.0, 50.0);

/// How many stand side by side, and how many below each other.
const GRID: (u8, u8) = (2, 5);

/// How many lots a label names; the others it counts.
const NAMED: usize = 5;

/// How many characters of a line fit beside the code.
const LINE: usize = 37;

graphql_enum! {
    /// On what a sheet of labels is printed.
    pub enum Paper {
        /// 215.9 by 279.4 millimetres.
        Letter = "LETTER",
        /// 210 by 297 millimetres.
        A4 = "A4",
    }
}

impl Paper {
    /// How large it is, in millimetres.
    fn size(self) -> (f64, f64) {
        match self {
            Self::Letter => (215.9, 279.4),
            Self::A4 => (210.0, 297.0),
        }
    }
}

record! {
    /// The label of a container.
    pub struct ContainerLabel: "ContainerLabel" as Container, id "container_label" {
        /// Global id.
        id: Id<ContainerLabel> => Public,
        /// The label, 98 by 50 millimetres, as an SVG document. Its square holds the code.
        svg: String => Inventory,
        /// The shelter in whose store it stands.
        shelter: Option<String>,
    }
}

impl Facts for ContainerLabel {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

record! {
    /// Labels of several containers, on one page.
    pub struct LabelSheet: "LabelSheet" as Container {
        /// The page, as an SVG document: printed at its size, it needs no other margin.
        svg: String => Inventory,
    }
}

impl Facts for LabelSheet {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

input! {
    /// Which labels, and on what.
    pub struct LabelSheetArguments {
        /// The containers: 1 to 10, in the order of their labels.
        pub containers: Vec<Id<Container>>,
        /// The paper; letter, where it is left out.
        pub paper: Option<Paper>,
    }
}

/// So much of something, as a label says it.
#[derive(Queryable)]
struct Inside {
    container: Uuid,
    quantity: i32,
    unit: Unit,
    name: String,
    expires_on: Option<NaiveDate>,
}

/// What a label says.
struct Label {
    container: Container,
    store: String,
    inside: Vec<Inside>,
}

/// The labels of some containers, with what the caller may see of what is in them.
pub(super) async fn labels_by_containers(context: Context, ids: Vec<Uuid>) -> Result<Vec<ContainerLabel>> {
    let labels = labels(context, ids).await?;
    let drawn = labels.into_iter().map(|label| {
        let (width, height) = LABEL;
        let svg = document((width, height), &drawing(&label)?);
        Ok(ContainerLabel { id: Id::new(label.container.id.uuid()), svg, shelter: label.container.shelter })
    });
    drawn.collect()
}

/// A sheet of labels.
pub(super) async fn label_sheet(
    context: Context,
    arguments: LabelSheetArguments,
) -> Result<Option<LabelSheet>> {
    let scope = context.root_scope(Class::Inventory, RecordType::Container)?;
    let refused = |message: &str| {
        Err(Error::new(Code::InvalidArgument, message.to_owned()).with("argument", "containers"))
    };
    let (columns, rows) = GRID;
    if !(1..=usize::from(columns * rows)).contains(&arguments.containers.len()) {
        return refused("A sheet has 1 to 10 labels. Ask for another sheet for the rest.");
    }
    let ids = arguments.containers.iter().map(|id| id.uuid()).collect();
    let mut labels: Vec<Label> = labels(context, ids).await?;
    labels.retain(|label| scope.has(&label.container));
    let (paper, (width, height)) = (arguments.paper.unwrap_or(Paper::Letter).size(), LABEL);
    // In the middle of the page.
    let left = (paper.0 - width * f64::from(columns)) / 2.0;
    let top = (paper.1 - height * f64::from(rows)) / 2.0;
    let mut drawn = String::new();
    let mut places =
        (0..rows).flat_map(|row| (0..columns).map(move |column| (f64::from(column), f64::from(row))));
    for id in arguments.containers {
        let label = labels.iter().find(|label| label.container.id == id);
        let (Some(label), Some((column, row))) = (label, places.next()) else {
            return refused("One of these containers is not within your reach.");
        };
        let (x, y) = (left + column * width, top + row * height);
        let _ = write!(
            drawn,
            r##"<svg x="{x:.2}" y="{y:.2}" width="{width}" height="{height}" viewBox="0 0 {width} {height}">{}<rect width="{width}" height="{height}" fill="none" stroke="#bbb" stroke-width=".2" stroke-dasharray="1 1"/></svg>"##,
            drawing(label)?
        );
    }
    Ok(Some(LabelSheet { svg: document(paper, &drawn) }))
}

async fn labels(context: Context, ids: Vec<Uuid>) -> Result<Vec<Label>> {
    let containers = containers_by_ids(context.clone(), ids.clone()).await?;
    let at = containers.iter().map(|container| container.location_id).collect();
    let stores = locations_by_ids(context.clone(), at).await?;
    let mut inside: BTreeMap<Uuid, Vec<Inside>> = BTreeMap::new();
    if let Some(scope) = context.scope(Class::Inventory, RecordType::Stock) {
        let reader = context.reader().await?;
        let query = lines_joined()
            .filter(container_lines::container_id.eq_any(ids))
            .filter(container_lines::quantity.gt(0))
            .filter(InScope::new(&scope, goods_facts))
            .order((lots::item_name, container_lines::lot_id))
            .select((
                container_lines::container_id,
                container_lines::quantity,
                lots::unit,
                lots::item_name,
                lots::expires_on,
            ));
        let lines: Vec<Inside> = query.load(&mut &*reader).await?;
        for line in lines {
            inside.entry(line.container).or_default().push(line);
        }
    }
    let label = |container: Container| {
        let store = stores.iter().find(|store| store.id.uuid() == container.location_id);
        let store = store.map_or_else(String::new, |store| format!("{} · {}", store.code, store.name));
        let inside = inside.remove(&container.id.uuid()).unwrap_or_default();
        Label { container, store, inside }
    };
    Ok(containers.into_iter().map(label).collect())
}

/// An SVG document of so many millimetres, on white.
fn document((width, height): (f64, f64), drawn: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}"><rect width="{width}" height="{height}" fill="#fff"/>{drawn}</svg>"##
    )
}

/// What is drawn of a label, in millimetres.
fn drawing(label: &Label) -> Result<String> {
    let Label { container, store, inside } = label;
    let kind = match container.kind {
        ContainerKind::Box => "CAJA",
        ContainerKind::Pallet => "TARIMA",
    };
    let mut drawn = square(&container.code, (1.0, 4.0, 37.0))?;
    let mut text = |x: f64, y: f64, size: f64, weight: &str, text: &str| {
        let _ = write!(
            drawn,
            r#"<text x="{x}" y="{y:.1}" font-family="sans-serif" font-size="{size}" font-weight="{weight}">{}</text>"#,
            escaped(text)
        );
    };
    text(39.0, 8.0, 3.2, "bold", kind);
    text(39.0, 15.5, 7.5, "bold", &halved(&container.code));
    text(39.0, 20.0, 2.7, "normal", &cut(store, LINE));
    let mut y = 26.0;
    for line in inside.iter().take(NAMED) {
        let until =
            line.expires_on.map_or_else(String::new, |day| format!(" (cad. {})", day.format("%d/%m/%y")));
        let amount = format!("{} {}", line.quantity, unit(line.unit, line.quantity));
        let room = LINE.saturating_sub(amount.chars().count() + until.chars().count() + 1);
        text(39.0, y, 2.7, "normal", &format!("{amount} {}{until}", cut(&line.name, room)));
        y += 3.8;
    }
    let more = inside.len().saturating_sub(NAMED);
    if more > 0 {
        text(39.0, y, 2.7, "normal", &format!("y {more} más"));
    }
    if inside.is_empty() {
        text(39.0, y, 2.7, "normal", "Vacía");
    }
    if let Some(note) = &container.note {
        text(3.0, 47.0, 2.7, "normal", &cut(note, 60));
    }
    Ok(drawn)
}

/// A code for cameras: the square that holds it, with its quiet zone, at a place and of a size.
fn square(code: &str, (x, y, size): (f64, f64, f64)) -> Result<String> {
    const QUIET: usize = 4;
    let made = QrCode::with_error_correction_level(code, EcLevel::Q)
        .map_err(|error| Error::internal(format!("a container's code fits no square: {error}")))?;
    let width = made.width();
    let mut path = String::new();
    for (row, colors) in made.to_colors().chunks(width).enumerate() {
        for (column, color) in colors.iter().enumerate() {
            if *color == Color::Dark {
                let _ = write!(path, "M{} {}h1v1h-1z", column + QUIET, row + QUIET);
            }
        }
    }
    let whole = width + 2 * QUIET;
    Ok(format!(
        r##"<svg x="{x}" y="{y}" width="{size}" height="{size}" viewBox="0 0 {whole} {whole}" shape-rendering="crispEdges"><path fill="#000" d="{path}"/></svg>"##
    ))
}

/// So much of a text as has room.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}
