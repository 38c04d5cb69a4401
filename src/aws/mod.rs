//! Room aws.
