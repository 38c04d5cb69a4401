//! The shipped IAM policy, the list of operations, and the code say the same: nothing missing, nothing more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use plantao::aws::operate::{BESIDES, OPERATE_POLICY, OPERATIONS};
use plantao::aws::permissions::{PERMISSIONS, READ_POLICY};

/// Methods of the SDK's clients called in `src/aws`, tests left out: `clients.ecs.list_tasks()`.
fn methods_called() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws");
    let mut called = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let code: String = text.split("#[cfg(test)]\nmod ").next().unwrap().split_whitespace().collect();
        for client in ["ecs", "ecr", "cloudwatch", "logs", "rds", "autoscaling", "secrets", "sts"] {
            for (at, prefix) in code.match_indices(&format!("clients.{client}.")) {
                let rest = &code[at + prefix.len()..];
                called.insert(rest.split('(').next().unwrap().to_owned());
            }
        }
    }
    called
}

/// Sid and action of every statement.
fn granted(policy: &str) -> BTreeSet<(String, String)> {
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let mut granted = BTreeSet::new();
    for statement in policy["Statement"].as_array().unwrap() {
        assert_eq!(statement["Effect"], "Allow");
        for action in statement["Action"].as_array().unwrap() {
            let pair = (statement["Sid"].as_str().unwrap().to_owned(), action.as_str().unwrap().to_owned());
            assert!(!pair.1.contains('*'), "{} is not the least privilege", pair.1);
            assert!(granted.insert(pair.clone()), "{pair:?} stands twice");
        }
    }
    granted
}

#[test]
fn every_operation_called_is_in_the_list_of_permissions_and_nothing_more() {
    let listed: BTreeSet<String> = PERMISSIONS.iter().chain(OPERATIONS).map(|p| p.method.to_owned()).collect();
    assert_eq!(methods_called(), listed);
}

#[test]
fn the_policy_grants_the_listed_actions_under_the_listed_statements_and_nothing_more() {
    let listed: BTreeSet<(String, String)> =
        PERMISSIONS.iter().filter_map(|p| Some((p.sid?.to_owned(), p.action.to_owned()))).collect();
    assert_eq!(granted(READ_POLICY), listed);
}

#[test]
fn the_policy_of_those_who_operate_grants_what_runs_ask_beside_the_reads_and_nothing_more() {
    let listed = OPERATIONS.iter().filter_map(|p| Some((p.sid?.to_owned(), p.action.to_owned())));
    let listed = listed.chain(BESIDES.iter().map(|(sid, action)| ((*sid).to_owned(), (*action).to_owned())));
    assert_eq!(granted(OPERATE_POLICY), listed.collect());
}

#[test]
fn no_policy_names_a_partition_so_that_china_and_govcloud_can_use_it_as_it_is() {
    assert!(!READ_POLICY.contains("arn:aws") && !OPERATE_POLICY.contains("arn:aws"));
}

#[test]
fn a_new_revision_may_keep_its_tags_and_nothing_else_may_be_tagged() {
    let policy: serde_json::Value = serde_json::from_str(OPERATE_POLICY).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let tags = statements.iter().find(|statement| statement["Sid"] == "Tags").unwrap();
    assert_eq!(tags["Condition"]["StringEquals"]["ecs:CreateAction"], "RegisterTaskDefinition");
}
