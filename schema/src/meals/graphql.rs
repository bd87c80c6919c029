//! Food in the schema.

use chrono::NaiveDate;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use enlace_policies::{Class, Fact, RecordType};

use super::inputs::{TakeMealInputsPayload, take_meal_inputs};
use super::kitchens::{RegisterKitchenPayload, ReviseKitchenPayload, register_kitchen, revise_kitchen};
use super::plan::{
    CancelMealPayload, PlanMealPayload, ReplanMealPayload, cancel_meal, plan_meal, replan_meal,
};
use super::serve::{CorrectMealPayload, ServeMealPayload, correct_meal, serve_meal};
use super::shortfall::{
    MealShortfall, MealShortfallAlert, admission, alert, alerts_now, shortfalls, shortfalls_of,
};
use super::{Kitchen, MealDiet, MealInput, MealRevision, MealService, MealSet, load};
use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::donations::{Location, Lot, locations_by_ids, lots_by_ids};
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, NoArguments, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

record! {
    /// A change of a meal. The message's `extensions.stream.index` is its place in the journal.
    pub struct MealServiceChange: "MealServiceChange" as MealService {
        /// The meal as it was then.
        service: MealService,
    }
}

impl Facts for MealServiceChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.service.fact(fact)
    }
}

input! {
    /// Which changes of meals to follow.
    pub struct MealServiceChangedArguments {
        /// Only those of this shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
        /// Only those that this kitchen cooks.
        pub kitchen: Option<Id<Kitchen>>,
        /// Only those of this day.
        pub day: Option<NaiveDate>,
        /// Where true, only those of which portions were missing then.
        pub short: Option<bool>,
    }
}

impl MealServiceChangedArguments {
    fn wants(&self, service: &MealService) -> bool {
        self.shelter.is_none_or(|shelter| shelter.uuid() == service.shelter_id)
            && self.kitchen.is_none_or(|kitchen| kitchen.uuid() == service.kitchen_id)
            && self.day.is_none_or(|day| day == service.day)
            && (self.short != Some(true) || service.shortfall > 0)
    }
}

fn service_change(
    arguments: &MealServiceChangedArguments,
    entry: &Entry,
) -> Result<Option<MealServiceChange>> {
    let change = entry.change::<MealSet>()?.filter(|MealSet { service, .. }| arguments.wants(service));
    Ok(change.map(|MealSet { service, .. }| MealServiceChange { service }))
}

/// The meals of today and later, or of the day that is asked for.
fn services_now<'c>(
    arguments: &'c MealServiceChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<MealServiceChange>>> {
    async move {
        let of = (arguments.shelter.map(Id::uuid), arguments.kitchen.map(Id::uuid));
        let from = arguments.day.unwrap_or_else(|| load::today(context));
        let services = load::services_from(context, connection, from, of).await?;
        let wanted = services.into_iter().filter(|service| arguments.wants(service));
        Ok(wanted.map(|service| MealServiceChange { service }).collect())
    }
    .boxed()
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    objects(graph);
    shortfall_objects(graph);
    graph.node::<Kitchen, _, _>(Class::Operational, load::kitchens_by_ids);
    graph.node::<MealService, _, _>(Class::Operational, load::services_by_ids);
    graph.node::<MealRevision, _, _>(Class::Operational, load::revisions_by_ids);
    graph.node::<MealDiet, _, _>(Class::Operational, load::diets_by_ids);
    graph.node::<MealInput, _, _>(Class::Inventory, load::inputs_by_ids);
    kitchen_payload::<RegisterKitchenPayload>(graph);
    kitchen_payload::<ReviseKitchenPayload>(graph);
    service_payload::<PlanMealPayload>(graph);
    service_payload::<ReplanMealPayload>(graph);
    service_payload::<CancelMealPayload>(graph);
    service_payload::<ServeMealPayload>(graph);
    service_payload::<CorrectMealPayload>(graph);
    service_payload::<TakeMealInputsPayload>(graph);
    service_payload::<MealServiceChange>(graph);
    roots(graph);
    mutations(graph);
}

impl AsRef<MealService> for MealServiceChange {
    fn as_ref(&self) -> &MealService {
        &self.service
    }
}

fn objects(graph: &mut Graph) {
    graph.object::<Kitchen>(|kitchen| {
        kitchen.one(
            "agency",
            Class::Operational,
            "The agency whose kitchen it is.",
            |kitchen| Some(kitchen.agency_id),
            agencies::by_ids,
            |agency: &Agency| agency.id.uuid(),
        )
    });
    graph.object::<MealService>(|service| {
        service
            .one(
                "kitchen",
                Class::Operational,
                "The kitchen that cooks it.",
                |service| Some(service.kitchen_id),
                load::kitchens_by_ids,
                |kitchen: &Kitchen| kitchen.id.uuid(),
            )
            .one(
                "shelter",
                Class::Operational,
                "The shelter in which it is eaten.",
                |service| Some(service.shelter_id),
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .many(
                "diets",
                Class::Operational,
                "How many portions are of which diet, by its name.",
                |service| Some(service.revision_id),
                load::diets_of_revisions,
                |diet: &MealDiet| diet.revision_id,
            )
            .many(
                "revisions",
                Class::Operational,
                "What was said of it each time, oldest first. The last is how it stands.",
                |service| Some(service.id.uuid()),
                load::revisions_of,
                |revision: &MealRevision| revision.service_id,
            )
            .many(
                "inputs",
                Class::Inventory,
                "The food that it used.",
                |service| Some(service.id.uuid()),
                load::inputs_of,
                |input: &MealInput| input.service_id,
            )
            .in_scope::<MealInput>()
    });
    graph.object::<MealRevision>(|revision| {
        revision.many(
            "diets",
            Class::Operational,
            "How many portions were of which diet, by its name.",
            |revision| Some(revision.id.uuid()),
            load::diets_of_revisions,
            |diet: &MealDiet| diet.revision_id,
        )
    });
    graph.object::<MealDiet>(|diet| diet);
    graph.object::<MealInput>(|input| {
        input
            .one(
                "lot",
                Class::Inventory,
                "The lot.",
                |input| Some(input.lot_id),
                lots_by_ids,
                |lot: &Lot| lot.id.uuid(),
            )
            .one(
                "location",
                Class::Inventory,
                "The store that it left.",
                |input| input.location_id,
                locations_by_ids,
                |location: &Location| location.id.uuid(),
            )
    });
}

fn shortfall_objects(graph: &mut Graph) {
    let shelter_key = |shelter: &Shelter| shelter.id.uuid();
    graph.object::<MealShortfall>(|shortfall| {
        shortfall
            .one(
                "shelter",
                Class::Operational,
                "The shelter.",
                |shortfall| Some(shortfall.shelter_id),
                shelters::by_ids,
                shelter_key,
            )
            .one(
                "service",
                Class::Operational,
                "The meal; null where no kitchen cooks it.",
                |shortfall| shortfall.service_id,
                load::services_by_ids,
                |service: &MealService| service.id.uuid(),
            )
    });
    graph.object::<MealShortfallAlert>(|alert| {
        alert
            .one(
                "shelter",
                Class::Operational,
                "The shelter.",
                |alert| Some(alert.shelter_id),
                shelters::by_ids,
                shelter_key,
            )
            .makes_many(
                "shortfalls",
                Class::Operational,
                "What is missing of its meals today, as it stands when this is sent.",
                shortfalls_of,
            )
    });
}

fn kitchen_payload<P: Record + AsRef<Kitchen>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("kitchen", Class::Operational, "The kitchen as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn service_payload<P: Record + AsRef<MealService>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("service", Class::Operational, "The meal as it was then.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn roots(graph: &mut Graph) {
    graph
        .query("kitchens", Class::Operational, "The kitchens that cook for shelters, by code.")
        .list(|context: Context, _: NoArguments| load::all_kitchens(context));
    graph.query("mealServices", Class::Operational, "Meals of the shelters, page by page.").connection(
        ConnectionKind { node: "MealService", connection: "MealServiceConnection", edge: "MealServiceEdge" },
        load::services,
    );
    graph
        .query(
            "mealShortfalls",
            Class::Operational,
            "Meals of a day of which portions are missing, by shelter; of today and later also those that no kitchen cooks.",
        )
        .list(shortfalls);
    graph
        .subscription("mealServiceChanged", Class::Operational, "Each change of a meal, as it is committed.")
        .events(
            Changes::new(service_change)
                .of_states(|change| vec![change.service.id.uuid()])
                .with_snapshot(services_now),
        );
    graph
        .subscription(
            "mealShortfall",
            Class::Operational,
            "An alert for each shelter of whose meals of today portions are missing: once a meal changes, or people come or leave, and still \
             some are.",
        )
        .events(
            Changes::new(alert)
                .admitted(|_, alert| Some(admission(alert)))
                .of_states(|alert| vec![alert.shelter_id])
                .with_snapshot(alerts_now),
        );
}

fn mutations(graph: &mut Graph) {
    graph
        .mutation("registerKitchen", Class::Operational, "Registers a kitchen that cooks for shelters.")
        .either(RecordType::Kitchen, register_kitchen);
    graph
        .mutation("reviseKitchen", Class::Operational, "Revises what is known of a kitchen.")
        .either(RecordType::Kitchen, revise_kitchen);
    graph
        .mutation("planMeal", Class::Operational, "Plans a meal that a kitchen cooks for a shelter.")
        .either(RecordType::MealService, plan_meal);
    graph
        .mutation("replanMeal", Class::Operational, "Plans anew how much of a meal is cooked.")
        .either(RecordType::MealService, replan_meal);
    graph
        .mutation(
            "cancelMeal",
            Class::Operational,
            "Cancels a planned meal. It can be planned again, with any kitchen.",
        )
        .either(RecordType::MealService, cancel_meal);
    graph
        .mutation("serveMeal", Class::Operational, "Says how much of a meal was served.")
        .either(RecordType::MealServing, serve_meal);
    graph
        .mutation(
            "correctMeal",
            Class::Operational,
            "Corrects how much of a meal was served. What was said before is kept.",
        )
        .either(RecordType::MealServing, correct_meal);
    graph
        .mutation(
            "takeMealInputs",
            Class::Inventory,
            "Takes food out of a store for a meal, for whoever writes the store's goods: all of it or nothing. What was taken by mistake is \
             undone with correctMovement.",
        )
        .either(RecordType::Stock, take_meal_inputs);
}
