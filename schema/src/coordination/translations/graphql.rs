//! Translations in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use enlace_policies::{Class, Fact, RecordType};

use super::ask::{
    RequestTranslationPayload, WithdrawTranslationPayload, request_translation, withdraw_translation,
};
use super::deliver::{
    DeclineTranslationPayload, DeliverTranslationPayload, decline_translation, deliver_translation,
};
use super::review::{ReviewTranslationPayload, review_translation};
use super::{Translation, TranslationChanged, load};
use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;

record! {
    /// That a translation was asked for, delivered, reviewed, declined or withdrawn.
    pub struct TranslationChange: "TranslationChange" as Advice {
        /// The translation, as it was then.
        translation: Translation,
    }
}

impl Facts for TranslationChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.translation.fact(fact)
    }
}

input! {
    /// Which translations to follow.
    pub struct TranslationChangedArguments {
        /// Only those into this language: its code of two or three letters; all where it is left out.
        pub target_language: Option<String>,
    }
}

fn wanted(arguments: &TranslationChangedArguments, translation: &Translation) -> bool {
    arguments.target_language.as_ref().is_none_or(|language| *language == translation.target_language)
}

fn change(arguments: &TranslationChangedArguments, entry: &Entry) -> Result<Option<TranslationChange>> {
    let Some(TranslationChanged { translation }) = entry.change()? else { return Ok(None) };
    Ok(wanted(arguments, &translation).then_some(TranslationChange { translation }))
}

/// What is still worked on, or yet to be reviewed.
fn translations_now<'c>(
    arguments: &'c TranslationChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<TranslationChange>>> {
    async move {
        let mut open = load::open_in(context, connection).await?;
        open.retain(|translation| wanted(arguments, translation));
        Ok(open.into_iter().map(|translation| TranslationChange { translation }).collect())
    }
    .boxed()
}

/// Declares this part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
    let agency_key = |agency: &Agency| agency.id.uuid();
    graph.object::<Translation>(|translation| {
        translation
            .one(
                "agency",
                Class::Operational,
                "The agency that translates.",
                |translation| Some(translation.agency_id),
                agencies::by_ids,
                agency_key,
            )
            .one(
                "asker",
                Class::Operational,
                "The agency that asks for it.",
                |translation| Some(translation.asker_id),
                agencies::by_ids,
                agency_key,
            )
    });
    graph.object::<TranslationChange>(|change| {
        change.carries("translation", Class::Operational, "The translation, as it was then.", |change| {
            Some(change.translation.clone())
        })
    });
    payload::<RequestTranslationPayload>(graph);
    payload::<DeliverTranslationPayload>(graph);
    payload::<ReviewTranslationPayload>(graph);
    payload::<DeclineTranslationPayload>(graph);
    payload::<WithdrawTranslationPayload>(graph);
    graph.node::<Translation, _, _>(Class::Operational, load::by_ids);
    roots(graph);
}

fn payload<P: Record + AsRef<Translation>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("translation", Class::Operational, "The translation as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn roots(graph: &mut Graph) {
    graph
        .query("translations", Class::Operational, "Documents and notices that are translated, page by page.")
        .connection(
            ConnectionKind {
                node: "Translation",
                connection: "TranslationConnection",
                edge: "TranslationEdge",
            },
            load::translations,
        );
    graph
        .mutation("requestTranslation", Class::Operational, "Asks an agency that advises for a translation.")
        .either(RecordType::AgencyRequest, request_translation);
    graph
        .mutation(
            "deliverTranslation",
            Class::Operational,
            "Delivers a translation, for the agency that translates.",
        )
        .either(RecordType::Advice, deliver_translation);
    graph
        .mutation(
            "reviewTranslation",
            Class::Operational,
            "Has people read a translation, or returns it: for either agency, by another than its translator.",
        )
        .either(RecordType::AgencyRequest, review_translation);
    graph
        .mutation(
            "declineTranslation",
            Class::Operational,
            "Does not make a translation, for the agency that translates.",
        )
        .either(RecordType::Advice, decline_translation);
    graph
        .mutation(
            "withdrawTranslation",
            Class::Operational,
            "Withdraws a translation, for the agency that asked for it.",
        )
        .either(RecordType::AgencyRequest, withdraw_translation);
    graph
        .subscription(
            "translationChanged",
            Class::Operational,
            "Each step of the translations, as it is committed.",
        )
        .events(
            Changes::new(change)
                .of_states(|change| vec![change.translation.id.uuid()])
                .with_snapshot(translations_now),
        );
}
