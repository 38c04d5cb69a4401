//! Looks at an account and writes its platform file.
//!
//! Reads only; what it writes is one file, which it never puts over another one unasked.

mod choose;
mod found;
mod look;
mod place;
mod write;

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use self::choose::{Ask, Kind, Terminal, choose};
use self::look::note;
use crate::aws::cloudwatch::Listed;
use crate::aws::{Clients, Connection, alarms, cloudwatch, ecs, rds, sts};
use crate::platform::text::{printable, shell_word};
use crate::platform::{Platform, Trouble, file};
use crate::triage::unwatched;
pub use found::{Found, FoundContainer, FoundService};
pub use write::write;

/// What the command line chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// `--cluster`.
    pub clusters: Vec<String>,
    /// `--service`.
    pub services: Vec<String>,
    /// `--database`.
    pub databases: Vec<String>,
    /// `--yes`: all that no flag narrows down.
    pub all: bool,
}

const CLUSTER: Kind = Kind { word: "cluster", words: "clusters" };
const SERVICE: Kind = Kind { word: "service", words: "services" };
const DATABASE: Kind = Kind { word: "database", words: "RDS instances" };

/// Looks, asks where there are several, writes, and says what it found. The error is for a person.
pub async fn run(connection: &Connection, path: &Path, force: bool, choices: &Choices) -> Result<String, String> {
    let shown = printable(&path.display().to_string()).into_owned();
    let taken = || format!("{shown} is there already and was left as it is; to overwrite it: --force");
    // Before any question to AWS or to a person.
    if !force && path.symlink_metadata().is_ok() {
        return Err(taken());
    }
    let clients = Clients::connect(connection).await;
    let mut terminal = Terminal;
    let ask = if Terminal::here() { Some(&mut terminal as &mut dyn Ask) } else { None };
    let mut found = discover(&clients, choices, ask).await?;
    if found.name.is_empty() {
        path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("platform").clone_into(&mut found.name);
    }
    found.profile.clone_from(&connection.profile);
    let text = write(&found);
    let platform = file::read(&text, &shown)
        .map_err(|errors| format!("what was found does not make a platform file; nothing was written\n{errors}"))?;
    match place::place(path, &text, force) {
        Ok(()) => Ok(said(&found, &platform, &shown)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken()),
        Err(error) => Err(format!("cannot write {shown}: {error}")),
    }
}

/// Looks at everything there is to choose from, then more closely at what was chosen.
async fn discover(clients: &Clients, choices: &Choices, mut ask: Option<&mut (dyn Ask + '_)>) -> Result<Found, String> {
    let identity = sts::get_caller_identity(clients).await.map_err(|t| format!("{t} ({})", t.operation))?;
    let mut found =
        Found { account: Some(identity.account), region: clients.region().map(str::to_owned), ..Found::default() };
    let (clusters, databases, alarms, metrics) = tokio::join!(
        ecs::list_clusters(clients),
        rds::list_db_instances(clients),
        alarms::describe_alarms(clients),
        cloudwatch::list_own_metrics(clients)
    );
    let mut listed = |what: &str, trouble: &Trouble| found.notes.push(note(what, trouble));
    let mut clusters = clusters.unwrap_or_else(|trouble| {
        listed("clusters", &trouble);
        // Whoever may not list them may still know their names.
        choices.clusters.clone()
    });
    let mut databases = databases.unwrap_or_else(|trouble| {
        listed("RDS instances", &trouble);
        Vec::new()
    });
    found.alarms = alarms.unwrap_or_else(|trouble| {
        found.notes.push(note("alarms", &trouble));
        Vec::new()
    });
    found.metrics = metrics.unwrap_or_else(|trouble| {
        found.notes.push(note("metrics", &trouble));
        Vec::new()
    });
    clusters.sort();
    databases.sort_by(|a, b| a.id.cmp(&b.id));

    let chosen = choose(&CLUSTER, &clusters, &choices.clusters, choices.all, reborrow(&mut ask))?;
    let clusters: Vec<String> = chosen.into_iter().filter_map(|i| clusters.get(i).cloned()).collect();
    let services = look::services(clients, &clusters, &mut found.notes).await;
    let labels: Vec<String> = match clusters.as_slice() {
        [_] => services.iter().map(|(_, name)| name.clone()).collect(),
        _ => services.iter().map(|(cluster, name)| format!("{cluster}/{name}")).collect(),
    };
    let chosen = choose(&SERVICE, &labels, &choices.services, choices.all, reborrow(&mut ask))?;
    let services: Vec<_> = chosen.into_iter().filter_map(|i| services.get(i).cloned()).collect();
    let ids: Vec<String> = databases.iter().map(|database| database.id.clone()).collect();
    let chosen = choose(&DATABASE, &ids, &choices.databases, choices.all, reborrow(&mut ask))?;
    found.databases = chosen.into_iter().filter_map(|i| databases.get(i).cloned()).collect();
    found.services = look::details(clients, &services, &mut found.notes).await;

    if found.services.is_empty() && found.databases.is_empty() {
        let region = found.region.as_deref().unwrap_or("this region");
        let account = found.account.as_deref().unwrap_or_default();
        let mut message = format!("there is no ECS service and no RDS instance in {region} of account {account}");
        for note in &found.notes {
            let _ = write!(message, "\ncould not be looked at: {}", printable(note));
        }
        return Err(message + "\nAnother region: --region NAME. Another account: --profile NAME");
    }
    found.name = match (clusters.as_slice(), found.databases.as_slice()) {
        ([cluster], _) if !write::unfit(cluster) => cluster.clone(),
        ([], [database]) => database.id.clone(),
        _ => String::new(),
    };
    Ok(found)
}

/// Lends the person out once more.
fn reborrow<'a>(ask: &'a mut Option<&mut (dyn Ask + '_)>) -> Option<&'a mut dyn Ask> {
    match ask {
        Some(ask) => Some(&mut **ask),
        None => None,
    }
}

/// What was found, for a person.
fn said(found: &Found, platform: &Platform, path: &str) -> String {
    let mut out = String::new();
    let account = found.account.as_deref().unwrap_or("?");
    let _ = writeln!(out, "Looked at account {account}, region {}:", found.region.as_deref().unwrap_or("?"));
    for service in &found.services {
        let container = service.main_container().map_or("?", |c| c.name.as_str());
        let scaling =
            service.scaling.map_or("no auto scaling".to_owned(), |s| format!("auto scaling {} to {}", s.min, s.max));
        let (name, cluster) = (printable(&service.name), printable(&service.cluster));
        let _ = writeln!(out, "  service   {name} in {cluster}: container {}, {scaling}", printable(container));
        let main = service.main_container();
        if let Some(group) = main.and_then(|c| c.log_group.as_deref()) {
            let _ = writeln!(out, "            logs in {}", printable(group));
        }
        if let Some(repository) = main.and_then(FoundContainer::repository) {
            let _ = writeln!(out, "            images from the ECR repository {}", printable(repository));
        }
    }
    for database in &found.databases {
        let (id, engine) = (printable(&database.id), printable(&database.engine));
        let _ = writeln!(
            out,
            "  database  {id}: {engine} {}, {}",
            printable(&database.version),
            printable(&database.class)
        );
    }
    let _ = writeln!(out, "  alarms    {} in the region", found.alarms.len());
    let own = || platform.gauges.iter().filter(|gauge| !gauge.query.namespace.starts_with("AWS/"));
    let is_watched = |(namespace, name, dimensions): &&Listed| {
        own().any(|g| g.query.namespace == *namespace && g.query.metric == *name && g.query.dimensions == *dimensions)
    };
    if !found.metrics.is_empty() {
        let left = found.metrics.len() - found.metrics.iter().filter(is_watched).count();
        let choice = if left > 0 { format!("; {left} to choose from are in the file") } else { String::new() };
        let _ = writeln!(out, "  metrics   {} of your own{choice}", found.metrics.len());
    }
    let titles: Vec<_> = own().map(|gauge| printable(&gauge.title)).collect();
    if !titles.is_empty() {
        let _ = writeln!(out, "            watched from now on: {}", titles.join(", "));
    }
    let lacking = unwatched(platform);
    if !lacking.is_empty() {
        let _ = writeln!(out, "  not watched until the file has a [[gauge]] for it: {}", lacking.join(", "));
    }
    if !found.databases.is_empty() {
        out.push_str("  to fill in: each [[database]]'s secret or url (or set PLANTAO_DATABASE_URL); vacuum is refused without\n");
    }
    for note in &found.notes {
        let _ = writeln!(out, "  could not be looked at: {}", printable(note));
    }
    // Only the file in its own place is found without being named.
    let is_found = Path::new(path).ends_with("plantao/platform.toml");
    let named = if is_found { String::new() } else { format!("-c {} ", shell_word(path)) };
    let _ = writeln!(out, "Wrote {path}. Next: plantao {named}doctor");
    out
}
