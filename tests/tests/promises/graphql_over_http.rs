//! GraphQL over HTTP: every MUST and SHOULD that the specification lays on a server, sentence by sentence (R11).

use enlace_tests::{Answer, World, codes};
use hyper::Method;

const JSON: &str = "application/json";
const NEWER: &str = "application/graphql-response+json";

/// What a response must hold.
#[derive(Clone, Copy)]
enum Holds {
    /// Data, and no errors.
    Data,
    /// Data, and errors with this code.
    DataAndErrors(&'static str),
    /// Errors with this code, and no entry `data` at all.
    Errors(&'static str),
}

use Holds::{Data, DataAndErrors, Errors};

impl Holds {
    fn check(self, answer: &Answer, sentence: &str) {
        let body = answer.json();
        let (has_data, has_errors) = (body.get("data").is_some(), body.get("errors").is_some());
        let expected = match self {
            Data => (true, None),
            DataAndErrors(code) => (true, Some(code)),
            Errors(code) => (false, Some(code)),
        };
        assert_eq!((has_data, has_errors), (expected.0, expected.1.is_some()), "{sentence}: {body}");
        assert!(codes(&body).iter().all(|code| Some(code.as_str()) == expected.1), "{sentence}: {body}");
    }
}

/// What a client sends.
struct Ask {
    method: Method,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

fn post(body: &str) -> Ask {
    let headers = vec![("content-type", JSON)];
    Ask { method: Method::POST, path: "/graphql".to_owned(), headers, body: body.into() }
}

fn get(parameters: &str) -> Ask {
    Ask { method: Method::GET, path: format!("/graphql?{parameters}"), headers: vec![], body: vec![] }
}

impl Ask {
    fn accept(mut self, value: &'static str) -> Self {
        self.headers.push(("accept", value));
        self
    }

    fn typed(mut self, value: &'static str) -> Self {
        self.headers = vec![("content-type", value)];
        self
    }

    fn untyped(mut self) -> Self {
        self.headers.clear();
        self
    }

    async fn of(&self, world: &World) -> Answer {
        world.public().send(self.method.clone(), &self.path, &self.headers, self.body.clone()).await
    }
}

/// The answer is JSON in UTF-8 of the given media type, which it names together with the encoding.
fn is_of_media(answer: &Answer, media: &str, sentence: &str) {
    assert_eq!(answer.header("content-type"), format!("{media}; charset=utf-8"), "{sentence}");
    assert!(std::str::from_utf8(&answer.body).is_ok(), "{sentence}");
}

const QUERY: &str = r#"{"query":"{__typename}"}"#;

/// What is negotiated, for a query that would succeed.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one table of sentences")]
async fn a_request_and_its_response_have_the_media_types_that_their_headers_name() {
    let world = World::start().await;
    let laws = [
        ("SHOULD accept application/graphql-response+json", post(QUERY).accept(NEWER), 200, NEWER, Data),
        ("MUST accept application/json", post(QUERY).accept(JSON), 200, JSON, Data),
        (
            "MUST accept application/json in UTF-8",
            post(QUERY).accept("application/json; charset=utf-8"),
            200,
            JSON,
            Data,
        ),
        (
            "MAY choose between two media types that are equally preferred",
            post(QUERY).accept("application/json, application/graphql-response+json"),
            200,
            NEWER,
            Data,
        ),
        ("SHOULD answer */* with application/json", post(QUERY).accept("*/*"), 200, JSON, Data),
        ("SHOULD assume application/json where Accept is missing", post(QUERY), 200, JSON, Data),
        (
            "MUST encode in the highest priority media type listed",
            post(QUERY).accept("application/json;q=0.9, application/graphql-response+json"),
            200,
            NEWER,
            Data,
        ),
        (
            "MUST respect a preference for the older type",
            post(QUERY).accept("application/json, application/graphql-response+json;q=0.5"),
            200,
            JSON,
            Data,
        ),
        (
            "MUST support what accepts application/graphql-response+json in UTF-8",
            post(QUERY).accept("application/graphql-response+json; charset=utf-8"),
            200,
            NEWER,
            Data,
        ),
        (
            "RECOMMENDED to respond 406 where no supported media type is accepted",
            post(QUERY).accept("text/html"),
            406,
            JSON,
            Errors("NOT_ACCEPTABLE"),
        ),
        (
            "MUST respect that a media type is refused by its weight",
            post(QUERY).accept("application/json;q=0, application/graphql-response+json;q=0"),
            406,
            JSON,
            Errors("NOT_ACCEPTABLE"),
        ),
        (
            "MUST accept POST with application/json in UTF-8",
            post(QUERY).typed("application/json; charset=utf-8"),
            200,
            JSON,
            Data,
        ),
        (
            "MUST assume UTF-8 where a request names no encoding",
            post("{\"query\":\"{ __typename # ñandú\\n }\"}"),
            200,
            JSON,
            Data,
        ),
        (
            "SHOULD reject a POST without a Content-Type with a 4xx",
            post(QUERY).untyped(),
            415,
            JSON,
            Errors("UNSUPPORTED_MEDIA_TYPE"),
        ),
        (
            "MAY refuse other encodings",
            post(QUERY).typed("application/json; charset=utf-16"),
            415,
            JSON,
            Errors("UNSUPPORTED_MEDIA_TYPE"),
        ),
        ("MAY support GET", get("query=%7B__typename%7D").accept(NEWER), 200, NEWER, Data),
        (
            "MUST take a GET for one whose body says nothing",
            Ask { body: b"mutation".into(), ..get("query=%7B__typename%7D") },
            200,
            JSON,
            Data,
        ),
        (
            "MUST NOT execute a mutation by GET, and respond 405",
            get("query=mutation%7B__typename%7D").accept(NEWER),
            405,
            NEWER,
            Errors("METHOD_NOT_ALLOWED"),
        ),
        (
            "MUST NOT execute the mutation that operationName picks by GET",
            get("query=query%20A%7B__typename%7Dmutation%20B%7B__typename%7D&operationName=B").accept(JSON),
            405,
            JSON,
            Errors("METHOD_NOT_ALLOWED"),
        ),
        (
            "a query beside a mutation may travel by GET",
            get("query=query%20A%7B__typename%7Dmutation%20B%7B__typename%7D&operationName=A").accept(JSON),
            200,
            JSON,
            Data,
        ),
    ];
    for (sentence, ask, status, media, holds) in laws {
        let answer = ask.of(&world).await;
        assert_eq!(answer.status, status, "{sentence}: {:?}", answer.body);
        is_of_media(&answer, media, sentence);
        holds.check(&answer, sentence);
    }
    world.stop().await;
}

/// How requests fare in each media type: the status under `application/json`, and under the newer type.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one table of sentences")]
async fn the_status_tells_how_a_request_went_as_its_media_type_has_it() {
    let world = World::start().await;
    let too_deep = format!("{{\"query\":\"{}\"}}", "{a".repeat(50) + &"}".repeat(50));
    let laws = [
        // Well formed, and executed.
        ("MUST allow a string query", post(QUERY), 200, 200, Data),
        ("MUST allow a string query by GET", get("query=%7B__typename%7D"), 200, 200, Data),
        (
            "MUST allow a string operationName",
            post(r#"{"query":"query A{__typename} query B{__typename}","operationName":"B"}"#),
            200,
            200,
            Data,
        ),
        (
            "MUST allow a string operationName by GET",
            get("query=query%20A%7B__typename%7D&operationName=A"),
            200,
            200,
            Data,
        ),
        (
            "MUST take an empty operationName by GET for none",
            get("query=%7B__typename%7D&operationName="),
            200,
            200,
            Data,
        ),
        (
            "MUST take operationName=null by GET for the name «null»",
            get("query=query%20null%7B__typename%7D&operationName=null"),
            200,
            200,
            Data,
        ),
        (
            "MUST allow a map of variables",
            post(r#"{"query":"query($x:Boolean!){__typename @include(if:$x)}","variables":{"x":true}}"#),
            200,
            200,
            Data,
        ),
        (
            "MUST allow variables by GET as URL-encoded JSON",
            get(
                "query=query(%24x%3ABoolean!)%7B__typename%20%40include(if%3A%24x)%7D&variables=%7B%22x%22%3Atrue%7D",
            ),
            200,
            200,
            Data,
        ),
        (
            "MUST allow a map of extensions",
            post(r#"{"query":"{__typename}","extensions":{"enlace":{"a":1}}}"#),
            200,
            200,
            Data,
        ),
        (
            "MUST allow extensions by GET as URL-encoded JSON",
            get("query=%7B__typename%7D&extensions=%7B%22a%22%3A1%7D"),
            200,
            200,
            Data,
        ),
        (
            "MUST allow null for operationName, variables and extensions",
            post(r#"{"query":"{__typename}","operationName":null,"variables":null,"extensions":null}"#),
            200,
            200,
            Data,
        ),
        (
            "MUST leave reserved members alone",
            post(r#"{"query":"{__typename}","onError":"PROPAGATE"}"#),
            200,
            200,
            Data,
        ),
        (
            "MUST use 200 where there is data, whatever errors stand beside it",
            post(r#"{"query":"{ shelters { code spaces { occupied } } }"}"#),
            200,
            200,
            DataAndErrors("FIELD_FORBIDDEN"),
        ),
        (
            "SHOULD use 200 for field errors during execution",
            post(r#"{"query":"{ node(id: \"nobody's\") { id } }"}"#),
            200,
            200,
            DataAndErrors("INVALID_ID"),
        ),
        // Well formed, and refused by GraphQL.
        (
            "SHOULD use 200 or 400 where the document cannot be parsed",
            post(r#"{"query":"{"}"#),
            200,
            400,
            Errors("DOCUMENT_SYNTAX"),
        ),
        (
            "SHOULD use 200 or 400 where the document by GET cannot be parsed",
            get("query=%7B"),
            200,
            400,
            Errors("DOCUMENT_SYNTAX"),
        ),
        (
            "SHOULD use 200 or 400 where the document is empty",
            post(r#"{"query":""}"#),
            200,
            400,
            Errors("DOCUMENT_SYNTAX"),
        ),
        (
            "SHOULD use 200 or 400 where the document does not pass validation",
            post(r#"{"query":"{ nothing }"}"#),
            200,
            400,
            Errors("DOCUMENT_INVALID"),
        ),
        (
            "SHOULD use 200 or 400 where the named operation does not exist",
            post(r#"{"query":"query A{__typename}","operationName":"B"}"#),
            200,
            400,
            Errors("OPERATION_UNKNOWN"),
        ),
        (
            "SHOULD use 200 or 400 where several operations stand and none is named",
            post(r#"{"query":"query A{__typename} query B{__typename}"}"#),
            200,
            400,
            Errors("OPERATION_UNKNOWN"),
        ),
        (
            "SHOULD use 200 or 400 where a variable is missing",
            post(r#"{"query":"query($id:ID!){node(id:$id){id}}"}"#),
            200,
            400,
            Errors("VARIABLES_INVALID"),
        ),
        (
            "SHOULD use 200 or 400 where a variable is null and may not be",
            post(r#"{"query":"query($id:ID!){node(id:$id){id}}","variables":{"id":null}}"#),
            200,
            400,
            Errors("VARIABLES_INVALID"),
        ),
        (
            "SHOULD use 200 or 400 where a variable has another type",
            post(r#"{"query":"query($x:Boolean!){__typename @include(if:$x)}","variables":{"x":"yes"}}"#),
            200,
            400,
            Errors("VARIABLES_INVALID"),
        ),
        (
            "SHOULD use 200 or 400 where the kind of operation needs another way",
            post(r#"{"query":"subscription{shelterCapacityChanged{occurredAt}}"}"#),
            200,
            400,
            Errors("OPERATION_NOT_SUPPORTED"),
        ),
        (
            "SHOULD use 200 or 400 where a subscription comes by GET",
            get("query=subscription%7BshelterCapacityChanged%7BoccurredAt%7D%7D"),
            200,
            400,
            Errors("OPERATION_NOT_SUPPORTED"),
        ),
        (
            "SHOULD use 200 or 400 where a variable by GET has another type",
            get(
                "query=query(%24x%3ABoolean!)%7B__typename%20%40include(if%3A%24x)%7D&variables=%7B%22x%22%3A7%7D",
            ),
            200,
            400,
            Errors("VARIABLES_INVALID"),
        ),
        // Refused by a limit of ours: not GraphQL's to forgive (R15).
        (
            "MAY apply further rules, such as a limit of depth",
            post(&too_deep),
            400,
            400,
            Errors("DOCUMENT_TOO_COMPLEX"),
        ),
        // Not well formed.
        ("SHOULD use 400 where the body is not JSON", post("NONSENSE"), 400, 400, Errors("INVALID_JSON")),
        ("SHOULD use 400 where the JSON breaks off", post(r#"{"query":"#), 400, 400, Errors("INVALID_JSON")),
        ("MAY use 400 where the body is missing", post(""), 400, 400, Errors("INVALID_JSON")),
        (
            "SHOULD use 400 where query is missing",
            post(r#"{"qeury":"{__typename}"}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        ("SHOULD use 400 where query is missing in a GET", get(""), 400, 400, Errors("INVALID_REQUEST")),
        (
            "MAY use 400 where query is an object",
            post(r#"{"query":{}}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        ("MAY use 400 where query is a number", post(r#"{"query":0}"#), 400, 400, Errors("INVALID_REQUEST")),
        (
            "MAY use 400 where query is a boolean",
            post(r#"{"query":false}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        ("MAY use 400 where query is an array", post(r#"{"query":[]}"#), 400, 400, Errors("INVALID_REQUEST")),
        ("MAY use 400 where query is null", post(r#"{"query":null}"#), 400, 400, Errors("INVALID_REQUEST")),
        (
            "MAY use 400 where operationName is an object",
            post(r#"{"query":"{__typename}","operationName":{}}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where operationName is a number",
            post(r#"{"query":"{__typename}","operationName":0}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "SHOULD use 400 where variables is an array",
            post(r#"{"query":"{__typename}","variables":[7]}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where variables is a string",
            post(r#"{"query":"{__typename}","variables":"{}"}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where variables by GET is an array",
            get("query=%7B__typename%7D&variables=%5B%5D"),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where variables by GET is not JSON",
            get("query=%7B__typename%7D&variables=x"),
            400,
            400,
            Errors("INVALID_JSON"),
        ),
        (
            "MAY use 400 where extensions is a string",
            post(r#"{"query":"{__typename}","extensions":"x"}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where extensions is an array",
            post(r#"{"query":"{__typename}","extensions":[]}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where operationName is a boolean",
            post(r#"{"query":"{__typename}","operationName":false}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where operationName is an array",
            post(r#"{"query":"{__typename}","operationName":[]}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where variables is a number",
            post(r#"{"query":"{__typename}","variables":0}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where variables is a boolean",
            post(r#"{"query":"{__typename}","variables":false}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where extensions is a number",
            post(r#"{"query":"{__typename}","extensions":0}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where extensions is a boolean",
            post(r#"{"query":"{__typename}","extensions":false}"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "SHOULD use 400 where the body is a string",
            post(r#""{__typename}""#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        ("SHOULD use 400 where the body is a number", post("7"), 400, 400, Errors("INVALID_REQUEST")),
        ("SHOULD use 400 where the body is null", post("null"), 400, 400, Errors("INVALID_REQUEST")),
        ("SHOULD use 400 where the body is a boolean", post("true"), 400, 400, Errors("INVALID_REQUEST")),
        (
            "MAY use 400 where extensions by GET is not an object",
            get("query=%7B__typename%7D&extensions=7"),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        (
            "MAY use 400 where extensions by GET is not JSON",
            get("query=%7B__typename%7D&extensions=%7B"),
            400,
            400,
            Errors("INVALID_JSON"),
        ),
        (
            "MAY refuse a batch of one",
            post(r#"[{"query":"{__typename}"}]"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
        ("MAY refuse an empty batch", post("[]"), 400, 400, Errors("INVALID_REQUEST")),
        (
            "MAY refuse a batch",
            post(r#"[{"query":"{__typename}"},{"query":"{__typename}"}]"#),
            400,
            400,
            Errors("INVALID_REQUEST"),
        ),
    ];
    for (sentence, ask, as_json, as_newer, holds) in laws {
        let mut ask = ask.accept(JSON);
        for (status, media) in [(as_json, JSON), (as_newer, NEWER)] {
            ask.headers.retain(|(name, _)| *name != "accept");
            ask = ask.accept(media);
            let answer = ask.of(&world).await;
            assert_eq!(answer.status, status, "{sentence} ({media}): {:?}", answer.body);
            is_of_media(&answer, media, sentence);
            holds.check(&answer, sentence);
        }
    }
    world.stop().await;
}

/// What a caller without the rights is told: 401 and 403 in either media type, never a 2xx.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_not_permitted_is_told_so_by_the_status() {
    let world = World::start().await;
    for media in [JSON, NEWER] {
        let mut ask = post(QUERY).accept(media);
        ask.headers.push(("authorization", "Bearer nobody's"));
        let answer = ask.of(&world).await;
        assert_eq!(answer.status, 401, "{media}");
        is_of_media(&answer, media, "SHOULD reply with 401 where the client is not permitted");
        Errors("UNAUTHENTICATED").check(&answer, media);
    }
    world.stop().await;
}
