//! The world behind a lock, at a clock: answers AWS requests in this process or on a loopback port.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::error::AwsError;
use super::fault::{self, Failure, Fault};
use super::operations;
use super::route::{Asked, Incoming, Protocol};
use super::value::Value;
use super::{cbor, query};
use crate::clock::Clock;
use crate::world::World;
use crate::world::model::names;

/// The world as a host that AWS clients can talk to. Clones are the same host.
#[derive(Clone, Debug)]
pub struct Host(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    world: Mutex<World>,
    wire: Mutex<Wire>,
    news: OnceLock<News>,
}

/// What tells the world of things outside of it.
struct News(Box<dyn Fn(&mut World) + Send + Sync>);

impl std::fmt::Debug for News {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("News")
    }
}

/// The state of the wire, apart from the world's.
#[derive(Debug, Default)]
struct Wire {
    faults: Vec<Fault>,
    requests: Vec<String>,
    /// Those that were carried out, whatever became of their answers.
    carried_out: Vec<String>,
    /// Counts requests: their ids are made of it.
    answered: u64,
    /// A real database stands in for the world's own.
    other_database: bool,
}

/// Requests remembered; a demo that runs for days must not grow.
const REMEMBERED: usize = 50_000;

/// An answer, before any HTTP.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is answered, after a while.
    Answered(Answer, Duration),
    /// It never is.
    Hangs,
    /// The connection is lost.
    Reset,
}

impl Host {
    /// Puts a world at a clock.
    pub fn new(world: World, clock: Clock) -> Host {
        Host(Arc::new(Shared { clock, world: Mutex::new(world), wire: Mutex::default(), news: OnceLock::new() }))
    }

    /// Looks at the world, or changes it, after it has lived on to the present.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let mut world = lock(&self.0.world);
        world.advance(self.0.clock.now());
        look(&mut world)
    }

    /// Before each request from now on, lets the world learn of what happened outside of it: a push to a real registry,
    /// which plantao asks for before anybody else could have told the world. A host has one such teller, the first.
    pub fn learn(&self, news: impl Fn(&mut World) + Send + Sync + 'static) {
        let _ = self.0.news.set(News(Box::new(news)));
    }

    /// A real database stands in for the world's own from now on.
    pub(super) fn leave_database_to_another(&self) {
        lock(&self.0.wire).other_database = true;
    }

    pub(super) fn has_other_database(&self) -> bool {
        lock(&self.0.wire).other_database
    }

    /// Makes requests fail from now on.
    pub fn inject(&self, fault: Fault) {
        lock(&self.0.wire).faults.push(fault);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        lock(&self.0.wire).faults.clear();
    }

    /// The operations asked so far, failed ones too, as IAM names them: `ecs:DescribeServices`.
    ///
    /// The last 50,000 at most.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.0.wire).requests.clone()
    }

    /// The operations that were carried out so far, whether or not anybody heard the answer. The last 50,000 at most.
    pub fn carried_out(&self) -> Vec<String> {
        lock(&self.0.wire).carried_out.clone()
    }

    /// The clock that the world lives by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn answer(&self, request: &Incoming) -> Fate {
        if request.path.starts_with("/layers/")
            && let Some(layer) = self.with(|world| operations::layer(world, request.path))
        {
            let headers = vec![("content-type", "application/octet-stream".to_owned())];
            return Fate::Answered(Answer { status: 200, headers, body: layer.into_bytes() }, Duration::ZERO);
        }
        if let Some(News(tell)) = self.0.news.get() {
            self.with(tell);
        }
        let asked = Asked::read(request);
        let name = asked.as_ref().map_or_else(|| "unknown".to_owned(), Asked::name);
        let (failures, number) = {
            let mut wire = lock(&self.0.wire);
            wire.answered += 1;
            if wire.requests.len() >= REMEMBERED {
                wire.requests.drain(..REMEMBERED / 2);
            }
            wire.requests.push(name.clone());
            (fault::meet(&mut wire.faults, &name), wire.answered)
        };
        let mut delay = Duration::ZERO;
        let mut fatal = None;
        for failure in failures {
            match failure {
                Failure::Slow(by) => delay += by,
                Failure::Hang => return Fate::Hangs,
                Failure::Reset => return Fate::Reset,
                other => fatal = Some(other),
            }
        }
        let id = names::uuid(&mut fastrand::Rng::with_seed(number));
        let mut answer = match asked {
            None => page(400, "Bad Request"),
            Some(asked) => self.decide(&asked, &name, fatal, &id),
        };
        let date = self.0.clock.now();
        answer.headers.push(("date", date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
        // A proxy's page has a date, and nothing that is AWS's.
        if !answer.headers.iter().any(|(_, value)| value == "text/html") {
            answer.headers.push(("x-amzn-requestid", id));
        }
        Fate::Answered(answer, delay)
    }

    fn decide(&self, asked: &Asked, name: &str, failure: Option<Failure>, id: &str) -> Answer {
        let refuse = |error: &AwsError| write(asked, Err(error), id);
        match failure {
            None => {
                let result = match (&asked.params, asked.api) {
                    (_, None) => Err(AwsError::unknown_operation(name)),
                    (None, _) => Err(AwsError::new("SerializationException", "the request's body cannot be read")),
                    (Some(params), Some(api)) if asked.elsewhere => {
                        let mut nothing = World::elsewhere(self.0.clock.now());
                        operations::perform(&mut nothing, api, &asked.operation, params)
                    }
                    (Some(params), Some(api)) => {
                        self.with(|world| operations::perform(world, api, &asked.operation, params))
                    }
                };
                if result.is_ok() {
                    let mut wire = lock(&self.0.wire);
                    if wire.carried_out.len() >= REMEMBERED {
                        wire.carried_out.drain(..REMEMBERED / 2);
                    }
                    wire.carried_out.push(name.to_owned());
                }
                write(asked, result.as_ref(), id)
            }
            Some(Failure::FieldsMissing) => write(asked, Ok(&Value::Map(Vec::new())), id),
            Some(Failure::Throttled) => {
                let code = if asked.protocol == Protocol::Query { "Throttling" } else { "ThrottlingException" };
                refuse(&AwsError::new(code, "Rate exceeded"))
            }
            Some(Failure::AccessDenied) => {
                let code = if asked.protocol == Protocol::Query { "AccessDenied" } else { "AccessDeniedException" };
                let message = format!(
                    "User: {} is not authorized to perform: {name} on resource: * because no identity-based policy allows the {name} action",
                    names::CALLER
                );
                let status = if asked.protocol == Protocol::Query { 403 } else { 400 };
                refuse(&AwsError { status, ..AwsError::new(code, message) })
            }
            Some(Failure::ExpiredToken) => {
                let code = if asked.protocol == Protocol::Query { "ExpiredToken" } else { "ExpiredTokenException" };
                let status = if asked.protocol == Protocol::Query { 403 } else { 400 };
                refuse(&AwsError {
                    status,
                    ..AwsError::new(code, "The security token included in the request is expired")
                })
            }
            Some(Failure::Error { code, message, status }) => refuse(&AwsError { code, message, status }),
            Some(Failure::InternalError) => page(500, "Internal Server Error"),
            Some(Failure::Unavailable) => page(503, "Service Unavailable"),
            Some(Failure::Garbage) => Answer {
                status: 200,
                headers: vec![content_type(asked.protocol)],
                body: b"<<\0 not an answer".to_vec(),
            },
            Some(Failure::Hang | Failure::Reset | Failure::Slow(_)) => page(500, "unreachable"),
        }
    }
}

/// A panic elsewhere is no reason to lose the world.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn content_type(protocol: Protocol) -> (&'static str, String) {
    let kind = match protocol {
        Protocol::Json(version) => return ("content-type", format!("application/x-amz-json-{version}")),
        Protocol::Cbor => "application/cbor",
        Protocol::Query => "text/xml",
    };
    ("content-type", kind.to_owned())
}

/// What a proxy answers.
fn page(status: u16, title: &str) -> Answer {
    let body = format!("<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>");
    Answer { status, headers: vec![("content-type", "text/html".to_owned())], body: body.into_bytes() }
}

fn write(asked: &Asked, result: Result<&Value, &AwsError>, id: &str) -> Answer {
    let mut headers = vec![content_type(asked.protocol)];
    if asked.protocol == Protocol::Cbor {
        headers.push(("smithy-protocol", "rpc-v2-cbor".to_owned()));
    }
    let status = result.map_or_else(|error| error.status, |_| 200);
    let shape = |error: &AwsError| {
        super::value::map([("__type", error.code.as_str().into()), ("message", error.message.as_str().into())])
    };
    let body = match (asked.protocol, result) {
        (Protocol::Json(_), Ok(value)) => value.to_json().to_string().into_bytes(),
        (Protocol::Json(_), Err(error)) => {
            headers.push(("x-amzn-errortype", error.code.clone()));
            shape(error).to_json().to_string().into_bytes()
        }
        (Protocol::Cbor, Ok(value)) => cbor::write(value),
        (Protocol::Cbor, Err(error)) => cbor::write(&shape(error)),
        (Protocol::Query, Ok(value)) => {
            let namespace = asked.api.map_or("", super::route::Api::namespace);
            query::write(&asked.operation, namespace, value, id).into_bytes()
        }
        (Protocol::Query, Err(error)) => {
            query::write_error(&error.code, &error.message, error.status < 500, id).into_bytes()
        }
    };
    Answer { status, headers, body }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::world::Scenario;

    fn headers(host: &Host) -> Vec<(&'static str, String)> {
        let request = Incoming {
            path: "/",
            target: Some("AmazonEC2ContainerServiceV20141113.ListClusters"),
            content_type: Some("application/x-amz-json-1.1"),
            authorization: None,
            body: b"{}",
        };
        match host.answer(&request) {
            Fate::Answered(answer, _) => answer.headers,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_answer_tells_the_worlds_time_so_that_clock_skew_can_be_seen() {
        let start: Timestamp = "2026-11-24T15:12:37Z".parse().unwrap();
        let host = Host::new(World::new(&Scenario::named("calm").unwrap(), 1, start), Clock::simulated(start, 60.0));
        let date = |host: &Host| headers(host).into_iter().find(|(name, _)| *name == "date").unwrap().1;
        assert_eq!(date(&host), "Tue, 24 Nov 2026 15:12:37 GMT");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(date(&host), "Tue, 24 Nov 2026 15:13:37 GMT");
    }

    #[tokio::test(start_paused = true)]
    async fn no_two_answers_have_one_request_id() {
        let start: Timestamp = "2026-11-24T15:12:37Z".parse().unwrap();
        let host = Host::new(World::crowd(0, 0, 0, start), Clock::simulated(start, 1.0));
        let id = |host: &Host| headers(host).into_iter().find(|(name, _)| *name == "x-amzn-requestid").unwrap().1;
        assert_ne!(id(&host), id(&host));
    }
}
