//! The paths that are served.

use std::sync::Arc;

use axum::Router;
use axum::response::Response as HttpResponse;
use axum::routing::{any, get};

use enlace_schema::{Code, Error};

use super::negotiate::MediaType;
use super::reply::Refusal;
use super::{App, graphql, imports, pages, uploads};

/// All paths.
pub(super) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/", get(pages::index))
        .route("/graphql", any(graphql::handle))
        .route("/imports/donations", any(imports::handle))
        .route(uploads::PATH, any(uploads::handle))
        .route("/imports/uploads/{upload}", any(uploads::handle))
        .route("/schema.graphql", get(pages::schema))
        .route("/health", get(pages::health))
        .route("/ready", get(pages::ready))
        .route("/metrics", get(pages::metrics));
    if app.jwks.is_some() {
        router = router.route("/.well-known/jwks.json", get(pages::jwks));
    }
    router.fallback(path_unknown).method_not_allowed_fallback(method_not_allowed).with_state(app)
}

async fn path_unknown() -> HttpResponse {
    Refusal::from(Error::new(Code::PathUnknown, "Nothing is served at this path. GraphQL is at /graphql."))
        .into_response(MediaType::Json)
}

async fn method_not_allowed() -> HttpResponse {
    Refusal::method_not_allowed("GET, HEAD").into_response(MediaType::Json)
}
