//! Adobe VIP Marketplace (Commerce Partner API).

pub mod contract;
