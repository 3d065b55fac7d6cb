//! The laws of every ledger, one function a law. A ledger passes when `laws_of_one!` and `laws_of_many!` hold for it.
//!
//! A law of one asks a single handle on an empty ledger. A law of many opens the same ledger more than once, as other
//! processes would; a ledger that lives in one value's memory is let off these.

mod backlog;
mod batches;
mod cancelling;
mod crash;
mod feeding;
pub(crate) mod fixture;
mod forgetting;
mod leases;
mod model;
mod orders;
mod reading;
mod refeeding;
mod sealed;
mod shared;
mod turns;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use enlist::engine::ports::Ledger;
use enlist::ledger::redis::RedisLedger;
use enlist::ledger::sqlite::SqliteLedger;

use crate::redis_server::RedisServer;
use crate::redis_server::cluster::RedisCluster;
use crate::redis_server::sentinel::Sentinels;
use crate::redis_server::tls::Certificates;

use self::sealed::Sealed;

/// A place with one ledger in it. Each handle is as another process would have it.
#[async_trait]
pub(crate) trait Home: Send + Sync {
    async fn open(&self) -> Arc<dyn Ledger>;
}

macro_rules! laws {
    ($name:ident, $home:expr, $with:ident, [$($group:ident: $($law:ident)+;)+]) => {
        mod $name {
            $(mod $group {
                use super::super::*;
                use super::super::$group as laws;
                $(#[tokio::test]
                async fn $law() {
                    let home = $home;
                    laws!(@$with laws::$law, home);
                })+
            })+
        }
    };
    (@one $law:path, $home:ident) => { $law(&*$home.open().await).await };
    (@many $law:path, $home:ident) => { $law(&$home).await };
}

/// All laws in one test, each on a ledger of its own name on a server that takes long to start.
macro_rules! laws_together {
    ($name:ident, $server:expr, $with:ident, [$($group:ident: $($law:ident)+;)+]) => {
        #[tokio::test]
        async fn $name() {
            let server = $server;
            $($({
                println!("{}", stringify!($law));
                let home = Named(server.address(stringify!($law)));
                laws!(@$with $group::$law, home);
            })+)+
        }
    };
}

macro_rules! laws_of_one {
    ($name:ident, $home:expr) => {
        laws_of_one!(laws, $name, $home);
    };
    ($laws:ident, $name:ident, $home:expr) => {
        $laws!($name, $home, one, [
            backlog:
                what_waits_is_counted_over_all_batches
                what_is_due_longest_is_known_without_claiming
                pauses_in_force_are_counted_by_reason;
            batches:
                a_batch_is_found_as_it_was_made
                opening_it_again_replaces_the_job_text_alone
                a_weight_is_kept_when_it_is_opened_again
                the_newest_comes_first
                what_is_not_known_is_said_to_be_unknown
                a_paused_batch_lends_nothing_until_it_is_resumed
                the_first_pause_stands
                a_pause_with_an_end_ends
                a_pause_that_is_over_gives_way_to_a_new_one
                a_scope_is_paused_where_work_is_left_and_nowhere_else
                a_scope_is_resumed_as_a_whole;
            cancelling:
                a_cancelled_batch_lends_nothing
                a_claim_settles_so_many_over_all_cancelled_batches
                open_tasks_are_settled_by_the_order
                a_task_in_flight_is_settled_by_its_commit
                what_settled_in_flight_stays_as_it_settled
                what_a_dead_worker_left_is_settled_and_may_have_been_sent
                rows_that_come_later_are_cancelled_too
                an_order_to_go_on_takes_it_back;
            feeding:
                a_new_key_makes_a_task
                a_payload_goes_by_the_digest_it_came_with
                an_update_has_its_payload_however_much_is_known
                rows_that_are_there_are_left_as_they_are
                a_gap_is_filled_later
                rows_beyond_the_next_are_refused
                an_append_that_failed_is_repeated
                a_faulty_row_makes_no_task
                a_key_belongs_to_its_scope
                the_same_key_twice_in_a_file_corrupts_nothing
                the_batch_that_fed_last_owns_the_task
                the_same_data_leave_a_lease_alone
                changed_data_fence_the_holder
                data_staged_again_leave_a_lease_alone
                staged_data_come_into_force_with_the_commit_that_says_so
                staged_data_can_be_taken_back;
            refeeding:
                every_state_is_fed_as_the_machine_says
                every_state_in_flight_is_fed_as_the_machine_says
                what_was_fed_is_told_in_five_words;
            leases:
                a_claim_holds_all_that_a_step_needs
                what_is_lent_is_not_lent_again
                eight_at_once_never_share_a_task
                a_lease_that_ran_out_is_lent_again_with_word_of_it
                of_leases_that_ran_out_in_a_row_the_first_is_told
                a_commit_is_fenced_once_somebody_else_has_the_task
                a_late_commit_counts_while_nobody_has_the_task
                a_commit_repeated_is_fenced_and_counts_once
                a_lease_never_given_is_fenced
                a_task_given_back_is_not_abandoned
                a_lease_is_prolonged_while_it_is_held
                a_lease_is_prolonged_by_its_holder_alone
                nothing_is_lent_before_it_is_due
                the_next_due_time_is_told
                a_task_is_kept_to_the_letter
                the_payload_is_left_out_once_the_account_is_known
                what_was_sent_can_be_had_once_the_account_is_known
                counts_follow_every_commit;
            turns:
                five_rows_do_not_wait_for_fifty_thousand
                small_claims_go_round_the_batches
                weights_share_in_proportion
                a_weight_set_live_works_from_the_next_claim_on
                five_rows_do_not_wait_for_a_heavy_batch
                submits_go_before_reads
                reads_are_never_starved
                what_is_due_longest_goes_first
                what_was_left_lying_goes_before_what_has_not_begun
                what_was_left_lying_is_nobodys_share
                only_the_batch_asked_for_is_looked_at;
            orders:
                a_retry_reopens_what_can_be_tried_again
                an_order_passes_by_what_is_in_flight
                an_order_takes_what_was_left_lying
                an_order_leaves_other_batches_tasks_alone
                fed_means_with_the_data_each_task_has
                an_order_reaches_every_row_of_a_long_file;
            forgetting:
                a_finished_batch_is_forgotten
                an_unfinished_batch_is_not_forgotten
                what_another_batch_took_over_stays
                what_was_forgotten_with_another_batch_is_said_to_be
                what_somebody_still_sends_stays
                a_long_batch_is_forgotten_to_its_end;
            reading:
                rows_come_in_pages
                a_row_is_kept_to_the_letter
                a_row_shows_its_task_whatever_batch_owns_it
                a_history_is_complete_and_oldest_first
                tasks_are_found_by_their_keys_whatever_batch_has_them;
        ]);
    };
}

macro_rules! laws_of_many {
    ($name:ident, $home:expr) => {
        laws!($name, $home, many, [
            shared:
                all_is_there_after_opening_again
                what_one_was_told_is_kept_the_other_sees
                two_handles_never_share_a_task
                a_report_is_read_while_others_write
                a_batch_forgotten_elsewhere_is_met_anew;
        ]);
    };
}

/// A ledger in a file that goes away with the value.
pub(crate) struct SqliteFile(tempfile::TempDir);

impl SqliteFile {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("ledger.sqlite")
    }
}

#[async_trait]
impl Home for SqliteFile {
    async fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(SqliteLedger::open(&self.path()).unwrap())
    }
}

/// A ledger in memory.
pub(crate) struct SqliteMemory;

#[async_trait]
impl Home for SqliteMemory {
    async fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(SqliteLedger::in_memory().unwrap())
    }
}

/// A ledger in a Redis of its own.
pub(crate) struct Redis(RedisServer);

impl Redis {
    pub(crate) fn new() -> Self {
        Self(RedisServer::start())
    }
}

#[async_trait]
impl Home for Redis {
    async fn open(&self) -> Arc<dyn Ledger> {
        let address = self.0.address("laws").parse().unwrap();
        Arc::new(RedisLedger::open(&address).await.unwrap())
    }
}

/// A ledger by its address.
struct Named(String);

#[async_trait]
impl Home for Named {
    async fn open(&self) -> Arc<dyn Ledger> {
        let access = self.0.parse().unwrap();
        Arc::new(RedisLedger::open(&access).await.unwrap())
    }
}

/// A server, by its socket.
struct BySocket(RedisServer);

impl BySocket {
    fn address(&self, ledger: &str) -> String {
        self.0.socket_address(ledger)
    }
}

/// A server that speaks TLS.
struct ByTls(Certificates, (RedisServer, u16));

impl ByTls {
    fn start() -> Self {
        let certificates = Certificates::make();
        let server = certificates.server(true);
        Self(certificates, server)
    }

    fn address(&self, ledger: &str) -> String {
        self.0.address_as_client(self.1.1, ledger)
    }
}

laws_of_one!(sqlite_memory, SqliteMemory);
laws_of_one!(sqlite_file, SqliteFile::new());
laws_of_many!(sqlite_shared, SqliteFile::new());
laws_of_one!(redis, Redis::new());
laws_of_many!(redis_shared, Redis::new());
laws_of_one!(laws_together, redis_by_socket, BySocket(RedisServer::start()));
laws_of_one!(laws_together, redis_by_tls, ByTls::start());
laws_of_one!(laws_together, redis_cluster, RedisCluster::start());
laws_of_one!(laws_together, redis_by_sentinel, Sentinels::start(1));
laws_of_one!(sealed_memory, Sealed(SqliteMemory));
laws_of_one!(sealed_file, Sealed(SqliteFile::new()));
laws_of_many!(sealed_shared, Sealed(SqliteFile::new()));
laws_of_one!(sealed_redis, Sealed(Redis::new()));
