//! The platform file: typed TOML to [`super::Platform`].
