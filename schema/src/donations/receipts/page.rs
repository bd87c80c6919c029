//! A receipt, as it is printed: in Spanish, and in English beside it.

use std::fmt::Write as _;

use crate::donations::printed::{escaped, unit};
use crate::donations::receipts::{ReceiptStanding, Received};

const STYLE: &str = "body{font-family:sans-serif;max-width:42em;margin:2em auto;color:#000}h1{font-size:1.4em}small,.en{color:#555;font-weight:normal}\
    table{border-collapse:collapse;width:100%;margin:1em 0}td,th{border-bottom:1px solid #bbb;padding:.3em;text-align:left;vertical-align:top}\
    td.n{text-align:right;white-space:nowrap}code{font-size:1.15em;letter-spacing:.04em;word-break:break-all}@page{margin:18mm}";

/// The page.
pub(super) fn html(received: &Received) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"es\"><head><meta charset=\"utf-8\"><title>Recibo {folio}</title><style>{STYLE}</style></head>\n\
         <body><h1>Recibo de donación <small>Donation receipt</small></h1>\n<table>",
        folio = escaped(&received.folio)
    );
    let mut row = |name: &str, english: &str, value: &str| {
        let _ = writeln!(
            page,
            "<tr><th>{name} <span class=\"en\">{english}</span></th><td>{}</td></tr>",
            escaped(value)
        );
    };
    row("Folio", "Folio", &received.folio);
    row("Fecha de recepción", "Received on", &received.received_on.format("%d/%m/%Y").to_string());
    if let Some(campaign) = &received.campaign {
        row("Campaña", "Campaign", campaign);
    }
    row("Artículos", "Articles", &received.articles().to_string());
    page.push_str(
        "</table>\n<table><tr><th>Artículo <span class=\"en\">Item</span></th><th>Categoría <span class=\"en\">Category</span></th>\
         <th>Cantidad <span class=\"en\">Quantity</span></th></tr>\n",
    );
    for line in &received.lines {
        let standing = match line.standing {
            ReceiptStanding::Received => "",
            ReceiptStanding::Corrected => {
                "<br><em>corregido después <span class=\"en\">corrected since</span></em>"
            }
            ReceiptStanding::Recalled => {
                "<br><em>retirado después <span class=\"en\">recalled since</span></em>"
            }
        };
        let _ = writeln!(
            page,
            "<tr><td>{}{standing}</td><td>{}</td><td class=\"n\">{} {}</td></tr>",
            escaped(&line.item),
            escaped(&line.category),
            line.quantity.amount,
            unit(line.quantity.unit, line.quantity.amount)
        );
    }
    page.push_str("</table>\n");
    if received.changed() {
        page.push_str(
            "<p>Algo de esta donación se corrigió o se retiró después de recibirla. \
             <span class=\"en\">Something of this donation was corrected or recalled since it was received.</span></p>\n",
        );
    }
    let _ = writeln!(
        page,
        "<p>Código de verificación <span class=\"en\">Verification code</span><br><code>{}</code></p>",
        escaped(&received.code())
    );
    if let Some(index) = received.index() {
        let _ = writeln!(
            page,
            "<p>Asiento {index} de la bitácora <span class=\"en\">Entry {index} of the journal</span></p>"
        );
    }
    page.push_str(
        "<p>Quien tenga este código puede comprobar el recibo, sin cuenta, con <code>verifyReceipt</code>. No dice quién donó. \
         <span class=\"en\">Whoever holds this code can have the receipt confirmed, without an account. It does not say who gave.</span></p>\n\
         </body></html>\n",
    );
    page
}
