//! Which columns a list of goods has, and what people call them.

use enlace_sheets::{self as sheets, ColumnSpec, Header, Need, Place, Table};
use std::fs::File;

use crate::error::{Code, Error, Result};

macro_rules! import_columns {
    ($( $(#[doc = $doc:literal])+ $variant:ident $key:literal $need:ident $names:expr ; )+) => {
        /// A column of a list of goods.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ImportColumn { $( $(#[doc = $doc])+ $variant, )+ }

        impl ImportColumn {
            /// All of them.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// What a saved choice calls it.
            pub fn key(self) -> &'static str { match self { $( Self::$variant => $key, )+ } }
        }

        /// What is looked for in a header.
        const SPECS: &[ColumnSpec<'static>] =
            &[ $( ColumnSpec { key: $key, names: &$names, need: Need::$need }, )+ ];
    };
}

import_columns! {
    /// The item's code in the catalogue, or its name.
    Item "item" Key [
        "articulo", "codigo", "clave", "producto", "descripcion", "concepto", "item", "article", "code", "product", "description",
    ];
    /// How many.
    Quantity "quantity" Required ["cantidad", "cant", "piezas", "unidades", "numero de piezas", "quantity", "qty", "amount"];
    /// The unit in which it counts.
    Unit "unit" Optional ["unidad", "unidad de medida", "um", "presentacion", "unit", "uom"];
    /// In what state it came.
    Condition "condition" Optional ["estado", "condicion", "estado fisico", "condition", "state"];
    /// The day from which it must not be given out.
    ExpiresOn "expiresOn" Optional [
        "caducidad", "fecha de caducidad", "vencimiento", "fecha de vencimiento", "caduca", "vence", "expiry", "expiry date",
        "expires", "expires on", "expiration date", "best before",
    ];
    /// The donor's own folio for the line.
    Reference "reference" Optional ["folio", "referencia", "folio del donante", "reference", "ref", "box", "caja"];
}

/// A choice of columns: `item:Producto,quantity:C`.
pub(super) struct Chosen(Vec<(ImportColumn, Place)>);

impl Chosen {
    /// Reads a choice. A place of one to three capital letters is a column, anything else a header's text.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let refused = || {
            let known = ImportColumn::ALL.iter().map(|column| column.key()).collect::<Vec<_>>().join(", ");
            let message =
                format!("columns is written as item:Producto,quantity:C; each of {known} at most once.");
            Error::new(Code::InvalidArgument, message)
        };
        let mut chosen: Vec<(ImportColumn, Place)> = Vec::new();
        for choice in text.split(',') {
            let (key, place) = choice.split_once(':').ok_or_else(refused)?;
            let column = ImportColumn::ALL.iter().find(|column| column.key() == key.trim());
            let column = *column.ok_or_else(refused)?;
            let place = place.trim();
            if place.is_empty() || chosen.iter().any(|(known, _)| *known == column) {
                return Err(refused());
            }
            let is_letters = place.len() <= 3 && place.bytes().all(|letter| letter.is_ascii_uppercase());
            let place = if is_letters { Place::Letter(place.into()) } else { Place::Header(place.into()) };
            chosen.push((column, place));
        }
        Ok(Self(chosen))
    }
}

/// Finds the columns of a table: where a person said that they are, or by their names.
pub(super) fn header(
    table: &mut Table<File>,
    chosen: Option<&Chosen>,
) -> std::result::Result<Header, sheets::Unreadable> {
    let Some(Chosen(chosen)) = chosen else { return table.header(SPECS) };
    let places: Vec<sheets::Chosen<'_>> =
        chosen.iter().map(|(column, place)| sheets::Chosen { key: column.key(), place }).collect();
    let all_letters = chosen.iter().all(|(_, place)| matches!(place, Place::Letter(_)));
    // Letters alone do not tell where the header is: its first line that names something does, if any does.
    let after = if all_letters { Some(table.header(SPECS).map_or(0, |found| found.number())) } else { None };
    table.chosen_header(SPECS, &places, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_names_each_column_once() {
        let Chosen(chosen) =
            Chosen::parse("item:Producto, quantity: C,expiresOn:Fecha de caducidad").unwrap();
        let expected = [
            (ImportColumn::Item, Place::Header("Producto".into())),
            (ImportColumn::Quantity, Place::Letter("C".into())),
            (ImportColumn::ExpiresOn, Place::Header("Fecha de caducidad".into())),
        ];
        assert_eq!(chosen, expected);
        for wrong in ["", "item", "item:", "colour:C", "item:A,item:B"] {
            assert!(Chosen::parse(wrong).is_err(), "{wrong}");
        }
    }
}
