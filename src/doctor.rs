//! Room doctor.
