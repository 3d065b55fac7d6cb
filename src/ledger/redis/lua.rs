//! The scripts. Each begins with the same few functions.

use super::link::Lua;

macro_rules! script {
    ($name:literal) => {
        Lua::new(concat!(
            include_str!("lua/common.lua"),
            include_str!(concat!("lua/", $name, ".lua"))
        ))
    };
}

pub(super) static APPEND: Lua = script!("append");
pub(super) static COMMIT: Lua = script!("commit");
pub(super) static EXTEND: Lua = script!("extend");
pub(super) static DROP: Lua = script!("drop");
pub(super) static FORGET: Lua = script!("forget");
pub(super) static LIVES: Lua = script!("lives");
pub(super) static OPEN_BATCH: Lua = script!("open_batch");
pub(super) static PAUSE: Lua = script!("pause");
pub(super) static PEEK: Lua = script!("peek");
pub(super) static TAKE: Lua = script!("take");
