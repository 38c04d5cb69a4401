//! tests

mod iam;
