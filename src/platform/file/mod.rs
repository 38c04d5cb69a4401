//! The platform file: typed TOML to [`Platform`]. `assets/platform.toml` documents the format.
//!
//! Pure: text in, platform out. All that is wrong with a file is said at once, each with its place,
//! because whoever mends it at three in the morning should not have to run it once per mistake.

mod bytes;
mod error;
mod gauges;
mod parts;
mod table;

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::{Platform, region};
pub use bytes::read_bytes;
pub(crate) use error::Report;
pub use error::{FileError, FileErrors};
use table::Fields;

/// The documented sample: the platform that the demo shows.
pub const SAMPLE: &str = include_str!("../../../assets/platform.toml");

/// The runbooks that come with plantao, by file name without `.md`.
pub const SHIPPED_RUNBOOKS: [&str; 4] = ["scale", "rollback", "emergency-deploy", "vacuum"];

/// Reads a platform file that names only shipped runbooks; see [`read_with`].
pub fn read(text: &str, file_name: &str) -> Result<Platform, FileErrors> {
    read_with(text, file_name, &[])
}

/// Reads a platform file. `file_name` is what errors call it; `own_runbooks` are the user's, which
/// its alarms may name beside the shipped ones.
pub fn read_with(text: &str, file_name: &str, own_runbooks: &[String]) -> Result<Platform, FileErrors> {
    let report = Report::new(text, file_name);
    let (table, broken) = DeTable::parse_recoverable(text);
    if broken.is_empty() {
        let platform = platform(&report, &table, own_runbooks);
        report.finish(platform)
    } else {
        // What the parser guessed past a syntax error is no ground for further complaints.
        for error in broken {
            report.error(error.span().unwrap_or(0..0), &format!("this is not TOML: {}", error.message()));
        }
        report.finish(Platform::default())
    }
}

/// [`SAMPLE`], read.
pub fn sample() -> Platform {
    read(SAMPLE, "assets/platform.toml").unwrap_or_default()
}

fn platform(report: &Report, table: &toml::Spanned<DeTable>, own_runbooks: &[String]) -> Platform {
    let top = Fields::top(report, table.get_ref());
    let name = top.need("name");
    let account = top.text("account");
    if let Some(account) = &account
        && !(account.text.len() == 12 && account.text.bytes().all(|b| b.is_ascii_digit()))
    {
        account.wrong(report, "an account is twelve digits").expected("\"123456789012\"");
    }
    let region = top.text("region");
    if let Some(region) = &region
        && !region::is_well_formed(&region.text)
    {
        let near = region::near(&region.text).unwrap_or("us-east-1");
        region
            .wrong(report, "no AWS region is called that")
            .one_of(&region.text, std::iter::once(near))
            .expected("a region's code, like \"us-east-1\"");
    }
    let profile = top.text("profile");
    let (services, databases) = (parts::services(&top), parts::databases(&top));
    if top.is_absent("service") && top.is_absent("database") {
        report.error(0..0, "there is nothing to watch").expected("at least one [[service]] or [[database]]");
    }
    let platform = Platform {
        name: name.map(|n| n.text).unwrap_or_default(),
        account: account.map(|a| a.text),
        region: region.map(|r| r.text),
        profile: profile.map(|p| p.text),
        read_only: top.boolean("read-only").unwrap_or(false),
        caches: parts::caches(&top),
        gauges: gauges::read(&top, &services, &databases),
        alarms: parts::alarms(&top, own_runbooks),
        treated: BTreeMap::new(),
        prices: parts::prices(&top),
        links: parts::links(&top),
        services: services.into_iter().map(|s| s.spec).collect(),
        databases: databases.into_iter().map(|d| d.spec).collect(),
    };
    top.finish();
    platform
}

#[cfg(test)]
mod tests;
