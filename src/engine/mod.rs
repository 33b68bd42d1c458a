//! Brings the edges together: carries out what the run machine asks for, and owns time-outs and signals.

pub mod book;
