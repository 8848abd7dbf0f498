//! The answer to "why": the state of a thing in a sentence, the chain of waits, and the facts that led here.

mod rollout;
mod run;

pub use run::why;
