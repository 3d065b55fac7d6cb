//! A Redis cluster of three masters.

use super::{RedisServer, free_port, wait_for};

const SLOTS: u32 = 16_384;

pub(crate) struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    pub(crate) fn start() -> Self {
        let mut buses = Vec::new();
        let nodes: Vec<RedisServer> = (0..3)
            .map(|_| {
                let bus = free_port().to_string();
                let flags = [
                    "--cluster-enabled",
                    "yes",
                    "--cluster-node-timeout",
                    "1000",
                    "--cluster-port",
                    &bus,
                ];
                let node = RedisServer::start_with(&flags);
                buses.push(bus.clone());
                node
            })
            .collect();
        for (no, node) in (0_u32..).zip(&nodes) {
            let (from, to) = (no * SLOTS / 3, (no + 1) * SLOTS / 3 - 1);
            node.cli(&["cluster", "addslotsrange", &from.to_string(), &to.to_string()]);
            node.cli(&["cluster", "set-config-epoch", &(no + 1).to_string()]);
        }
        for (node, bus) in nodes.iter().zip(&buses).skip(1) {
            nodes[0].cli(&["cluster", "meet", "127.0.0.1", &node.port().to_string(), bus]);
        }
        wait_for("the cluster to agree", || {
            let agrees = |node: &RedisServer| {
                let info = node.cli(&["cluster", "info"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            };
            nodes.iter().all(agrees).then_some(())
        });
        Self { nodes }
    }

    /// The address of the ledger `name`, with one node as seed.
    pub(crate) fn address_by(&self, node: usize, name: &str) -> String {
        format!(
            "redis+cluster://127.0.0.1:{}?ledger={name}",
            self.nodes[node].port()
        )
    }

    /// The address of the ledger `name`, with all nodes as seeds.
    pub(crate) fn address(&self, name: &str) -> String {
        let seeds: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()))
            .collect();
        format!("redis+cluster://{}?ledger={name}", seeds.join(","))
    }

    pub(crate) fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    pub(crate) fn node(&mut self, node: usize) -> &mut RedisServer {
        &mut self.nodes[node]
    }

    /// Which node has the slot of the ledger `name`.
    pub(crate) fn owner(&self, name: &str) -> usize {
        let key = format!("{{enlist:{name}}}:");
        let has = |node: &RedisServer| !node.cli(&["exists", &key]).contains("MOVED");
        self.nodes.iter().position(has).unwrap()
    }

    /// Gives the slot of the ledger `name`, which must be empty, to another node.
    pub(crate) fn hand_over(&self, name: &str, to: usize) {
        let slot = self.nodes[0].cli(&["cluster", "keyslot", &format!("{{enlist:{name}}}:")]);
        let id = self.nodes[to].cli(&["cluster", "myid"]);
        let (from, to) = (&self.nodes[self.owner(name)], &self.nodes[to]);
        for node in [to, from] {
            let said = node.cli(&["cluster", "setslot", slot.trim(), "node", id.trim()]);
            assert_eq!(said.trim(), "OK");
        }
        to.cli(&["cluster", "bumpepoch"]);
    }
}
