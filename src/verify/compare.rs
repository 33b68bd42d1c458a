//! Snapshots of several nodes become differences.

use std::collections::BTreeSet;

use serde::Serialize;

use super::definition::{Definition, Object, SchemaSnapshot};
use super::repair;
use crate::plan::facts::Unseen;

/// What a comparison of nodes found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The nodes that were compared.
    pub nodes: Vec<String>,
    /// How many objects were compared.
    pub objects: usize,
    /// Objects that differ.
    pub differences: Vec<Difference>,
    /// Objects that a node has and does not tell: node, object, why.
    pub unreadable: Vec<(String, Object, Unseen)>,
}

impl Comparison {
    /// Whether every object was read on every node and is the same.
    pub fn is_converged(&self) -> bool {
        self.differences.is_empty() && self.unreadable.is_empty()
    }
}

/// An object that is not the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `app.t`.
    #[serde(rename = "object")]
    pub name: String,
    /// `table`, `view`, ...
    pub kind: &'static str,
    /// Nodes that agree, the largest group first: the form that `repair` brings the others to.
    pub groups: Vec<Vec<String>>,
    /// What differs: a unified diff from the first group to each other one.
    pub diff: String,
    /// The DDL that mends it, node by node.
    pub repair: Vec<Repair>,
    /// The object itself.
    #[serde(skip)]
    pub object: Object,
    /// Whether more than half of the nodes hold the form of the first group.
    #[serde(skip)]
    pub majority: bool,
}

/// One statement for one node alone: to be run there in RSU, so that no other node repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// The node.
    pub node: String,
    /// The statement; advice for a person when it begins with `--`.
    pub sql: String,
}

/// Compares what the nodes said. An object that one node does not tell is left out for that node and listed.
pub fn compare(snapshots: &[(String, SchemaSnapshot)]) -> Comparison {
    let objects: BTreeSet<&Object> = snapshots.iter().flat_map(|(_, snapshot)| snapshot.objects.keys()).collect();
    let mut comparison = Comparison {
        nodes: snapshots.iter().map(|(node, _)| node.clone()).collect(),
        objects: objects.len(),
        differences: Vec::new(),
        unreadable: Vec::new(),
    };
    for object in objects {
        let mut forms: Vec<Form<'_>> = Vec::new();
        for (node, snapshot) in snapshots {
            let definition = snapshot.objects.get(object);
            if let Some(Definition::Unreadable(why)) = definition {
                comparison.unreadable.push((node.clone(), object.clone(), why.clone()));
                continue;
            }
            match forms.iter_mut().find(|form| form.definition == definition) {
                Some(form) => form.nodes.push(node.clone()),
                None => forms.push(Form { definition, nodes: vec![node.clone()] }),
            }
        }
        if forms.len() > 1 {
            comparison.differences.push(difference(object, forms, snapshots.len()));
        }
    }
    comparison
}

/// Nodes that define an object in the same way; `None` when they do not have it.
struct Form<'a> {
    definition: Option<&'a Definition>,
    nodes: Vec<String>,
}

fn difference(object: &Object, mut forms: Vec<Form<'_>>, nodes: usize) -> Difference {
    // Stable, so that among groups of one size the order of the nodes decides.
    forms.sort_by_key(|form| std::cmp::Reverse(form.nodes.len()));
    let majority = forms[0].nodes.len() * 2 > nodes;
    let reference = &forms[0];
    let text = |form: &Form<'_>| form.definition.and_then(Definition::text).map(|text| text + "\n").unwrap_or_default();
    let (mut diff, mut repair) = (String::new(), Vec::new());
    for form in &forms[1..] {
        let label = |form: &Form<'_>| match form.definition {
            Some(_) => form.nodes.join(", "),
            None => format!("{} (does not exist)", form.nodes.join(", ")),
        };
        diff.push_str(
            &similar::TextDiff::from_lines(text(reference), text(form))
                .unified_diff()
                .context_radius(2)
                .header(&label(reference), &label(form))
                .to_string(),
        );
        let statements = repair::statements(object, form.definition, reference.definition);
        for node in &form.nodes {
            repair.extend(statements.iter().map(|sql| Repair { node: node.clone(), sql: sql.clone() }));
        }
    }
    Difference {
        name: object.to_string(),
        kind: object.kind.word(),
        groups: forms.iter().map(|form| form.nodes.clone()).collect(),
        diff,
        repair,
        object: object.clone(),
        majority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::ObjectKind;

    fn node(name: &str, tables: &[(&str, &str)]) -> (String, SchemaSnapshot) {
        let objects = tables
            .iter()
            .map(|(table, columns)| {
                let sql = format!("CREATE TABLE `app`.`{table}` (\n{columns}\n) ENGINE=InnoDB AUTO_INCREMENT=7");
                (Object::new(ObjectKind::Table, "app", *table), Definition::of_table(&sql))
            })
            .collect();
        (name.to_owned(), SchemaSnapshot { objects })
    }

    #[test]
    fn equal_nodes_have_converged() {
        let comparison = compare(&[node("n1", &[("t", "  `a` int(11)")]), node("n2", &[("t", "  `a` int(11)")])]);
        assert!(comparison.is_converged());
        assert_eq!(comparison.objects, 1);
    }

    #[test]
    fn the_odd_node_is_named_with_its_repair() {
        let both = "  `a` int(11),\n  `b` int(11)";
        let comparison =
            compare(&[node("n1", &[("t", "  `a` int(11)")]), node("n2", &[("t", both)]), node("n3", &[("t", both)])]);
        insta::assert_json_snapshot!(comparison.differences, @r#"
        [
          {
            "object": "app.t",
            "kind": "table",
            "groups": [
              [
                "n2",
                "n3"
              ],
              [
                "n1"
              ]
            ],
            "diff": "--- n2, n3\n+++ n1\n@@ -1,4 +1,3 @@\n CREATE TABLE `app`.`t` (\n-  `a` int(11),\n-  `b` int(11)\n+  `a` int(11)\n ) ENGINE=InnoDB\n",
            "repair": [
              {
                "node": "n1",
                "sql": "ALTER TABLE `app`.`t` ADD COLUMN `b` int(11)"
              }
            ]
          }
        ]
        "#);
    }

    #[test]
    fn a_table_that_one_node_lacks_is_created_there_and_one_that_only_one_has_is_not_dropped() {
        let a = "  `a` int(11)";
        let comparison = compare(&[node("n1", &[("t", a)]), node("n2", &[("t", a)]), node("n3", &[("u", a)])]);
        let sql: Vec<&str> = comparison.differences.iter().map(|d| d.repair[0].sql.as_str()).collect();
        assert!(sql[0].starts_with("CREATE TABLE `app`.`t`"), "{sql:?}");
        assert!(sql[1].starts_with("-- "), "{sql:?}");
    }

    #[test]
    fn unreadable_is_not_equal() {
        let (name, mut snapshot) = node("n2", &[]);
        let why = Unseen { why: "denied".into(), grant: None };
        snapshot.objects.insert(Object::new(ObjectKind::Table, "app", "t"), Definition::Unreadable(why));
        let comparison = compare(&[node("n1", &[("t", "  `a` int(11)")]), (name, snapshot)]);
        assert!(!comparison.is_converged() && comparison.differences.is_empty());
        assert_eq!(comparison.unreadable.len(), 1);
    }
}
