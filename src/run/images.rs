//! The images that an emergency deploy can choose from.

use futures::future::join;
use jiff::Timestamp;

use super::action::{Place, registry};
use super::left::{Left, left};
use super::{Choice, Context, Halt};
use crate::aws::ecr_images::{Scan, StoredImage, list_images};
use crate::aws::ecr_manifest::told_architectures;
use crate::platform::Image;
use crate::platform::text::{printable, rough_age};

/// A picker longer than this is not read.
const MOST: usize = 100;
/// Hexadecimal digits of a digest that tell images apart.
const SHORT: usize = 12;

/// The images of the service's repository in ECR, newest first, by their tag, or by their digest where there is none.
/// `container` is the one whose image is asked for; the first one if none is named.
///
/// An image without a tag is a part of another one, mostly: it is left out, except the one that runs.
pub(super) async fn image_choices(
    context: &Context,
    place: &Place,
    container: Option<&str>,
) -> Result<Vec<Choice>, Halt> {
    let running = registry::Running::of(context, place, container).await?;
    let (_, repository) = running.repository(context).await?;
    let runs = Image::parse(&running.image);
    let (found, left) =
        join(list_images(&context.clients, &repository), left(context, place, running.container(), running.revision()))
            .await;
    let now = context.clock.now();
    let shown: Vec<StoredImage> =
        found?.into_iter().filter(|image| !image.tags.is_empty() || is_running(image, &runs)).take(MOST).collect();
    let digests: Vec<&str> = shown.iter().map(|image| image.digest.as_str()).collect();
    // A help to choose, no more: whether the chosen one fits is asked again, and said, when it is planned.
    let built = told_architectures(&context.clients, &repository, &digests).await.unwrap_or_default();
    let offer = |image: &StoredImage| {
        let runs = is_running(image, &runs);
        let left = left.iter().find(|left| !runs && left.is(&image.digest, &image.tags));
        let built = built.get(&image.digest).map(|built| built_for(built, running.machine()));
        choice(image, runs, built, left, now)
    };
    Ok(shown.iter().map(offer).collect())
}

fn is_running(image: &StoredImage, runs: &Image) -> bool {
    match &runs.digest {
        Some(digest) => *digest == image.digest,
        None => image.tags.iter().any(|tag| Some(tag) == runs.tag.as_ref()),
    }
}

/// For which machines an image is built, and that it can't run on those of the service.
fn built_for(built: &[String], machine: &str) -> String {
    let names = built.join(" and ");
    if built.iter().any(|built| built == machine) {
        names
    } else {
        format!("does not run here: {names}, not {machine}")
    }
}

/// That it can't run, runs, or was rolled back from comes before what a narrow list cuts off.
fn choice(image: &StoredImage, runs: bool, built: Option<String>, left: Option<&Left>, now: Timestamp) -> Choice {
    let digest = image.digest.strip_prefix("sha256:").unwrap_or(&image.digest);
    let short = digest.get(..SHORT).unwrap_or(digest);
    let value = image.tags.first().unwrap_or(&image.digest).clone();
    let label = if image.tags.is_empty() { format!("no tag, {short}") } else { image.tags.join(", ") };
    let mut detail = vec![short.to_owned()];
    detail.extend(built);
    detail.extend(runs.then(|| "running now".to_owned()).or_else(|| left.map(|left| left.words(now))));
    detail.extend(image.pushed_at.map(|at| format!("pushed {} ago", rough_age(at, now))));
    detail.extend(image.bytes.map(size));
    detail.extend(image.scan.as_ref().map(scanned));
    let detail = printable(&detail.join(", ")).into_owned();
    Choice { value, label: printable(&label).into_owned(), detail }
}

fn size(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// The worst of what a scan found, or how it is going.
fn scanned(scan: &Scan) -> String {
    let worst: Vec<String> =
        scan.findings.iter().take(2).map(|(severity, count)| format!("{count} {}", severity.to_lowercase())).collect();
    match (scan.status.as_str(), worst.is_empty()) {
        ("COMPLETE" | "ACTIVE", true) => "scanned, nothing found".to_owned(),
        (_, false) => worst.join(" and "),
        (status, true) => format!("scan {}", status.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(tags: &[&str], findings: &[(&str, u32)]) -> StoredImage {
        StoredImage {
            digest: format!("sha256:{}", "a1b2".repeat(16)),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            pushed_at: Some("2026-11-24T01:12:45Z".parse().unwrap()),
            bytes: Some(187_400_000),
            scan: Some(Scan {
                status: "COMPLETE".to_owned(),
                findings: findings.iter().map(|(severity, count)| ((*severity).to_owned(), *count)).collect(),
            }),
        }
    }

    #[test]
    fn a_choice_says_how_old_it_is_what_was_found_in_it_and_that_it_runs() {
        let now = "2026-11-24T03:12:45Z".parse().unwrap();
        let Choice { value, label, detail } =
            choice(&image(&["a1b2c3d", "v1"], &[("CRITICAL", 2)]), true, None, None, now);
        assert_eq!((value.as_str(), label.as_str()), ("a1b2c3d", "a1b2c3d, v1"));
        assert_eq!(detail, "a1b2a1b2a1b2, running now, pushed 2h00m ago, 187 MB, 2 critical");
        let Choice { value, label, detail } = choice(&image(&[], &[]), false, None, None, now);
        assert!(value.starts_with("sha256:a1b2") && label == "no tag, a1b2a1b2a1b2", "{value} {label}");
        assert!(detail.ends_with("scanned, nothing found"), "{detail}");
    }

    #[test]
    fn an_image_that_the_service_cannot_run_says_so_before_it_is_chosen() {
        let built = |architectures: &[&str]| {
            let architectures: Vec<String> = architectures.iter().map(|name| (*name).to_owned()).collect();
            built_for(&architectures, "arm64")
        };
        assert_eq!(built(&["amd64", "arm64"]), "amd64 and arm64");
        let now = "2026-11-24T03:12:45Z".parse().unwrap();
        let detail = choice(&image(&["laptop"], &[]), false, Some(built(&["amd64"])), None, now).detail;
        assert!(detail.starts_with("a1b2a1b2a1b2, does not run here: amd64, not arm64, pushed"), "{detail}");
    }
}
