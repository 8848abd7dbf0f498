//! The console: what an operator sees of a daemon, and steers it with.

pub mod about;
pub mod actions;
pub mod doc;
mod finder;
pub mod key;
mod layout;
mod list;
mod log;
pub mod model;
pub mod msg;
mod plain;
mod rank;
pub mod replica;
pub mod sheet;
pub mod shell;
mod target;
mod text;
pub mod theme;
mod tree;
pub mod update;
mod view;

pub use model::Model;
pub use msg::{Changed, Cmd, Msg};
pub use plain::{plain, word};
pub use shell::{ConsoleError, Options, Source, run};
pub use theme::Theme;
pub use update::update;
pub use view::view;
