use super::*;

/// A table of 1 MB of which nothing is dead.
pub(in crate::database) fn table(schema: &str, name: &str) -> Table {
    Table {
        name: TableName::new(schema, name),
        oid: 1,
        live_rows: 100,
        dead_rows: 0,
        heap_bytes: 1_000_000,
        table_bytes: 1_000_000,
        total_bytes: 1_000_000,
        sizes_are_old: false,
        last_vacuum: None,
        last_autovacuum: None,
        last_analyze: None,
        vacuum_count: 0,
        xid_age: 0,
        autovacuum_off: false,
        may_vacuum: true,
        running: None,
    }
}

#[test]
fn a_misspelt_or_ambiguous_table_is_no_table() {
    let tables = [table("public", "events"), table("public", "users"), table("old", "users"), table("a.b", "c")];
    assert_eq!(table_named(&tables, "events").unwrap().name.to_string(), "public.events");
    assert_eq!(table_named(&tables, "old.users").unwrap().name.schema, "old");
    assert_eq!(table_named(&tables, "a.b.c").unwrap().name.name, "c");
    let misspelt = table_named(&tables, "evnts").unwrap_err();
    assert_eq!(misspelt.to_string(), "could not find the table evnts: there is no such table; probably events");
    let ambiguous = table_named(&tables, "users").unwrap_err();
    assert_eq!(ambiguous.remedy.as_deref(), Some("write one of public.users, old.users"));
    let injected = table_named(&tables, "events; DROP TABLE users\u{1b}[2J").unwrap_err();
    assert_eq!(injected.kind, DatabaseTroubleKind::NoTable);
    assert!(!injected.to_string().contains('\u{1b}'));
}

#[test]
fn the_dead_share_of_an_empty_table_is_none() {
    let mut empty = table("public", "empty");
    empty.live_rows = 0;
    assert_eq!((empty.dead_share(), empty.dead_bytes()), (0.0, 0));
    empty.dead_rows = 50;
    assert_eq!((empty.dead_share(), empty.dead_bytes()), (1.0, 1_000_000));
}

#[test]
fn wraparound_is_told_before_it_stops_the_writes() {
    let near = Wraparound { xid_age: 2_100_000_000, multixact_age: 0, freeze_max_age: 200_000_000 };
    assert!(near.share() > 0.97 && near.share() < 1.0, "{}", near.share());
}
