//! AWS regions by their codes: what one looks like, and those that are known.

use super::text::nearest;

/// Of all partitions, as the SDK's own list had them in November 2026. New ones come every year: one that is not here
/// may be right.
const KNOWN: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// It has the form of a region's code: `us-east-1`, `us-gov-west-1`.
pub(super) fn is_well_formed(code: &str) -> bool {
    let parts: Vec<&str> = code.split('-').collect();
    let [words @ .., number] = parts.as_slice() else { return false };
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    words.len() >= 2 && words.iter().all(is_word) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// The known region that is probably meant by one that is not known.
pub(super) fn near(code: &str) -> Option<&'static str> {
    nearest(code, KNOWN)
}

/// What to say of a region that is none that is known, though it may be a new one.
pub fn doubt(code: &str) -> Option<String> {
    if KNOWN.contains(&code) {
        return None;
    }
    let near = near(code).map(|near| format!("did you mean \"{near}\"? ")).unwrap_or_default();
    Some(format!("region \"{code}\" is none that this version knows: {near}a new one is fine"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_region_finds_its_neighbour_and_a_new_one_is_no_mistake() {
        assert!(KNOWN.iter().all(|code| is_well_formed(code) && doubt(code).is_none()) && KNOWN.is_sorted());
        assert!(doubt("us-esat-1").unwrap().contains("did you mean \"us-east-1\"?"));
        assert!(is_well_formed("us-esat-1") && is_well_formed("nz-north-1"));
        assert!(["useast1", "us-east", "us-east-", "us--1", "us-east-1a", ""].iter().all(|code| !is_well_formed(code)));
    }
}
