// bench: what measures the wallet and is no part of it — many wallets with money and sessions, and
// a load generator over HTTP. Subcommands of `tongbao-bench`, called by ./bench.
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

// Return exit codes: 0 done, 1 failed, 2 usage.
int bench_prepare(int argc, char **argv);
int bench_load(int argc, char **argv);

#endif
