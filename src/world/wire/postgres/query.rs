//! Simple and extended queries.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::Sink;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::api::results::{FieldInfo, Response, Tag};
use pgwire::api::stmt::QueryParser;
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, Type};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;

use super::backend::Backend;
use super::cell::{Cell, answer, fields};
use super::notice::{ended, error, unknown};
use super::question::{Asked, Question};
use super::statement::{Statement, split};
use super::{Postgres, vacuum};

#[async_trait]
impl SimpleQueryHandler for Postgres {
    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let backend = Backend::of(client)?;
        let mut responses = Vec::new();
        let texts = split(query);
        for text in &texts {
            let statement = Statement::read(text).ok_or_else(unknown)?;
            // Statements in one text are one transaction.
            if texts.len() > 1 && matches!(&statement, Statement::Vacuum(wanted) if !wanted.only_analyze) {
                return Err(error("25001", "VACUUM cannot run inside a transaction block"));
            }
            let asked = Asked { pid: backend.pid, user: backend.user.clone(), ..Asked::default() };
            responses.push(perform(&backend, client, text, &statement, &asked, None).await?);
        }
        Ok(responses)
    }
}

#[async_trait]
impl ExtendedQueryHandler for Postgres {
    type Statement = Parsed;
    type QueryParser = Parser;

    fn query_parser(&self) -> Arc<Parser> {
        Arc::new(Parser)
    }

    async fn do_query<C>(&self, client: &mut C, portal: &Portal<Parsed>, _max_rows: usize) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Parsed>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let backend = Backend::of(client)?;
        let Parsed { text, statement } = &portal.statement.statement;
        let asked = asked(&backend, statement, portal)?;
        perform(&backend, client, text, statement, &asked, Some(&portal.result_column_format)).await
    }
}

/// The parameters that each question is asked with.
fn asked(backend: &Backend, statement: &Statement, portal: &Portal<Parsed>) -> PgWireResult<Asked> {
    let mut asked = Asked { pid: backend.pid, user: backend.user.clone(), ..Asked::default() };
    match statement {
        Statement::Question(Question::Tables) => {
            asked.system = portal.parameter::<bool>(0, &Type::BOOL)?;
            asked.table = portal.parameter::<u32>(1, &Type::OID)?;
        }
        Statement::Question(Question::Blocked | Question::Progress) => {
            asked.of = portal.parameter::<i32>(0, &Type::INT4)?;
        }
        Statement::Question(Question::Sessions) => {
            let pids = portal.parameter::<Vec<Option<i32>>>(0, &Type::INT4_ARRAY)?;
            asked.pids = pids.unwrap_or_default().into_iter().flatten().collect();
        }
        Statement::Question(Question::Full) => asked.table = portal.parameter::<u32>(2, &Type::OID)?,
        _ => {}
    }
    Ok(asked)
}

async fn perform<C>(
    backend: &Arc<Backend>,
    client: &mut C,
    text: &str,
    statement: &Statement,
    asked: &Asked,
    format: Option<&Format>,
) -> PgWireResult<Response>
where
    C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
    C::Error: Debug,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    // Dropped at the end, however it comes: a cancel request drops the whole future.
    let _busy = backend.begin(text)?;
    match statement {
        Statement::Question(question) => {
            let rows = rows(backend, *question, asked)?;
            Ok(Response::Query(answer(fields(&question.columns(), format), rows)))
        }
        Statement::Set(name, value) => {
            backend.set(name, value)?;
            Ok(Response::Execution(Tag::new("SET")))
        }
        Statement::Vacuum(wanted) => {
            let work = vacuum::run(backend, client, wanted);
            match backend.settings().statement_timeout {
                None => work.await?,
                Some(limit) => match tokio::time::timeout(limit, work).await {
                    Ok(result) => result?,
                    Err(_) => return Err(error("57014", "canceling statement due to statement timeout")),
                },
            }
            Ok(Response::Execution(Tag::new(if wanted.only_analyze { "ANALYZE" } else { "VACUUM" })))
        }
        Statement::Terminate(pid) => {
            let done = backend.with(|database, _| {
                let open = database.server.transactions.iter().any(|t| t.pid == *pid);
                database.close_transactions(|t| t.pid == *pid);
                open
            })?;
            Ok(Response::Query(answer(fields(&[Type::BOOL], format), vec![vec![Cell::Bool(done)]])))
        }
    }
}

fn rows(backend: &Backend, question: Question, asked: &Asked) -> PgWireResult<Vec<Vec<Cell>>> {
    backend.host.with(|world| match world.databases.first() {
        Some(database) => Ok(question.rows(world, database, asked)),
        None => Err(ended()),
    })
}

/// A prepared statement.
#[derive(Clone, Debug)]
pub struct Parsed {
    text: String,
    statement: Statement,
}

/// Reads statements, and refuses what is not known before anything is executed.
#[derive(Debug)]
pub struct Parser;

#[async_trait]
impl QueryParser for Parser {
    type Statement = Parsed;

    async fn parse_sql<C>(&self, _: &C, sql: &str, _: &[Option<Type>]) -> PgWireResult<Option<Parsed>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let statement = Statement::read(sql.trim_end_matches([';', ' ', '\n'])).ok_or_else(unknown)?;
        Ok(Some(Parsed { text: sql.to_owned(), statement }))
    }

    fn get_parameter_types(&self, _: &Parsed) -> PgWireResult<Vec<Type>> {
        Ok(Vec::new())
    }

    fn get_result_schema(&self, parsed: &Parsed, format: Option<&Format>) -> PgWireResult<Vec<FieldInfo>> {
        Ok(match &parsed.statement {
            Statement::Question(question) => fields(&question.columns(), format),
            Statement::Terminate(_) => fields(&[Type::BOOL], format),
            Statement::Set(..) | Statement::Vacuum(_) => Vec::new(),
        })
    }
}
