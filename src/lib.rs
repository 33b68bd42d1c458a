//! `schema` changes the schema of a MariaDB Galera cluster without stopping it.
//!
//! This page is the map of the house. Data flows one way:
//!
//! ```text
//! SQL text -> statements -> classified operations -> plan -> run -> verification -> report
//! ```
//!
//! The *core* modules hold plain data and functions. They know no network, no files, no clock, no environment
//! and they print nothing: observations and time come in as values. `tests/architecture.rs` reads their imports
//! and fails on a wrong arrow.
//!
//! The *edges* are small and asynchronous, and each is ignorant of the others. Only [`engine`] and [`cli`] bring
//! edges together. `docs/architecture.md` tells the whole story.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

// Core.
pub mod ddl;
pub mod failure;
pub mod lint;
pub mod plan;
pub mod report;
pub mod run;
pub mod sql;
pub mod upgrade;
pub mod verify;

// Edges.
pub mod balancer;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod engine;
pub mod host;
pub mod sandbox;
