//! A file as it comes from the disk: bytes, which should be UTF-8.

use super::error::{FileErrors, Report};

/// Reads a file's bytes by `read`. Bytes that are no UTF-8 are an error at their place, beside all that is wrong with the
/// text around them.
///
/// # Errors
/// Everything that is wrong with the file, in its order.
pub fn read_bytes<T>(
    bytes: &[u8],
    file_name: &str,
    read: impl FnOnce(&str) -> Result<T, FileErrors>,
) -> Result<T, FileErrors> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return read(text),
        Err(error) => error,
    };
    // What stands before the first bad byte stays where it is.
    let text = String::from_utf8_lossy(bytes);
    let (at, bad) = (error.valid_up_to(), bytes.get(error.valid_up_to()).copied().unwrap_or_default());
    let report = Report::new(&text, file_name);
    report
        .error(at..at + 1, &format!("this is not UTF-8: byte 0x{bad:02x}, at byte {} of the file", at + 1))
        .expected("the file saved as UTF-8");
    match (report.finish(()), read(&text)) {
        (Err(bytes), Err(text)) => Err(bytes.and(text)),
        (Err(bytes), Ok(_)) => Err(bytes),
        (Ok(()), read) => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_not_utf_8_is_shown_at_its_place_beside_what_else_is_wrong() {
        let bytes = b"name = \"p\"\nprofile = \"caf\xe9\"\nbad = 1\n[[database]]\nid = \"d\"\n";
        let errors = read_bytes(bytes, "p.toml", |text| super::super::read(text, "p.toml")).unwrap_err();
        let places: Vec<(usize, usize)> = errors.iter().map(|error| (error.line(), error.column())).collect();
        assert!(places.starts_with(&[(2, 15)]) && places.contains(&(3, 1)), "{errors}");
        let text = errors.to_string();
        assert!(text.contains("byte 0xe9, at byte 26 of the file") && text.contains("p.toml:2:15"), "{text}");
        let utf_16 = b"\xff\xfe#\0 \0T\0";
        assert!(read_bytes(utf_16, "t.md", |text| crate::platform::file::read(text, "t.md")).is_err());
    }
}
