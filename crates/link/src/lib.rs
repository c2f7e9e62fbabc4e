//! Wire types of the orchestrator.
