//! What is printed, for people: in Spanish.

use crate::scalars::Unit;

/// A unit, as people say it of so many.
pub(super) fn unit(unit: Unit, amount: i32) -> &'static str {
    let (one, many) = match unit {
        Unit::Piece => ("pieza", "piezas"),
        Unit::Kit => ("kit", "kits"),
        Unit::Parcel => ("paquete", "paquetes"),
        Unit::Litre => ("litro", "litros"),
        Unit::Kilogram => ("kilo", "kilos"),
        Unit::Box => ("caja", "cajas"),
        Unit::Pair => ("par", "pares"),
    };
    if amount == 1 { one } else { many }
}

/// A text, as XML and HTML have it.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // What they have no place for.
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
