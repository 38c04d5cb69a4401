//! plantao
fn main() {}
