//! The names that AWS gives: ids, ARNs, digests. All from the world's own random numbers.

use fastrand::Rng;

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "us-east-1";
/// Who asks the world.
pub const CALLER: &str = "arn:aws:iam::123456789012:user/ana";

/// That many hexadecimal digits.
pub fn hex(rng: &mut Rng, digits: usize) -> String {
    (0..digits).map(|_| char::from_digit(rng.u32(0..16), 16).unwrap_or('0')).collect()
}

/// `0b5ab9a1-…`, as requests and service events have.
pub fn uuid(rng: &mut Rng) -> String {
    let h = hex(rng, 32);
    format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
}

/// `ecs-svc/9223370520012345678`.
pub fn deployment(rng: &mut Rng) -> String {
    format!("ecs-svc/{}", rng.u64(1_000_000_000_000_000_000..9_223_372_036_854_775_807))
}

/// An ARN of this account and region.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// The registry of this account.
pub fn registry() -> String {
    format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com")
}
